import ChatEngine
import Testing

@testable import ChatCore

@Suite("ClientConnection on loopback")
struct ClientConnectionTests {
  /// A client that tries an address where nobody is, then one where somebody is.
  ///
  /// - Returns: what came in at the second, and how the client ended, within a second.
  private func tryTwo() throws -> (heard: [String], events: [ClientEvent]) {
    let any = PeerAddress(v4: 127, 0, 0, 1, port: 0)
    let nobody = try #require(try DatagramSocket(bindingTo: any).localAddress)
    let server = try DatagramSocket(bindingTo: any)
    let reactor = try Reactor()
    let client = ClientConnection(
      to: [nobody, try #require(server.localAddress)],
      .classic(ClassicClient(ClassicClient.Configuration(name: try MemberName("Ann")))),
      on: reactor)
    var events: [ClientEvent] = []
    client.onEvent = {
      events.append($0)
      if case .ended = $0 { reactor.stop() }
    }
    var heard: [String] = []
    let watch = try reactor.watch(server.fd, for: .readable) { _ in
      for index in 0..<server.receive() {
        server.withDatagram(index) { bytes, _ in
          heard.append(bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
        }
      }
    }
    let timer = reactor.addTimer { client.leave() }
    timer.deadline = reactor.now + .milliseconds(300)
    let end = reactor.addTimer { reactor.stop() }
    end.deadline = reactor.now + .seconds(1)
    client.start()
    try reactor.run()
    watch.interest = []
    return (heard, events)
  }

  @Test("Where nobody is at the first address, the next is tried")
  func triesTheNext() throws {
    let (heard, events) = try tryTwo()
    #expect(heard == ["Ann has joined the chat.", "Ann has left the chat."])
    #expect(events == [.joined, .ended(.left)])
  }

  @Test("Where no socket can be opened to any address, that is the end", arguments: [1, 2])
  func endsWithoutASocket(count: Int) throws {
    let reactor = try Reactor()
    // An address of a link that says of which interface it is not.
    let nowhere = PeerAddress(high: 0xfe80_0000_0000_0000, low: 1, port: 12_345)
    let client = ClientConnection(
      to: Array(repeating: nowhere, count: count),
      .native(
        NativeClient(
          NativeClient.Configuration(
            name: try MemberName("Ann"), keyPair: keys, seed: [UInt8](repeating: 7, count: 32)))),
      on: reactor)
    var events: [ClientEvent] = []
    client.onEvent = { events.append($0) }
    client.start()
    let end = reactor.addTimer { reactor.stop() }
    end.deadline = reactor.now + .milliseconds(20)
    try reactor.run()
    #expect(events == [.ended(.unreachable)])
  }

  private var keys: KeyPair {
    var random = SecretRandom(seed: [UInt8](repeating: 7, count: 32))
    return KeyPair.make(&random)
  }

  @Test("What was received with the last batch waits while nothing more may be shown")
  func waitsWithTheBatch() throws {
    let server = try DatagramSocket(bindingTo: PeerAddress(v4: 127, 0, 0, 1, port: 0))
    let reactor = try Reactor()
    let client = ClientConnection(
      to: [try #require(server.localAddress)],
      .classic(ClassicClient(ClassicClient.Configuration(name: try MemberName("Ann")))),
      on: reactor)
    let count = Limits.receiveBatchDatagramsMax + 10
    var (heard, heardWhilePaused): ([Int], Int?) = ([], nil)
    let pause = reactor.addTimer {
      heardWhilePaused = heard.count
      client.setReceiving(true)
    }
    client.onEvent = { event in
      guard case .message(let message) = event else { return }
      let text = message.text
      heard.append(Int(String(decoding: text, as: UTF8.self)) ?? -1)
      if heard.count % 30 == 7 {
        client.setReceiving(false)
        pause.deadline = reactor.now + .milliseconds(20)
      }
      if heard.count == count { reactor.stop() }
    }
    let watch = try reactor.watch(server.fd, for: .readable) { _ in
      var outbox = Outbox()
      for index in 0..<server.receive() {
        server.withDatagram(index) { bytes, source in
          guard bytes.withUnsafeBufferPointer({ $0.starts(with: "Ann has joined".utf8) }) else {
            return
          }
          for number in 0..<count {
            outbox.deliver(outbox.addPayload("Bo: \(number)")!, to: source)
          }
        }
      }
      #expect(server.send(&outbox) == .done)
    }
    let end = reactor.addTimer { reactor.stop() }
    end.deadline = reactor.now + .seconds(5)
    client.start()
    try reactor.run()
    #expect(heard == Array(0..<count))
    #expect(heardWhilePaused == 67)
    watch.interest = []
  }
}
