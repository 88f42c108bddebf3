/// So many in a time, and so many at once.
public struct Rate: Hashable, Sendable {
  /// The time for one, in nanoseconds; 0 means: no limit.
  let interval: UInt64
  let burst: Int

  /// `perSecond` in the long run, and up to `seconds` of it at once; 0 means: no limit.
  public init(perSecond: Int, burstSeconds seconds: Int) {
    self.init(perSecond: perSecond, burst: max(1, perSecond * seconds))
  }

  public init(perSecond: Int, burst: Int) {
    precondition(perSecond >= 0 && burst >= 1)
    interval = perSecond == 0 ? 0 : 1_000_000_000 / UInt64(perSecond)
    self.burst = burst
  }

  public init(perHour: Int, burst: Int) {
    precondition(perHour >= 1 && burst >= 1)
    interval = 3_600_000_000_000 / UInt64(perHour)
    self.burst = burst
  }
}

/// A token bucket in eight bytes: the generic cell rate algorithm (ITU-T I.371), which keeps only
/// the time at which the bucket would be full again.
public struct RateLimiter: Sendable {
  private var fullAt: UInt64 = 0

  public init() {}

  /// Takes one from the bucket at `now`.
  ///
  /// - Returns: whether there was one.
  public mutating func take(_ rate: Rate, at now: Instant) -> Bool {
    let interval = rate.interval
    if interval == 0 { return true }
    let start = max(fullAt, now.nanoseconds)
    if start - now.nanoseconds > interval * UInt64(rate.burst - 1) { return false }
    fullAt = start + interval
    return true
  }

  /// When one can next be taken; not after `now` where one can be taken at once.
  public func nextTake(_ rate: Rate) -> Instant {
    if rate.interval == 0 { return Instant(nanoseconds: 0) }
    let tolerance = rate.interval * UInt64(rate.burst - 1)
    return Instant(nanoseconds: fullAt > tolerance ? fullAt - tolerance : 0)
  }
}
