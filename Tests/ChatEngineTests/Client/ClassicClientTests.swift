import Testing

@testable import ChatEngine

@Suite("ClassicClient")
struct ClassicClientTests {
  @Test("A client joins, speaks and leaves as an unmodified one does, and asks nothing")
  func goesThroughASession() {
    let harness = ClientHarness()
    harness.start()
    #expect(harness.sent == ["Ann has joined the chat."])
    #expect(harness.events == [])
    harness.advance(by: .milliseconds(99))
    #expect(harness.events == [])
    harness.advance(by: .milliseconds(1))
    #expect(harness.events == [.joined])
    harness.say("hello: you")
    #expect(harness.sent == ["Ann: hello: you"])
    harness.client.show([1, 2, 3], at: harness.now)
    #expect(harness.sent == ["IMG:Ann:\u{1}\u{2}\u{3}"])
    harness.leave()
    #expect(harness.sent == ["Ann has left the chat."])
    // The network has a moment to say that nobody was there.
    harness.advance(by: .milliseconds(99))
    #expect(harness.events == [])
    harness.advance(by: .milliseconds(1))
    #expect(harness.events == [.ended(.left)])
    #expect(harness.client.isEnded)
    #expect(harness.client.nextDeadline == nil)
  }

  @Test("A client that stays sends nothing by itself")
  func staysSilent() {
    let harness = ClientHarness()
    harness.join()
    #expect(harness.client.nextDeadline == nil)
    harness.advance(by: .seconds(86_400))
    #expect(harness.sent == [])
    #expect(harness.events == [])
  }

  @Test("Whatever comes after the end changes nothing")
  func ignoresLateDatagrams() {
    let harness = ClientHarness()
    harness.join()
    harness.leave()
    harness.waitForTheEnd()
    _ = (harness.sent, harness.events)
    harness.receive("Bob: hi")
    harness.say("x")
    harness.leave()
    harness.client.leaveNow(at: harness.now)
    #expect(harness.sent == [])
    #expect(harness.events == [])
  }

  @Test("Somebody's word shows that a server is there, and is not lost")
  func joinsWithTheFirstWord() {
    let harness = ClientHarness()
    harness.start()
    harness.receive("Bob: hi")
    #expect(harness.sent == ["Ann has joined the chat."])
    #expect(harness.events == [.joined, .message(Heard(from: "Bob", text: bytes("hi")))])
  }

  @Test("What is said before it counts as joined waits, in order")
  func keepsEarlyWords() {
    let harness = ClientHarness()
    harness.say("one")
    harness.start()
    harness.say("two")
    #expect(harness.sent == ["Ann has joined the chat."])
    harness.waitForTheEnd()
    #expect(harness.sent == ["Ann: one", "Ann: two"])
  }

  @Test("The server's words are only shown: anybody could have said them")
  func believesNoServer() {
    let harness = ClientHarness()
    harness.join()
    for text in [
      ClassicText.serverShutdownA, ClassicText.nameTaken, ClassicText.answer, ClassicText.idle,
      "You were not let in, because the chat is full.",
    ] {
      harness.receive(text)
      #expect(harness.events == [.notice(bytes(text))])
      #expect(harness.sent == [])
    }
  }

  @Test("Leaving at once says nothing of what waits, in every phase")
  func leavesAtOnce() {
    for isDraining in [false, true] {
      let harness = ClientHarness { $0.pace = Rate(perSecond: 1, burst: 1) }
      harness.join()
      for text in ["one", "two", "three"] { harness.say(text) }
      if isDraining { harness.leave() }
      harness.client.leaveNow(at: harness.now)
      #expect(harness.sent == ["Ann: one", "Ann has left the chat."])
      harness.waitForTheEnd()
      #expect(harness.events == [.ended(.left)])
    }
    let knocking = ClientHarness()
    knocking.start()
    knocking.client.leaveNow(at: knocking.now)
    #expect(knocking.sent == ["Ann has joined the chat.", "Ann has left the chat."])
    knocking.waitForTheEnd()
    #expect(knocking.events == [.joined, .ended(.left)])
  }

  @Test("What others say while the client leaves is still told")
  func hearsToTheEnd() {
    let harness = ClientHarness()
    harness.join()
    harness.leave()
    harness.receive("Bob: wait")
    harness.waitForTheEnd()
    #expect(harness.events == [.message(Heard(from: "Bob", text: bytes("wait"))), .ended(.left)])
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
    #expect(harness.sent == ["Ann: 24", "Ann has left the chat."])
  }

  @Test("The default pace is below what a server takes from one client")
  func staysBelowTheLimit() {
    let pace = ClassicClient.Configuration(name: try! MemberName("Ann")).pace
    #expect(pace.interval > 1_000_000_000 / UInt64(Limits.messagesPerSecondDefault))
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
        $0.waitForTheEnd()
      } == [])
  }

  @Test("Leaving before it started ends at once and sends nothing")
  func leavesBeforeJoining() {
    let idle = ClientHarness()
    idle.leave()
    #expect(idle.events == [.ended(.left)])
    #expect(idle.sent == [])
  }

  @Test("Trying the next address begins with a new join, waits as long, and keeps the words")
  func startsAgain() {
    let harness = ClientHarness()
    harness.say("early")
    harness.start()
    harness.advance(by: .milliseconds(60))
    harness.client.startAgain(at: harness.now)
    #expect(harness.sent == ["Ann has joined the chat."])
    harness.advance(by: .milliseconds(99))
    #expect(harness.events == [])
    harness.advance(by: .milliseconds(1))
    #expect(harness.events == [.joined])
    #expect(harness.sent == ["Ann: early"])
  }
}
