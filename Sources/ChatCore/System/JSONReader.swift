import ChatEngine

/// One JSON object (RFC 8259), read strictly: its texts and whole numbers by their keys. Other
/// values are looked at and passed over; of a key that comes twice, the last counts.
struct JSONReader {
  enum Value: Equatable {
    case text(String)
    case integer(Int64)
    case other
  }

  /// Why something is no such object.
  struct Fault: Error, Equatable {
    /// From 1 on.
    let byte: Int
  }

  private let bytes: [UInt8]
  private var offset = 0
  private var depth = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The members of the object that all of `bytes` is.
  static func object(_ bytes: [UInt8]) throws(Fault) -> [String: Value] {
    var reader = JSONReader(bytes)
    reader.skipSpace()
    guard reader.peek == UInt8(ascii: "{") else { throw reader.fault }
    var members: [String: Value] = [:]
    try reader.members { key, value in members[key] = value }
    reader.skipSpace()
    if reader.offset != bytes.count { throw reader.fault }
    return members
  }

  private var fault: Fault { Fault(byte: offset + 1) }
  private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d {
      offset += 1
    }
  }

  /// Takes `character`, with spaces before it, where it comes next.
  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard peek == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(Fault) {
    if !take(character) { throw fault }
  }

  private mutating func members(_ body: (String, Value) -> Void) throws(Fault) {
    try expect("{")
    if take("}") { return }
    repeat {
      skipSpace()
      let key = try text()
      try expect(":")
      body(key, try value())
    } while take(",")
    try expect("}")
  }

  private mutating func value() throws(Fault) -> Value {
    skipSpace()
    switch peek {
    case UInt8(ascii: "\""): return .text(try text())
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      depth += 1
      defer { depth -= 1 }
      if depth > Limits.importNestingMax { throw fault }
      if peek == UInt8(ascii: "{") {
        try members { _, _ in }
      } else {
        try elements()
      }
      return .other
    case UInt8(ascii: "t"): return try word("true")
    case UInt8(ascii: "f"): return try word("false")
    case UInt8(ascii: "n"): return try word("null")
    default: return try number()
    }
  }

  private mutating func elements() throws(Fault) {
    try expect("[")
    if take("]") { return }
    repeat { _ = try value() } while take(",")
    try expect("]")
  }

  private mutating func word(_ word: StaticString) throws(Fault) -> Value {
    let letters = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard bytes[offset...].starts(with: letters) else { throw fault }
    offset += letters.count
    return .other
  }

  /// `-0`, a fraction, an exponent and what is too large for 64 bits are numbers, and no integers.
  private mutating func number() throws(Fault) -> Value {
    let start = offset
    _ = take("-")
    let whole = digits()
    if whole.isEmpty || (whole.count > 1 && whole.first == UInt8(ascii: "0")) { throw fault }
    var isWhole = true
    if peek == UInt8(ascii: ".") {
      offset += 1
      isWhole = false
      if digits().isEmpty { throw fault }
    }
    if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
      offset += 1
      isWhole = false
      if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { offset += 1 }
      if digits().isEmpty { throw fault }
    }
    guard isWhole else { return .other }
    return Int64(String(decoding: bytes[start..<offset], as: UTF8.self)).map { .integer($0) }
      ?? .other
  }

  private mutating func digits() -> ArraySlice<UInt8> {
    let start = offset
    while let byte = peek, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { offset += 1 }
    return bytes[start..<offset]
  }

  private mutating func text() throws(Fault) -> String {
    guard peek == UInt8(ascii: "\"") else { throw fault }
    offset += 1
    var text: [UInt8] = []
    while true {
      let start = offset
      while let byte = peek, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
        offset += 1
      }
      text += bytes[start..<offset]
      guard let byte = peek, byte >= 0x20 else { throw fault }
      offset += 1
      if byte == UInt8(ascii: "\"") { break }
      text += Array(String(Character(try escaped())).utf8)
    }
    guard let text = String(validating: text, as: UTF8.self) else { throw fault }
    return text
  }

  /// What stands behind a backslash.
  private mutating func escaped() throws(Fault) -> Unicode.Scalar {
    guard let byte = peek else { throw fault }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw fault
    }
    let first = try unit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    // The first half of a pair; RFC 8259 §7.
    guard first < 0xdc00, bytes[offset...].starts(with: Array("\\u".utf8)) else { throw fault }
    offset += 2
    let second = try unit()
    guard 0xdc00...0xdfff ~= second,
      let scalar = Unicode.Scalar(
        0x10000 + (UInt32(first) - 0xd800) << 10 + (UInt32(second) - 0xdc00))
    else { throw fault }
    return scalar
  }

  private mutating func unit() throws(Fault) -> UInt16 {
    guard bytes.count - offset >= 4 else { throw fault }
    let digits = bytes[offset..<offset + 4]
    // A sign would be a number to the library, not to RFC 8259.
    guard digits.allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
      let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw fault }
    offset += 4
    return unit
  }
}
