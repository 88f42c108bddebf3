import Testing

@testable import ChatEngine

@Suite("NativeFrontend: the past, asked for and caught up with")
struct NativePastTests {
  /// What a server knows when it starts.
  private final class Kept {
    var next: UInt64 = 1
  }

  /// Ann and Ben in the lobby, who have heard one message.
  private static func makeNetwork(_ kept: Kept) -> (NativeNetwork, [NativePerson]) {
    let network = NativeNetwork { configuration in
      configuration.keepsHistory = true
      configuration.rooms = [KeptRoom(name: .lobby, topic: "", nextNumber: kept.next)]
    }
    let people = network.join("Ann", "Ben")
    people[1].client.say(bytes("ding"), at: network.now)
    #expect(network.run(.seconds(5)) { people[0].conversation == ["Ben: ding"] })
    return (network, people)
  }

  /// The server ends, and another begins that has `count` messages more.
  private static func restart(_ network: NativeNetwork, _ kept: Kept, after count: Int) {
    let first = UInt64(network.disk.messages.count) + 1
    for number in first..<first + UInt64(count) {
      network.disk.messages.append(
        StoredMessage(
          room: .room("lobby"), number: number, time: Int64(number), author: "Cem", run: 5,
          authorNumber: number, body: bytes("message \(number)")))
    }
    kept.next = first + UInt64(count)
    network.restart()
  }

  private static func expected(_ count: Int) -> [String] {
    ["Ben: ding"] + (0..<count).map { "Cem: message \($0 + 2)" }
  }

  private static func missed(_ person: NativePerson) -> Bool {
    person.events.contains { if case .missed = $0 { true } else { false } }
  }

  @Test("Who was away for 100,000 messages gets exactly these, in order, and then what is said")
  func catchesUp() {
    let kept = Kept()
    let (network, people) = Self.makeNetwork(kept)
    Self.restart(network, kept, after: 100_000)
    people[1].client.say(bytes("dong"), at: network.now)
    let isThere = network.run(.seconds(120)) { people[0].events.count >= 100_002 }
    #expect(isThere)
    network.run(.seconds(5))
    #expect(people[0].conversation == Self.expected(100_000) + ["Ben: dong"])
    #expect(!Self.missed(people[0]))
    // A page at a time, by either of them.
    #expect(network.disk.questionCount <= 2 * (100_000 / Limits.historyPageMessagesMax + 2))
  }

  @Test(
    "It is so on a bad way, and where the connection is lost in the midst of it", arguments: 1...4)
  func catchesUpOnBadWays(_ seed: UInt64) {
    let kept = Kept()
    let (network, people) = Self.makeNetwork(kept)
    people[0].link = SimulatedLink(delay: .milliseconds(20), lossPercent: 10)
    Self.restart(network, kept, after: 9_000)
    let most = Int(seed) * 2_000
    #expect(network.run(.seconds(200)) { people[0].conversation.count > most })
    people[0].isDeaf = true
    network.run(.seconds(Int64(Limits.sessionSilenceSecondsMax + 20)))
    people[0].isDeaf = false
    #expect(network.run(.seconds(300)) { people[0].conversation.count >= 9_001 })
    #expect(people[0].conversation == Self.expected(9_000))
    #expect(!Self.missed(people[0]))
  }

  @Test("Who does not listen is told no more than a few pages, and all of it later")
  func waits() {
    let kept = Kept()
    let (network, people) = Self.makeNetwork(kept)
    people[0].client.setHearing(false, at: network.now)
    Self.restart(network, kept, after: 40_000)
    network.run(.seconds(60))
    #expect(people[0].conversation == ["Ben: ding"])
    #expect(network.disk.questionCount <= 14)
    people[0].client.setHearing(true, at: network.now)
    #expect(network.run(.seconds(60)) { people[0].conversation.count >= 40_001 })
    #expect(people[0].conversation == Self.expected(40_000))
  }

  @Test("Messages that are kept no more are missed, and nothing else is")
  func tellsOfWhatIsGone() {
    let kept = Kept()
    let (network, people) = Self.makeNetwork(kept)
    Self.restart(network, kept, after: 100)
    network.disk.messages.removeAll { $0.number < 50 }
    #expect(network.run(.seconds(60)) { people[0].conversation.count >= 53 })
    #expect(people[0].conversation == ["Ben: ding"] + (50...101).map { "Cem: message \($0)" })
    #expect(people[0].events.contains(.missed(48)))
  }

