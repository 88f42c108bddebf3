import ChatEngine
import Glibc
import Testing

@testable import ChatCore

@Suite("DatagramSocket and ConnectedSocket on loopback")
struct DatagramSocketTests {
  private func server(_ address: PeerAddress? = nil) throws -> (DatagramSocket, PeerAddress) {
    let any = PeerAddress(high: 0, low: 0, port: 0)
    let socket = try DatagramSocket(bindingTo: address ?? any)
    let port = try #require(socket.localAddress?.port)
    return (socket, PeerAddress(v4: 127, 0, 0, 1, port: port))
  }

  /// What waits at the socket, with its sources.
  private func receiveAll(_ socket: DatagramSocket, _ wanted: Int) -> [Sent] {
    var all: [Sent] = []
    while all.count < wanted, waitReadable(socket.fd) {
      for index in 0..<socket.receive() {
        socket.withDatagram(index) { bytes, source in
          all.append(
            Sent(address: source, bytes: bytes.withUnsafeBufferPointer { Array($0) }))
        }
      }
    }
    return all
  }

  private struct Sent: Equatable {
    var address: PeerAddress
    var bytes: [UInt8]
  }

  /// The next datagram at a client; there must be no more than one.
  private func receive(_ client: ConnectedSocket) -> [UInt8]? {
    guard waitReadable(client.fd), client.receive() == .datagrams(1) else { return nil }
    return client.datagram(0)
  }

  @Test("Datagrams of any size come in whole, in order, with their source")
  func receives() throws {
    let (server, address) = try server()
    let client = try ConnectedSocket(connectingTo: address)
    let sizes = [0, 1, 100, 9_000, Limits.datagramBytesMax]
    for size in sizes {
      #expect(client.send([UInt8](repeating: UInt8(size % 251), count: size)) == 0)
    }
    let got = receiveAll(server, sizes.count)
    #expect(got.map(\.bytes.count) == sizes)
    #expect(got.allSatisfy { $0.bytes.allSatisfy { [size = $0.bytes.count] in $0 == size % 251 } })
    #expect(Set(got.map(\.address)).count == 1)
    #expect(got[0].address.v4 == 0x7f00_0001)
  }

