/// How long a session's datagrams may be: a search up a ladder of lengths, after RFC 8899.
///
/// A probe is a datagram of the next length that must not be fragmented. When it is acknowledged,
/// the path takes that length; when two of one length are lost, the search ends and begins again
/// much later. A length is tried once as many bytes went out in datagrams that were filled up, or
/// where several times as many wait: a session that sends little need not know, and probes do not
/// cost more than what they are for.
struct PathMTU {
  /// The length that the path is known to take, in bytes of UDP payload.
  var current: Int { Int(length) }
  private var length = UInt16(Limits.sessionDatagramBytesMin)
  /// The index, in `Limits.sessionDatagramBytesTried`, of the length to try next.
  private var step: UInt8 = 0
  /// How often that length was lost.
  private var losses: UInt8 = 0
  /// How often in a row long datagrams were lost while none as long as the shortest of them
  /// arrived.
  private var longLosses: UInt8 = 0
  private var shortestLost: UInt16 = 0
  private var triedNext = UInt16(Limits.sessionDatagramBytesTried[0])
  /// What probes may cost: what went out in datagrams that were filled up, less what was tried.
  private var budgetBytes: UInt32 = 0
  /// The packet of the probe whose fate is not known.
  @Compact private var probe: UInt64?
  /// When that was sent, or where there is none, when the next may be; nil before the first
  /// datagram was filled up and when the longest gets through.
  @Compact private var dueAt: Instant?

  /// A datagram of `bytes` went out that was filled up, and more waits: begins the search if there
  /// was none yet.
  @inline(__always)
  mutating func filled(bytes: Int, waitingBytes: UInt64) {
    budgetBytes = min(budgetBytes + UInt32(bytes), Limits.pathProbeBudgetBytesMax)
    if waitingBytes >= UInt64(triedNext) * Limits.pathProbeWaitingFactor {
      budgetBytes = max(budgetBytes, UInt32(triedNext))
    }
    if dueAt == nil, probe == nil, step == 0 { dueAt = Instant(nanoseconds: 0) }
  }

  /// When to ask for `probeSize`; nil where no probe is planned or one is on its way.
  var nextProbe: Instant? { probe == nil && budgetBytes >= UInt32(triedNext) ? dueAt : nil }

  /// The length, in bytes, of the probe to send now; nil when none is due.
  func probeSize(at now: Instant) -> Int? {
    guard let due = nextProbe, due <= now else { return nil }
    return Limits.sessionDatagramBytesTried[Int(step)]
  }

  /// The probe that `probeSize` asked for was sent in packet `number`.
  mutating func probeSent(number: UInt64, at now: Instant) {
    (probe, dueAt) = (number, now)
    budgetBytes -= min(budgetBytes, UInt32(triedNext))
  }

  /// Whether `number` is the packet of the probe that is on its way. If it is lost, that says
  /// nothing about congestion (RFC 9000 §14.4).
  func isProbe(_ number: UInt64) -> Bool { probe == number }

  /// Packet `number` was acknowledged.
  ///
  /// - Returns: whether it was the probe, so that `current` has grown.
  mutating func probeAcked(number: UInt64) -> Bool {
    guard isProbe(number) else { return false }
    length = UInt16(Limits.sessionDatagramBytesTried[Int(step)])
    step += 1
    losses = 0
    probe = nil
    if Int(step) < Limits.sessionDatagramBytesTried.count {
      triedNext = UInt16(Limits.sessionDatagramBytesTried[Int(step)])
    } else {
      dueAt = nil
    }
    return true
  }

  /// Packet `number` was lost; nothing happens where it was not the probe.
  mutating func probeLost(number: UInt64) {
    guard isProbe(number), let sentAt = dueAt else { return }
    probe = nil
    losses += 1
    // Losses come in bursts, so the second try is not made in the same one.
    var gapMilliseconds = Limits.pathProbeGapMilliseconds
    if losses >= Limits.pathProbeLossesMax {
      losses = 0
      gapMilliseconds = Limits.pathSearchGapSeconds * 1_000
    }
    dueAt = sentAt.advanced(byNanoseconds: Int64(gapMilliseconds) * 1_000_000)
  }

  /// A datagram of `bytes` arrived that was no probe.
  @inline(__always)
  mutating func arrived(bytes: Int) {
    if longLosses > 0, bytes >= Int(shortestLost) { longLosses = 0 }
  }

  /// Datagrams were lost, of which the shortest that was longer than the least had `bytes`.
  ///
  /// - Returns: whether that happened so often that no such datagram seems to get through, though
  ///   shorter ones do: then `current` is the least again.
  mutating func lost(bytes: Int, at now: Instant) -> Bool {
    let bytes = UInt16(clamping: bytes)
    shortestLost = longLosses == 0 ? bytes : min(shortestLost, bytes)
    longLosses += 1
    guard longLosses >= Limits.pathLongLossesMax else { return false }
    onBlackHole(at: now)
    return true
  }

  /// Datagrams longer than the least do not get through any more, though they did (RFC 8899 §4.3):
  /// back to the least, and a new search after a while.
  mutating func onBlackHole(at now: Instant) {
    self = PathMTU()
    dueAt = now.advanced(byNanoseconds: Int64(Limits.pathBlackHoleSeconds) * 1_000_000_000)
  }

  /// For another path: back to the least, and no probe before there is enough to send.
  mutating func reset() { self = PathMTU() }
}
