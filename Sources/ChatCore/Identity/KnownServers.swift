import ChatEngine
import Glibc

/// The servers that this user has met and their keys, from the file `known_servers`: a line
/// `HOST:PORT KEY` for each, the key in Base64. Empty lines and lines that begin with `#` stay.
public struct KnownServers: Sendable {
  private struct Entry {
    let server: Substring
    let key: PublicKey
  }

  private let file: StateFile
  /// The file's lines, without their ends, and what they say.
  private var lines: [Substring] = []
  private var keys: [Substring: PublicKey] = [:]

  /// - Throws: `Failure` which names a line that is damaged. It could be the one that matters, so
  ///   nothing can be looked up until somebody has mended it.
  public init(in folder: StateFolder) throws(Failure) {
    file = folder.file("known_servers")
    try load()
  }

  public var path: String { file.path }
  public var count: Int { keys.count }

  /// The key that a server had when it was met; nil where it was not.
  public func key(of server: ServerAddress) -> PublicKey? { keys[Self.name(of: server)] }

  /// Remembers a server's key, instead of one that it had before.
  ///
  /// - Throws: `Failure` where the file cannot be written, or holds as many as it may.
  public mutating func pin(_ key: PublicKey, of server: ServerAddress) throws(Failure) {
    let name = Self.name(of: server)
    let lock = try file.lock()
    try load()
    guard keys[name] != nil || keys.count < Limits.knownServersMax else {
      throw Failure(
        .failed, "\(path) has \(keys.count) servers, as many as it may: remove what is old")
    }
    drop(name)
    lines.append("\(name) \(String(decoding: Base64.encode(key.bytes), as: UTF8.self))")
    keys[name] = key
    try save()
    extendLifetime(lock)
  }

  /// Forgets a server.
  ///
  /// - Returns: whether it was known.
  public mutating func forget(_ server: ServerAddress) throws(Failure) -> Bool {
    let name = Self.name(of: server)
    let lock = try file.lock()
    try load()
    guard keys[name] != nil else { return false }
    drop(name)
    try save()
    extendLifetime(lock)
    return true
  }

  /// Host names are the same in any case.
  private static func name(of server: ServerAddress) -> Substring {
    Substring(server.description.lowercased())
  }

  private mutating func drop(_ name: Substring) {
    lines.removeAll { $0.split(separator: " ").first == name }
    keys[name] = nil
  }

  private func save() throws(Failure) {
    try file.replace(Array(lines.map { $0 + "\n" }.joined().utf8))
  }

  private mutating func load() throws(Failure) {
    lines = []
    keys = [:]
    guard let (bytes, _) = try file.read(max: Limits.knownServersBytesMax) else { return }
    if bytes.count > Limits.knownServersBytesMax {
      throw Failure(.failed, "\(path) is longer than \(Limits.knownServersBytesMax) bytes")
    }
    lines = String(decoding: bytes, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    for (index, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
      guard let entry = Self.entry(line), keys.updateValue(entry.key, forKey: entry.server) == nil
      else {
        throw Failure(
          .failed, "line \(index + 1) of \(path) is damaged: mend it, or remove the line")
      }
      if keys.count > Limits.knownServersMax {
        throw Failure(.failed, "\(path) has more than \(Limits.knownServersMax) servers")
      }
    }
  }

  private static func entry(_ line: Substring) -> Entry? {
    let parts = line.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 2, let server = ServerAddress(String(parts[0])),
      name(of: server) == parts[0].lowercased(),
      let key = Base64.decode(parts[1].utf8).flatMap({ PublicKey($0) })
    else { return nil }
    return Entry(server: name(of: server), key: key)
  }
}
