/// How much a session may have in flight: CUBIC (RFC 9438) with HyStart++ (RFC 9406), driven as
/// RFC 9002 §7 has it.
///
/// In: what was sent, acknowledged and lost, in bytes of datagrams that count as in flight. Out:
/// the window. It holds that the window is between two datagrams and
/// `Limits.congestionWindowBytesMax`, that it grows only while it is used, that it shrinks at most
/// once in a round trip, and that in congestion avoidance it does not grow while a queue stands on
/// the path: a picture leaves the queue short enough for talk.
struct CongestionControl {
  private var window = Double(Limits.congestionWindowBytesFirst)
  /// ssthresh: slow start ends here.
  private(set) var threshold = Double.infinity
  /// What was sent and neither acknowledged, lost nor discarded.
  private(set) var bytesInFlight = 0
  /// When the window shrank last: what was sent until then says nothing new.
  @Compact private var recoveryBeganAt: Instant?
  /// When something was acknowledged last.
  private var ackedAt = Instant(nanoseconds: 0)
  /// Where the window is full they say how it grows. Most sessions of a chat never fill theirs.
  @Seldom private var curve: CubicCurve
  @Seldom private var hyStart: HyStart

  /// The greatest length of a datagram that the path lets through: what RFCs call a segment.
  var datagramBytes: Int = Limits.sessionDatagramBytesMin {
    didSet {
      precondition(datagramBytes > 0)
      if datagramBytes == oldValue { return }
      let wasSlowStart = window < threshold
      window = max(window, windowMin)
      // The curve's steepness is measured in datagrams, so it begins anew from here.
      if !wasSlowStart {
        curve.restart(at: window, datagramBytes: datagramBytes)
      } else if !isSlowStart {
        curve.begin(at: window)
      }
    }
  }

  /// The most that may be in flight.
  var windowBytes: Int { Int(window) }
  var isSlowStart: Bool { window < threshold }
  /// Whether half of the window is in flight. A window that grows from there on in slow start is
  /// there before it is needed, and who sends little but often need not be acknowledged as often.
  var isHalfUsed: Bool { 2 * bytesInFlight >= windowBytes }

  mutating func onSent(bytes: Int) { bytesInFlight += bytes }

  /// Something is in flight no more and says nothing about the path: a probe of a length that was
  /// lost (RFC 9000 §14.4), or what a session that ends forgets.
  mutating func onDiscarded(bytes: Int) { bytesInFlight = max(0, bytesInFlight - bytes) }

  /// An ACK came; to be called once for it, after its sample of the round trip was taken.
  ///
  /// - Parameters:
  ///   - bytes: all that it newly acknowledges.
  ///   - sentAt: when the newest of that was sent.
  ///   - wasWindowLimited: whether the window, or the pace that follows from it, held back what
  ///     there was to send, or in slow start was half used; else it does not grow (RFC 9002 §7.8).
  mutating func onAcked(
    bytes: Int, sentAt: Instant, now: Instant, roundTrip: RoundTrip, wasWindowLimited: Bool
  ) {
    bytesInFlight = max(0, bytesInFlight - bytes)
    // While nothing was in flight the curve stands still (RFC 9438 §5.8).
    let since = max(ackedAt, sentAt)
    ackedAt = now
    if !wasWindowLimited || isInRecovery(sentAt) { return }
    if isSlowStart {
      growInSlowStart(bytes: bytes, sentAt: sentAt, now: now, roundTrip: roundTrip)
    } else if !hasStandingQueue(roundTrip) {
      window = curve.grown(
        window, bytes: bytes, seconds: Double(max(0, now.nanoseconds(since: since))) / 1e9,
        roundTripSeconds: Double(roundTrip.smoothed) / 1e9, datagramBytes: datagramBytes)
    }
    window = min(window, Double(Limits.congestionWindowBytesMax))
  }

  /// Packets were lost.
  ///
  /// - Parameters:
  ///   - bytes: all of them.
  ///   - newestLostSentAt: when the newest of them was sent. If that was before the window shrank
  ///     last, it does not shrink again.
  mutating func onLost(bytes: Int, newestLostSentAt: Instant, now: Instant) {
    bytesInFlight = max(0, bytesInFlight - bytes)
    if isInRecovery(newestLostSentAt) { return }
    recoveryBeganAt = now
    let next = max(window * CubicCurve.decrease, windowMin)
    curve.begin(afterLossAt: window, next: next, datagramBytes: datagramBytes)
    window = next
    threshold = next
  }

  /// Everything was lost over a long time (RFC 9002 §7.6): begins with the least window again.
  mutating func onPersistentCongestion() {
    if !threshold.isFinite { threshold = max(window * CubicCurve.decrease, windowMin) }
    window = windowMin
    recoveryBeganAt = nil
    if !isSlowStart { curve.begin(at: window) }
  }

  /// Nothing is under way: the rounds of slow start begin anew when there is.
  mutating func releaseRoom() {
    if bytesInFlight == 0 { _hyStart.drop() }
  }

  /// For another path: nothing is known of it but how long a datagram may be. What is in flight
  /// stays in flight; what was sent on the old path is to be discarded when its fate is known,
  /// since it says nothing of the new one (RFC 9000 §9.4).
  mutating func reset(datagramBytes: Int) {
    let bytes = bytesInFlight
    self = CongestionControl()
    bytesInFlight = bytes
    self.datagramBytes = datagramBytes
  }

  private var windowMin: Double {
    Double(Limits.congestionWindowDatagramsMin * datagramBytes)
  }

  private func isInRecovery(_ sentAt: Instant) -> Bool {
    recoveryBeganAt.map { sentAt <= $0 } ?? false
  }

  private func hasStandingQueue(_ roundTrip: RoundTrip) -> Bool {
    let most = 2 * roundTrip.minimum + Int64(Limits.standingQueueMilliseconds) * 1_000_000
    return roundTrip.minimum > 0 && roundTrip.smoothed > most
  }

  private mutating func growInSlowStart(
    bytes: Int, sentAt: Instant, now: Instant, roundTrip: RoundTrip
  ) {
    if threshold.isFinite {
      // Only the first slow start looks for the threshold (RFC 9406 §4.3).
      window = min(window + Double(bytes), threshold)
      if !isSlowStart { curve.begin(at: window) }
      return
    }
    window += Double(
      hyStart.growth(
        bytes: bytes, sentAt: sentAt, now: now, roundTrip: roundTrip.adjusted,
        datagramBytes: datagramBytes))
    if hyStart.isDone {
      threshold = window
      curve.begin(at: window)
    }
  }
}
