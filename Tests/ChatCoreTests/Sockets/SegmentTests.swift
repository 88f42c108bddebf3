import ChatEngine
import Glibc
import Testing

@testable import ChatCore

@Suite("Datagrams that go out as one message, and probes")
struct SegmentTests {
  /// A socket of the server, and clients that it can send to.
  private struct Net {
    let server: DatagramSocket
    let clients: [ConnectedSocket]
    let addresses: [PeerAddress]

    /// - Parameter prepare: called with the server's descriptor before it is bound.
    init(clients count: Int, family: Int32 = AF_INET, _ prepare: (Int32) -> Void = { _ in }) throws
    {
      let fd = socket(family, Int32(SOCK_DGRAM.rawValue), 0)
      prepare(fd)
      let loopback =
        family == AF_INET
        ? PeerAddress(v4: 127, 0, 0, 1, port: 0) : PeerAddress(high: 0, low: 1, port: 0)
      let local = SocketAddress(loopback, family: family)
      #expect(local.withPointer { bind(fd, $0, $1) } == 0)
      server = try DatagramSocket(adopting: fd)
      let server = server
      let address = try #require(server.localAddress)
      var sources: [PeerAddress] = []
      clients = try (0..<count).map { _ in
        let client = try ConnectedSocket(connectingTo: address)
        #expect(client.send([1]) == 0 && waitReadable(server.fd) && server.receive() == 1)
        server.withDatagram(0) { sources.append($1) }
        return client
      }
      addresses = sources
    }
  }

