import Testing

@testable import ChatEngine

/// The points of X25519 of order 1, 2, 4 and 8, and the same above the prime (as RFC 7748 §7 and
/// libsodium's list have them).
enum LowOrder {
  static let points = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  ]
}

@Suite("Primitives")
struct PrimitiveTests {
  private func shared(_ pair: KeyPair, _ other: [UInt8]) throws -> [UInt8] {
    var result = [UInt8](repeating: 0, count: 32)
    try pair.share(with: PublicKey(other)!, to: &result)
    return result
  }

  @Test("X25519 is that of RFC 7748 §5.2")
  func sharesAsRFC() throws {
    let first = try shared(
      KeyPair(hex: "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
      bytes(hex: "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"))
    #expect(
      first == bytes(hex: "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"))
    // The loop of a thousand.
    var key = [9] + [UInt8](repeating: 0, count: 31)
    var point = key
    for _ in 0..<1_000 {
      let result = try shared(KeyPair(secret: SecretKey(key)!), point)
      point = key
      key = result
    }
    #expect(key == bytes(hex: "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"))
  }

  @Test("Bob's keys are those of RFC 7748 §6.1")
  func agreesAsRFC() throws {
    let bob = KeyPair(hex: "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    #expect(
      bob.publicKey.bytes
        == bytes(hex: "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"))
    let alice = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    #expect(
      try shared(bob, bytes(hex: alice))
        == bytes(hex: "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"))
  }

  @Test("ChaCha20-Poly1305 is that of RFC 8439 §2.8.2")
  func sealsAsRFC() {
    let text = bytes(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
        + "future, sunscreen would be it.")
    let header = bytes(hex: "50515253c0c1c2c3c4c5c6c7")
    let sealed = bytes(
      hex: """
        d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca96712\
        82fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58\
        fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116\
        1ae10b594f09e26a7e902ecbd0600691
        """)
    let key = CipherKey(Array(UInt8(0x80)...0x9f))!
    let nonce = CipherNonce(0x0700_0000, 0x4041_4243_4445_4647)
    var buffer = text + [UInt8](repeating: 0, count: 16)
    key.seal(&buffer, count: text.count, header: header, headerCount: header.count, nonce: nonce)
    #expect(buffer == sealed)
    var result = [UInt8](repeating: 1, count: text.count)
    #expect(
      key.open(
        from: sealed, count: sealed.count, into: &result, header: header,
        headerCount: header.count, nonce: nonce))
    #expect(result == text)
  }

  @Test("AES-256-GCM is that of its specification's test case 16")
  func sealsAsNIST() {
    let text = bytes(
      hex: """
        d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c9595680953\
        2fcf0e2449a6b525b16aedf5aa0de657ba637b39
        """)
    let header = bytes(hex: "feedfacedeadbeeffeedfacedeadbeefabaddad2")
    let sealed = bytes(
      hex: """
        522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3d\
        a7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b
        """)
    let half = bytes(hex: "feffe9928665731c6d6a8f9467308308")
    let key = CipherKey(copying: (half + half).span, for: .aesGCM)!
    var buffer = text + [UInt8](repeating: 0, count: 16)
    key.seal(
      &buffer, count: text.count, header: header, headerCount: header.count,
      nonce: CipherNonce(0xcafe_babe, 0xface_dbad_deca_f888))
    #expect(buffer == sealed)
  }

  @Test("Both libraries seal with AES-256-GCM alike, whatever the length")
  func agreeOnAES() {
    guard Cipher.hasFastAES else { return }
    let key = Array(UInt8(9)..<41)
    let header = Array(UInt8(0)..<13)
    for count in Array(0..<300) + [767, 768, 769, 1_200] {
      let text = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
      let nonce = CipherNonce(number: UInt64(count), for: .aesGCM)
      var (one, other) = (text + [UInt8](repeating: 0, count: 16), [UInt8]())
      other = one
      Cipher.aesGCM.seal(
        &one, count: count, header: header, headerCount: header.count, key: key, nonce: nonce)
      Cipher.aesGCM.sealByLibcrypto(
        &other, count: count, header: header, headerCount: header.count, key: key, nonce: nonce)
      #expect(one == other)
      var result = [UInt8](repeating: 1, count: count + 1)
      func isOpened() -> Bool {
        Cipher.aesGCM.open(
          other, count: other.count, into: &result, header: header, headerCount: header.count,
          key: key, nonce: nonce)
      }
      #expect(isOpened() && result == text + [1])
      for place in [0, count, count + 15] {
        other[place] ^= 64
        #expect(!isOpened())
        #expect(result == [UInt8](repeating: 0, count: count) + [1])
        other[place] ^= 64
      }
    }
  }

  @Test("BLAKE2b is that of RFC 7693, also with a key and in pieces")
  func hashes() {
    #expect(
      hash256(bytes("abc"))
        == bytes(hex: "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"))
    var hasher = Blake2b.Hasher()
    for part in [bytes("a"), [], bytes("bc")] { hasher.update(part.span) }
    #expect(hasher.finish() == hash256(bytes("abc")))
    // These two as Python's hashlib has them.
    let key = Array(UInt8(0)..<32)
    #expect(
      keyed128(key, bytes("one"), bytes("two"))
        == bytes(hex: "e812399aee1d069df142dc4271e27607"))
    let long = Blake2b.keyed256(key: key.span, bytes("onetwo"))
    #expect(
      long == bytes(hex: "c2c737a2d4a9017aa32b51257a17438ca7474fab7d5bfc6cf4dc0390a3bab68b"))
  }

  @Test("Results are compared as a whole")
  func compares() {
    let one = bytes("0123456789abcdef")
    var other = one
    #expect(areEqual(one, other))
    other[15] ^= 1
    #expect(!areEqual(one, other))
    #expect(!areEqual(one, []))
    #expect(areEqual([], []))
  }

  @Test("A password's key is Argon2id's")
  func derives() throws {
    // As the reference implementation has them (argon2-cffi): 2 passes, 64 MiB, one lane.
    let salt = Array(UInt8(0)..<16)
    let key = try #require(PasswordKey.derive(password: bytes("correct horse"), salt: salt))
    #expect(
      key.copied
        == bytes(hex: "9aab5a81db651bf866ff7b6169794d2ad9bb00f3d95177925a5fca692a34dbd1"))
    let empty = try #require(PasswordKey.derive(password: [], salt: salt))
    #expect(
      empty.copied
        == bytes(hex: "bed4350c496024724d50592eb2cd4f61b3333ea871c495f63a4f687aed67f82c"))
    #expect(PasswordKey.derive(password: bytes("x"), salt: []) == nil)
    #expect(PasswordKey.derive(password: bytes("x"), salt: salt + [0]) == nil)
  }
}
