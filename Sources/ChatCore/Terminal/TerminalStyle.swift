import Glibc

/// Colours and weights of a terminal, or none where `NO_COLOR` is set or the terminal is dumb.
struct TerminalStyle {
  private let isPlain: Bool

  init() {
    let noColor = getenv("NO_COLOR").map { $0[0] != 0 } ?? false
    isPlain = noColor || Self.isDumb
  }

  /// Whether the terminal can do nothing but print lines, or does not say what it can.
  static var isDumb: Bool {
    let term = getenv("TERM").map { String(cString: $0) } ?? ""
    return term.isEmpty || term == "dumb"
  }

  func dim(_ text: String) -> String { wrap(text, "2") }
  func strong(_ text: String) -> String { wrap(text, "1") }
  func failure(_ text: String) -> String { wrap(text, "31") }

  /// A name in its own colour, the same for everyone who looks (FNV-1a of its bytes).
  func name(_ text: String, of name: String) -> String {
    let hash = name.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
    return wrap(text, "1;38;5;\(Self.nameColours[Int(hash % UInt32(Self.nameColours.count))])")
  }

  /// Of the 256 colours those that can be read on a dark and on a light ground.
  private static let nameColours = [31, 37, 65, 68, 71, 98, 130, 133, 136, 162, 166, 172]

  private func wrap(_ text: String, _ code: String) -> String {
    isPlain ? text : "\u{1b}[\(code)m\(text)\u{1b}[0m"
  }
}
