/// Words that the project does without.
enum WordRules {
  /// Put together here, so that this file does not hold them.
  static let unfinished = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK", "for" + " now"]
  static let typeExceptions: Set = ["ServiceManager"]

  /// Lines that say that something is not done.
  static func unfinishedLines(_ file: SourceFile) -> [String] {
    let pattern = try! Regex(#"\b(?:"# + unfinished.joined(separator: "|") + #")\b"#)
    return file.lines.enumerated().filter { $0.element.contains(pattern) }
      .map { "\(file.path):\($0.offset + 1) \($0.element)" }
  }

  /// Types named after nothing that they are.
  static func vagueTypes(_ text: String) -> [String] {
    let pattern = #/\b(?:struct|class|enum|protocol|actor|typealias|extension)\s+(\w+)/#
    let vague = #/(?:Manager|Helpers?|Utils?|Utilities)$/#
    return SwiftCode.withoutCommentsAndTexts(text).matches(of: pattern).map { String($0.1) }
      .filter { $0.contains(vague) && !typeExceptions.contains($0) }
  }

  /// Whether the first thing that a file declares has a doc comment; true for one without any.
  static func isFirstDeclarationDocumented(_ text: String) -> Bool {
    let declaration = #/\b(?:struct|class|enum|protocol|actor|typealias|extension|func|let|var)\s/#
    var hasDoc = false
    for line in text.split(separator: "\n") {
      let line = line.drop { $0 == " " }
      if line.hasPrefix("///") {
        hasDoc = true
      } else if line.hasPrefix("//") || line.hasPrefix("import ") {
        hasDoc = false
      } else if line.contains(declaration) {
        return hasDoc
      }
    }
    return true
  }
}
