import Testing

@testable import ChatEngine

@Suite("Keys")
struct KeyTests {
  @Test("A public key has 32 bytes")
  func isPublic() throws {
    let bytes = Array(UInt8(0)..<32)
    let key = try #require(PublicKey(bytes))
    #expect(key.bytes == bytes)
    #expect(key == PublicKey(bytes[...]))
    #expect(key.hashValue == PublicKey(bytes)?.hashValue)
    for index in bytes.indices {
      var other = bytes
      other[index] ^= 1
      #expect(PublicKey(other) != key)
    }
    #expect(PublicKey([]) == nil)
    #expect(PublicKey(bytes + [0]) == nil)
    #expect(PublicKey(bytes.dropLast()) == nil)
    #expect(MemoryLayout<PublicKey>.size == 32)
  }

  @Test("Secret bytes are not printed")
  func isNotPrinted() {
    let bytes = [UInt8](repeating: 0xee, count: 32)
    let secret = SecretKey(bytes)!
    let cipher = CipherKey(bytes)!
    let pair = KeyPair(secret: secret)
    for text in ["\(secret)", "\(cipher)", String(reflecting: secret), String(reflecting: cipher)] {
      #expect(!text.contains("238") && !text.contains("ee, ") && !text.contains("0x"), "\(text)")
    }
    var dumped = ""
    dump(secret, to: &dumped)
    dump(cipher, to: &dumped)
    dump(pair.secret, to: &dumped)
    #expect(!dumped.contains("238") && !dumped.contains("0x"), "\(dumped)")
  }

  @Test("Secret keys have 32 bytes")
  func isSecret() {
    #expect(SecretKey([UInt8](repeating: 1, count: 31)) == nil)
    #expect(SecretKey([UInt8](repeating: 1, count: 33)) == nil)
    #expect(SecretKey([]) == nil)
    #expect(CipherKey([UInt8](repeating: 1, count: 31)) == nil)
    let bytes = Array(UInt8(1)...32)
    #expect(SecretKey(bytes)?.copied == bytes)
  }

  @Test("Wiping leaves nothing but zeros")
  func isWiped() {
    let bytes = Array(UInt8(1)...32)
    let secret = bytes.span.withUnsafeBufferPointer {
      SecretBytes(copying: $0.baseAddress!, count: $0.count)
    }
    #expect((0..<32).map { secret.start[$0] } == bytes)
    secret.wipe()
    #expect((0..<32).allSatisfy { secret.start[$0] == 0 })
  }

  @Test("Memory that a key gave back does not hold it")
  func isWipedBeforeItIsFreed() {
    let pattern = Array(UInt8(0xc0)..<0xe0)
    var found = 0
    for _ in 0..<1_000 {
      var keys = (0..<16).map { _ in SecretKey(pattern)! }
      keys.removeAll()
      // The allocator hands out the same places again. It writes into the first bytes itself.
      let places = (0..<16).map { _ in UnsafeMutableRawPointer.allocate(byteCount: 32, alignment: 1)
      }
      for place in places {
        let end = UnsafeRawBufferPointer(start: place + 16, count: 16)
        if end.elementsEqual(pattern[16...]) { found += 1 }
        place.deallocate()
      }
    }
    #expect(found == 0)
  }

  @Test("Random bytes are determined by the seed, and do not repeat")
  func isRandom() {
    var one = SecretRandom(seed: [UInt8](repeating: 3, count: 32))
    var same = SecretRandom(seed: [UInt8](repeating: 3, count: 32))
    var other = SecretRandom(seed: [UInt8](repeating: 4, count: 32))
    let long = one.bytes(5_000)
    #expect(long == (0..<50).flatMap { _ in same.bytes(100) })
    #expect(one.uint64() == same.uint64())
    #expect(long != other.bytes(5_000))
    let pieces = stride(from: 0, to: 4_992, by: 32).map { Array(long[$0..<$0 + 32]) }
    #expect(Set(pieces).count == pieces.count)
    #expect(one.bytes(0) == [])
    #expect(KeyPair.make(&one).publicKey == KeyPair.make(&same).publicKey)
    #expect(KeyPair.make(&one).publicKey != KeyPair.make(&other).publicKey)
  }
}

@Suite("A key's words")
struct KeyWordTests {
  @Test("There are 1,024, all different, short and in order")
  func areWords() {
    let words = KeyWordList.words.map(String.init)
    #expect(words.count == 1_024)
    #expect(Set(words).count == 1_024)
    #expect(words == words.sorted())
    #expect(words.allSatisfy { (3...7).contains($0.count) })
    #expect(words.allSatisfy { $0.allSatisfy { ("a"..."z").contains($0) } })
  }

  @Test("No word is another with one letter wrong, more or less, or its beginning")
  func areUnlike() {
    let words = KeyWordList.words.map { Array($0.utf8) }
    let all = Set(words)
    var holes: Set<[UInt8]> = []
    for word in words {
      for index in word.indices {
        // Two words with one letter different have the same hole; 0 is the letter left out.
        var hole = word
        hole[index] = 0
        #expect(holes.insert(hole).inserted, "\(String(decoding: word, as: UTF8.self))")
        var less = word
        less.remove(at: index)
        #expect(!all.contains(less), "\(String(decoding: word, as: UTF8.self))")
      }
    }
    for (word, next) in zip(words, words.dropFirst()) { #expect(!next.starts(with: word)) }
  }

  @Test("They are the first 60 bits of the key's hash")
  func areBits() throws {
    // As Python's hashlib and this list make them.
    let key = try #require(PublicKey(Array(UInt8(0)..<32)))
    #expect(KeyWords.text(of: key) == "scenic-rabbit-beige-define-brush-water")
    #expect(KeyWords.words(of: key).count == 6)
    let other = try #require(PublicKey(Array(UInt8(1)...32)))
    #expect(KeyWords.text(of: other) != KeyWords.text(of: key))
  }
}
