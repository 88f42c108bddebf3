/// A point on a monotonic clock, in nanoseconds since an origin that means nothing.
///
/// The engine never reads a clock: every call that needs the time is handed one, so that a test
/// can run hours in a moment.
public struct Instant: Hashable, Comparable, Sendable {
  public var nanoseconds: UInt64

  public init(nanoseconds: UInt64) {
    self.nanoseconds = nanoseconds
  }

  @inline(__always)
  public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }

  /// Saturates at the clock's ends instead of trapping: a deadline "for ever" is a legal one.
  public static func + (instant: Instant, span: Duration) -> Instant {
    let (seconds, attoseconds) = span.components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return Instant(nanoseconds: seconds < 0 ? 0 : .max) }
    let delta = product.addingReportingOverflow(attoseconds / 1_000_000_000)
    if delta.overflow { return Instant(nanoseconds: seconds < 0 ? 0 : .max) }
    if delta.partialValue >= 0 {
      let sum = instant.nanoseconds.addingReportingOverflow(UInt64(delta.partialValue))
      return Instant(nanoseconds: sum.overflow ? .max : sum.partialValue)
    }
    let magnitude = delta.partialValue.magnitude
    return Instant(nanoseconds: instant.nanoseconds - min(magnitude, instant.nanoseconds))
  }

  /// The instant `nanoseconds` later, or earlier where they are negative; saturates like `+`, and
  /// costs no division.
  @inline(__always)
  public func advanced(byNanoseconds nanoseconds: Int64) -> Instant {
    if nanoseconds < 0 {
      return Instant(
        nanoseconds: self.nanoseconds - min(nanoseconds.magnitude, self.nanoseconds))
    }
    let sum = self.nanoseconds.addingReportingOverflow(UInt64(nanoseconds))
    return Instant(nanoseconds: sum.overflow ? .max : sum.partialValue)
  }

  /// The nanoseconds from `earlier` to this instant; negative when they are the other way round.
  @inline(__always)
  public func nanoseconds(since earlier: Instant) -> Int64 {
    self >= earlier
      ? Int64(clamping: nanoseconds - earlier.nanoseconds)
      : -Int64(clamping: earlier.nanoseconds - nanoseconds)
  }

  /// The time from `earlier` to `later`; negative when they are the other way round.
  public static func - (later: Instant, earlier: Instant) -> Duration {
    later >= earlier
      ? .nanoseconds(Int64(clamping: later.nanoseconds - earlier.nanoseconds))
      : .zero - .nanoseconds(Int64(clamping: earlier.nanoseconds - later.nanoseconds))
  }
}

extension Instant? {
  /// The earlier of two deadlines, of which either may not be there. It is asked for each turn, and
  /// costs no array.
  func earlier(_ other: Instant?) -> Instant? {
    guard let self, let other else { return self ?? other }
    return Swift.min(self, other)
  }
}

/// The time of day as people read it, handed in beside the `Instant`.
public struct WallClock: Hashable, Sendable {
  /// Milliseconds since 1970-01-01T00:00:00Z.
  public var unixMilliseconds: Int64
  /// What the machine's time zone adds to UTC, in seconds.
  public var utcOffsetSeconds: Int32

  public init(unixMilliseconds: Int64, utcOffsetSeconds: Int32 = 0) {
    self.unixMilliseconds = unixMilliseconds
    self.utcOffsetSeconds = utcOffsetSeconds
  }

  public init(unixSeconds: Int64, utcOffsetSeconds: Int32 = 0) {
    self.init(unixMilliseconds: unixSeconds * 1_000, utcOffsetSeconds: utcOffsetSeconds)
  }

  /// Seconds since 1970-01-01T00:00:00Z, rounded down.
  public var unixSeconds: Int64 {
    (unixMilliseconds - (unixMilliseconds < 0 ? 999 : 0)) / 1_000
  }

  /// Appends `HH:MM:SS` in local time.
  public func appendTime(to bytes: inout [UInt8]) {
    let day: Int64 = 86_400
    let local = (unixSeconds + Int64(utcOffsetSeconds)) % day
    let second = local < 0 ? local + day : local
    appendTwoDigits(second / 3_600, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    appendTwoDigits(second / 60 % 60, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    appendTwoDigits(second % 60, to: &bytes)
  }

  private func appendTwoDigits(_ value: Int64, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "0") + UInt8(value / 10))
    bytes.append(UInt8(ascii: "0") + UInt8(value % 10))
  }
}

/// When a turn of the loop happens, on both clocks.
public struct TurnTime: Sendable {
  public var instant: Instant
  public var wall: WallClock

  public init(instant: Instant, wall: WallClock) {
    self.instant = instant
    self.wall = wall
  }
}
