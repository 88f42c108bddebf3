import Foundation

/// A file of the project, by its path from the project's folder.
struct SourceFile {
  enum Language { case swift, c, python, shell }

  let path: String
  let text: String

  /// The lines without their ends.
  var lines: [Substring] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last == "" { lines.removeLast() }
    return lines
  }

  /// By the name's end, or by the first line; nil for what is not a program.
  var language: Language? {
    let first = text.prefix { $0 != "\n" }
    switch path.split(separator: ".").last {
    case "swift": return .swift
    case "c", "h": return .c
    case "py": return .python
    case "sh": return .shell
    default:
      if !first.hasPrefix("#!") { return nil }
      return first.contains("python") ? .python : first.hasSuffix("sh") ? .shell : nil
    }
  }

  var folder: String { path.split(separator: "/").dropLast().joined(separator: "/") }
  var name: String { String(path.split(separator: "/").last ?? "") }
}

/// The project as it lies on disk, found from where this file was compiled.
enum SourceTree {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Everything that people wrote: programs, and texts about them.
  static let files: [SourceFile] = {
    let texts: Set = ["swift", "c", "h", "py", "sh", "md", "modulemap", "1", "service", "socket"]
    let others: Set = ["Makefile", "run"]
    guard let paths = FileManager.default.enumerator(atPath: root.path) else { return [] }
    var files: [SourceFile] = []
    for case let path as String in paths {
      if [".build", ".git"].contains(path) || path.hasSuffix("__pycache__") {
        paths.skipDescendants()
        continue
      }
      let url = root.appendingPathComponent(path)
      guard texts.contains(url.pathExtension) || others.contains(url.lastPathComponent),
        let text = try? String(contentsOf: url, encoding: .utf8)
      else { continue }
      files.append(SourceFile(path: path, text: text))
    }
    return files.sorted { $0.path < $1.path }
  }()

  static var programs: [SourceFile] { files.filter { $0.language != nil } }

  /// The Swift files of a folder, such as `Sources/ChatEngine`.
  static func swift(in folder: String) -> [SourceFile] {
    files.filter { $0.language == .swift && $0.path.hasPrefix(folder + "/") }
  }

  static func file(_ path: String) -> SourceFile? { files.first { $0.path == path } }
}
