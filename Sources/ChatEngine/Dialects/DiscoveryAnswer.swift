/// What a server answers to a `DiscoveryQuestion`. Nobody vouches for any of it: it is a hint where
/// to begin a handshake, which then proves the key.
public enum DiscoveryAnswer: Equatable, Sendable {
  /// `CHAT_SERVER_FOUND`, as programs from before answer.
  case text
  case found(Found)
  /// A Found of a later version, of which nothing but the number can be read.
  case other(version: UInt8, nonce: UInt64)

  public struct Found: Equatable, Sendable {
    /// The number of the Seek.
    public var nonce: UInt64
    public var key: PublicKey
    public var needsPassword: Bool
    /// Whether the plain dialects are served to whoever asked.
    public var servesPlain: Bool
    /// Where the server is to be spoken to, at the address that the answer came from.
    public var port: UInt16
    public var people: UInt32
    public var name: String
    /// What the server's clock shows, in seconds since 1970-01-01T00:00:00Z; nil where it does not
    /// say.
    public var unixSeconds: UInt64?

    public init(
      nonce: UInt64, key: PublicKey, needsPassword: Bool, servesPlain: Bool, port: UInt16,
      people: UInt32, name: String, unixSeconds: UInt64? = nil
    ) {
      self.unixSeconds = unixSeconds
      (self.nonce, self.key, self.port) = (nonce, key, port)
      (self.needsPassword, self.servesPlain) = (needsPassword, servesPlain)
      (self.people, self.name) = (people, name)
    }
  }

  /// The datagram; none is longer than the shortest Seek. Empty for `other`, which nobody sends.
  public var bytes: [UInt8] {
    switch self {
    case .text: return Array(ClassicText.answer.utf8)
    case .found(let found):
      var bytes: [UInt8] = [DatagramType.found.rawValue, DiscoveryQuestion.version]
      bytes.appendU64(found.nonce)
      bytes += found.key.bytes
      bytes.append((found.needsPassword ? 1 : 0) | (found.servesPlain ? 2 : 0))
      bytes.appendU16(found.port)
      bytes.appendU32(found.people)
      bytes.appendVText(Handshake.shortened(found.name))
      if let seconds = found.unixSeconds { bytes.appendU64(seconds) }
      return bytes
    case .other: return []
    }
  }

  /// - Returns: nil where a datagram is no answer.
  public init?(_ bytes: Span<UInt8>) {
    if bytes.equals(ClassicText.answer) {
      self = .text
    } else if let answer = bytes.withUnsafeBufferPointer(Self.read) {
      self = answer
    } else {
      return nil
    }
  }

  private static func read(_ bytes: UnsafeBufferPointer<UInt8>) -> DiscoveryAnswer? {
    var reader = ByteReader(bytes)
    guard bytes.count <= Limits.helloBytesMin, reader.u8() == DatagramType.found.rawValue,
      let version = reader.u8(), version >= 1, let nonce = reader.u64()
    else { return nil }
    if version != DiscoveryQuestion.version { return .other(version: version, nonce: nonce) }
    guard let key = reader.bytes(32).flatMap({ PublicKey($0) }), let flags = reader.u8(),
      let port = reader.u16(), port != 0, let people = reader.u32(),
      let name = reader.vtext(max: Limits.serverNameBytesMax)
    else { return nil }
    return .found(
      Found(
        nonce: nonce, key: key, needsPassword: flags & 1 != 0, servesPlain: flags & 2 != 0,
        port: port, people: people, name: name, unixSeconds: reader.u64()))
  }
}
