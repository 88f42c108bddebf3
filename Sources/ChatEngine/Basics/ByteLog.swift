/// Bytes in the order in which they were added, each at a position that never changes; the oldest
/// are dropped.
///
/// The positions are 64 bits and begin at 0. What is kept lies side by side in memory, so that any
/// range of it can be copied into a packet at once. Dropping moves the rest only when the dropped
/// part has become as large, so each byte is moved at most once on average.
public struct ByteLog {
  private var bytes: [UInt8] = []
  /// How many of `bytes` are dropped already.
  private var dropped = 0
  /// The position of the oldest byte that is kept.
  public private(set) var base: UInt64 = 0

  public init() {}

  /// The position behind the newest byte.
  public var end: UInt64 { base + UInt64(bytes.count - dropped) }
  public var count: Int { bytes.count - dropped }

  public mutating func append(_ new: [UInt8]) { bytes.append(contentsOf: new) }

  /// Appends what `body` writes.
  public mutating func append(_ body: (inout [UInt8]) -> Void) { body(&bytes) }

  /// Drops all below `position`, which is at most `end`.
  public mutating func drop(below position: UInt64) {
    guard position > base else { return }
    precondition(position <= end, "more than there is")
    dropped += Int(position - base)
    base = position
    if dropped == bytes.count {
      bytes = []
      dropped = 0
    } else if dropped >= bytes.count - dropped {
      bytes.removeFirst(dropped)
      dropped = 0
    }
  }

  /// Writes the bytes at `range`, which must be kept, into a packet.
  @inline(__always)
  func write(_ range: Range<UInt64>, to writer: inout ByteWriter) {
    precondition(range.lowerBound >= base && range.upperBound <= end, "bytes that are not kept")
    let start = dropped + Int(range.lowerBound - base)
    bytes.withUnsafeBufferPointer { kept in
      writer.bytes(kept.baseAddress! + start, range.count)
    }
  }
}
