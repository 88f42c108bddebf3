import ChatEngine

/// What happened, as one number and, where somebody wants to read it, as lines.
///
/// Two runs of a seed have the same hash exactly if they did the same.
struct Trace {
  /// How much is told.
  enum Detail: Int, Comparable {
    case nothing, story, wire

    static func < (a: Detail, b: Detail) -> Bool { a.rawValue < b.rawValue }
  }

  let detail: Detail
  let tell: (String) -> Void
  /// FNV-1a over 64-bit words instead of bytes.
  private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325

  init(_ detail: Detail, _ tell: @escaping (String) -> Void) {
    (self.detail, self.tell) = (detail, tell)
  }

  mutating func mix(_ value: UInt64) {
    hash = (hash ^ value) &* 0x100_0000_01b3
    hash ^= hash >> 29
  }

  /// The ends of a datagram stand for all of it: a seal ends with its tag.
  mutating func mix(_ bytes: [UInt8]) {
    mix(UInt64(bytes.count))
    for byte in bytes.prefix(16) { mix(UInt64(byte)) }
    for byte in bytes.suffix(16) { mix(UInt64(byte)) }
  }

  /// Notes something that happened; the text is made only where it is told.
  mutating func note(
    _ now: Instant, _ who: @autoclosure () -> String, _ what: @autoclosure () -> String
  ) {
    mix(now.nanoseconds)
    if detail >= .story { tell("\(Self.clock(now)) \(who()) \(what())") }
  }

  /// Seconds and microseconds since the simulation began.
  static func clock(_ now: Instant) -> String {
    let microseconds = now.nanoseconds(since: Simulation.start) / 1_000
    let fraction = String(1_000_000 + microseconds % 1_000_000).dropFirst()
    let seconds = String(microseconds / 1_000_000)
    return String(repeating: " ", count: max(0, 5 - seconds.count)) + "\(seconds).\(fraction)"
  }
}

/// Something that must always hold and did not.
public struct Violation: Sendable, CustomStringConvertible {
  public let at: Instant
  public let what: String

  public var description: String { "\(Trace.clock(at)) \(what)" }
}
