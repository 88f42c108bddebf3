/// The folders of ChatEngine look down only, and front ends do not name each other.
enum FolderRules {
  /// From the lowest to the highest; a folder may name those before it, and itself.
  static let order = ["Basics", "Noise", "Session", "Dialects", "Hub", "Frontends", "Server"]
  /// The client stands beside the server, and names these folders.
  static let clientFolders: Set = ["Basics", "Noise", "Session", "Dialects", "Client"]

  /// The types that a file declares outside of any other, by name.
  static func topLevelTypes(_ text: String) -> [String] {
    let pattern = #/\b(?:struct|class|enum|protocol|actor|typealias)\s+(\w+)/#
    var depth = 0
    var names: [String] = []
    for line in SwiftCode.withoutCommentsAndTexts(text).split(separator: "\n") {
      let head = line.prefix { $0 != "{" }
      if depth == 0, let match = head.firstMatch(of: pattern) { names.append(String(match.1)) }
      depth += line.count { $0 == "{" } - line.count { $0 == "}" }
    }
    return names
  }

  /// The words of a file's code.
  static func words(_ text: String) -> Set<String> {
    Set(SwiftCode.withoutCommentsAndTexts(text).matches(of: #/\w+/#).map { String($0.0) })
  }

  /// Where a file names a type that it must not know.
  ///
  /// - Parameter files: all of ChatEngine, with paths such as `Hub/Hub.swift`.
  static func violations(_ files: [SourceFile]) -> [String] {
    var homes: [String: String] = [:]
    for file in files {
      for type in topLevelTypes(file.text) { homes[type] = file.folder }
    }
    return files.flatMap { file -> [String] in
      let words = words(file.text)
      return homes.filter { words.contains($0.key) && !mayName(in: $0.value, file.folder) }
        .map { "\(file.path) names \($0.key) of \($0.value)" }.sorted()
    }
  }

  private static func mayName(in home: String, _ folder: String) -> Bool {
    let (from, to) = (folder.split(separator: "/"), home.split(separator: "/"))
    guard let first = from.first, let last = to.first else { return true }
    if first == "Client" {
      return clientFolders.contains(String(last))
    }
    if first == "Frontends", last == "Frontends" {
      // What lies beside the front ends' own folders is for all of them.
      return to.count == 1 || from.count == 1 || from[1] == to[1]
    }
    // The hub knows no wire format, though it stands above them.
    if first == "Hub", last == "Dialects" { return false }
    guard let here = order.firstIndex(of: String(first)),
      let there = order.firstIndex(of: String(last))
    else { return false }
    return there <= here
  }
}
