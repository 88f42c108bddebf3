/// The name of a room: 1 to `Limits.roomNameBytesMax` of `a` to `z`, `0` to `9`, `.`, `_` and `-`.
public struct RoomName: Hashable, Sendable, CustomStringConvertible {
  public let text: String

  public enum Fault: Error, Equatable {
    case empty
    case tooLong
    /// The first character that may not stand in it.
    case character(Character)

    /// One line for a person.
    public var text: String {
      switch self {
      case .empty: "a room needs a name"
      case .tooLong: "a room's name has at most \(Limits.roomNameBytesMax) characters"
      case .character(let character):
        "a room's name holds a to z, 0 to 9, \".\", \"_\" and \"-\", "
          + "and not \"\(ShownText.string(String(character)))\""
      }
    }
  }

  /// The room that everybody is in at first, and that members of plain dialects never leave.
  public static let lobby = RoomName(known: "lobby")

  /// Takes a name as it stands on the wire and on disk.
  public init(_ text: String) throws(Fault) {
    if text.isEmpty { throw .empty }
    if let character = text.first(where: { !Self.isAllowed($0) }) { throw .character(character) }
    guard text.utf8.count <= Limits.roomNameBytesMax else { throw .tooLong }
    self.text = text
  }

  /// Takes a name as a person types it: in any case, and with the `#` that rooms have elsewhere.
  public init(typed: String) throws(Fault) {
    let name = typed.hasPrefix("#") ? typed.dropFirst() : typed[...]
    try self.init(
      String(
        decoding: name.utf8.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self))
  }

  private init(known text: String) { self.text = text }

  public var description: String { text }

  private static func isAllowed(_ character: Character) -> Bool {
    // A line break of two scalars has an ASCII value, too, which is none of these.
    guard let byte = character.asciiValue else { return false }
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): return true
    default: return [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains(byte)
    }
  }
}
