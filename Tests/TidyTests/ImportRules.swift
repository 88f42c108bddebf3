/// Who may import what.
enum ImportRules {
  /// What a target's files may import besides the C libraries, by the target's folder.
  static let allowed: [String: Set<String>] = [
    "Sources/chatd": ["ChatCore", "Glibc"],
    "Sources/ChatCore": ["ChatEngine", "CLinux", "Glibc", "Synchronization"],
    "Sources/ChatEngine": [],
    "Tests/Simulator": ["ChatEngine"],
  ]

  /// The files that may import a C library: each library stands behind one file.
  static let owners: [String: Set<String>] = [
    "CTurboJPEG": ["Sources/ChatCore/Images/TurboJPEG.swift"],
    "CZimg": ["Sources/ChatCore/Images/PlaneResizer.swift"],
    "CSPNG": ["Sources/ChatCore/Images/PNGSource.swift"],
    "CWebP": ["Sources/ChatCore/Images/WebPSource.swift"],
    "CGIF": ["Sources/ChatCore/Images/GIFSource.swift"],
    "CHEIF": ["Sources/ChatCore/Images/HEIFSource.swift"],
    "CEXIF": ["Sources/ChatCore/Images/EXIF.swift"],
    "CEditline": ["Sources/ChatCore/Terminal/LineEditor.swift"],
    "CChafa": ["Sources/ChatCore/Terminal/TerminalCanvas.swift"],
    "CSQLite": ["Sources/ChatCore/Store/SQLite.swift"],
    "CSodium": ["Sources/ChatEngine/Noise/Primitives.swift"],
    "CCrypto": ["Sources/ChatEngine/Noise/CurveAndCipher.swift"],
  ]

  /// The modules that a file imports, in order.
  static func imports(_ text: String) -> [String] {
    let kinds = "(?:struct|class|enum|protocol|func|var|let|typealias)"
    let pattern = try! Regex(
      #"(?m)^[ \t]*(?:@\w+(?:\([^)]*\))?[ \t]+)*(?:\w+[ \t]+)?import[ \t]+(?:"# + kinds
        + #"[ \t]+)?(\w+)"#, as: (Substring, Substring).self)
    return SwiftCode.withoutCommentsAndTexts(text).matches(of: pattern).map { String($0.1) }
  }

  /// The imports of a file of `Sources` that it must not have.
  static func violations(_ file: SourceFile) -> [String] {
    let target = file.path.split(separator: "/").prefix(2).joined(separator: "/")
    return imports(file.text).filter { module in
      if let owners = owners[module] { return !owners.contains(file.path) }
      return !(allowed[target]?.contains(module) ?? false)
    }.map { "\(file.path) imports \($0)" }
  }

  /// Owners that do not import their library any more, so that the list stays true.
  static func idleOwners(_ files: [SourceFile]) -> [String] {
    owners.flatMap { module, paths in
      paths.filter { path in
        !files.contains { $0.path == path && imports($0.text).contains(module) }
      }.map { "\($0) does not import \(module)" }
    }.sorted()
  }
}
