import ChatEngine

/// Which key owns which name, in the server's file `names`: a line `KEY NAME` for each, the key in
/// Base64. Lines are only ever appended.
public struct OwnedNames: Sendable {
  public typealias Owned = (name: MemberName, owner: PublicKey)

  private let file: StateFile
  /// What the file held, the oldest first.
  public let loaded: [Owned]

  /// Reads the file. A last line that was not written to its end, since the machine stopped, is
  /// cut off.
  ///
  /// - Throws: `Failure` which names a line that is damaged: it would give somebody's name away.
  public init(in folder: StateFolder) throws(Failure) {
    file = folder.file("names")
    guard let (bytes, _) = try file.read(max: Limits.ownedNamesBytesMax) else {
      loaded = []
      return
    }
    if bytes.count > Limits.ownedNamesBytesMax {
      throw Failure(.failed, "\(file.path) is longer than \(Limits.ownedNamesBytesMax) bytes")
    }
    let end = (bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
    if end < bytes.count { try file.cut(to: end) }
    var owned: [Owned] = []
    let lines = bytes[..<end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.dropLast().enumerated() {
      guard let entry = Self.entry(line) else {
        throw Failure(
          .failed, "line \(index + 1) of \(file.path) is damaged: mend it, or remove the line")
      }
      owned.append(entry)
    }
    loaded = owned
  }

  public var path: String { file.path }

  /// Writes names that are owned from now on. Waits for the disk, so it is for a worker.
  public func append(_ owned: [Owned]) throws(Failure) {
    var text: [UInt8] = []
    for (name, owner) in owned {
      text += Base64.encode(owner.bytes)
      text += Array(" \(name.text)\n".utf8)
    }
    try file.append(text)
  }

  private static func entry(_ line: some Collection<UInt8>) -> Owned? {
    guard let space = line.firstIndex(of: UInt8(ascii: " ")),
      let owner = Base64.decode(line[..<space]).flatMap({ PublicKey($0) }),
      let text = String(validating: line[line.index(after: space)...], as: UTF8.self),
      let name = try? MemberName(text)
    else { return nil }
    return (name, owner)
  }
}
