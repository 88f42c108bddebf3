import CCrypto

/// The Diffie-Hellman function of Noise's `25519` (RFC 7748 §5).
enum X25519 {
  static let keyBytes = 32

  /// The public key of a secret of 32 bytes, written to `result`'s 32.
  static func writePublicKey(
    of secret: UnsafePointer<UInt8>, to result: UnsafeMutablePointer<UInt8>
  ) {
    precondition(ccrypto_x25519_public(secret, result), "no X25519")
  }

  /// What the owner of `secret` shares with the owner of `other`, written to `result`'s 32 bytes.
  ///
  /// - Parameter own: the public key of `secret`.
  /// - Returns: false where the result would be all zeros: `other` is a point of low order, and
  ///   the result would not depend on the secret (RFC 7748 §6.1).
  static func share(
    _ secret: UnsafePointer<UInt8>, own: UnsafePointer<UInt8>, other: UnsafePointer<UInt8>,
    to result: UnsafeMutablePointer<UInt8>
  ) -> Bool {
    ccrypto_x25519(secret, own, other, result)
  }
}

/// What seals and opens: an AEAD with keys of 32 bytes, nonces of 12 and tags of 16.
///
/// A thread keeps what the library needs, so nothing is allocated for a call.
public enum Cipher: UInt8, Sendable {
  /// Noise's `ChaChaPoly`: ChaCha20-Poly1305 (RFC 8439 §2.8).
  case chaChaPoly = 0
  /// Noise's `AESGCM`: AES-256-GCM (NIST SP 800-38D), where processors have instructions for it.
  case aesGCM = 1

  static let keyBytes = 32
  static let tagBytes = 16

  /// Whether this machine's processor has instructions for AES-GCM.
  public static let hasFastAES = ccrypto_has_aes()

  /// Seals `count` bytes in place; the tag's 16 bytes are written behind them.
  ///
  /// - Parameter kept: what `keep` made of `key`, where it did.
  func seal(
    _ bytes: UnsafeMutablePointer<UInt8>, count: Int, header: UnsafePointer<UInt8>,
    headerCount: Int, key: UnsafePointer<UInt8>, nonce: CipherNonce, kept: OpaquePointer? = nil
  ) {
    guard isLeftToSodium(count) else {
      return sealByLibcrypto(
        bytes, count: count, header: header, headerCount: headerCount, key: key, nonce: nonce,
        kept: kept)
    }
    withUnsafeBytes(of: nonce.words) { nonce in
      Sodium.AESGCM.seal(
        bytes, count: count, header: header, headerCount: headerCount, key: key,
        nonce: nonce.baseAddress!.assumingMemoryBound(to: UInt8.self))
    }
  }

  /// The same by libcrypto whatever the length.
  func sealByLibcrypto(
    _ bytes: UnsafeMutablePointer<UInt8>, count: Int, header: UnsafePointer<UInt8>,
    headerCount: Int, key: UnsafePointer<UInt8>, nonce: CipherNonce, kept: OpaquePointer? = nil
  ) {
    let isSealed = withUnsafeBytes(of: nonce.words) { nonce in
      ccrypto_seal(
        Int32(rawValue), kept, key, nonce.baseAddress!.assumingMemoryBound(to: UInt8.self),
        header, Int32(headerCount), bytes, bytes, Int32(count), bytes + count)
    }
    precondition(isSealed, "no \(self)")
  }

  /// Opens `count` bytes, of which the last 16 are the tag, into `count − 16` of `result`, which
  /// may be where they are.
  ///
  /// - Returns: whether they were sealed so; if not, `result` holds zeros.
  func open(
    _ bytes: UnsafePointer<UInt8>, count: Int, into result: UnsafeMutablePointer<UInt8>,
    header: UnsafePointer<UInt8>, headerCount: Int, key: UnsafePointer<UInt8>, nonce: CipherNonce
  ) -> Bool {
    guard count >= Self.tagBytes else { return false }
    let textCount = count - Self.tagBytes
    return withUnsafeBytes(of: nonce.words) { nonce in
      let nonce = nonce.baseAddress!.assumingMemoryBound(to: UInt8.self)
      return isLeftToSodium(textCount)
        ? Sodium.AESGCM.open(
          bytes, count: textCount, into: result, header: header, headerCount: headerCount,
          key: key, nonce: nonce)
        : ccrypto_open(
          Int32(rawValue), key, nonce, header, Int32(headerCount), bytes, result,
          Int32(textCount), bytes + textCount)
    }
  }

  /// Whether so many bytes are done by libsodium, which begins sooner and goes on more slowly than
  /// libcrypto.
  @inline(__always)
  func isLeftToSodium(_ count: Int) -> Bool {
    self == .aesGCM && count <= Limits.shortSealedBytesMax && Sodium.AESGCM.isAvailable
  }

  /// Works out once what sealing with `key` needs; nil where too many keys have theirs already, or
  /// there is no memory. `drop` wipes it.
  func keep(_ key: UnsafePointer<UInt8>) -> OpaquePointer? {
    ccrypto_keep(Int32(rawValue), key, Int32(Limits.cipherSchedulesMax))
  }

  static func drop(_ kept: OpaquePointer) { ccrypto_drop(kept) }
}
