import Testing

@testable import ChatEngine

@Suite("ClassicClient")
struct ClassicClientTests {
  @Test("A client asks, joins when it is answered, speaks, and leaves when that is confirmed")
  func goesThroughASession() {
    let harness = ClientHarness()
    harness.start()
    #expect(harness.sent == [question])
    #expect(harness.events == [])
    harness.receive("CHAT_SERVER_FOUND")
    #expect(harness.sent == ["Ann has joined the chat."])
    #expect(harness.events == [.joined])
    harness.say("hello: you")
    #expect(harness.sent == ["Ann: hello: you"])
    harness.client.show([1, 2, 3], at: harness.now)
    #expect(harness.sent == ["IMG:Ann:\u{1}\u{2}\u{3}"])
    harness.leave()
    #expect(harness.sent == ["Ann has left the chat.", question])
    #expect(!harness.client.isEnded)
    harness.receive("CHAT_SERVER_FOUND")
    #expect(harness.events == [.ended(.left)])
    #expect(harness.client.isEnded)
    #expect(harness.client.nextDeadline == nil)
  }

  @Test("An unanswered question is asked again, less and less often, until the time is over")
  func asksAgain() {
    let harness = ClientHarness { $0.timeout = .seconds(5) }
    harness.start()
    #expect(harness.sent == [question])
    var asked: [Int] = []
    for millisecond in 1..<5_000 {
      harness.advance(by: .milliseconds(1))
      if !harness.sent.isEmpty { asked.append(millisecond) }
    }
    #expect(asked == [250, 750, 1_750, 3_750])
    #expect(harness.events == [])
    harness.advance(by: .milliseconds(1))
    #expect(harness.events == [.ended(.notAnswered)])
    #expect(harness.client.nextDeadline == nil)
    harness.advance(by: .seconds(60))
    #expect(harness.events == [])
  }

  @Test("A timeout that falls on a question's time asks nothing any more")
  func endsWithoutAsking() {
    let harness = ClientHarness { $0.timeout = .milliseconds(250) }
    harness.start()
    _ = harness.sent
    harness.advance(by: .milliseconds(250))
    #expect(harness.events == [.ended(.notAnswered)])
    #expect(harness.sent == [])
  }

  @Test("A late answer after the end changes nothing")
  func ignoresLateAnswers() {
    let harness = ClientHarness { $0.timeout = .seconds(1) }
    harness.start()
    harness.advance(by: .seconds(2))
    _ = (harness.sent, harness.events)
    harness.receive("CHAT_SERVER_FOUND")
    harness.receive("Bob: hi")
    harness.say("x")
    harness.leave()
    #expect(harness.sent == [])
    #expect(harness.events == [])
  }

  @Test("A server that relays instead of answering is a server, too, and its word is not lost")
  func joinsOldServers() {
    let harness = ClientHarness()
    harness.start()
    _ = harness.sent
    harness.receive("Bob: hi")
    #expect(harness.sent == ["Ann has joined the chat."])
    #expect(harness.events == [.joined, .message(from: "Bob", text: bytes("hi"))])
  }

  @Test("What is said before the server is there waits for it, in order")
  func keepsEarlyWords() {
    let harness = ClientHarness()
    harness.say("one")
    harness.start()
    harness.say("two")
    #expect(harness.sent == [question])
    harness.receive("CHAT_SERVER_FOUND")
    #expect(harness.sent == ["Ann has joined the chat.", "Ann: one", "Ann: two"])
  }

  @Test("A server that answers nothing is not asked anything")
  func skipsQuestions() {
    let harness = ClientHarness { $0.asks = false }
    harness.start()
    #expect(harness.sent == ["Ann has joined the chat."])
    #expect(harness.events == [])
    harness.advance(by: .milliseconds(100))
    #expect(harness.events == [.joined])
    harness.say("x")
    harness.leave()
    #expect(harness.sent == ["Ann: x", "Ann has left the chat."])
    #expect(harness.events == [])
    // The network has a moment to say that nobody is there.
    harness.advance(by: .milliseconds(99))
    #expect(harness.events == [])
    harness.advance(by: .milliseconds(1))
    #expect(harness.events == [.ended(.left)])
  }

  @Test("No confirmation at the end is a failure of its own, after asking again")
  func missesTheConfirmation() {
    let harness = ClientHarness { $0.timeout = .seconds(2) }
    harness.join()
    harness.leave()
    #expect(harness.sent == ["Ann has left the chat.", question])
    harness.advance(by: .milliseconds(1_900))
    #expect(harness.sent == [question, question, question])
    #expect(harness.events == [])
    harness.advance(by: .milliseconds(100))
    #expect(harness.events == [.ended(.notConfirmed)])
  }

  @Test("A server that never answered is not asked at the end, and its words are only shown")
  func believesNoOldServer() {
    let harness = ClientHarness()
    harness.start()
    harness.receive("Bob: hi")
    for text in ["The server is shutting down.", "Name already taken", "CHAT_SERVER_FOUND"] {
      _ = (harness.sent, harness.events)
      harness.receive(text)
      #expect(harness.events == [.notice(bytes(text))])
    }
    harness.leave()
    #expect(harness.sent == ["Ann has left the chat."])
    harness.advance(by: .milliseconds(100))
    #expect(harness.events == [.ended(.left)])
  }

