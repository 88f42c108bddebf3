import Testing

@testable import ChatEngine

@Suite("Instant and WallClock")
struct InstantTests {
  private let second = Instant(nanoseconds: 1_000_000_000)

  @Test("Adding a span moves to the nanosecond, in both directions")
  func addsSpans() {
    #expect((second + .nanoseconds(7)).nanoseconds == 1_000_000_007)
    #expect((second + .milliseconds(-1)).nanoseconds == 999_000_000)
    #expect((second + .zero) == second)
  }

  @Test("A sum below the origin is the origin, a sum past the end is the end")
  func saturates() {
    #expect((second + .seconds(-2)).nanoseconds == 0)
    #expect((Instant(nanoseconds: .max) + .nanoseconds(1)).nanoseconds == .max)
    #expect((Instant(nanoseconds: .max - 5) + .nanoseconds(5)).nanoseconds == .max)
    #expect((Instant(nanoseconds: .max - 5) + .nanoseconds(4)).nanoseconds == UInt64.max - 1)
  }

  @Test("A span longer than the clock is for ever, or from the origin")
  func saturatesHugeSpans() {
    #expect((second + .seconds(Int64.max)).nanoseconds == .max)
    #expect((second + .seconds(Int64.min)).nanoseconds == 0)
    let most = Duration.seconds(9_223_372_036) + .nanoseconds(854_775_807)
    #expect((second + most).nanoseconds == UInt64(Int64.max) + 1_000_000_000)
    #expect((second + (most + .nanoseconds(1))).nanoseconds == .max)
  }

  @Test("A difference has a sign and is clamped where a span cannot hold it")
  func subtracts() {
    let later = Instant(nanoseconds: 3_000_000_000)
    #expect(later - second == .seconds(2))
    #expect(second - later == .seconds(-2))
    #expect(Instant(nanoseconds: .max) - Instant(nanoseconds: 0) == .nanoseconds(Int64.max))
    #expect(Instant(nanoseconds: 0) - Instant(nanoseconds: .max) == .nanoseconds(-Int64.max))
  }

  @Test("Nanoseconds are added and subtracted as spans are")
  func movesByNanoseconds() {
    #expect(second.advanced(byNanoseconds: 7).nanoseconds == 1_000_000_007)
    #expect(second.advanced(byNanoseconds: -7).nanoseconds == 999_999_993)
    #expect(second.advanced(byNanoseconds: .min).nanoseconds == 0)
    #expect(Instant(nanoseconds: .max - 5).advanced(byNanoseconds: 6).nanoseconds == .max)
    let later = Instant(nanoseconds: 3_000_000_000)
    #expect(later.nanoseconds(since: second) == 2_000_000_000)
    #expect(second.nanoseconds(since: later) == -2_000_000_000)
    let (first, last) = (Instant(nanoseconds: 0), Instant(nanoseconds: .max))
    #expect(last.nanoseconds(since: first) == .max && first.nanoseconds(since: last) == -.max)
  }

  @Test("Instants are ordered by time")
  func isOrdered() {
    #expect(second < Instant(nanoseconds: 1_000_000_001))
    #expect(!(second < second))
  }

  @Test(
    "The time of day is local, also over midnight, before 1970 and west of Greenwich",
    arguments: [
      (0, 0, "00:00:00"), (86_399, 0, "23:59:59"), (86_400, 0, "00:00:00"),
      (45_296, 0, "12:34:56"), (86_399, 1, "00:00:00"), (0, -1, "23:59:59"),
      (0, -18_000, "19:00:00"), (3_600, -12_600, "21:30:00"), (82_800, 50_400, "13:00:00"),
      (-1, 0, "23:59:59"), (-86_400, 0, "00:00:00"), (-86_401, 3_600, "00:59:59"),
      (4_102_444_799, 0, "23:59:59"),
    ] as [(Int64, Int32, String)])
  func showsTime(unixSeconds: Int64, offset: Int32, shown: String) {
    var bytes = Array("at ".utf8)
    WallClock(unixSeconds: unixSeconds, utcOffsetSeconds: offset).appendTime(to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == "at " + shown)
  }
}
