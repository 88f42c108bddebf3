import ChatEngine

/// Bytes from a terminal, made into whole keys, so that the line editor is never started on one
/// that has not wholly come: it would wait for the rest and hold up the loop.
struct KeyBuffer {
  private static let escape: UInt8 = 0x1b

  private var bytes: [UInt8] = []

  mutating func add(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

  var isEmpty: Bool { bytes.isEmpty }

  /// Takes the next whole key; nil where it has not wholly come.
  ///
  /// A tab that more follows at once was pasted and not pressed: it becomes a space, and completes
  /// nothing. An escape sequence that is no key of the line editor's is passed over whole.
  mutating func next() -> [UInt8]? {
    while let length = Self.length(bytes) {
      let key = Array(bytes.prefix(length))
      bytes.removeFirst(length)
      if key == [Self.tab], !bytes.isEmpty { return [UInt8(ascii: " ")] }
      if key.starts(with: Self.sequenceStart), !Self.knownSequences.contains(key) { continue }
      return key
    }
    return nil
  }

  private static let tab: UInt8 = 0x09
  private static let sequenceStart = Array("\u{1b}[".utf8)
  /// Arrows, Home, End and Delete as terminals send them, and Ctrl with an arrow.
  private static let knownSequences: Set<[UInt8]> = Set(
    ["A", "B", "C", "D", "H", "F", "1~", "3~", "4~", "1;5C", "1;5D"].map {
      sequenceStart + Array($0.utf8)
    })

  /// Throws away an escape that nothing followed: the key itself, pressed alone.
  mutating func dropLoneEscape() {
    if bytes.first == Self.escape { bytes.removeFirst() }
  }

  private static func length(_ bytes: [UInt8]) -> Int? {
    guard let first = bytes.first else { return nil }
    if first != escape {
      let length = max(1, UTF8Text.length(ofScalarStarting: first))
      return bytes.count >= length ? length : nil
    }
    guard bytes.count >= 2 else { return nil }
    switch bytes[1] {
    case UInt8(ascii: "["):
      // ECMA-48 §5.4: parameters and intermediates, then one final byte.
      let rest = bytes[2...].prefix(Limits.keyBytesMax)
      if let final = rest.firstIndex(where: { (0x40...0x7e).contains($0) }) { return final + 1 }
      return rest.count == Limits.keyBytesMax ? 1 : nil
    case UInt8(ascii: "O"): return bytes.count >= 3 ? 3 : nil
    default: return 2
    }
  }
}
