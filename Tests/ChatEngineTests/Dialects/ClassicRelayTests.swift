import Testing

@testable import ChatEngine

@Suite("ClassicRelay")
struct ClassicRelayTests {
  private func read(_ datagram: [UInt8]) -> String {
    switch datagram.relay {
    case .joined(let name): "joined \(datagram.text(name))"
    case .left(let name): "left \(datagram.text(name))"
    case .message(let name, let text): "message \(datagram.text(name))|\(datagram.text(text))"
    case .picture(let name, let jpeg): "picture \(datagram.text(name))|\(jpeg.count)"
    case .notice: "notice"
    }
  }

  @Test(
    "Every datagram that a server of dialect A passes on is read as what it means",
    arguments: [
      ("Bob has joined the chat.", "joined Bob"),
      ("Bob has left the chat.", "left Bob"),
      ("Bob: hello", "message Bob|hello"),
      ("Bob: a: b", "message Bob|a: b"),
      ("Bob: ", "message Bob|"),
      ("IMG:Bob:xyz", "picture Bob|3"),
    ])
  func readsTheTable(datagram: String, reading: String) {
    #expect(read(bytes(datagram)) == reading)
  }

  @Test(
    "Lines of the server are shown as notices: anybody could have written them",
    arguments: [
      "", "hello", "Welcome", "This chat is full.", "Bob:hello", "Bob:join",
      "Bob joined", "User Bob left", ClassicText.serverShutdownB, ClassicText.question,
      ClassicText.answer, ClassicText.serverShutdownA, ClassicText.nameTaken, ClassicText.idle,
      "You were not let in, because x.", "This was not passed on, because x.",
      "This name is taken here, so you are Eve.",
    ])
  func showsNotices(datagram: String) {
    #expect(read(bytes(datagram)) == "notice")
  }

  @Test("Bytes that are no UTF-8 are a notice too, and do not stop a client")
  func takesOtherBytes() {
    #expect(read([0xff, 0xfe]) == "notice")
  }

  @Test("A sender's words cannot look like the server's, since its name stands in front")
  func tellsSendersFromTheServer() {
    let words = [
      ClassicText.answer, ClassicText.serverShutdownA, ClassicText.serverShutdownB,
      "This name is taken here, so you are Eve.", "Bob has left the chat.",
    ]
    for word in words { #expect(read(bytes("Eve: " + word)) == "message Eve|" + word) }
  }

  @Test(
    "A name cannot look like the server's words, whatever its owner does",
    arguments: [
      "You were not let in, because", "You were not let in, because I", "Name already taken",
      "This was not passed on, because", "This name is taken here, so you", "server-shutdown",
      "CHAT_SERVER_FOUND", "The server is shutting down.", "Welcome", "DISCOVER_CHAT_SERVER",
    ])
  func tellsNamesFromTheServer(name: String) {
    let harness = EngineHarness()
    harness.receive("Ann has joined the chat.", from: 1)
    let told =
      harness.receive("\(name) has joined the chat.", from: 2)
      + harness.receive("\(name): hi", from: 2)
      + harness.receive(bytes("IMG:\(name):") + MadeJPEG().bytes, from: EngineHarness.address(2))
      + harness.receive("\(name) has left the chat.", from: 2)
    let read = told.filter { $0.address == EngineHarness.address(1) }.map { self.read($0.bytes) }
    #expect(read.map { $0.split(separator: " ")[0] } == ["joined", "message", "picture", "left"])
  }
}
