import Testing

@testable import ChatEngine

@Suite("Cipher keys")
struct CipherKeyTests {
  private let key = CipherKey(Array(UInt8(0)..<32))!
  private let header = Array(UInt8(0)..<13)

  @Test("What is sealed is opened, at every length", arguments: [Cipher.chaChaPoly, .aesGCM])
  func opens(cipher: Cipher) {
    let key = key.rededicated(to: cipher)
    for count in Array(0...130) + [1_200, 4_000, 40_000, 65_000] {
      let text = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
      let sealed = key.sealed(text, header: header, number: UInt64(count))
      #expect(sealed.count == count + 16)
      #expect(key.opened(sealed, header: header, number: UInt64(count)) == text)
    }
  }

  @Test(
    "What is changed in any byte, or sealed with something else, is not opened",
    arguments: [Cipher.chaChaPoly, .aesGCM])
  func refuses(cipher: Cipher) {
    let key = key.rededicated(to: cipher)
    let other = key.rededicated(to: cipher == .aesGCM ? .chaChaPoly : .aesGCM)
    let text = bytes("the quick brown fox")
    let sealed = key.sealed(text, header: header, number: 5)
    for index in sealed.indices {
      var changed = sealed
      changed[index] ^= 1
      #expect(key.opened(changed, header: header, number: 5) == nil)
    }
    for index in header.indices {
      var changed = header
      changed[index] ^= 0x80
      #expect(key.opened(sealed, header: changed, number: 5) == nil)
    }
    #expect(key.opened(sealed, header: header + [0], number: 5) == nil)
    #expect(key.opened(sealed, header: [], number: 5) == nil)
    #expect(key.opened(sealed, header: header, number: 4) == nil)
    #expect(key.next().opened(sealed, header: header, number: 5) == nil)
    #expect(other.opened(sealed, header: header, number: 5) == nil)
    for count in 0..<sealed.count {
      #expect(key.opened(Array(sealed.prefix(count)), header: header, number: 5) == nil)
    }
    #expect(key.opened(sealed, header: header, number: 5) == text)
  }

  @Test(
    "What is not opened leaves zeros, and nothing beyond",
    arguments: [Cipher.chaChaPoly, .aesGCM])
  func leavesNothing(cipher: Cipher) {
    let key = key.rededicated(to: cipher)
    var sealed = key.sealed(bytes("secret"), number: 1) + [0xaa]
    sealed[21] ^= 1
    let tag = Array(sealed[6...])
    #expect(!key.open(&sealed, count: 22, header: header, headerCount: 0, number: 1))
    #expect(sealed == [0, 0, 0, 0, 0, 0] + tag)
    var result = [UInt8](repeating: 7, count: 8)
    let other = key.sealed(bytes("secret"), number: 2)
    #expect(
      !key.open(
        from: other, count: 22, into: &result, header: header, headerCount: 0, number: 3))
    #expect(result == [0, 0, 0, 0, 0, 0, 7, 7])
    #expect(
      key.open(from: other, count: 22, into: &result, header: header, headerCount: 0, number: 2))
    #expect(result == bytes("secret") + [7, 7])
    #expect(other == key.sealed(bytes("secret"), number: 2))
  }

  @Test("The last number is kept for rekeying")
  func keepsLastNumber() {
    let last = key.sealed(bytes("x"), number: .max - 1)
    #expect(key.opened(last, number: .max - 1) == bytes("x"))
    #expect(key.opened(last, number: .max) == nil)
  }

  @Test("Nothing is sealed with the last number")
  func refusesLastNumber() async {
    await #expect(processExitsWith: .failure) {
      let key = CipherKey(Array(UInt8(0)..<32))!
      _ = key.sealed([1], number: .max)
    }
  }

  @Test("The next key is REKEY's, on both sides")
  func rekeys() {
    // As Python's cryptography makes it of 32 zeros with the number 2^64 − 1.
    let next = bytes(hex: "50835543a205b22c9323f2022bc4f67d838f90e61d5ccf33c4513e01f85b5042")
    #expect(key.next().copied == next)
    #expect(key.copied == Array(UInt8(0)..<32))
    #expect(key.next().next().copied != next)
    let sameForAES = CipherKey(copying: [UInt8](0..<32).span, for: .aesGCM)!.next()
    #expect(sameForAES.copied == next && sameForAES.cipher == .aesGCM)
  }

  @Test("A nonce is big-endian as given, little-endian as a number")
  func makesNonces() {
    let text = [UInt8](repeating: 0, count: 8)
    var buffer = text + [UInt8](repeating: 0, count: 16)
    key.seal(
      &buffer, count: 8, header: text, headerCount: 0,
      nonce: CipherNonce(0, 0x0807_0605_0403_0201))
    #expect(buffer == key.sealed(text, number: 0x0102_0304_0506_0708))
    #expect(CipherNonce(0, 1) == CipherNonce(number: 1 << 56))
    #expect(CipherNonce(1, 0) != CipherNonce(0, 1))
    #expect(CipherNonce(0, 1) == CipherNonce(number: 1, for: .aesGCM))
  }

  @Test("Threads seal side by side")
  func isIndependent() async {
    let results = await withTaskGroup(of: Bool.self) { group in
      for seed in UInt8(0)..<8 {
        group.addTask {
          let key = CipherKey([UInt8](repeating: seed, count: 32))!
          return (0..<500).allSatisfy { number in
            let text = [UInt8](repeating: seed, count: number)
            let sealed = key.sealed(text, number: UInt64(number))
            return key.opened(sealed, number: UInt64(number)) == text
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results.count == 8 && results.allSatisfy { $0 })
  }
}
