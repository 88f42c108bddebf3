/// Writes the fields of a wire format into memory that somebody else owns, front to back:
/// big-endian integers, variable-length integers of RFC 9000 §16, texts and runs of bytes.
///
/// Who writes asks `room` first: to write more than there is room for is a bug and ends the
/// program. The memory must outlive the writer. A copy of a writer is a mark to go back to.
public struct ByteWriter {
  /// The largest number that a variable-length integer holds: 2^62 − 1.
  public static let varintMax: UInt64 = 1 << 62 - 1

  private let buffer: UnsafeMutableBufferPointer<UInt8>
  /// How many bytes were written.
  public private(set) var count = 0

  public init(_ buffer: UnsafeMutableBufferPointer<UInt8>) {
    self.buffer = buffer
  }

  /// How many bytes can still be written.
  public var room: Int { buffer.count - count }

  public mutating func u8(_ value: UInt8) { integer(value) }
  public mutating func u16(_ value: UInt16) { integer(value) }
  public mutating func u32(_ value: UInt32) { integer(value) }
  public mutating func u64(_ value: UInt64) { integer(value) }

  /// A variable-length integer in its shortest form; `value` is at most `varintMax`.
  public mutating func varint(_ value: UInt64) {
    switch Self.varintBytes(value) {
    case 1: u8(UInt8(truncatingIfNeeded: value))
    case 2: u16(UInt16(truncatingIfNeeded: value) | 0x4000)
    case 4: u32(UInt32(truncatingIfNeeded: value) | 0x8000_0000)
    default: u64(value | 0xc000_0000_0000_0000)
    }
  }

  public mutating func bytes(_ start: UnsafePointer<UInt8>, _ count: Int) {
    precondition(count >= 0 && count <= room, "no room")
    guard count > 0, let base = buffer.baseAddress else { return }
    (base + self.count).update(from: start, count: count)
    self.count += count
  }

  public mutating func bytes(_ bytes: UnsafeBufferPointer<UInt8>) {
    if let start = bytes.baseAddress { self.bytes(start, bytes.count) }
  }

  public mutating func bytes(_ bytes: [UInt8]) {
    self.bytes(bytes, bytes.count)
  }

  /// The bytes of `text`, without their count.
  public mutating func text(_ text: String) {
    var text = text
    text.withUTF8 { bytes($0) }
  }

  /// The count of the bytes of `text`, and the bytes.
  public mutating func vtext(_ text: String) {
    varint(UInt64(text.utf8.count))
    self.text(text)
  }

  /// How many bytes `value`, at most `varintMax`, takes as a variable-length integer: 1, 2, 4, 8.
  @inline(__always)
  public static func varintBytes(_ value: UInt64) -> Int {
    precondition(value <= varintMax, "no varint")
    return value < 1 << 6 ? 1 : value < 1 << 14 ? 2 : value < 1 << 30 ? 4 : 8
  }

  @inline(__always)
  private mutating func integer<Value: FixedWidthInteger>(_ value: Value) {
    let size = MemoryLayout<Value>.size
    precondition(size <= room, "no room")
    UnsafeMutableRawPointer(buffer.baseAddress! + count)
      .storeBytes(of: value.bigEndian, as: Value.self)
    count += size
  }
}

/// The same fields at the end of an array, for messages that are put together one by one.
extension Array where Element == UInt8 {
  public mutating func appendU16(_ value: UInt16) { appendBigEndian(value) }
  public mutating func appendU32(_ value: UInt32) { appendBigEndian(value) }
  public mutating func appendU64(_ value: UInt64) { appendBigEndian(value) }

  /// A variable-length integer in its shortest form; `value` is at most `ByteWriter.varintMax`.
  public mutating func appendVarint(_ value: UInt64) {
    switch ByteWriter.varintBytes(value) {
    case 1: append(UInt8(truncatingIfNeeded: value))
    case 2: appendU16(UInt16(truncatingIfNeeded: value) | 0x4000)
    case 4: appendU32(UInt32(truncatingIfNeeded: value) | 0x8000_0000)
    default: appendU64(value | 0xc000_0000_0000_0000)
    }
  }

  /// The count of the bytes of `text`, and the bytes.
  public mutating func appendVText(_ text: String) {
    appendVarint(UInt64(text.utf8.count))
    append(contentsOf: text.utf8)
  }

  @inline(__always)
  private mutating func appendBigEndian<Value: FixedWidthInteger>(_ value: Value) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }
}
