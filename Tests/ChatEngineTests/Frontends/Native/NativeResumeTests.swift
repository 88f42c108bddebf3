import Testing

@testable import ChatEngine

@Suite("NativeFrontend: coming back")
struct NativeResumeTests {
  private static func say(_ network: NativeNetwork, _ person: NativePerson, _ text: String) {
    person.client.say(bytes(text), at: network.now)
  }

  /// The person's session is lost on both sides; the path works again after `span`.
  private static func lose(_ network: NativeNetwork, _ person: NativePerson, for span: Duration) {
    person.link.isDown = true
    network.run(span)
    person.link.isDown = false
  }

  @Test("After a session was lost, what was said meanwhile comes, nothing twice")
  func resumes() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    Self.say(network, people[1], "before")
    network.run(.seconds(1))
    people[0].link.isDown = true
    for number in 1...50 {
      Self.say(network, people[1], "meanwhile \(number)")
      Self.say(network, people[0], "unheard \(number)")
      network.run(.seconds(2))
    }
    #expect(people[0].events.contains(.connectionLost(isShutDown: false)))
    #expect(network.engine.clientCount == 1, "the server let it go, too")
    people[0].link.isDown = false
    #expect(network.run(.seconds(30)) { people[0].isJoined && people[0].pending == 0 })
    network.run(.seconds(2))
    #expect(people[0].events.contains(.restored(.whole)))
    let others = people[0].conversation.filter { $0.hasPrefix("Ben") }
    #expect(others == ["Ben: before"] + (1...50).map { "Ben: meanwhile \($0)" })
    let heard = people[1].conversation.filter { $0.hasPrefix("Ann") }
    #expect(heard == (1...50).map { "Ann: unheard \($0)" })
    #expect(people[0].accepted() == Array(1...50))
  }

  @Test("Nothing is lost and nothing doubled, whenever the path goes", arguments: 0..<10)
  func survivesLosses(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let network = NativeNetwork(seed: seed)
    let people = network.join("Ann", "Ben")
    var said = 0
    for _ in 0..<6 {
      for _ in 0..<Int.random(in: 1...5, using: &random) {
        said += 1
        Self.say(network, people[0], "a\(said)")
        Self.say(network, people[1], "b\(said)")
        network.run(.milliseconds(Int64.random(in: 0...40, using: &random)))
      }
      if random.chance(50) {
        people[0].client.show(NativePictureTests.jpeg(20_000, UInt8(said)), at: network.now)
        network.run(.milliseconds(Int64.random(in: 0...40, using: &random)))
      }
      let span = random.pick([5, 61, 75, 130])
      Self.lose(network, people[Int.random(in: 0...1, using: &random)], for: .seconds(span))
      network.run(.milliseconds(Int64.random(in: 0...3_000, using: &random)))
    }
    let isDone = network.run(.seconds(120)) {
      people.allSatisfy { $0.isJoined && $0.pending == 0 }
    }
    #expect(isDone)
    network.run(.seconds(5))
    let texts = { (person: NativePerson, name: String) in
      person.conversation.filter { $0.hasPrefix(name + ": ") }
    }
    #expect(texts(people[1], "Ann") == (1...said).map { "Ann: a\($0)" })
    #expect(texts(people[0], "Ben") == (1...said).map { "Ben: b\($0)" })
    let shown = people[0].accepted(pictures: true).count
    #expect(people[1].conversation.filter { $0.hasPrefix("Ann showed") }.count == shown)
  }

  @Test("A client with a new address goes on in its session")
  func roams() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    for round in UInt8(0)..<5 {
      people[0].address = PeerAddress(v4: 172, 16, 0, round, port: 9_000)
      Self.say(network, people[0], "from \(round)")
      network.run(.milliseconds(300))
      Self.say(network, people[1], "to \(round)")
      network.run(.milliseconds(300))
    }
    network.run(.seconds(5))
    #expect(people[1].conversation.filter { $0.hasPrefix("Ann") }.count == 5)
    #expect(people[0].conversation.filter { $0.hasPrefix("Ben") }.count == 5)
    #expect(!people[0].events.contains(.connectionLost(isShutDown: false)))
  }

  @Test("A server that was started again says so; what it had not accepted is said again, once")
  func serverRestarts() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    for number in 1...5 { Self.say(network, people[0], "old \(number)") }
    network.run(.seconds(1))
    network.restart()
    #expect(network.engine.clientCount == 0)
    for number in 1...5 { Self.say(network, people[0], "new \(number)") }
    Self.say(network, people[1], "hello?")
    let isDone = network.run(.seconds(30)) {
      people.allSatisfy { $0.isJoined && $0.pending == 0 }
    }
    #expect(isDone)
    network.run(.seconds(2))
    for person in people {
      #expect(person.events.contains(.connectionLost(isShutDown: false)))
      #expect(person.events.contains(.restored(.restarted)))
    }
    // Who comes back first may be alone in the new log for a moment.
    let heard = people[1].conversation.filter { $0.hasPrefix("Ann: old") }
    #expect(heard == (1...5).map { "Ann: old \($0)" })
    #expect(people[0].accepted() == Array(1...10))
    for person in people {
      #expect(Set(person.conversation).count == person.conversation.count, "something came twice")
    }
    Self.say(network, people[0], "all here")
    network.run(.seconds(1))
    #expect(people[1].conversation.last == "Ann: all here")
  }

  @Test("What a server accepted and was restarted after is not heard twice")
  func suppressesDoubles() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    // Ann never hears of the server's receipt, so she says it again to the next server.
    people[0].isDeaf = true
    Self.say(network, people[0], "one")
    #expect(network.run(.seconds(1)) { people[1].conversation == ["Ann: one"] })
    #expect(people[0].pending == 1)
    network.restart()
    people[0].isDeaf = false
    network.run(.seconds(30)) { people.allSatisfy { $0.isJoined && $0.pending == 0 } }
    network.run(.seconds(2))
    #expect(people[1].conversation == ["Ann: one"])
    #expect(people[0].accepted() == [1])
  }

  @Test("A forged or stale Reset ends no session")
  func forgedReset() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    let id = people[0].client.remoteSessionID
    for token in [[UInt8](repeating: 0, count: 16), [UInt8](repeating: 255, count: 16)] {
      let forged = Handshake.reset(sessionID: id, token: token)
      people[0].client.receive(forged.span, at: network.now)
    }
    #expect(people[0].isJoined)
    // To a packet of a session that it does not know the server says so, at most 100 times a
    // second.
    network.strangers.removeAll()
    for number in UInt32(0)..<300 {
      var packet: [UInt8] = [0x86]
      packet.appendU32(0xffff_0000 + number)
      network.receive(packet + [UInt8](repeating: 1, count: 40), from: EngineHarness.address(5))
    }
    #expect(network.strangers.count == 100)
    #expect(network.strangers.allSatisfy { $0.bytes.count == 21 })
    Self.say(network, people[0], "still here")
    network.run(.seconds(1))
    #expect(people[1].conversation == ["Ann: still here"])
  }

  @Test("A server that has another key after a crash is noticed at the next sign of life")
  func otherKey() {
    let network = NativeNetwork()
    let ann = network.join("Ann")[0]
    network.run(.seconds(1))
    let other = NativeNetwork.keyPair(77)
    network.restart(key: other)
    let latest = Limits.sessionKeepAliveSeconds * 1_000 + Limits.foreignResetDoubtMilliseconds
    #expect(network.run(.milliseconds(latest + 1_500)) { ann.isEnded })
    #expect(ann.ending == .keyChanged(other.publicKey))
  }

  @Test("Resets that are forged all the time end no session, though the link loses much")
  func forgedResets() {
    let network = NativeNetwork(seed: 3)
    let ann = network.join("Ann")[0]
    ann.link.lossPercent = 10
    let forged = Handshake.reset(
      sessionID: ann.client.remoteSessionID, token: [UInt8](repeating: 1, count: 16))
    for _ in 0..<300 {
      ann.client.receive(forged.span, at: network.now)
      network.run(.milliseconds(100))
    }
    #expect(ann.isJoined && !ann.events.contains(.connectionLost(isShutDown: false)))
  }

  @Test("Who looks for a server that is away tries other ways to it, too")
  func looksForOtherWays() {
    let network = NativeNetwork()
    let ann = network.join("Ann")[0]
    ann.link.isDown = true
    network.run(.seconds(Int64(Limits.sessionSilenceSecondsMax + 30)))
    #expect(ann.client.phase == .asking && ann.client.takePathSuspicion())
    #expect(!ann.client.takePathSuspicion())
    network.run(.seconds(Int64(Limits.questionGapSecondsMax)))
    #expect(ann.client.takePathSuspicion())
  }

  @Test("Who finds no way to begin with ends at once")
  func noWay() {
    let network = NativeNetwork()
    let ann = network.add("Ann", isStarted: false)
    ann.client.handleUnreachable(isRefused: false, at: network.now)
    network.run(.milliseconds(1))
    #expect(ann.ending == .unreachable)
  }

  @Test("Who was away for longer than the log reaches is told how much was missed")
  func misses() {
    let network = NativeNetwork { $0.messagesPerSecond = 0 }
    let people = network.join("Ann", "Ben")
    people[0].link.isDown = true
    network.run(.seconds(70))
    let text = String(repeating: "x", count: 60_000)
    let count = Limits.talkLogBytes / 60_000 + 20
    for _ in 0..<count {
      Self.say(network, people[1], text)
      network.run(.milliseconds(200))
    }
    #expect(network.run(.seconds(60)) { people[1].pending == 0 })
    people[0].link.isDown = false
    #expect(network.run(.seconds(40)) { people[0].isJoined })
    network.run(.seconds(5))
    #expect(people[0].events.contains(.restored(.incomplete)))
    Self.say(network, people[1], "there you are")
    network.run(.seconds(2))
    #expect(people[0].conversation.last == "Ben: there you are")
  }

  @Test("A reader who is too slow for the log is told how much it missed, in its session")
  func slowReader() {
    let network = NativeNetwork { $0.messagesPerSecond = 0 }
    let people = network.join("Ann", "Ben")
    people[0].link.bytesPerSecond = 20_000
    people[0].link.queue = .milliseconds(300)
    let text = String(repeating: "x", count: 60_000)
    let count = Limits.talkLogBytes / 60_000 + 30
    for _ in 0..<count {
      Self.say(network, people[1], text)
      network.run(.milliseconds(50))
    }
    #expect(network.run(.seconds(60)) { people[1].pending == 0 })
    people[0].link.bytesPerSecond = nil
    Self.say(network, people[1], "the end")
    #expect(network.run(.seconds(60)) { people[0].conversation.last == "Ben: the end" })
    let missed = people[0].events.reduce(0) { sum, event in
      if case .missed(let count) = event { sum + count } else { sum }
    }
    #expect(missed > 0)
    #expect(people[0].conversation.count + missed == count + 1)
    #expect(!people[0].events.contains(.connectionLost(isShutDown: false)))
  }
}

extension NativeClient {
  fileprivate var remoteSessionID: UInt32 {
    session?.remoteID ?? 0
  }
}