  @Test("A batch is bounded, and the rest comes with the next")
  func receivesInBatches() throws {
    let (server, address) = try server()
    let client = try ConnectedSocket(connectingTo: address)
    let count = Limits.receiveBatchDatagramsMax + 10
    for number in 0..<count { #expect(client.send([UInt8(number)]) == 0) }
    #expect(waitReadable(server.fd))
    #expect(server.receive() == Limits.receiveBatchDatagramsMax)
    #expect(server.receive() == 10)
    #expect(server.receive() == 0)
  }

  @Test("A fan-out larger than one system call reaches everybody, each payload as it was")
  func sends() throws {
    let (server, address) = try server()
    let clients = try (0..<20).map { _ in try ConnectedSocket(connectingTo: address) }
    for client in clients { #expect(client.send([1]) == 0) }
    let sources = receiveAll(server, 20).map(\.address)
    var outbox = Outbox()
    let rounds = Limits.sendBatchDatagramsMax / 20 + 2
    for round in 0..<rounds {
      let payload = outbox.addPayload("round \(round)")!
      for source in sources { outbox.deliver(payload, to: source) }
    }
    #expect(server.send(&outbox) == .done)
    #expect(outbox.isEmpty == true)
    #expect(outbox.deliveries.isEmpty == true)
    for client in clients {
      #expect(client.receiveAll(rounds) == (0..<rounds).map { Array("round \($0)".utf8) })
    }
  }

  @Test("IPv6 and IPv4 clients reach one socket, each under its own address")
  func isDualStack() throws {
    let (server, address) = try server()
    let loopback6 = PeerAddress(high: 0, low: 1, port: address.port)
    let clients = [
      try ConnectedSocket(connectingTo: address), try ConnectedSocket(connectingTo: loopback6),
    ]
    for client in clients { #expect(client.send([1]) == 0) }
    let sources = receiveAll(server, 2).map(\.address)
    #expect(Set(sources.map(\.host)) == ["127.0.0.1", "::1"])
    var outbox = Outbox()
    let payload = outbox.addPayload("hello")!
    for source in sources { outbox.deliver(payload, to: source) }
    #expect(server.send(&outbox) == .done)
    for client in clients { #expect(receive(client) == Array("hello".utf8)) }
  }

  @Test("The network's word that nobody is there comes from the error queue, with the address")
  func hearsOfTheUnreachable() throws {
    let (server, address) = try server()
    var client: ConnectedSocket? = try ConnectedSocket(connectingTo: address)
    #expect(client?.send([1]) == 0)
    let stays = try ConnectedSocket(connectingTo: address)
    #expect(stays.send([2]) == 0)
    let sources = receiveAll(server, 2).map(\.address)
    client = nil
    #expect(server.nextUnreachable() == nil)
    var outbox = Outbox()
    let payload = outbox.addPayload("hello")!
    for source in sources { outbox.deliver(payload, to: source) }
    #expect(server.send(&outbox) == .done)
    var request = pollfd(fd: server.fd, events: 0, revents: 0)
    #expect(poll(&request, 1, 5_000) == 1, "the socket is in error")
    // Others are served all the same, before and after the report is taken.
    #expect(receive(stays) == Array("hello".utf8))
    #expect(server.nextUnreachable() == sources[0])
    #expect(server.nextUnreachable() == nil)
    #expect(stays.send([3]) == 0)
    #expect(receiveAll(server, 1).map(\.bytes) == [[3]])
  }

  @Test("A pending error holds up neither receiving nor sending")
  func goesOnDespiteErrors() throws {
    let (server, address) = try server()
    let stays = try ConnectedSocket(connectingTo: address)
    #expect(stays.send([1]) == 0)
    let source = try #require(receiveAll(server, 1).first?.address)
    let closed = try self.server().1
    for _ in 0..<5 {
      var outbox = Outbox()
      let payload = outbox.addPayload("x")!
      outbox.deliver(payload, to: closed)
      outbox.deliver(payload, to: source)
      outbox.deliver(payload, to: closed)
      #expect(server.send(&outbox) == .done)
      #expect(receive(stays) == [0x78])
      #expect(stays.send([2]) == 0)
      #expect(receiveAll(server, 1).map(\.bytes) == [[2]])
    }
    while server.nextUnreachable() != nil {}
  }

  @Test("An address that the kernel refuses to send to is told, and the others are served")
  func tellsWhatWasNotSent() throws {
    let (server, address) = try server()
    let client = try ConnectedSocket(connectingTo: address)
    #expect(client.send([1]) == 0)
    let source = try #require(receiveAll(server, 1).first?.address)
    let nowhere = PeerAddress(v4: 127, 0, 0, 1, port: 0)
    var outbox = Outbox()
    let payload = outbox.addPayload("hello")!
    for address in [nowhere, source, nowhere] { outbox.deliver(payload, to: address) }
    for expected in [0, 2] {
      #expect(server.send(&outbox) == .refused(EINVAL))
      #expect(outbox.sent == expected)
      outbox.sent += 1
    }
    #expect(server.send(&outbox) == .done)
    #expect(receive(client) == Array("hello".utf8))
  }

  @Test("A socket answers from where it was spoken to, bound to that address or to all")
  func answersFromThere() throws {
    for isBound in [true, false] {
      let asked = PeerAddress(v4: 127, 0, 0, 3, port: 0)
      let server = try DatagramSocket(
        bindingTo: isBound ? asked : PeerAddress(high: 0, low: 0, port: 0))
      let port = try #require(server.localAddress?.port)
      let client = try ConnectedSocket(connectingTo: asked.at(port))
      #expect(client.send([9]) == 0)
      let got = receiveAll(server, 1)
      var outbox = Outbox()
      outbox.addDatagram([8], to: try #require(got.first).address)
      #expect(server.send(&outbox) == .done)
      #expect(receive(client) == [8])
    }
  }

  @Test("A socket of an IPv4 address refuses one of IPv6, and sends the rest")
  func refusesOtherFamily() throws {
    let server = try DatagramSocket(bindingTo: PeerAddress(v4: 127, 0, 0, 1, port: 0))
    let receiver = try DatagramSocket(bindingTo: PeerAddress(v4: 127, 0, 0, 1, port: 0))
    var outbox = Outbox()
    outbox.addDatagram([1], to: PeerAddress(high: 0, low: 1, port: 9))
    outbox.addDatagram([2], to: try #require(receiver.localAddress))
    #expect(server.send(&outbox) == .refused(EAFNOSUPPORT))
    outbox.sent += 1
    #expect(server.send(&outbox) == .done)
    #expect(receiveAll(receiver, 1).map(\.bytes) == [[2]])
  }

  @Test("A client is told that nobody is at the server's address")
  func tellsClients() throws {
    let closed = try server().1
    let client = try ConnectedSocket(connectingTo: closed)
    #expect(client.send([1]) == 0)
    var request = pollfd(fd: client.fd, events: Int16(POLLIN), revents: 0)
    #expect(poll(&request, 1, 5_000) == 1)
    #expect(client.takeErrors() == ECONNREFUSED)
    #expect(client.takeErrors() == nil)
  }

  @Test("An address in use, and one that is not here, are refused with their reason")
  func refusesAddresses() throws {
    let (_, address) = try server()
    let first = try DatagramSocket(bindingTo: PeerAddress(v4: 127, 0, 0, 1, port: 0))
    let taken = try #require(first.localAddress)
    #expect(taken.host == "127.0.0.1")
    let inUse = #expect(throws: SystemError.self) { try DatagramSocket(bindingTo: taken) }
    #expect(inUse?.code == EADDRINUSE)
    let elsewhere = PeerAddress(v4: 192, 0, 2, 1, port: address.port)
    let notHere = #expect(throws: SystemError.self) { try DatagramSocket(bindingTo: elsewhere) }
    #expect(notHere?.code == EADDRNOTAVAIL)
  }

  @Test("A socket that was handed over is used; what is no UDP socket is refused")
  func adoptsSockets() throws {
    let fd = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    let any = SocketAddress(PeerAddress(v4: 127, 0, 0, 1, port: 0), family: AF_INET)
    #expect(any.withPointer { bind(fd, $0, $1) } == 0)
    let server = try DatagramSocket(adopting: fd)
    let address = try #require(server.localAddress)
    let client = try ConnectedSocket(connectingTo: address)
    #expect(client.send([9]) == 0)
    let got = receiveAll(server, 1)
    #expect(got.map(\.bytes) == [[9]])
    var outbox = Outbox()
    let payload = outbox.addPayload("back")!
    outbox.deliver(payload, to: got[0].address)
    #expect(server.send(&outbox) == .done)
    #expect(receive(client) == Array("back".utf8))
    let stream = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #expect(throws: SystemError.self) { try DatagramSocket(adopting: stream) }
  }

  @Test("Addresses pass through the kernel's form unchanged")
  func convertsAddresses() {
    let addresses = [
      PeerAddress(v4: 192, 0, 2, 1, port: 65_535), PeerAddress(high: 0, low: 1, port: 1),
      PeerAddress(high: 0xfe80_0000_0000_0000, low: 0x0102_0304_0506_0708, scope: 7, port: 258),
    ]
    for address in addresses {
      let families = address.v4 == nil ? [AF_INET6] : [AF_INET6, AF_INET]
      for family in families {
        let raw = SocketAddress(address, family: family)
        let read = withUnsafeBytes(of: raw.storage) { SocketAddress.read($0.baseAddress!) }
        #expect(read == address)
      }
    }
    var unix = sockaddr_un()
    unix.sun_family = sa_family_t(AF_UNIX)
    #expect(withUnsafeBytes(of: unix) { SocketAddress.read($0.baseAddress!) } == nil)
  }
}

func waitReadable(_ fd: Int32) -> Bool {
  var request = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
  return poll(&request, 1, 5_000) == 1
}

extension ConnectedSocket {
  /// Sends one datagram.
  ///
  /// - Returns: 0, or the `errno`.
  func send(_ datagram: [UInt8]) -> Int32 {
    Glibc.send(fd, datagram, datagram.count, Int32(MSG_NOSIGNAL)) < 0 ? errno : 0
  }

  func datagram(_ index: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    withDatagram(index) { bytes = $0.withUnsafeBufferPointer { Array($0) } }
    return bytes
  }

  /// So many datagrams, or fewer when no more come.
  func receiveAll(_ wanted: Int) -> [[UInt8]] {
    var all: [[UInt8]] = []
    while all.count < wanted, waitReadable(fd), case .datagrams(let count) = receive() {
      all += (0..<count).map(datagram)
    }
    return all
  }
}
