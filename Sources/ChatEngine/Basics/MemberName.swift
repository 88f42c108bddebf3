/// A name that a person may go by: as it was written, and as names are compared.
///
/// 1 to `Limits.nameCharactersMax` visible characters; spaces inside are fine. No control, format,
/// private or unassigned scalars, no `:` (the dialects end a name with it), no `/`. Two names are
/// the same when they are equal without case and in NFC.
public struct MemberName: Hashable, Sendable {
  public let text: String
  /// Equal for names that are the same; Swift compares strings by canonical equivalence (UAX #15).
  public let key: String

  public enum Fault: Error, Equatable {
    case empty
    case tooLong
    /// The first scalar that may not stand in a name.
    case scalar(Unicode.Scalar)
    case outerSpace
    case reserved

    /// One line for a person.
    public var text: String {
      switch self {
      case .empty: "a name needs at least one visible character"
      case .tooLong:
        "a name has at most \(Limits.nameCharactersMax) characters "
          + "(\(Limits.nameBytesMax) bytes)"
      case .scalar(let scalar): "a name cannot hold \(Self.shown(scalar))"
      case .reserved: "a name cannot be \(MemberName.reserved)"
      case .outerSpace: "a name cannot begin or end with a space"
      }
    }

    private static func shown(_ scalar: Unicode.Scalar) -> String {
      if (0x21...0x7e).contains(scalar.value) { return "\"\(scalar)\"" }
      let digits = String(scalar.value, radix: 16, uppercase: true)
      return "the character U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)"
    }
  }

  public init(_ text: String) throws(Fault) {
    if text.isEmpty { throw .empty }
    guard text.utf8.count <= Limits.nameBytesMax, text.count <= Limits.nameCharactersMax else {
      throw .tooLong
    }
    if let scalar = text.unicodeScalars.first(where: { !Self.isAllowed($0) }) {
      throw .scalar(scalar)
    }
    if text.unicodeScalars.first == " " || text.unicodeScalars.last == " " {
      throw text.allSatisfy({ $0 == " " }) ? .empty : .outerSpace
    }
    if text == Self.reserved { throw .reserved }
    self.text = text
    self.key = text.unicodeScalars.map(Self.folded).joined()
    if key.isEmpty { throw .empty }
  }

  /// In dialect A what begins so is a picture; a message of somebody of this name would be one.
  private static let reserved = "IMG"

  /// A scalar without case. Upper case comes in between: it makes one of letters that have two
  /// lower-case forms (σ, ς), or a lower-case form only (ß).
  private static func folded(_ scalar: Unicode.Scalar) -> String {
    // A variation selector changes how a character looks, and so must not make another name.
    if scalar == variationSelector { return "" }
    let properties = scalar.properties
    let upper = properties.uppercaseMapping.unicodeScalars
    // Upper case turns the iota below a letter into a letter of its own, behind which marks that
    // stood on the first letter would change their place.
    let hasIotaBelow = upper.last == "\u{399}" && (upper.count > 1 || scalar == "\u{345}")
    if hasIotaBelow { return properties.lowercaseMapping }
    return properties.lowercaseMapping.uppercased().lowercased()
  }

  /// Asks for the colourful form of the character before it.
  private static let variationSelector: Unicode.Scalar = "\u{fe0f}"

  /// This name with `-number` behind it, its end cut where it would grow too long.
  public func numbered(_ number: Int) -> MemberName? {
    let suffix = "-\(number)"
    var base = text
    while base.count + suffix.count > Limits.nameCharactersMax
      || base.utf8.count + suffix.utf8.count > Limits.nameBytesMax
    {
      base.removeLast()
    }
    return try? MemberName(base + suffix)
  }

  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == " " { return true }
    // U+2800 is a braille pattern without a dot.
    if scalar == ":" || scalar == "/" || scalar == "\u{2800}" { return false }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator, .spaceSeparator:
      return false
    default:
      // Scalars that are there and cannot be seen.
      return !scalar.properties.isDefaultIgnorableCodePoint || scalar == variationSelector
    }
  }

  public static func == (a: MemberName, b: MemberName) -> Bool { a.key == b.key }
  public func hash(into hasher: inout Hasher) { hasher.combine(key) }
}
