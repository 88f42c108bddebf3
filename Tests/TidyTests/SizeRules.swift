/// How long files, functions and lines may be.
enum SizeRules {
  static let fileLinesMax = 400
  /// With a reason, up to `fileLinesHighest`.
  static let fileExceptions: [String: String] = [:]
  static let fileLinesHighest = 600
  static let functionLinesMax = 70
  static let lineCharactersMax = 100

  static func longFiles(_ file: SourceFile) -> [String] {
    let highest = fileExceptions[file.path] == nil ? fileLinesMax : fileLinesHighest
    let count = file.lines.count
    return count > highest ? ["\(file.path) has \(count) lines"] : []
  }

  static func longLines(_ file: SourceFile) -> [String] {
    file.lines.enumerated().filter { $0.element.count > lineCharactersMax }
      .map { "\(file.path):\($0.offset + 1) has \($0.element.count) characters" }
  }

  static func longFunctions(_ file: SourceFile) -> [String] {
    let functions: [(name: String, line: Int, count: Int)] =
      switch file.language {
      case .swift: swiftFunctions(file.text)
      case .c, .shell: blocks(file.lines.map(String.init))
      case .python: pythonFunctions(file.lines.map(String.init))
      case nil: []
      }
    return functions.filter { $0.count > functionLinesMax }
      .map { "\(file.path):\($0.line) \($0.name) has \($0.count) lines" }
  }

  /// From the line that declares a function to the one that closes its body.
  static func swiftFunctions(_ text: String) -> [(name: String, line: Int, count: Int)] {
    let code = SwiftCode.withoutCommentsAndTexts(text)
    let pattern = #/\b(?:func\s+([^\s(<]+)|(init)[?!]?\s*[(<]|(deinit)\s*\{|(subscript)\s*[(<])/#
    return code.matches(of: pattern).compactMap { match in
      let before = code[..<match.range.lowerBound]
      // A call of an initializer is none.
      if match.2 != nil, before.last == "." { return nil }
      guard let end = endOfBody(code[match.range.lowerBound...]) else { return nil }
      let name = [match.1, match.2, match.3, match.4].compactMap { $0 }.first ?? ""
      let line = before.count { $0 == "\n" } + 1
      let count = code[match.range.lowerBound..<end].count { $0 == "\n" } + 1
      return (String(name), line, count)
    }
  }

  /// Where the first body in `code` closes; nil where a declaration has none.
  private static func endOfBody(_ code: Substring) -> String.Index? {
    var (braces, parentheses) = (0, 0)
    for index in code.indices {
      switch code[index] {
      case "(", "[": parentheses += 1
      case ")", "]": parentheses -= 1
      case "{":
        braces += 1
      case "}":
        braces -= 1
        if braces < 0 { return nil }
        if braces == 0 && parentheses == 0 { return index }
      default: break
      }
      if parentheses < 0 { return nil }
    }
    return nil
  }

  /// Blocks of C or shell: from the line on which a declaration begins to the one that is `}`.
  static func blocks(_ lines: [String]) -> [(name: String, line: Int, count: Int)] {
    var found: [(name: String, line: Int, count: Int)] = []
    var begin: Int?
    var isOpen = false
    for (index, line) in lines.enumerated() {
      let isIndented = line.hasPrefix(" ") || line.hasPrefix("\t")
      if isOpen, !isIndented, line.hasPrefix("}"), let first = begin {
        found.append((lines[first], first + 1, index - first + 1))
        isOpen = false
      } else if !isOpen {
        // A declaration may go on over lines that are indented.
        if !isIndented, !line.isEmpty { begin = index }
        isOpen = line.hasSuffix("{")
      }
    }
    return found
  }

  /// A Python function reaches to the last line that is indented more than its `def`.
  static func pythonFunctions(_ lines: [String]) -> [(name: String, line: Int, count: Int)] {
    func indent(_ line: String) -> Int { line.prefix { $0 == " " }.count }
    return lines.enumerated().compactMap { index, line in
      guard let match = line.firstMatch(of: #/^\s*(?:async )?def (\w+)/#) else { return nil }
      var last = index
      for (offset, next) in lines[(index + 1)...].enumerated() where !next.isEmpty {
        if indent(next) <= indent(line), !next.hasPrefix(")") { break }
        last = index + 1 + offset
      }
      return (String(match.1), index + 1, last - index + 1)
    }
  }
}
