import Testing

@testable import ChatEngine

@Suite("What ClassicClient tells of datagrams")
struct ClassicClientEventTests {
  @Test("Each datagram of a server is told as what it means")
  func tellsEvents() {
    let harness = ClientHarness()
    harness.join()
    harness.receive("Bob has joined the chat.")
    harness.receive("Bob: a: b")
    harness.receive(bytes("IMG:Bob:") + [0xff, 0xd8])
    harness.receive("This name is taken here, so you are Ann-2.")
    harness.receive("Welcome")
    harness.receive([0xff])
    harness.receive("Bob has left the chat.")
    #expect(
      harness.events == [
        .arrived("Bob"), .message(Heard(from: "Bob", text: bytes("a: b"))),
        .picture(from: "Bob", jpeg: [0xff, 0xd8]),
        .notice(bytes("This name is taken here, so you are Ann-2.")),
        .notice(bytes("Welcome")), .notice([0xff]), .departed("Bob"),
      ])
    #expect(harness.sent == [])
  }

  @Test("The largest picture and the longest text fit a datagram, whatever the name")
  func fitsDatagrams() {
    let names = ["A", String(repeating: "x", count: 32), String(repeating: "👍", count: 32)]
    for name in names {
      let harness = ClientHarness(name)
      harness.join()
      let size = harness.client.pictureBytesMax
      #expect(size <= Limits.classicPictureBytesMax)
      harness.client.show([UInt8](repeating: 0, count: size), at: harness.now)
      harness.client.say([UInt8](repeating: 0x61, count: Limits.messageBytesMax), at: harness.now)
      let numbered = "-\(Limits.nameNumberMax)".utf8.count
      let datagrams = harness.client.outbox.takeDatagrams()
      #expect(datagrams.count == 2)
      for datagram in datagrams {
        #expect(datagram.bytes.count + numbered <= Limits.datagramBytesMax)
      }
    }
    #expect(ClientHarness("A").client.pictureBytesMax == Limits.classicPictureBytesMax)
  }

  @Test("A client and a server talk through a whole session without losing a word")
  func talksToTheServer() {
    let server = EngineHarness()
    server.receive("Bob has joined the chat.", from: 2)
    let harness = ClientHarness("Bob") { $0.pace = Rate(perSecond: 50, burst: 2) }
    harness.start()
    var heard: [String] = []
    func exchange() {
      var isQuiet = false
      while !isQuiet {
        isQuiet = harness.client.outbox.isEmpty
        for text in harness.sent {
          for told in server.receive(text, from: 1) {
            if told.address == EngineHarness.address(1) {
              harness.receive(told.bytes)
            } else {
              heard.append(String(decoding: told.bytes, as: UTF8.self))
            }
          }
        }
      }
    }
    exchange()
    #expect(
      harness.events == [
        .joined, .notice(bytes("This name is taken here, so you are Bob-2.")),
      ])
    for number in 0..<20 { harness.say("\(number)") }
    harness.leave()
    for _ in 0..<100 where !harness.client.isEnded {
      harness.advance(by: .milliseconds(20))
      exchange()
    }
    #expect(harness.events == [.ended(.left)])
    #expect(
      heard == ["Bob-2 has joined the chat."] + (0..<20).map { "Bob-2: \($0)" }
        + ["Bob-2 has left the chat."])
  }
}
