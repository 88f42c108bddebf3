/// So many a second, and so many at once.
public struct Rate: Hashable, Sendable {
  /// 0 means: no limit.
  public var perSecond: Int
  public var burst: Int

  /// `perSecond` in the long run, and up to `seconds` of it at once.
  public init(perSecond: Int, burstSeconds seconds: Int) {
    self.init(perSecond: perSecond, burst: max(1, perSecond * seconds))
  }

  public init(perSecond: Int, burst: Int) {
    precondition(perSecond >= 0 && burst >= 1)
    self.perSecond = perSecond
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
    if rate.perSecond == 0 { return true }
    let interval = 1_000_000_000 / UInt64(rate.perSecond)
    let start = max(fullAt, now.nanoseconds)
    if start - now.nanoseconds > interval * UInt64(rate.burst - 1) { return false }
    fullAt = start + interval
    return true
  }

  /// When one can next be taken; not after `now` where one can be taken at once.
  public func nextTake(_ rate: Rate) -> Instant {
    if rate.perSecond == 0 { return Instant(nanoseconds: 0) }
    let tolerance = 1_000_000_000 / UInt64(rate.perSecond) * UInt64(rate.burst - 1)
    return Instant(nanoseconds: fullAt > tolerance ? fullAt - tolerance : 0)
  }
}