  @Test("Leaving at once says nothing of what waits, in every phase")
  func leavesAtOnce() {
    for isDraining in [false, true] {
      let harness = ClientHarness { $0.pace = Rate(perSecond: 1, burst: 1) }
      harness.join()
      for text in ["one", "two", "three"] { harness.say(text) }
      if isDraining { harness.leave() }
      harness.client.leaveNow(at: harness.now)
      #expect(harness.sent == ["Ann: one", "Ann has left the chat.", question])
      harness.receive("CHAT_SERVER_FOUND")
      #expect(harness.events == [.ended(.left)])
    }
    let asking = ClientHarness()
    asking.start()
    asking.client.leaveNow(at: asking.now)
    #expect(asking.events == [.ended(.left)])
  }

  @Test("What others say while the end is being confirmed is still told")
  func hearsToTheEnd() {
    let harness = ClientHarness()
    harness.join()
    harness.leave()
    harness.receive("Bob: wait")
    harness.receive("CHAT_SERVER_FOUND")
    #expect(harness.events == [.message(from: "Bob", text: bytes("wait")), .ended(.left)])
  }

  @Test("Words go out at the client's pace: a burst, then so many a second, none lost, in order")
  func keepsThePace() {
    let harness = ClientHarness { $0.pace = Rate(perSecond: 10, burst: 5) }
    harness.join()
    for number in 0..<25 { harness.say("\(number)") }
    #expect(harness.sent == (0..<5).map { "Ann: \($0)" })
    harness.advance(by: .milliseconds(99))
    #expect(harness.sent == [])
    harness.advance(by: .milliseconds(1))
    #expect(harness.sent == ["Ann: 5"])
    harness.advance(by: .milliseconds(950))
    #expect(harness.sent == (6..<15).map { "Ann: \($0)" })
    // Leaving waits for what is left.
    harness.leave()
    harness.advance(by: .milliseconds(949))
    #expect(harness.sent == (15..<24).map { "Ann: \($0)" })
    harness.advance(by: .milliseconds(1))
    #expect(harness.sent == ["Ann: 24", "Ann has left the chat.", question])
  }

  @Test("The default pace is below what a server takes from one client")
  func staysBelowTheLimit() {
    let pace = ClassicClient.Configuration(name: try! MemberName("Ann")).pace
    #expect(pace.perSecond < Limits.messagesPerSecondDefault)
    #expect(pace.burst <= Limits.messagesPerSecondDefault * Limits.messagesBurstSeconds)
  }

  @Test("A client is busy while much waits, and no longer once it is out")
  func saysWhenItIsBusy() {
    let harness = ClientHarness { $0.pace = Rate(perSecond: 100, burst: 1) }
    harness.join()
    for _ in 0..<Limits.clientQueueMessagesHigh { harness.say("x") }
    #expect(!harness.client.isBusy)
    harness.say("x")
    #expect(harness.client.isBusy)
    harness.advance(by: .milliseconds(10))
    #expect(!harness.client.isBusy)
  }

  @Test("Nobody at the server's address ends the client in every phase, once")
  func endsUnreachable() {
    func ends(_ prepare: (ClientHarness) -> Void) -> [ClientEvent] {
      let harness = ClientHarness { $0.pace = Rate(perSecond: 1, burst: 1) }
      prepare(harness)
      _ = harness.events
      harness.client.handleUnreachable()
      harness.client.handleUnreachable()
      return harness.events
    }
    #expect(ends { $0.start() } == [.ended(.unreachable)])
    #expect(ends { $0.join() } == [.ended(.unreachable)])
    #expect(
      ends {
        $0.join()
        $0.say("one")
        $0.say("two")
        $0.leave()
      } == [.ended(.unreachable)])
    #expect(
      ends {
        $0.join()
        $0.leave()
      } == [.ended(.unreachable)])
    #expect(
      ends {
        $0.join()
        $0.leave()
        $0.receive("CHAT_SERVER_FOUND")
      } == [])
  }

  @Test("Leaving before the server is there ends at once and sends nothing more")
  func leavesBeforeJoining() {
    let harness = ClientHarness()
    harness.start()
    _ = harness.sent
    harness.leave()
    #expect(harness.events == [.ended(.left)])
    #expect(harness.sent == [])
    let idle = ClientHarness()
    idle.leave()
    #expect(idle.events == [.ended(.left)])
  }

  @Test("Trying the next address begins with a new question, at the first gap, and keeps the words")
  func startsAgain() {
    let harness = ClientHarness()
    harness.say("early")
    harness.start()
    harness.advance(by: .milliseconds(300))
    _ = harness.sent
    harness.client.startAgain(at: harness.now)
    #expect(harness.sent == [question])
    harness.advance(by: .milliseconds(250))
    #expect(harness.sent == [question])
    harness.receive("CHAT_SERVER_FOUND")
    #expect(harness.sent.contains("Ann: early"))
  }
}