  @Test(
    "What cannot be read is asked for again, and is missed when that goes on", arguments: [4, 20])
  func asksAgain(_ failures: Int) {
    let kept = Kept()
    let (network, people) = Self.makeNetwork(kept)
    network.remove(people[1])
    Self.restart(network, kept, after: 100)
    network.disk.failuresLeft = failures
    let isToldAll = network.run(.seconds(60)) { people[0].conversation.count >= 101 }
    #expect(isToldAll == (failures < Limits.catchUpFailuresMax))
    #expect(people[0].events.contains(.missed(100)) == !isToldAll)
    #expect(network.disk.questionCount == Limits.catchUpFailuresMax)
    #expect(people[0].conversation == Self.expected(isToldAll ? 100 : 0))
  }

  @Test("Who misses something in very many rooms asks a few at a time")
  func asksInTurn() {
    let (network, people) = Self.makeNetwork(Kept())
    for _ in 0..<2 * Limits.historyQuestionsMax {
      people[0].client.beginCatchUp(of: .lobby, after: 0)
    }
    people[0].client.flush(at: network.now)
    network.run(.seconds(5))
    #expect(network.disk.questionCount == 2 * Limits.historyQuestionsMax)
    #expect(!people[0].events.contains(.connectionLost(isShutDown: false)))
    #expect(people[0].client.questions.isEmpty && people[0].conversation == ["Ben: ding"])
  }

  // MARK: Asking

  private static func past(_ person: NativePerson, _ id: UInt64?) -> [UInt64] {
    person.events.compactMap { event in
      if case .past(id, let message) = event { return message.number }
      return nil
    }
  }

  private static func end(_ person: NativePerson, _ id: UInt64?) -> (Bool, String)? {
    for event in person.events {
      if case .pastEnd(id, let isComplete, let failure) = event {
        return (isComplete, failure.map { String(decoding: $0, as: UTF8.self) } ?? "")
      }
    }
    return nil
  }

  @Test("An onlooker is answered, in the order of its questions, also after it was cut off")
  func onlooker() {
    let kept = Kept()
    let (network, _) = Self.makeNetwork(kept)
    Self.restart(network, kept, after: 99)
    let onlooker = network.add("Eve") { $0.isOnlooker = true }
    let early = onlooker.client.askPast(of: .lobby, .latest, limit: 2, at: network.now)
    #expect(network.run(.seconds(5)) { onlooker.isJoined })
    let ids = [
      onlooker.client.askPast(of: .lobby, .after(97), limit: 9, at: network.now),
      onlooker.client.askPast(of: .lobby, .before(4), limit: 2, at: network.now),
    ]
    #expect(network.run(.seconds(5)) { Self.end(onlooker, ids[1]) != nil })
    #expect(Self.past(onlooker, early) == [99, 100])
    #expect(Self.past(onlooker, ids[0]) == [98, 99, 100])
    #expect(Self.past(onlooker, ids[1]) == [2, 3])
    #expect(Self.end(onlooker, ids[0])?.0 == true && Self.end(onlooker, ids[1])?.0 == false)
    network.restart()
    let late = onlooker.client.askPast(of: .lobby, .latest, limit: 1, at: network.now)
    #expect(network.run(.seconds(60)) { Self.end(onlooker, late) != nil })
    #expect(Self.past(onlooker, late) == [100])
  }

  @Test("A server that keeps nothing, and a room that is none, are told as the reason")
  func refuses() {
    let network = NativeNetwork()
    let ann = network.join("Ann")[0]
    let id = ann.client.askPast(of: .lobby, .latest, limit: 1, at: network.now)
    #expect(network.run(.seconds(5)) { Self.end(ann, id) != nil })
    #expect(Self.end(ann, id)?.1 == "this server keeps no history")
    for _ in 0..<100 { _ = ann.client.askPast(of: .lobby, .latest, limit: 1, at: network.now) }
    #expect(network.run(.seconds(1)) { false } == false && ann.isJoined)
  }
}
