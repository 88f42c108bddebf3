import ChatEngine
import Glibc

/// The machine's clocks, read for the engine, which has none.
package enum Clocks {
  package static func now() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
  }

  static func unixMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec / 1_000_000)
  }

  static func unixSeconds() -> Int64 {
    WallClock(unixMilliseconds: unixMilliseconds()).unixSeconds
  }
}

/// The time of day with its zone; the zone is looked up once a minute, since it seldom changes and
/// finding it is slow.
struct LocalClock {
  private var zoneMinute: Int64 = -1
  private var utcOffsetSeconds: Int32 = 0

  mutating func read() -> WallClock { at(Clocks.unixMilliseconds()) }

  /// Another moment, in milliseconds since 1970.
  mutating func at(_ milliseconds: Int64) -> WallClock {
    let seconds = milliseconds / 1_000
    if seconds / 60 != zoneMinute {
      zoneMinute = seconds / 60
      var time = time_t(seconds)
      var local = tm()
      localtime_r(&time, &local)
      utcOffsetSeconds = Int32(local.tm_gmtoff)
    }
    return WallClock(unixMilliseconds: milliseconds, utcOffsetSeconds: utcOffsetSeconds)
  }
}

/// A time as RFC 3339 has it, with milliseconds: `2026-11-20T09:08:51.250Z`.
func rfc3339(unixMilliseconds: Int64) -> String {
  let seconds = WallClock(unixMilliseconds: unixMilliseconds).unixSeconds
  let rest = String(unixMilliseconds - seconds * 1_000)
  return String(rfc3339(unixSeconds: seconds).dropLast())
    + ".\(String(repeating: "0", count: 3 - rest.count))\(rest)Z"
}

/// A time as RFC 3339 has it: `2026-11-20T09:08:51Z`.
func rfc3339(unixSeconds: Int64) -> String {
  var time = time_t(unixSeconds)
  var utc = tm()
  gmtime_r(&time, &utc)
  var text = [CChar](repeating: 0, count: 32)
  let length = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &utc)
  return String(decoding: text[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
}
