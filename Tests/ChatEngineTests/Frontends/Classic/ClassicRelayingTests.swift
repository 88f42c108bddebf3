import Testing

@testable import ChatEngine

@Suite("Relaying between classic clients")
struct ClassicRelayingTests {
  /// Ann and Bob speak dialect A, Cid and Dee dialect B; all of them are in.
  private func lobby() -> EngineHarness {
    let harness = EngineHarness()
    harness.receive("Ann has joined the chat.", from: 1)
    harness.receive("Bob has joined the chat.", from: 2)
    harness.receive("Cid:join", from: 3)
    harness.receive("Dee:join", from: 4)
    _ = harness.takeTranscript()
    return harness
  }

  @Test("A message of dialect A goes on byte for byte, and to dialect B without its space")
  func relaysA() {
    let told = lobby().receive("Ann: hello: you", from: 1)
    #expect(
      told.byAddress == [
        sent(2, "Ann: hello: you"), sent(3, "Ann:hello: you"), sent(4, "Ann:hello: you"),
      ])
  }

  @Test("A message of dialect B goes on byte for byte, and to dialect A with a space")
  func relaysB() {
    let told = lobby().receive("Cid:hello", from: 3)
    #expect(
      told.byAddress == [sent(1, "Cid: hello"), sent(2, "Cid: hello"), sent(4, "Cid:hello")])
  }

  @Test("Any text goes on byte for byte where the dialect is the same")
  func relaysAnyText() {
    let harness = lobby()
    var random = SplitMix64(seed: 5)
    let pieces = [
      " ", ":", ": ", "\n", "\t", "\0", "\u{1b}[2J", "é", "日本", "👍", "\u{202e}", "IMG:", "Ann",
      " has left the chat.", "join", "x",
    ]
    for _ in 0..<500 {
      harness.now = harness.now + .milliseconds(100)
      let text = (0..<Int.random(in: 0...8, using: &random)).map { _ in random.pick(pieces) }
      let datagram = "Ann: " + text.joined()
      #expect(harness.receive(datagram, from: 1).contains(sent(2, datagram)))
      if ["join", "exit"].contains(text.joined()) { continue }
      let short = "Cid:" + text.joined()
      #expect(harness.receive(short, from: 3).contains(sent(4, short)))
    }
  }

  @Test("The words join and exit, said in dialect A, are text")
  func relaysWordsThatJoin() {
    let harness = lobby()
    #expect(harness.receive("Ann: join", from: 1).contains(sent(2, "Ann: join")))
    #expect(harness.receive("Ann: exit", from: 1).contains(sent(2, "Ann: exit")))
    #expect(harness.engine.clientCount == 4)
  }

  @Test("A client is never sent its own words")
  func neverEchoes() {
    let harness = lobby()
    for (number, text) in [(1, "Ann: x"), (3, "Cid:x"), (1, "x"), (1, "Bob: x"), (3, "Ann:x")] {
      let told = harness.receive(text, from: number)
      #expect(told.count == 3)
      #expect(!told.contains { $0.address == EngineHarness.address(number) })
    }
  }

  @Test("Who speaks is who the address joined as: another's name is text")
  func showsWhoSpeaks() {
    let harness = lobby()
    #expect(harness.receive("Bob: hi", from: 1).contains(sent(2, "Ann: Bob: hi")))
    #expect(harness.receive("ann: hi", from: 1).contains(sent(2, "Ann: ann: hi")))
    #expect(
      harness.receive("Bob has left the chat.", from: 1).contains(
        sent(2, "Ann: Bob has left the chat.")))
    #expect(harness.receive("Bob:exit", from: 3).contains(sent(1, "Cid: Bob:exit")))
    // The other dialect's form of its own words is text, too.
    #expect(harness.receive("Ann:hi", from: 1).contains(sent(2, "Ann: Ann:hi")))
    #expect(harness.receive("Ann:exit", from: 1).contains(sent(2, "Ann: Ann:exit")))
    #expect(
      harness.receive("Cid has left the chat.", from: 3).contains(
        sent(4, "Cid:Cid has left the chat.")))
    #expect(harness.engine.clientCount == 4)
  }

  @Test("A client of dialect A that says a name and no more is heard with its own")
  func relaysBareText() {
    let harness = lobby()
    #expect(harness.receive("hello", from: 1).contains(sent(2, "Ann: hello")))
    #expect(harness.receive("Cid:", from: 3).contains(sent(1, "Cid: ")))
    #expect(harness.receive("Ann: ", from: 1).contains(sent(2, "Ann: ")))
    #expect(harness.receive("Ann:", from: 1).contains(sent(2, "Ann: Ann:")))
  }

  @Test("A client of dialect B may begin its text with a space")
  func keepsLeadingSpace() {
    let told = lobby().receive("Cid: hi", from: 3)
    #expect(told.byAddress == [sent(1, "Cid:  hi"), sent(2, "Cid:  hi"), sent(4, "Cid: hi")])
  }

  @Test("What is no UTF-8 is dropped and counted, and the client stays")
  func dropsOtherBytes() {
    let harness = lobby()
    let told = harness.receive(Array("Ann: ".utf8) + [0xff], from: EngineHarness.address(1))
    #expect(told == [])
    #expect(harness.drops(.notText) == 1)
    #expect(harness.receive("Ann: still here", from: 1).count == 3)
  }

  @Test("An empty datagram says nothing, and is counted")
  func dropsEmptyDatagrams() {
    let harness = lobby()
    #expect(harness.receive("", from: 1) == [])
    #expect(harness.receive("", from: 3) == [])
    #expect(harness.drops(.noName) == 2)
  }

  @Test("A message that is too long for both dialects is refused once")
  func refusesOnce() {
    let harness = lobby()
    let told = harness.receive(
      String(repeating: "x", count: Limits.datagramBytesMax), from: 1)
    #expect(told == [sent(1, "This was not passed on, because it is too long for some.")])
    #expect(harness.drops(.tooLong) == 1)
  }

  @Test("The question is answered to whoever asks, and makes nobody a client")
  func answersTheQuestion() {
    let harness = lobby()
    #expect(harness.receive("DISCOVER_CHAT_SERVER", from: 9) == [sent(9, "CHAT_SERVER_FOUND")])
    #expect(harness.receive("DISCOVER_CHAT_SERVER", from: 1) == [sent(1, "CHAT_SERVER_FOUND")])
    #expect(harness.engine.clientCount == 4)
    #expect(harness.takeTranscript() == "")
  }

  @Test("A message that is too long for the other dialect reaches its own, and its sender is told")
  func refusesTooLong() {
    let harness = lobby()
    let text = String(repeating: "x", count: Limits.datagramBytesMax - 4)
    let told = harness.receive("Cid:" + text, from: 3)
    #expect(
      told.byAddress == [
        sent(3, "This was not passed on, because it is too long for some."), sent(4, "Cid:" + text),
      ])
    #expect(harness.drops(.tooLong) == 1)
  }

  @Test("A message of just a datagram is relayed; no payload is ever longer than one")
  func relaysTheLongest() {
    let harness = lobby()
    let text = "Ann: " + String(repeating: "x", count: Limits.datagramBytesMax - 5)
    let told = harness.receive(text, from: 1)
    #expect(told.contains(sent(2, text)))
    // Bytes that name nobody get a name in front, which makes them too long.
    let bare = harness.receive(String(repeating: "y", count: Limits.datagramBytesMax), from: 2)
    #expect(bare == [sent(2, "This was not passed on, because it is too long for some.")])
    #expect((told + bare).allSatisfy { $0.bytes.count <= Limits.datagramBytesMax })
  }
}
