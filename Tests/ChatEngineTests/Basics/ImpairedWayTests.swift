import Testing

@testable import ChatEngine

@Suite("Faults on purpose: what becomes of datagrams")
struct ImpairedWayTests {
  private static func way(_ text: String, seed: UInt64 = 7) throws -> ImpairedWay {
    ImpairedWay(try Impairment(text), seed: seed)
  }

  private static func at(_ milliseconds: Double) -> Instant {
    Instant(nanoseconds: UInt64(milliseconds * 1e6) + 1_000_000_000)
  }

  /// What becomes of `count` datagrams of 100 bytes, one each millisecond.
  private static func fates(_ way: inout ImpairedWay, _ count: Int) -> [ImpairedWay.Fate] {
    (0..<count).map { way.send(bytes: 100, at: at(Double($0))) }
  }

  @Test("A seed gives these counts, and the same again")
  func countsBySeed() throws {
    let text = "loss=20%,delay=20ms,dup=5%,reorder=5%"
    var (one, other) = (try Self.way(text), try Self.way(text))
    #expect(Self.fates(&one, 10_000) == Self.fates(&other, 10_000))
    #expect(
      one.counts
        == ImpairedWay.Counts(
          datagrams: 10_000, lost: 1_987, noRoom: 0, doubled: 392, reordered: 394))
    var another = try Self.way(text, seed: 8)
    #expect(Self.fates(&another, 10_000) != Self.fates(&other, 10_000))
  }

  @Test("Which faults a datagram meets does not depend on when it comes or how long it is")
  func dependsOnNumberAlone() throws {
    let text = "loss=30%,dup=30%,rate=1mbit"
    var (slow, fast) = (try Self.way(text), try Self.way(text))
    var room = SplitMix64(seed: 3)
    for number in 0..<2_000 {
      let calm = slow.send(bytes: 100, at: Self.at(Double(number) * 1_000))
      let bytes = Int.random(in: 1...1_200, using: &room)
      switch (calm, fast.send(bytes: bytes, at: Self.at(Double(number)))) {
      case (_, .noRoom), (.lost, .lost): break
      case (.arrives(_, let a), .arrives(_, let b)): #expect((a == nil) == (b == nil))
      default: Issue.record("datagram \(number) met another fate")
      }
    }
    #expect(fast.counts.noRoom > 0)
  }

  @Test("Nothing happens where nothing is asked for")
  func off() throws {
    var way = try Self.way("seed=1")
    for number in 0..<1_000 {
      #expect(
        way.send(bytes: 65_507, at: Self.at(Double(number)))
          == .arrives(at: Self.at(Double(number)), copyAt: nil))
    }
  }

  @Test("A datagram takes the delay, less or more by at most the jitter, and keeps its place")
  func delays() throws {
    var way = try Self.way("delay=50ms,jitter=10ms")
    var (last, least, most) = (Instant(nanoseconds: 0), Int64.max, Int64.min)
    for number in 0..<5_000 {
      // Further apart than the jitter, so that none waits for the one before it.
      let sent = Self.at(Double(number) * 25)
      guard case .arrives(let arrival, nil) = way.send(bytes: 10, at: sent) else {
        Issue.record("it did not arrive")
        return
      }
      #expect(arrival > last)
      last = arrival
      let taken = arrival.nanoseconds(since: sent)
      (least, most) = (min(least, taken), max(most, taken))
    }
    #expect((40_000_000..<40_100_000).contains(least))
    #expect((59_900_000...60_000_000).contains(most))
  }

  @Test("Only those that are reordered are overtaken, and each arrives")
  func reorders() throws {
    var way = try Self.way("delay=10ms,jitter=9ms,reorder=10%,dup=10%")
    var arrivals: [(number: Int, at: Instant)] = []
    for number in 0..<4_000 {
      guard
        case .arrives(let at, let copy) = way.send(bytes: 10, at: Self.at(Double(number) / 4))
      else { continue }
      arrivals.append((number, at))
      if let copy { arrivals.append((number, copy)) }
    }
    arrivals.sort { $0.at < $1.at }
    var overtaken: Set<Int> = []
    var greatest = 0
    for arrival in arrivals {
      if arrival.number < greatest { overtaken.insert(arrival.number) }
      greatest = max(greatest, arrival.number)
    }
    #expect(overtaken.count > 300 && overtaken.count <= Int(way.counts.reordered))
    #expect(Set(arrivals.map(\.number)).count == 4_000)
    #expect(arrivals.count == 4_000 + Int(way.counts.doubled))
  }

  @Test("A rate lets so much through, and what finds no room in its queue is dropped")
  func rate() throws {
    // 125 bytes take a millisecond.
    var way = try Self.way("rate=1mbit")
    #expect(
      way.send(bytes: 125, at: Self.at(0)) == .arrives(at: Self.at(1), copyAt: nil))
    #expect(
      way.send(bytes: 250, at: Self.at(0)) == .arrives(at: Self.at(3), copyAt: nil))
    #expect(
      way.send(bytes: 125, at: Self.at(10)) == .arrives(at: Self.at(11), copyAt: nil))

    var through = 0
    for number in 0..<10_000 {
      // Ten times what the rate lets through.
      let fate = way.send(bytes: 1_250, at: Self.at(20 + Double(number)))
      if case .arrives = fate { through += 1_250 }
    }
    let most = 10_000 * 125 + Limits.impairedQueueBytesMax
    #expect((most - 5_000...most).contains(through))
    #expect(way.counts.noRoom > 8_000)
  }

  @Test("A datagram that is longer than the queue gets through where nothing waits")
  func longDatagram() throws {
    var way = try Self.way("rate=1kbit")
    guard case .arrives = way.send(bytes: 65_507, at: Self.at(0)) else {
      Issue.record("it found no room")
      return
    }
    #expect(way.send(bytes: 65_507, at: Self.at(0)) != .noRoom)
    #expect(way.send(bytes: 65_507, at: Self.at(0)) == .noRoom)
  }
}
