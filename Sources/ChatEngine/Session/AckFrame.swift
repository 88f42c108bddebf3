/// Reads the ACK frame of native sessions: which packets came, laid out as in RFC 9000 §19.3.
///
/// After the type byte: varint largest, varint delay in µs, varint count, varint first, and count
/// times varint gap, varint length.
enum AckFrame {
  /// Reads what follows the type byte, and calls `body` with each range of packet numbers, from the
  /// highest to the lowest; there are at least 1 and at most `Limits.ackRangesMax`.
  ///
  /// Nothing is allocated, and `body` is not called before the whole frame was found to be sound.
  ///
  /// - Returns: the largest number, and for how many microseconds its acknowledgment waited, which
  ///   is cut to `Limits.roundTripSecondsMax`, so that it can be counted with; nil, with the reader
  ///   where it was, if the frame is cut, has too many ranges or goes below 0.
  @inline(__always)
  static func read(
    _ reader: inout ByteReader, _ body: (ClosedRange<UInt64>) -> Void
  ) -> (largest: UInt64, delayMicroseconds: UInt64)? {
    let start = reader
    guard let head = readHead(&reader) else {
      reader = start
      return nil
    }
    // Once to look, and once to tell.
    var ranges = reader
    var range = head.first
    for _ in 0..<head.more {
      guard let next = readRange(below: range, &reader) else {
        reader = start
        return nil
      }
      range = next
    }
    range = head.first
    body(range)
    for _ in 0..<head.more {
      guard let next = readRange(below: range, &ranges) else { break }
      range = next
      body(range)
    }
    return (head.first.upperBound, head.delayMicroseconds)
  }

  private struct Head {
    var first: ClosedRange<UInt64>
    var delayMicroseconds: UInt64
    /// How many ranges follow.
    var more: Int
  }

  private static func readHead(_ reader: inout ByteReader) -> Head? {
    guard let largest = reader.varint(), let delay = reader.varint(),
      let more = reader.varint(max: Limits.ackRangesMax - 1),
      let length = reader.varint(), length <= largest
    else { return nil }
    let delayMax = UInt64(Limits.roundTripSecondsMax) * 1_000_000
    return Head(
      first: (largest - length)...largest, delayMicroseconds: min(delay, delayMax), more: more)
  }

  private static func readRange(
    below range: ClosedRange<UInt64>, _ reader: inout ByteReader
  ) -> ClosedRange<UInt64>? {
    // A gap of 0 is one missing packet, so the next range ends 2 below (RFC 9000 §19.3.1).
    guard let gap = reader.varint(), gap + 2 <= range.lowerBound,
      let length = reader.varint(), length <= range.lowerBound - gap - 2
    else { return nil }
    let largest = range.lowerBound - gap - 2
    return (largest - length)...largest
  }
}
