import ChatEngine
import Glibc

/// The servers that this user has met and their keys, from the file `known_servers`: a line
/// `HOST:PORT KEY` for each, the key in Base64. Where the host is a name, the address at which it
/// was met stands behind it: `HOST:PORT,ADDRESS:PORT KEY`.
///
/// A host is known by the name that was typed, as ssh has it; the names that a machine has for
/// itself are one, `localhost`. Empty lines and lines that begin with `#` stay, and so do damaged
/// ones: only the servers that such a line could be about are not gone to.
public struct KnownServers: Sendable {
  private struct Entry {
    let server: Substring
    /// Where it was met, where that is not its name.
    var place: Substring?
    let key: PublicKey
  }

  private let file: StateFile
  /// The file's lines, without their ends, and what they say.
  private var lines: [Substring] = []
  private var keys: [Substring: PublicKey] = [:]
  /// Where the servers were met whose name does not say it.
  private var places: [Substring: Substring] = [:]
  /// The lines that nothing can be made of, by their indices.
  private var damaged: [Int] = []

  /// - Throws: `Failure` where the file cannot be read or is too long.
  public init(in folder: StateFolder) throws(Failure) {
    file = folder.file("known_servers")
    try load()
  }

  public var path: String { file.path }
  public var count: Int { keys.count }

  /// What to tell a person about damaged lines; nil where there are none.
  public var warning: String? {
    guard let first = damaged.first else { return nil }
    let others = damaged.count - 1
    return "line \(first + 1) of \(path) is damaged and passed over"
      + (others == 0 ? "" : ", and so are \(others) more") + ": mend it, or remove the line"
  }

  /// The key that a server had when it was met; nil where it was not.
  ///
  /// - Throws: `Failure` with `.refused` which names a damaged line that has the server's host in
  ///   it, on whatever port: somebody may have damaged it so that another key is taken for the
  ///   first.
  public func key(of server: ServerAddress) throws(Failure) -> PublicKey? {
    let host = server.isLoopback ? "localhost" : server.host.lowercased()
    if let index = damaged.first(where: { lines[$0].lowercased().contains(host) }) {
      throw Failure(
        .refused,
        "line \(index + 1) of \(path) is damaged and may be about \(server), so nothing was said "
          + "to it: mend the line, or remove it and compare the server's key as at the first time")
    }
    return keys[Self.name(of: server)]
  }

  /// The servers that were met at an address, under whatever name, in alphabetical order.
  func met(at address: PeerAddress) -> [(name: String, key: PublicKey)] {
    let place = Self.name(of: address)
    return keys.filter { $0.key == place || places[$0.key] == place }
      .sorted { $0.key < $1.key }.map { (String($0.key), $0.value) }
  }

  /// Remembers a server's key, instead of one that it had before.
  ///
  /// - Parameter address: where it was met, where that is known.
  /// - Throws: `Failure` where the file cannot be written, or holds as many as it may.
  public mutating func pin(
    _ key: PublicKey, of server: ServerAddress, at address: PeerAddress? = nil
  ) throws(Failure) {
    let name = Self.name(of: server)
    let lock = try file.lock()
    try load()
    guard keys[name] != nil || keys.count < Limits.knownServersMax else {
      throw Failure(
        .failed, "\(path) has \(keys.count) servers, as many as it may: remove what is old")
    }
    drop(name)
    let place = address.flatMap(Self.name)
    let names = place == nil || place == name ? name : "\(name),\(place!)"
    lines.append("\(names) \(String(decoding: Base64.encode(key.bytes), as: UTF8.self))")
    (keys[name], places[name]) = (key, place)
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
    server.isLoopback ? "localhost:\(server.port)" : Substring(server.description.lowercased())
  }

  private static func name(of address: PeerAddress) -> Substring? {
    ServerAddress(address.description).map { name(of: $0) }
  }

  private mutating func drop(_ name: Substring) {
    let isDamaged = Set(damaged)
    let kept = lines.indices.filter {
      isDamaged.contains($0) || Self.entry(lines[$0])?.server != name
    }
    damaged = kept.indices.filter { isDamaged.contains(kept[$0]) }
    lines = kept.map { lines[$0] }
    (keys[name], places[name]) = (nil, nil)
  }

  private func save() throws(Failure) {
    try file.replace(Array(lines.map { $0 + "\n" }.joined().utf8))
  }

  private mutating func load() throws(Failure) {
    lines = []
    (keys, places) = ([:], [:])
    damaged = []
    guard let (bytes, _) = try file.read(max: Limits.knownServersBytesMax) else { return }
    if bytes.count > Limits.knownServersBytesMax {
      throw Failure(.failed, "\(path) is longer than \(Limits.knownServersBytesMax) bytes")
    }
    lines = String(decoding: bytes, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    for (index, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
      // Of two lines about one server nobody can say which is right.
      if let entry = Self.entry(line), keys[entry.server] == nil {
        (keys[entry.server], places[entry.server]) = (entry.key, entry.place)
      } else {
        damaged.append(index)
      }
      if keys.count > Limits.knownServersMax {
        throw Failure(.failed, "\(path) has more than \(Limits.knownServersMax) servers")
      }
    }
  }

  private static func entry(_ line: Substring) -> Entry? {
    let parts = line.split(separator: " ", omittingEmptySubsequences: false)
    let names = parts[0].split(separator: ",", omittingEmptySubsequences: false).compactMap(place)
    guard parts.count == 2, (1...2).contains(names.count),
      names.count == parts[0].count(where: { $0 == "," }) + 1,
      let key = Base64.decode(parts[1].utf8).flatMap({ PublicKey($0) })
    else { return nil }
    return Entry(server: names[0], place: names.count == 2 ? names[1] : nil, key: key)
  }

  /// The name of a server that stands in the file with its port.
  private static func place(_ text: Substring) -> Substring? {
    guard let server = ServerAddress(String(text)),
      server.description.lowercased() == text.lowercased()
    else { return nil }
    return name(of: server)
  }
}
