/// How long a packet and its acknowledgment take: the estimator of RFC 9002 §5 and the waits that
/// follow from it (§6). All times are nanoseconds.
struct RoundTrip {
  /// The newest sample as it was taken.
  private(set) var latest: Int64 = 0
  /// The newest sample without what the peer says that it waited before it acknowledged, as far as
  /// that can be true.
  private(set) var adjusted: Int64 = 0
  /// Before the first sample: what a path is taken for that nothing is known of (§6.2.2).
  private(set) var smoothed: Int64 = Int64(Limits.roundTripFirstMilliseconds) * 1_000_000
  private(set) var variation: Int64 = Int64(Limits.roundTripFirstMilliseconds) * 500_000
  /// The least sample since the start, `reset` or `forgetMinimum`; 0 before the first.
  private(set) var minimum: Int64 = 0
  private(set) var hasSample = false

  private static let ackDelayMax = Int64(Limits.ackDelayMilliseconds) * 1_000_000
  private static let latestMax = Int64(Limits.roundTripSecondsMax) * 1_000_000_000

  /// Takes a sample: an ACK came `latest` after the largest packet was sent that it newly names,
  /// and says that it waited for `ackDelay`, which counts for at most 50 ms.
  mutating func sample(latest: Int64, ackDelay: Int64) {
    let latest = min(max(latest, 1), Self.latestMax)
    let ackDelay = min(max(ackDelay, 0), Self.ackDelayMax)
    self.latest = latest
    minimum = minimum == 0 ? latest : min(minimum, latest)
    // Not less than the least sample. RFC 9002 §5.3 takes nothing off where it would be, and so
    // makes a short way as long as acknowledgements wait.
    adjusted = max(latest - ackDelay, minimum)
    guard hasSample else {
      hasSample = true
      smoothed = latest
      variation = latest / 2
      return
    }
    variation = (3 * variation + abs(smoothed - adjusted)) / 4
    smoothed = (7 * smoothed + adjusted) / 8
  }

  /// How long after the last ack-eliciting packet a probe is sent, before any doubling (§6.2.1).
  var probeTimeout: Int64 {
    smoothed + max(4 * variation, Self.granularity) + Self.ackDelayMax
  }

  /// How long after it was sent a packet is lost if a later one was acknowledged (§6.1.2): 9/8 of
  /// a round trip.
  var lossDelay: Int64 {
    let longer = max(latest, smoothed)
    return max(longer + longer / 8, Self.granularity)
  }

  /// After persistent congestion the least time is found anew (§5.2): the path may be another.
  mutating func forgetMinimum() { minimum = 0 }

  /// For another path: nothing is known of it.
  mutating func reset() { self = RoundTrip() }

  private static let granularity = Int64(Limits.timerGranularityMilliseconds) * 1_000_000
}
