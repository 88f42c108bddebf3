/// What the documents must say because the code does.
enum DocumentRules {
  /// The names of the constants of `Limits`.
  static func limits(_ text: String) -> [String] {
    SwiftCode.withoutCommentsAndTexts(text).matches(of: #/static let (\w+)/#).map { String($0.1) }
  }

  /// The names that a document's tables list: code in a row's first cell.
  static func listed(_ text: String) -> [String] {
    text.split(separator: "\n").filter { $0.hasPrefix("|") }.flatMap { row -> [String] in
      let cell = row.dropFirst().prefix { $0 != "|" }
      return cell.matches(of: #/`([a-z]\w*)`/#).map { String($0.1) }
    }
  }

  /// The options of a subcommand's file: every `Option("name"` and its short form.
  static func options(_ text: String) -> [String] {
    let pattern = #/\bOption\(\s*"([a-z][a-z-]*)"(?:,\s*short:\s*"(\w)")?/#
    return text.matches(of: pattern).flatMap { match in
      ["--\(match.1)"] + (match.2.map { ["-\($0)"] } ?? [])
    }
  }

  /// The options that a manual page names: `.Fl -port` and `Fl p` of mdoc(7), or as typed.
  static func optionsInManual(_ text: String) -> Set<String> {
    let lines = text.split(separator: "\n").filter { !$0.hasPrefix(".\\\"") }
    let plain = lines.joined(separator: "\n").replacing("\\-", with: "-")
    let marked = plain.matches(of: #/\bFl (-?[A-Za-z][\w-]*)/#).map { "-\($0.1)" }
    let typed = plain.matches(of: #/(?:^|[\s(,])(--[a-z][a-z-]*)/#).map { String($0.1) }
    return Set(marked + typed)
  }
}
