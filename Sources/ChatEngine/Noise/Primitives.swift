import CSodium

/// libsodium, in the form that this folder uses it.
///
/// It is set up at its first use. Nothing here draws random numbers or knows the time.
enum Sodium {
  /// Picks the code for this processor, once.
  private static let isReady = sodium_init() >= 0

  private static func prepare() { precondition(isReady, "no libsodium") }

  /// Overwrites bytes so that no compiler leaves it out.
  static func wipe(_ bytes: UnsafeMutableRawPointer, _ count: Int) { sodium_memzero(bytes, count) }

  /// Whether two runs of `count` bytes are the same, in a time that does not depend on them.
  static func areEqual(
    _ first: UnsafeRawPointer, _ second: UnsafeRawPointer, _ count: Int
  ) -> Bool {
    sodium_memcmp(first, second, count) == 0
  }

  /// Fills `bytes` with what `seed`'s 32 bytes determine (ChaCha20).
  static func fill(
    _ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, seed: UnsafePointer<UInt8>
  ) {
    prepare()
    randombytes_buf_deterministic(bytes, count, seed)
  }

  /// Argon2id, version 1.3 (RFC 9106), with one lane.
  ///
  /// - Parameter salt: of 16 bytes.
  /// - Returns: false where the memory is not to be had.
  static func argon2id(
    _ result: UnsafeMutablePointer<UInt8>, _ count: Int, password: [UInt8], salt: [UInt8],
    passes: UInt64, memoryBytes: Int
  ) -> Bool {
    prepare()
    precondition(salt.count == crypto_pwhash_saltbytes())
    return password.withUnsafeBytes { password in
      // An empty array has no address, and the library wants one.
      let text = password.assumingMemoryBound(to: CChar.self).baseAddress
      return withUnsafePointer(to: CChar(0)) { empty in
        crypto_pwhash(
          result, UInt64(count), text ?? empty, UInt64(password.count), salt, passes, memoryBytes,
          crypto_pwhash_alg_argon2id13()) == 0
      }
    }
  }

  /// AES-256-GCM (NIST SP 800-38D) where a text is short.
  enum AESGCM {
    /// Whether there is code for this processor.
    static let isAvailable = isReady && crypto_aead_aes256gcm_is_available() == 1

    /// Seals as `Cipher.seal` does. What is worked out of the key is wiped.
    static func seal(
      _ bytes: UnsafeMutablePointer<UInt8>, count: Int, header: UnsafePointer<UInt8>,
      headerCount: Int, key: UnsafePointer<UInt8>, nonce: UnsafePointer<UInt8>
    ) {
      csodium_aes_seal(bytes, count, header, headerCount, key, nonce)
    }

    /// Opens as `Cipher.open` does; `count` is without the tag, which stands behind the text.
    static func open(
      _ bytes: UnsafePointer<UInt8>, count: Int, into result: UnsafeMutablePointer<UInt8>,
      header: UnsafePointer<UInt8>, headerCount: Int, key: UnsafePointer<UInt8>,
      nonce: UnsafePointer<UInt8>
    ) -> Bool {
      csodium_aes_open(bytes, count, result, header, headerCount, key, nonce)
    }
  }

  /// A BLAKE2b that is being worked out (RFC 7693), wiped at the end.
  struct Hash: ~Copyable {
    private let memory: UnsafeMutableRawPointer
    private let resultBytes: Int

    private var state: OpaquePointer { OpaquePointer(memory) }

    /// - Parameters:
    ///   - resultBytes: 16 to 64.
    ///   - key: of 16 to 64 bytes, or nil for none.
    init(resultBytes: Int, key: UnsafePointer<UInt8>? = nil, keyBytes: Int = 0) {
      Sodium.prepare()
      memory = .allocate(byteCount: crypto_generichash_statebytes(), alignment: 64)
      self.resultBytes = resultBytes
      let isBegun = crypto_generichash_init(OpaquePointer(memory), key, keyBytes, resultBytes) == 0
      precondition(isBegun, "no such BLAKE2b")
    }

    deinit {
      Sodium.wipe(memory, crypto_generichash_statebytes())
      memory.deallocate()
    }

    mutating func update(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
      _ = crypto_generichash_update(state, bytes, UInt64(count))
    }

    /// Writes the result; the hash must not be used after it.
    mutating func finish(_ result: UnsafeMutablePointer<UInt8>) {
      _ = crypto_generichash_final(state, result, resultBytes)
    }
  }
}
