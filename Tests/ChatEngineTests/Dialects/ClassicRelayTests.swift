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
    case .renamed(let name): "renamed \(datagram.text(name))"
    case .shutDown: "shut down"
    case .notLetIn: "not let in"
    case .notPassedOn: "not passed on"
    case .letGo: "let go"
    case .answer: "answer"
    case .notice: "notice"
    }
  }

  @Test(
    "Every datagram that a server sends to a client of dialect A is read as what it means",
    arguments: [
      ("Bob has joined the chat.", "joined Bob"),
      ("Bob has left the chat.", "left Bob"),
      ("Bob: hello", "message Bob|hello"),
      ("Bob: a: b", "message Bob|a: b"),
      ("Bob: ", "message Bob|"),
      ("IMG:Bob:xyz", "picture Bob|3"),
      ("CHAT_SERVER_FOUND", "answer"),
      ("You were not heard for a long time and have left the chat.", "let go"),
      ("The server is shutting down.", "shut down"),
      ("Name already taken", "not let in"),
      ("You were not heard for a long time and have left the chat.", "let go"),
      ("You were not let in, because the chat is full.", "not let in"),
      ("This was not passed on, because it is no JPEG.", "not passed on"),
      ("This name is taken here, so you are Bob-2.", "renamed Bob-2"),
      ("This name is taken here, so you are A. B.-2.", "renamed A. B.-2"),
      ("This name is taken here, so you are .", "renamed "),
      ("This name is taken here, so you are ", "notice"),
    ])
  func readsTheTable(datagram: String, reading: String) {
    #expect(read(bytes(datagram)) == reading)
  }

  @Test(
    "Lines of the server, and what no server of dialect A says, are shown as notices",
    arguments: [
      "", "hello", "Welcome", "This chat is full.", "Bob:hello", "Bob:join",
      "Bob joined", "User Bob left", "server-shutdown", "DISCOVER_CHAT_SERVER",
    ])
  func showsNotices(datagram: String) {
    #expect(read(bytes(datagram)) == "notice")
  }

  @Test(
    "From another server nothing but names is believed: it passes on whatever its clients send",
    arguments: [
      ClassicText.answer, ClassicText.serverShutdownA, ClassicText.serverShutdownB,
      ClassicText.nameTaken, "You were not let in, because x.",
      "This was not passed on, because x.",
      "This name is taken here, so you are Eve.",
    ])
  func believesNoStrangers(line: String) {
    #expect(bytes(line).strangeRelay == .notice)
    #expect(bytes("Bob: x").strangeRelay == .message(name: 0..<3, text: 5..<6))
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
