/// A public key of X25519: 32 bytes, trivially copied.
public struct PublicKey: Hashable, Sendable {
  /// As they lie in memory; what the numbers are means nothing.
  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// Nil where `bytes` are not 32.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == X25519.keyBytes else { return nil }
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
    self.words = words
  }

  /// The key of a secret.
  init(of secret: SecretKey) {
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    withUnsafeMutableBytes(of: &words) { result in
      X25519.writePublicKey(
        of: secret.start, to: result.baseAddress!.assumingMemoryBound(to: UInt8.self))
    }
    self.words = words
  }

  public var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

  func withPointer<Result, Failure: Error>(
    _ body: (UnsafePointer<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafePointer(to: words) { (words) throws(Failure) in
      let start = UnsafeRawPointer(words).assumingMemoryBound(to: UInt8.self)
      return try body(start)
    }
  }

  public static func == (first: PublicKey, second: PublicKey) -> Bool {
    first.words == second.words
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
    hasher.combine(words.2)
    hasher.combine(words.3)
  }
}

/// 32 secret bytes: of a private key, or of a key that two share. Wiped at the end, never printed.
public final class SecretKey: Sendable {
  /// Written before anybody else sees it, and never again, so any thread may read it.
  nonisolated(unsafe) private let bytes: SecretBytes

  var start: UnsafeMutablePointer<UInt8> { bytes.start }

  /// Nil where `bytes` are not 32. The caller wipes its own.
  public init?(copying bytes: Span<UInt8>) {
    guard bytes.count == X25519.keyBytes else { return nil }
    self.bytes = bytes.withUnsafeBufferPointer {
      SecretBytes(copying: $0.baseAddress!, count: $0.count)
    }
  }

  /// 32 bytes that `fill` writes.
  init(_ fill: (UnsafeMutablePointer<UInt8>) -> Void) {
    bytes = SecretBytes(count: X25519.keyBytes)
    fill(bytes.start)
  }

  public func withBytes<Result, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeBufferPointer(start: bytes.start, count: bytes.count).span)
  }
}

extension SecretKey: CustomStringConvertible, CustomReflectable {
  public var description: String { "(a secret key)" }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// A secret key of X25519 and the public key that belongs to it.
public struct KeyPair: Sendable {
  public let secret: SecretKey
  public let publicKey: PublicKey

  public init(secret: SecretKey) {
    self.secret = secret
    publicKey = PublicKey(of: secret)
  }

  public static func make(_ random: inout SecretRandom) -> KeyPair {
    KeyPair(secret: SecretKey { random.fill($0, X25519.keyBytes) })
  }

  /// What the owners of this pair and of `other` share, written to `result`'s 32 bytes.
  ///
  /// - Throws: `badKey` where `other` is a point of low order.
  func share(
    with other: PublicKey, to result: UnsafeMutablePointer<UInt8>
  ) throws(NoiseError) {
    let isShared = publicKey.withPointer { own in
      other.withPointer { X25519.share(secret.start, own: own, other: $0, to: result) }
    }
    if !isShared { throw .badKey }
  }
}
