import Testing

@testable import ChatEngine

@Suite("Joining and leaving as a classic client")
struct ClassicJoiningTests {
  @Test("Joins and leaves are told to the others once, in each dialect's own words")
  func announces() {
    let harness = EngineHarness()
    #expect(harness.receive("Ann has joined the chat.", from: 1) == [])
    #expect(
      harness.receive("Bob:join", from: 2) == [
        sent(2, "Welcome"), sent(1, "Bob has joined the chat."),
      ])
    #expect(
      harness.receive("Cid has joined the chat.", from: 3).byAddress == [
        sent(1, "Cid has joined the chat."), sent(2, "Cid joined"),
      ])
    #expect(
      harness.receive("Cid has left the chat.", from: 3).byAddress == [
        sent(1, "Cid has left the chat."), sent(2, "User Cid left"),
      ])
    #expect(harness.receive("Bob:exit", from: 2) == [sent(1, "Bob has left the chat.")])
    #expect(harness.engine.clientCount == 1)
    let counters = harness.engine.turn.output.counters
    #expect(counters.joined == 3 && counters.left == 2 && counters.lost == 0)
  }

  @Test("Leaving a second time, or without having joined, is heard by nobody")
  func ignoresLeavesOfStrangers() {
    let harness = EngineHarness()
    harness.receive("Ann has joined the chat.", from: 1)
    harness.receive("Bob:join", from: 2)
    harness.receive("Bob:exit", from: 2)
    #expect(harness.receive("Bob:exit", from: 2) == [])
    #expect(harness.receive("Zoe has left the chat.", from: 9) == [])
    #expect(harness.engine.clientCount == 1)
  }

  @Test("A join that comes twice is announced once; dialect B is welcomed again")
  func takesJoinsTwice() {
    let harness = EngineHarness()
    harness.receive("Ann has joined the chat.", from: 1)
    harness.receive("Bob:join", from: 2)
    #expect(harness.receive("Bob:join", from: 2) == [sent(2, "Welcome")])
    #expect(harness.receive("Ann has joined the chat.", from: 1) == [])
    #expect(harness.engine.turn.output.counters.joined == 2)
  }

  @Test("Another join from the same address is another client there: the first has left")
  func replacesClients() {
    let harness = EngineHarness()
    harness.receive("Ann has joined the chat.", from: 1)
    harness.receive("Bob:join", from: 2)
    #expect(
      harness.receive("Cid has joined the chat.", from: 1) == [
        sent(2, "User Ann left"), sent(2, "Cid joined"),
      ])
    // The same name in the other dialect is another client, too.
    #expect(
      harness.receive("Cid:join", from: 1) == [
        sent(1, "Welcome"), sent(2, "User Cid left"), sent(2, "Cid joined"),
      ])
    #expect(harness.receive("Cid:hi", from: 1) == [sent(2, "Cid:hi")])
    #expect(harness.engine.clientCount == 2)
  }

  @Test("Dialect B's newcomer under a taken name is refused, dialect A's is numbered and told")
  func handlesTakenNames() {
    let harness = EngineHarness()
    harness.receive("Ann has joined the chat.", from: 1)
    #expect(harness.receive("ANN:join", from: 2) == [sent(2, "Name already taken")])
    #expect(harness.engine.clientCount == 1)
    #expect(
      harness.receive("Ann has joined the chat.", from: 3) == [
        sent(3, "This name is taken here, so you are Ann-2."),
        sent(1, "Ann-2 has joined the chat."),
      ])
    // It goes on to write its own name, and is shown under the other.
    #expect(harness.receive("Ann: hi", from: 3) == [sent(1, "Ann-2: hi")])
    #expect(harness.receive("Ann-2: hi", from: 3) == [sent(1, "Ann-2: Ann-2: hi")])
    #expect(
      harness.receive("Ann has left the chat.", from: 3) == [
        sent(1, "Ann-2 has left the chat.")
      ])
    #expect(harness.engine.clientCount == 1)
  }

  @Test("A numbered client that joins again is told its name again, and announced no more")
  func tellsTheNameAgain() {
    let harness = EngineHarness()
    harness.receive("Ann has joined the chat.", from: 1)
    harness.receive("Ann has joined the chat.", from: 2)
    #expect(
      harness.receive("Ann has joined the chat.", from: 2) == [
        sent(2, "This name is taken here, so you are Ann-2.")
      ])
  }

  @Test("A name that is free again goes to the next who asks for it")
  func freesNames() {
    let harness = EngineHarness()
    harness.receive("Ann has joined the chat.", from: 1)
    harness.receive("Ann has left the chat.", from: 1)
    #expect(harness.receive("ann:join", from: 2) == [sent(2, "Welcome")])
  }

  @Test("Whoever speaks after the server was restarted is joined, and heard at once")
  func takesInStrangersWhoSpeak() {
    let harness = EngineHarness()
    harness.receive("Ann has joined the chat.", from: 1)
    #expect(
      harness.receive("Bob: back: again", from: 2) == [
        sent(1, "Bob has joined the chat."), sent(1, "Bob: back: again"),
      ])
    #expect(
      harness.receive("Cid:me too", from: 3).byAddress == [
        sent(1, "Cid has joined the chat."), sent(1, "Cid: me too"),
        sent(2, "Cid has joined the chat."), sent(2, "Cid: me too"), sent(3, "Welcome"),
      ])
    // Under a taken name: numbered in dialect A, refused in dialect B, with what it said.
    #expect(
      harness.receive("Bob: who is this", from: 4).byAddress == [
        sent(1, "Bob-2 has joined the chat."), sent(1, "Bob-2: who is this"),
        sent(2, "Bob-2 has joined the chat."), sent(2, "Bob-2: who is this"),
        sent(3, "Bob-2 joined"), sent(3, "Bob-2:who is this"),
        sent(4, "This name is taken here, so you are Bob-2."),
      ])
    #expect(harness.receive("Bob:hello", from: 5) == [sent(5, "Name already taken")])
  }

  @Test("A stranger's words without a name, or of no text, are dropped and counted")
  func dropsWordsOfNobody() {
    let harness = EngineHarness()
    harness.receive("Ann has joined the chat.", from: 1)
    #expect(harness.receive("hello", from: 2) == [])
    #expect(harness.receive("", from: 2) == [])
    #expect(harness.receive([0xff, 0x00], from: EngineHarness.address(2)) == [])
    #expect(harness.drops(.noName) == 2)
    #expect(harness.drops(.notText) == 1)
    #expect(harness.engine.clientCount == 1)
  }

  @Test(
    "A name that cannot be is refused, and its owner is told why in one datagram",
    arguments: [
      "IMG has joined the chat.", "IMG:join", "IMG: hello", " has joined the chat.", ":join",
      "a/b has joined the chat.", "\u{1b}[2J:join", "\u{202e}Ann: hi", " Ann has joined the chat.",
      "123456789012345678901234567890123:join",
    ])
  func refusesBadNames(datagram: String) {
    let harness = EngineHarness()
    harness.receive("Ann has joined the chat.", from: 1)
    let told = harness.receive(datagram, from: 2)
    #expect(told.count == 1)
    #expect(told.first?.address == EngineHarness.address(2))
    #expect(told.first.map { $0.bytes.starts(with: Array("You were not let in, ".utf8)) } == true)
    #expect(harness.drops(.badName) == 1)
    #expect(harness.engine.clientCount == 1)
  }

  @Test("No line of the server can be taken for a message by a client of dialect A")
  func writesLinesWithoutSeparators() {
    let lines =
      [
        ClassicText.welcome, ClassicText.nameTaken, ClassicText.serverShutdownA,
        ClassicText.serverShutdownB, ClassicText.answer, ClassicText.idle,
        ClassicText.renamed.head + "Ann-2" + ClassicText.renamed.tail,
      ]
      + ["a/b:join", "\u{1b}:join", "IMG:join", ":join", " a:join", "a\u{0}: x"].flatMap { text in
        EngineHarness().receive(text, from: 1).map { String(decoding: $0.bytes, as: UTF8.self) }
      }
    #expect(lines.count == 13)
    for line in lines { #expect(!line.contains(": "), "\(line)") }
  }

  @Test("Clients at one address and other ports are others")
  func tellsPortsApart() {
    let harness = EngineHarness()
    let first = PeerAddress(v4: 10, 0, 0, 1, port: 1)
    let second = PeerAddress(v4: 10, 0, 0, 1, port: 2)
    harness.receive(bytes("Ann has joined the chat."), from: first)
    let told = harness.receive(bytes("Bob has joined the chat."), from: second)
    #expect(told == [Sent(first, "Bob has joined the chat.")])
  }
}
