/// Spreads what a session sends over the round trip (RFC 9002 §7.7), so that no queue along the way
/// has to take a whole window at once: a token bucket in bytes.
///
/// It fills at 1.25 times the window in a smoothed round trip, in slow start at twice the window,
/// and holds ten datagrams, a millisecond's worth, or to near peers 64 KiB, whichever is most.
struct Pacer {
  private static let rateFactor = 1.25
  private static let slowStartRateFactor = 2.0

  private var bytesPerNanosecond: Double
  private var burstBytes: Double
  /// What was in the bucket at `countedAt`. Below 0 where more was sent than there was: probes
  /// and acknowledgments do not wait for the pace.
  private var bytes: Double
  private var countedAt = Instant(nanoseconds: 0)

  /// Full, and as fast as a session begins.
  init() {
    (bytesPerNanosecond, burstBytes) = Self.pace(of: CongestionControl(), RoundTrip())
    bytes = burstBytes
  }

  /// Follows the window and the round trip; to be called when either has changed.
  mutating func adapt(to congestion: CongestionControl, _ roundTrip: RoundTrip, at now: Instant) {
    count(at: now)
    (bytesPerNanosecond, burstBytes) = Self.pace(of: congestion, roundTrip)
    bytes = min(bytes, burstBytes)
  }

  /// Whether a datagram of so many bytes may be sent now. It takes nothing: `onSent` does.
  func canSend(bytes: Int, at now: Instant) -> Bool { held(at: now) >= need(bytes) }

  /// Takes what was sent.
  mutating func onSent(bytes: Int, at now: Instant) {
    count(at: now)
    // However much goes out without asking, the pace makes good for no more than one burst.
    self.bytes = max(self.bytes - Double(bytes), -burstBytes)
  }

  /// When a sender that may not send so many bytes yet should look again: when there is enough for
  /// them and for `Limits.pacingGapMicroseconds`, so that it does not wake for each datagram.
  func nextSend(bytes: Int) -> Instant {
    let batch = bytesPerNanosecond * Double(Limits.pacingGapMicroseconds) * 1_000
    let missing = min(max(need(bytes), batch), burstBytes) - self.bytes
    if missing <= 0 { return countedAt }
    // Rounded up and a moment more, so that at that time it really may be sent.
    return countedAt.advanced(byNanoseconds: Int64(missing / bytesPerNanosecond) + 2)
  }

  /// A datagram may be longer than the bucket is deep; then a full one is enough.
  private func need(_ bytes: Int) -> Double { min(Double(bytes), burstBytes) }

  private func held(at now: Instant) -> Double {
    let passed = Double(max(0, now.nanoseconds(since: countedAt)))
    return min(bytes + passed * bytesPerNanosecond, burstBytes)
  }

  private mutating func count(at now: Instant) {
    bytes = held(at: now)
    countedAt = max(countedAt, now)
  }

  private static func pace(
    of congestion: CongestionControl, _ roundTrip: RoundTrip
  ) -> (bytesPerNanosecond: Double, burstBytes: Double) {
    let factor = congestion.isSlowStart ? slowStartRateFactor : rateFactor
    let rate = factor * Double(congestion.windowBytes) / Double(max(roundTrip.smoothed, 1_000))
    let isNear = roundTrip.smoothed < Int64(Limits.pacingNearMicroseconds) * 1_000
    let datagrams = Double(Limits.pacingBurstDatagrams * congestion.datagramBytes)
    let burst = max(datagrams, rate * Double(Limits.pacingBurstMicroseconds) * 1_000)
    return (rate, isNear ? max(burst, Double(Limits.pacingNearBurstBytes)) : burst)
  }
}
