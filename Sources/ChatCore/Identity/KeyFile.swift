import ChatEngine
import Glibc

/// A long-lived key in the state folder: one line, `chatd-key-1` and in Base64 the secret's 32
/// bytes and the first four of their BLAKE2b-256, by which damage is seen.
///
/// A key that is there is never written over: who loses it loses the names that it owns, or is
/// taken for somebody else.
public enum KeyFile: String, Sendable {
  case server = "server.key"
  case client = "client.key"

  private static let head = "chatd-key-1 "
  private static let secretBytes = 32
  private static let checkBytes = 4

  public func path(in folder: StateFolder) -> String { folder.file(rawValue).path }

  /// The key of this kind, made where there is none. Two processes that do so at the same time
  /// have the same key.
  public func loadOrMake(in folder: StateFolder) throws(Failure) -> KeyPair {
    if let pair = try load(in: folder) { return pair }
    var seed = KernelRandom.bytes(Self.secretBytes)
    var random = SecretRandom(seed: seed)
    seed.wipe()
    let pair = KeyPair.make(&random)
    var text = Self.text(of: pair.secret)
    defer { text.wipe() }
    if try folder.file(rawValue).make(text) { return pair }
    // Somebody else was faster.
    guard let other = try load(in: folder) else {
      throw Failure(.failed, "\(path(in: folder)) comes and goes")
    }
    return other
  }

  /// The key of this kind; nil where there is none.
  ///
  /// - Throws: `Failure` where others can read it, or it is damaged.
  public func load(in folder: StateFolder) throws(Failure) -> KeyPair? {
    let path = path(in: folder)
    guard var found = try folder.file(rawValue).read(max: Limits.keyFileBytesMax) else {
      return nil
    }
    defer { found.bytes.wipe() }
    if found.mode & 0o077 != 0 {
      throw Failure(
        .failed,
        "\(path) can be read by others, so it may be no secret any more: remove it for a new key, "
          + "or keep it with chmod 600 \(path)")
    }
    guard let secret = Self.secret(of: found.bytes) else {
      throw Failure(
        .failed, "\(path) is damaged: put back a copy of it, or remove it for a new key")
    }
    return KeyPair(secret: secret)
  }

  private static func text(of secret: SecretKey) -> [UInt8] {
    var bytes = secret.withBytes { span in span.indices.map { span[$0] } }
    defer { bytes.wipe() }
    bytes += Blake2b.hash256(bytes.span).prefix(checkBytes)
    var digits = Base64.encode(bytes)
    defer { digits.wipe() }
    return Array(head.utf8) + digits + Array("\n".utf8)
  }

  private static func secret(of text: [UInt8]) -> SecretKey? {
    guard text.last == UInt8(ascii: "\n"), text.starts(with: head.utf8),
      var bytes = Base64.decode(text.dropFirst(head.utf8.count).dropLast())
    else { return nil }
    defer { bytes.wipe() }
    guard bytes.count == secretBytes + checkBytes else { return nil }
    let secret = SecretKey(copying: bytes.span.extracting(0..<secretBytes))
    let check = Blake2b.hash256(bytes.span.extracting(0..<secretBytes)).prefix(checkBytes)
    return bytes.dropFirst(secretBytes).elementsEqual(check) ? secret : nil
  }
}
