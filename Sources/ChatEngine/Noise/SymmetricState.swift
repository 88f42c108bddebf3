/// What both sides of a handshake work out together: Noise's SymmetricState and its CipherState
/// (§5.1, §5.2) for BLAKE2b and ChaChaPoly. Wiped at the end.
struct SymmetricState: ~Copyable {
  /// HASHLEN and BLOCKLEN of BLAKE2b (§12.5).
  static let hashBytes = 64
  private static let blockBytes = 128
  private static let keyBytes = Cipher.keyBytes

  /// Side by side: the chaining key `ck`, the hash `h`, what HKDF makes (its own key, three
  /// results), a block for HMAC and its inner hash, the cipher's key `k`.
  private let memory = SecretBytes(count: 64 + 64 + 256 + 128 + 64 + 32)
  private var chainingKey: UnsafeMutablePointer<UInt8> { memory.start }
  private var hashed: UnsafeMutablePointer<UInt8> { memory.start + 64 }
  private var derived: UnsafeMutablePointer<UInt8> { memory.start + 128 }
  private var block: UnsafeMutablePointer<UInt8> { memory.start + 384 }
  private var inner: UnsafeMutablePointer<UInt8> { memory.start + 512 }
  private var key: UnsafeMutablePointer<UInt8> { memory.start + 576 }

  private var hasKey = false
  /// The cipher's `n`: at most two sealings are made with one key in a handshake.
  private var number: UInt64 = 0

  /// - Parameter name: of at most 64 bytes.
  init(name: String) {
    let bytes = Array(name.utf8)
    precondition(bytes.count <= Self.hashBytes, "a longer name would have to be hashed")
    hashed.update(from: bytes, count: bytes.count)
    chainingKey.update(from: hashed, count: Self.hashBytes)
  }

  /// `h` as it is now.
  var hash: [UInt8] { Array(UnsafeBufferPointer(start: hashed, count: Self.hashBytes)) }

  mutating func mixHash(_ bytes: UnsafePointer<UInt8>?, _ count: Int) {
    var hash = Sodium.Hash(resultBytes: Self.hashBytes)
    hash.update(hashed, Self.hashBytes)
    if let bytes { hash.update(bytes, count) }
    hash.finish(hashed)
  }

  mutating func mixKey(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
    derive(from: bytes, count, results: 2)
    chainingKey.update(from: result(1), count: Self.hashBytes)
    takeKey(result(2))
  }

  mutating func mixKeyAndHash(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
    derive(from: bytes, count, results: 3)
    chainingKey.update(from: result(1), count: Self.hashBytes)
    mixHash(result(2), Self.hashBytes)
    takeKey(result(3))
  }

  /// Appends `text`, sealed where there is a key, to `message`, and mixes in what was appended.
  mutating func encryptAndHash(_ text: [UInt8], to message: inout [UInt8]) {
    let start = message.count
    message += text
    if hasKey { message.append(contentsOf: repeatElement(0, count: Cipher.tagBytes)) }
    message.withUnsafeMutableBufferPointer { message in
      guard let sealed = message.baseAddress.map({ $0 + start }) else { return }
      if hasKey {
        Cipher.chaChaPoly.seal(
          sealed, count: text.count, header: hashed, headerCount: Self.hashBytes, key: key,
          nonce: CipherNonce(number: number))
        number += 1
      }
      mixHash(sealed, message.count - start)
    }
  }

  /// What `encryptAndHash` appended.
  mutating func decryptAndHash(_ bytes: Span<UInt8>) throws(NoiseError) -> [UInt8] {
    var text: [UInt8] = []
    var isAuthentic = true
    bytes.withUnsafeBufferPointer { bytes in
      guard hasKey, let start = bytes.baseAddress, bytes.count >= Cipher.tagBytes else {
        isAuthentic = !hasKey
        text = Array(bytes)
        return
      }
      let count = bytes.count - Cipher.tagBytes
      // The library wants an address, also of nothing.
      text = [UInt8](unsafeUninitializedCapacity: max(count, 1)) { buffer, initialized in
        isAuthentic = Cipher.chaChaPoly.open(
          start, count: bytes.count, into: buffer.baseAddress!, header: hashed,
          headerCount: Self.hashBytes, key: key, nonce: CipherNonce(number: number))
        initialized = isAuthentic ? count : 0
      }
    }
    if !isAuthentic { throw .notAuthentic }
    if hasKey { number += 1 }
    bytes.withUnsafeBufferPointer { mixHash($0.baseAddress, $0.count) }
    return text
  }

  /// The first 32 bytes of the first of two results of HKDF(`ck`, `label`).
  mutating func derivedKey(_ label: [UInt8]) -> [UInt8] {
    // What HKDF leaves behind is written over by its next use, and wiped at the end.
    label.withUnsafeBufferPointer { derive(from: $0.baseAddress, $0.count, results: 2) }
    return Array(UnsafeBufferPointer(start: result(1), count: Self.keyBytes))
  }

  /// The keys of the two directions: of the initiator, of the responder.
  mutating func split() -> (CipherKey, CipherKey) {
    derive(from: nil, 0, results: 2)
    let first = CipherKey { $0.update(from: result(1), count: Self.keyBytes) }
    return (first, CipherKey { $0.update(from: result(2), count: Self.keyBytes) })
  }

  private mutating func takeKey(_ bytes: UnsafePointer<UInt8>) {
    key.update(from: bytes, count: Self.keyBytes)
    hasKey = true
    number = 0
  }

  private func result(_ number: Int) -> UnsafeMutablePointer<UInt8> {
    derived + number * Self.hashBytes
  }

  /// HKDF (§4.3): a key from `ck` and `bytes`, and with it so many results of 64 bytes.
  private mutating func derive(from bytes: UnsafePointer<UInt8>?, _ count: Int, results: Int) {
    let own = result(0)
    hmac(key: chainingKey, bytes, count, to: own)
    for index in 1...results {
      // The first is made of its number alone, each other of the one before it and its number.
      let before = index == 1 ? nil : result(index - 1)
      hmac(
        key: own, before, before == nil ? 0 : Self.hashBytes, last: UInt8(index),
        to: result(index))
    }
  }

  /// HMAC (RFC 2104) of `bytes` and, where there is one, the byte `last`; the key is of 64 bytes.
  private mutating func hmac(
    key: UnsafePointer<UInt8>, _ bytes: UnsafePointer<UInt8>?, _ count: Int, last: UInt8? = nil,
    to result: UnsafeMutablePointer<UInt8>
  ) {
    fillBlock(key, with: 0x36)
    var innerHash = Sodium.Hash(resultBytes: Self.hashBytes)
    innerHash.update(block, Self.blockBytes)
    if let bytes { innerHash.update(bytes, count) }
    if var last { innerHash.update(&last, 1) }
    innerHash.finish(inner)
    fillBlock(key, with: 0x5c)
    var outerHash = Sodium.Hash(resultBytes: Self.hashBytes)
    outerHash.update(block, Self.blockBytes)
    outerHash.update(inner, Self.hashBytes)
    outerHash.finish(result)
  }

  /// The key, filled up with zeros to a block, with each byte xored.
  private func fillBlock(_ key: UnsafePointer<UInt8>, with byte: UInt8) {
    for index in 0..<Self.blockBytes {
      block[index] = (index < Self.hashBytes ? key[index] : 0) ^ byte
    }
  }
}
