/// A cursor over bytes that somebody else sent: big-endian integers, variable-length integers of
/// RFC 9000 §16, texts and runs of bytes, front to back.
///
/// Every read checks that the bytes are there. A read that returns nil moves nothing. The reader
/// does not own the bytes, nor do the buffers that it hands out: all of them are good for as long
/// as the memory that the reader was made with. A copy of a reader is a mark to go back to.
public struct ByteReader {
  private let bytes: UnsafeBufferPointer<UInt8>
  /// How many bytes were read; never more than there are.
  public private(set) var offset = 0

  public init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
  }

  /// How many bytes are left.
  public var remaining: Int { bytes.count - offset }

  public mutating func u8() -> UInt8? { integer() }
  public mutating func u16() -> UInt16? { integer() }
  public mutating func u32() -> UInt32? { integer() }
  public mutating func u64() -> UInt64? { integer() }

  /// A variable-length integer (RFC 9000 §16), at most 2^62 − 1; a longer form than needed is good.
  public mutating func varint() -> UInt64? {
    guard remaining > 0 else { return nil }
    let first = bytes[offset]
    switch first >> 6 {
    case 0:
      offset += 1
      return UInt64(first)
    case 1: return u16().map { UInt64($0 & 0x3fff) }
    case 2: return u32().map { UInt64($0 & 0x3fff_ffff) }
    default: return u64().map { $0 & 0x3fff_ffff_ffff_ffff }
    }
  }

  /// A variable-length integer that is at most `max`, which must not be negative.
  public mutating func varint(max: Int) -> Int? {
    let start = offset
    guard let value = varint() else { return nil }
    guard value <= UInt64(max) else {
      offset = start
      return nil
    }
    return Int(value)
  }

  /// The next `count` bytes; nil also where `count` is negative.
  public mutating func bytes(_ count: Int) -> UnsafeBufferPointer<UInt8>? {
    guard count >= 0, count <= remaining else { return nil }
    let start = offset
    offset += count
    return UnsafeBufferPointer(rebasing: bytes[start..<offset])
  }

  /// All bytes that are left.
  public mutating func rest() -> UnsafeBufferPointer<UInt8> {
    let start = offset
    offset = bytes.count
    return UnsafeBufferPointer(rebasing: bytes[start...])
  }

  /// A variable-length integer and so many bytes, at most `max`.
  public mutating func vbytes(max: Int) -> UnsafeBufferPointer<UInt8>? {
    let start = offset
    guard let count = varint(max: max), let bytes = bytes(count) else {
      offset = start
      return nil
    }
    return bytes
  }

  /// A variable-length integer and so many bytes of UTF-8, at most `max`; nil where they are not
  /// well-formed.
  public mutating func vtext(max: Int) -> String? {
    let start = offset
    guard let bytes = vbytes(max: max), let text = String(validating: bytes, as: UTF8.self) else {
      offset = start
      return nil
    }
    return text
  }

  @inline(__always)
  private mutating func integer<Value: FixedWidthInteger>() -> Value? {
    let size = MemoryLayout<Value>.size
    guard remaining >= size, let base = bytes.baseAddress else { return nil }
    let value = UnsafeRawPointer(base + offset).loadUnaligned(as: Value.self)
    offset += size
    return Value(bigEndian: value)
  }
}
