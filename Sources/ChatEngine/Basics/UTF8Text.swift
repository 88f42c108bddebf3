/// UTF-8 (RFC 3629) read from bytes that nobody has checked.
public enum UTF8Text {
  /// Whether all of `bytes` is well-formed UTF-8: no overlong forms, no surrogates, nothing cut.
  public static func isValid(_ bytes: Span<UInt8>) -> Bool {
    var index = 0
    while index < bytes.count {
      if bytes[index] < 0x80 {
        index += 1
        continue
      }
      guard decode(bytes, at: index) != nil else { return false }
      index += length(ofScalarStarting: bytes[index])
    }
    return true
  }

  /// `bytes`, with U+FFFD for what is not well-formed: a datagram that is no UTF-8 is thrown away.
  public static func repaired(_ bytes: [UInt8]) -> [UInt8] {
    isValid(bytes.span) ? bytes : Array(String(decoding: bytes, as: UTF8.self).utf8)
  }

  /// The scalar that starts at `index`, or nil where none does.
  public static func decode(_ bytes: Span<UInt8>, at index: Int) -> Unicode.Scalar? {
    let first = bytes[index]
    if first < 0x80 { return Unicode.Scalar(first) }
    let length = length(ofScalarStarting: first)
    guard length > 1, bytes.count - index >= length else { return nil }
    var value = UInt32(first) & (0x7f >> UInt32(length))
    for offset in 1..<length {
      let next = bytes[index + offset]
      guard next & 0xc0 == 0x80 else { return nil }
      value = value << 6 | UInt32(next & 0x3f)
    }
    let smallest: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000
    return value >= smallest ? Unicode.Scalar(value) : nil
  }

  /// How many bytes a scalar takes whose first byte is `byte`; 0 where no scalar starts so.
  public static func length(ofScalarStarting byte: UInt8) -> Int {
    switch byte {
    case 0..<0x80: 1
    case 0xc2..<0xe0: 2
    case 0xe0..<0xf0: 3
    case 0xf0..<0xf5: 4
    default: 0
    }
  }
}

extension Span where Element == UInt8 {
  /// Whether the bytes from `index` on begin with `text`.
  func hasBytes(_ text: String, at index: Int = 0) -> Bool {
    guard index >= 0, count - index >= text.utf8.count else { return false }
    var position = index
    for byte in text.utf8 {
      if self[position] != byte { return false }
      position += 1
    }
    return true
  }

  /// Whether the bytes are exactly `text`.
  func equals(_ text: String) -> Bool { count == text.utf8.count && hasBytes(text) }

  /// Whether the bytes end with `text`.
  func endsWith(_ text: String) -> Bool { hasBytes(text, at: count - text.utf8.count) }

  /// The position of the first `byte` at or after `start`.
  func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
    var index = start
    while index < count {
      if self[index] == byte { return index }
      index += 1
    }
    return nil
  }

  /// The bytes of `range`, read as UTF-8.
  func string(_ range: Range<Int>) -> String {
    extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
  }

  /// A copy of the bytes of `range`.
  func array(_ range: Range<Int>) -> [UInt8] {
    extracting(range).withUnsafeBufferPointer(Array.init)
  }
}
