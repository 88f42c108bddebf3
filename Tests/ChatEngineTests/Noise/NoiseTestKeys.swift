@testable import ChatEngine

/// The bytes that a hexadecimal text stands for.
func bytes(hex text: String) -> [UInt8] {
  let digits = text.compactMap { $0.hexDigitValue }.map(UInt8.init)
  precondition(digits.count == text.count && digits.count % 2 == 0)
  return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

extension SecretKey {
  convenience init(hex text: String) { self.init(ChatEngineTests.bytes(hex: text))! }
  convenience init?(_ bytes: [UInt8]) { self.init(copying: bytes.span) }

  var copied: [UInt8] { withBytes { span in span.indices.map { span[$0] } } }
}

/// As with spans, which must not escape into an expectation.
func hash256(_ bytes: [UInt8]) -> [UInt8] { Blake2b.hash256(bytes.span) }
func areEqual(_ first: [UInt8], _ second: [UInt8]) -> Bool {
  Blake2b.areEqual(first.span, second.span)
}
func keyed128(_ key: [UInt8], _ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
  Blake2b.keyed128(key: key.span, first, [], second)
}

extension KeyPair {
  init(hex text: String) { self.init(secret: SecretKey(hex: text)) }
}

extension CipherKey {
  convenience init(hex text: String) { self.init(ChatEngineTests.bytes(hex: text))! }
  convenience init?(_ bytes: [UInt8]) { self.init(copying: bytes.span) }

  var copied: [UInt8] { withBytes { span in span.indices.map { span[$0] } } }

  /// The same key for another cipher.
  func rededicated(to cipher: Cipher) -> CipherKey {
    CipherKey(copying: copied.span, for: cipher)!
  }

  /// `text` and its tag.
  func sealed(_ text: [UInt8], header: [UInt8] = [], number: UInt64) -> [UInt8] {
    var buffer = text + [UInt8](repeating: 0, count: Self.tagBytes)
    buffer.withUnsafeMutableBufferPointer { buffer in
      header.withUnsafeBufferPointer { header in
        seal(
          buffer.baseAddress!, count: text.count,
          header: header.baseAddress ?? UnsafePointer(buffer.baseAddress!),
          headerCount: header.count, number: number)
      }
    }
    return buffer
  }

  /// What was sealed, or nil; opened in place.
  func opened(_ sealed: [UInt8], header: [UInt8] = [], number: UInt64) -> [UInt8]? {
    var buffer = sealed + [0]
    let isOpened = buffer.withUnsafeMutableBufferPointer { buffer in
      header.withUnsafeBufferPointer { header in
        open(
          buffer.baseAddress!, count: sealed.count,
          header: header.baseAddress ?? UnsafePointer(buffer.baseAddress!),
          headerCount: header.count, number: number)
      }
    }
    return isOpened ? Array(buffer.prefix(sealed.count - Self.tagBytes)) : nil
  }
}

/// Both sides of a handshake, with the keys of the vectors unless a test has its own.
struct HandshakeKeys {
  var initiator = KeyPair(hex: NoiseVector.initiatorStatic)
  var initiatorEphemeral = KeyPair(hex: NoiseVector.initiatorEphemeral)
  var responder = KeyPair(hex: NoiseVector.responderStatic)
  var responderEphemeral = KeyPair(hex: NoiseVector.responderEphemeral)
  var psk: SecretKey?
  var prologue = bytes(hex: NoiseVector.prologue)

  func makeInitiator(remote: PublicKey? = nil) -> NoiseHandshake {
    NoiseHandshake(
      initiator: initiator, remote: remote ?? responder.publicKey, ephemeral: initiatorEphemeral,
      psk: psk, prologue: prologue)
  }

  func makeResponder() -> NoiseHandshake {
    NoiseHandshake(
      responder: responder, ephemeral: responderEphemeral, psk: psk, prologue: prologue)
  }

  /// What a responder says to a message of these bytes: nil for nothing against it.
  func fault(of message: [UInt8]) -> NoiseError? {
    var side = makeResponder()
    do throws(NoiseError) {
      _ = try side.read(message.span)
      return nil
    } catch {
      return error
    }
  }
}

extension NoiseHandshake {
  mutating func read(_ message: [UInt8]) throws(NoiseError) -> (payload: [UInt8], hash: [UInt8]) {
    try read(message.span)
  }
}
