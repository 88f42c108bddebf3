import Testing

@testable import ChatEngine

@Suite("NativeFrontend: figures")
struct NativeFiguresTests {
  private static func figures(_ person: NativePerson) -> (SessionFigures, SessionFigures)? {
    for case .figures(let ours, let theirs) in person.events { return (ours, theirs) }
    return nil
  }

  private static func lists(
    _ person: NativePerson
  ) -> [(server: ServerFigures, rows: [SessionsPage.Row])] {
    person.events.compactMap { event in
      if case .sessions(let server, let rows) = event { return (server, rows) }
      return nil
    }
  }

  @Test("A client is told what both ends measure of its session")
  func ownFigures() throws {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    for number in 0..<20 { people[0].client.say(bytes("\(number)"), at: network.now) }
    network.run(.seconds(1))
    let control = try #require(people[1].client.figures)[.messagesReceived]
    #expect(people[1].client.askFigures(at: network.now))
    #expect(network.run(.seconds(1)) { Self.figures(people[1]) != nil })
    let (ours, theirs) = try #require(Self.figures(people[1]))
    // All 20 texts, and whatever the server said on the control channel; the answer itself is
    // counted by who has it only.
    #expect(theirs[.messagesSent] == control && ours[.messagesReceived] == control + 1)
    // JOIN and STATS.
    #expect(ours[.messagesSent] == 2 && theirs[.messagesReceived] == 2)
    #expect(ours[.roundTripMicroseconds] > 9_000 && theirs[.roundTripMicroseconds] > 9_000)
    // Acknowledgements wait for longer than the way takes, and that is not taken for a part of it.
    #expect(theirs[.roundTripMicroseconds] < 20_000 && theirs[.roundTripMinMicroseconds] < 11_000)
    #expect(theirs[.messageDatagramsSent] < theirs[.messagesSent])
    #expect(ours[.datagramsLost] == 0 && theirs[.datagramsLost] == 0)
  }

  @Test("An onlooker sees all sessions, and nobody sees it")
  func onlooker() throws {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    let onlooker = network.add("Eve") { $0.isOnlooker = true }
    #expect(network.run(.seconds(5)) { onlooker.isJoined })
    #expect(onlooker.client.askSessions(at: network.now))
    #expect(network.run(.seconds(5)) { Self.lists(onlooker).count == 1 })
    let (server, rows) = try #require(Self.lists(onlooker).first)
    #expect(rows.map(\.name) == ["Ann", "Ben", ""])
    #expect(server[.sessions] == 3 && server[.people] == 2 && server[.joined] == 2)
    // It stays for longer than somebody who has not joined may.
    network.run(.seconds(Limits.joinSecondsMax + 200))
    #expect(onlooker.client.askSessions(at: network.now))
    #expect(network.run(.seconds(5)) { Self.lists(onlooker).count == 2 })
    onlooker.client.leave(at: network.now)
    #expect(network.run(.seconds(5)) { onlooker.ending == .left })
    #expect(network.engine.native.onlookers == 0 && network.engine.clientCount == 2)
    for person in people {
      #expect(!person.events.contains { $0 == .arrived("Eve") || $0 == .departed("Eve") })
    }
  }

  @Test("A session that asks for nothing and does not join is let go all the same")
  func silentStranger() {
    let network = NativeNetwork()
    let stranger = network.add("Eve") { $0.isOnlooker = true }
    #expect(network.run(.seconds(5)) { stranger.isJoined })
    network.run(.seconds(Limits.joinSecondsMax + 1))
    #expect(stranger.events.contains(.connectionLost(isShutDown: false)))
  }

  @Test("A list that is longer than a message comes in parts, each session once")
  func pages() throws {
    let network = NativeNetwork { $0.joinsPerSecond = 0 }
    let names = (0..<Limits.figuresPerMessage + 20).map { "N\($0)" }
    let people = names.map { network.add($0, key: UInt8($0.dropFirst())! &+ 1) }
    #expect(network.run(.seconds(20)) { people.allSatisfy(\.isJoined) })
    #expect(people[7].client.askSessions(at: network.now))
    #expect(network.run(.seconds(5)) { !Self.lists(people[7]).isEmpty })
    let rows = try #require(Self.lists(people[7]).first).rows
    #expect(rows.map(\.name).sorted() == names.sorted())
  }

  @Test("Questions beyond the rate are not answered, and are counted")
  func rate() {
    let network = NativeNetwork()
    let people = network.join("Ann")
    for _ in 0..<Limits.figuresPerSecond + 100 { _ = people[0].client.askFigures(at: network.now) }
    network.run(.seconds(2))
    let answers = people[0].events.count { if case .figures = $0 { true } else { false } }
    #expect(answers >= 100 && answers < Limits.figuresPerSecond + 100)
    #expect(network.drops(.figures) > 0)
    #expect(network.drops(.figures) + UInt64(answers) == UInt64(Limits.figuresPerSecond + 100))
    #expect(people[0].isJoined)
  }

  @Test("Who asks a server of an earlier version is told so, and goes on")
  func earlierVersion() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    let onlooker = network.add("Eve") { $0.isOnlooker = true }
    #expect(network.run(.seconds(5)) { onlooker.isJoined })
    let refusal = Session.Ending.closed(.protocolError, text: "a control message of type 4")
    #expect(people[0].client.askFigures(at: network.now))
    people[0].client.lose(refusal, at: network.now)
    #expect(network.run(.seconds(20)) { people[0].events.contains(.restored(.whole)) })
    #expect(people[0].events.contains(.figuresUnknown))
    #expect(!people[0].client.askFigures(at: network.now), "it would cost the session again")
    _ = onlooker.client.askSessions(at: network.now)
    onlooker.client.lose(refusal, at: network.now)
    network.run(.milliseconds(10))
    #expect(onlooker.ending == .figuresUnknown)
    // Who has asked for nothing, or has its answer, was at fault in something else.
    #expect(people[1].client.askFigures(at: network.now))
    #expect(network.run(.seconds(5)) { Self.figures(people[1]) != nil })
    people[1].client.lose(refusal, at: network.now)
    network.run(.milliseconds(10))
    #expect(people[1].ending == .faulty("a control message of type 4"))
  }

  @Test("Only so many look on without having joined")
  func onlookersMax() {
    let network = NativeNetwork { $0.joinsPerSecond = 0 }
    let onlookers = (0...Limits.onlookersMax).map { number in
      network.add("Eve", key: UInt8(number % 250 + 1)) { $0.isOnlooker = true }
    }
    #expect(network.run(.seconds(8)) { onlookers.allSatisfy(\.isJoined) })
    for onlooker in onlookers { _ = onlooker.client.askSessions(at: network.now) }
    network.run(.seconds(5))
    let refused = onlookers.filter { onlooker in
      if case .notLetIn? = onlooker.ending { true } else { false }
    }
    #expect(refused.count == 1 && network.engine.native.onlookers == Limits.onlookersMax)
  }
}
