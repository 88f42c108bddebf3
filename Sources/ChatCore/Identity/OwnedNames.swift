import ChatEngine

/// Which key owns which name, in the server's file `names`: a line `KEY NAME` for each, the key in
/// Base64. A line that comes again says that the name was used again, so the order of the lines is
/// that in which names were used. Lines are appended; where they have become too many, the file is
/// written anew with one for each name.
public struct OwnedNames: Sendable {
  public typealias Owned = NameOwners.Owned

  private let file: StateFile
  /// Whose names the file held, that which was used longest ago first.
  public let loaded: [Owned]

  /// Reads the file. A last line that was not written to its end, since the machine stopped, is
  /// cut off.
  ///
  /// - Throws: `Failure` which names a line that is damaged: it would give somebody's name away.
  public init(in folder: StateFolder) throws(Failure) {
    file = folder.file("names")
    loaded = try Self.load(file).all
  }

  private static func load(_ file: StateFile) throws(Failure) -> NameOwners {
    guard let (bytes, _) = try file.read(max: Limits.ownedNamesBytesMax) else {
      return NameOwners()
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
    return NameOwners(replaying: owned)
  }

  public var path: String { file.path }

  /// Writes names that are owned, or used, from now on. Waits for the disk, so it is for a worker.
  ///
  /// - Parameter high: the bytes beyond which the file is written anew.
  public func append(
    _ owned: [Owned], high: Int = Limits.ownedNamesBytesHigh
  ) throws(Failure) {
    var owned = owned
    try write(&owned, high: high)
  }

  /// The same for names that are kept until they are written: it leaves `owned` empty once they
  /// are, even where it throws since the file cannot be written anew.
  func write(
    _ owned: inout [Owned], high: Int = Limits.ownedNamesBytesHigh
  ) throws(Failure) {
    let lock = try file.lock()
    let count = try file.append(Self.lines(owned))
    owned = []
    if count > high { try file.replace(Self.lines(Self.load(file).all)) }
    extendLifetime(lock)
  }

  private static func lines(_ owned: [Owned]) -> [UInt8] {
    var text: [UInt8] = []
    for (name, owner) in owned {
      text += Base64.encode(owner.bytes)
      text += Array(" \(name.text)\n".utf8)
    }
    return text
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
