/// When slow start has found the path's capacity before packets are lost: HyStart++, RFC 9406.
///
/// Round trips that grow from one round to the next mean that a queue builds up. Then the window
/// grows at a quarter of the pace (conservative slow start), and either the round trips shrink
/// again, so that it was jitter, or slow start ends after five rounds.
///
/// Where the RFC counts acknowledgments (its L is unlimited, since sending is paced), this counts
/// datagrams: an ACK of ours names many at once. A round ends when something is acknowledged that
/// was sent after the round began.
struct HyStart: HasBeginning {
  /// What slow start's pace is divided by while it is conservative (CSS_GROWTH_DIVISOR).
  private static let lastGrowthDivisor = 4
  /// What part of a round trip is growth (MIN_RTT_DIVISOR).
  private static let delayDivisor: Int64 = 8

  private var roundBeganAt = Instant(nanoseconds: 0)
  /// The least round trips of the last round and of this one, and of the round in which slow start
  /// became conservative; nanoseconds, `.max` where there was none.
  private var lastLeast = Int64.max
  private var least = Int64.max
  private var baseline = Int64.max
  private var sampledBytes = 0
  private var lastRounds: Int8 = 0

  /// Whether growth is slowed down, to see whether it was jitter.
  var isConservative: Bool { baseline != .max }
  /// Whether slow start is over.
  var isDone: Bool { lastRounds >= Limits.slowStartLastRoundsMax }

  /// Something was acknowledged in slow start.
  ///
  /// - Parameter roundTrip: the sample in nanoseconds, without the peer's delay.
  /// - Returns: by how many bytes the window grows.
  mutating func growth(
    bytes: Int, sentAt: Instant, now: Instant, roundTrip: Int64, datagramBytes: Int
  ) -> Int {
    if sentAt >= roundBeganAt { beginRound(at: now) }
    if isDone { return 0 }
    least = min(least, roundTrip)
    sampledBytes += bytes
    let growth = isConservative ? bytes / Self.lastGrowthDivisor : bytes
    if sampledBytes >= Limits.slowStartSampleDatagrams * datagramBytes { judge() }
    return growth
  }

  private mutating func beginRound(at now: Instant) {
    roundBeganAt = now
    lastLeast = least
    least = .max
    sampledBytes = 0
    if isConservative { lastRounds += 1 }
  }

  private mutating func judge() {
    if isConservative {
      if least < baseline {
        baseline = .max
        lastRounds = 0
      }
      return
    }
    guard lastLeast != .max else { return }
    let shortest = Int64(Limits.slowStartDelayMillisecondsMin) * 1_000_000
    let longest = Int64(Limits.slowStartDelayMillisecondsMax) * 1_000_000
    let delay = max(shortest, min(lastLeast / Self.delayDivisor, longest))
    if least >= lastLeast + delay { baseline = least }
  }
}