  /// A datagram that can be told from others.
  private func datagram(_ number: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0 &* 7) }
  }

  private func set(_ fd: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    #expect(setsockopt(fd, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0)
  }

  private func get(_ fd: Int32, _ level: Int32, _ option: Int32) -> Int32 {
    var (value, length) = (Int32(-1), socklen_t(MemoryLayout<Int32>.size))
    #expect(getsockopt(fd, level, option, &value, &length) == 0)
    return value
  }

  @Test(
    "Whatever the sizes and whoever they are for, each datagram arrives as it is, in order",
    arguments: [AF_INET, AF_INET6])
  func keepsDatagrams(family: Int32) throws {
    let net = try Net(clients: 3, family: family)
    var random = SystemRandomNumberGenerator()
    let sizes = [1, 100, 1_200, 1_200, 1_200, 1_472, 9_000, Limits.datagramBytesMax]
    var outbox = Outbox()
    var expected = [[[UInt8]]](repeating: [], count: 3)
    for number in 0..<120 {
      let (client, size) = (number / 7 % 3, sizes.randomElement(using: &random)!)
      // Runs of one size, now and then broken by a shorter one or one that is shared.
      let bytes = datagram(number, number % 7 < 5 ? 700 : size)
      outbox.add(bytes, to: net.addresses[client])
      expected[client].append(bytes)
      if number % 20 == 0 {
        let shared = outbox.addPayload("shared \(number)")!
        for other in 0..<3 {
          outbox.deliver(shared, to: net.addresses[other])
          expected[other].append(Array("shared \(number)".utf8))
        }
      }
      if outbox.byteCount > 100_000 { #expect(net.server.send(&outbox) == .done) }
    }
    #expect(net.server.send(&outbox) == .done)
    #expect(outbox.isEmpty == true)
    for (client, all) in zip(net.clients, expected) {
      #expect(client.receiveAll(all.count) == all)
    }
    #expect(net.server.isSegmenting)
  }

  @Test("More datagrams of one size than a message holds, and more bytes, become several")
  func boundsMessages() throws {
    let net = try Net(clients: 1)
    for (count, size) in [(Limits.segmentsMax * 2 + 3, 10), (9, 9_000), (3, 32_754)] {
      var outbox = Outbox()
      let all = (0..<count).map { datagram($0, size) }
      for bytes in all { outbox.add(bytes, to: net.addresses[0]) }
      #expect(net.server.send(&outbox) == .done)
      #expect(net.clients[0].receiveAll(count) == all)
    }
    #expect(net.server.isSegmenting)
  }

  @Test("A kernel that does not cut messages is not asked again, and nothing is lost")
  func doesWithoutSegments() throws {
    // It cannot cut what it may not put checksums into.
    for family in [AF_INET, AF_INET6] {
      let net = try Net(clients: 2, family: family) { fd in
        let level = family == AF_INET ? SOL_SOCKET : Int32(IPPROTO_UDP)
        set(fd, level, family == AF_INET ? SO_NO_CHECK : 101, 1)
      }
      var outbox = Outbox()
      let all = (0..<10).map { datagram($0, 50) }
      for address in net.addresses {
        for bytes in all { outbox.add(bytes, to: address) }
      }
      #expect(net.server.isSegmenting)
      #expect(net.server.send(&outbox) == .done)
      #expect(!net.server.isSegmenting)
      if family == AF_INET {
        for client in net.clients { #expect(client.receiveAll(10) == all) }
      }
    }
  }

  @Test("Datagrams that are too long to be cut for a path go one by one; others are still cut")
  func sendsLongOnesSingly() throws {
    // IPV6_MTU stands for a path of so many bytes.
    let net = try Net(clients: 1, family: AF_INET6) { set($0, Int32(IPPROTO_IPV6), 24, 1_280) }
    for size in [2_000, 1_200, 2_000] {
      var outbox = Outbox()
      let all = (0..<5).map { datagram($0, size) }
      for bytes in all { outbox.add(bytes, to: net.addresses[0]) }
      #expect(net.server.send(&outbox) == .done)
      #expect(net.clients[0].receiveAll(5) == all)
      #expect(net.server.isSegmenting)
    }
  }

  @Test("An address that cannot be sent to is told once for each datagram; others are still cut")
  func tellsOfEachRefused() throws {
    let net = try Net(clients: 1)
    let nowhere = PeerAddress(v4: 127, 0, 0, 1, port: 0)
    var outbox = Outbox()
    for address in [net.addresses[0], nowhere, net.addresses[0]] {
      for number in 0..<3 { outbox.add(datagram(number, 20), to: address) }
    }
    for expected in 3..<6 {
      #expect(net.server.send(&outbox) == .refused(EINVAL))
      #expect(outbox.sent == expected)
      outbox.sent += 1
    }
    #expect(net.server.send(&outbox) == .done)
    #expect(net.clients[0].receiveAll(6).count == 6)
    #expect(net.server.isSegmenting)
  }

  @Test("A probe that is too long for the path is dropped; others arrive, and all else as before")
  func probes() throws {
    let net = try Net(clients: 1, family: AF_INET6) { set($0, Int32(IPPROTO_IPV6), 24, 1_280) }
    var outbox = Outbox()
    for (size, isProbe) in [
      (100, false), (1_200, true), (2_000, true), (2_000, false), (1_232, true), (1_233, true),
      (100, false), (100, true), (100, true),
    ] {
      outbox.add(datagram(size, size), to: net.addresses[0], isProbe: isProbe)
    }
    #expect(net.server.send(&outbox) == .done)
    let sizes = net.clients[0].receiveAll(7).map(\.count)
    #expect(sizes == [100, 1_200, 2_000, 1_232, 100, 100, 100])
    #expect(get(net.server.fd, Int32(IPPROTO_IPV6), IPV6_MTU_DISCOVER) == IPV6_PMTUDISC_WANT)
    #expect(get(net.server.fd, Int32(IPPROTO_IP), IP_MTU_DISCOVER) == IP_PMTUDISC_WANT)
    #expect(net.server.isSegmenting)
  }

  @Test("A client sends an outbox as a server does, whatever the addresses in it")
  func sendsFromClients() throws {
    let net = try Net(clients: 1)
    let (client, count) = (net.clients[0], 2 * Limits.clientSendBatchDatagramsMax)
    var outbox = Outbox()
    var all: [[UInt8]] = []
    for number in 0..<count {
      // Every other one is longer, so each is a message.
      all.append(datagram(number, 50 + number % 2 + number))
      outbox.add(all[number], to: .unspecified, isProbe: number % 50 == 0)
    }
    #expect(client.send(&outbox) == .done)
    var got: [[UInt8]] = []
    while got.count < count, waitReadable(net.server.fd) {
      for index in 0..<net.server.receive() {
        net.server.withDatagram(index) { bytes, source in
          #expect(source == net.addresses[0])
          got.append(bytes.withUnsafeBufferPointer { Array($0) })
        }
      }
    }
    #expect(got == all)
  }
}

extension Outbox {
  fileprivate mutating func add(_ bytes: [UInt8], to address: PeerAddress, isProbe: Bool = false) {
    addDatagram(to: address, capacity: bytes.count, isProbe: isProbe) {
      $0.initialize(fromContentsOf: bytes)
    }
  }
}
