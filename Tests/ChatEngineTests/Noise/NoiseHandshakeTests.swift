import Testing

@testable import ChatEngine

@Suite("Noise handshakes")
struct NoiseHandshakeTests {
  @Test("They are those of the cacophony vectors, on both sides", arguments: [0, 1])
  func agreeWithVectors(index: Int) throws {
    let vector = NoiseVector.all[index]
    let keys = HandshakeKeys(psk: vector.psk.map { SecretKey(hex: $0) })
    #expect(keys.responder.publicKey.bytes == bytes(hex: NoiseVector.responderPublic))
    let texts = vector.messages.map { bytes(hex: $0.payload) }
    let sealed = vector.messages.map { bytes(hex: $0.ciphertext) }

    var initiator = keys.makeInitiator()
    var responder = keys.makeResponder()
    let first = try initiator.write(payload: texts[0])
    #expect(first == sealed[0])
    let readFirst = try responder.read(first)
    #expect(readFirst.payload == texts[0])
    #expect(responder.remoteKey == keys.initiator.publicKey)
    let second = try responder.write(payload: texts[1])
    #expect(second == sealed[1])
    let readSecond = try initiator.read(second)
    #expect(readSecond.payload == texts[1])

    #expect(initiator.hash == bytes(hex: vector.hashAtEnd))
    #expect(responder.hash == bytes(hex: vector.hashAtEnd))
    let ours = initiator.split()
    let theirs = responder.split()
    for index in 2..<texts.count {
      let isInitiators = index % 2 == 0
      let (sender, receiver) =
        isInitiators ? (ours.sending, theirs.receiving) : (theirs.sending, ours.receiving)
      let number = UInt64(index / 2 - 1)
      #expect(sender.sealed(texts[index], number: number) == sealed[index])
      #expect(receiver.opened(sealed[index], number: number) == texts[index])
    }
  }

  @Test("Its name is the vectors' name")
  func isNamed() {
    #expect(NoisePattern.ik.name == NoiseVector.ik.name)
    #expect(NoisePattern.ikPSK2.name == NoiseVector.ikPSK2.name)
  }

  @Test("A payload made of the hash is what the other side can check", arguments: [false, true])
  func payloadOfHash(hasPSK: Bool) throws {
    let psk = SecretKey([UInt8](repeating: 7, count: 32))!
    let keys = HandshakeKeys(psk: hasPSK ? psk : nil)
    var initiator = keys.makeInitiator()
    var responder = keys.makeResponder()
    var seen: [UInt8] = []
    let first = try initiator.write { hash in
      seen = hash
      return psk.withBytes { Blake2b.keyed256(key: $0, hash) }
    }
    let (payload, hash) = try responder.read(first)
    #expect(hash == seen && hash.count == 64)
    #expect(payload == psk.withBytes { Blake2b.keyed256(key: $0, hash) })
    #expect(initiator.derivedKey(bytes("refusal")) == responder.derivedKey(bytes("refusal")))
    #expect(initiator.derivedKey(bytes("refusal")) != responder.derivedKey(bytes("other")))
    // Deriving changes nothing.
    let second = try responder.write { $0 }
    let answer = try initiator.read(second)
    #expect(answer.payload == answer.hash)
    #expect(initiator.hash == responder.hash)
  }

  @Test("The keys of the two directions cross over, and are not the same")
  func splits() throws {
    let (ours, theirs) = try split(HandshakeKeys())
    #expect(ours.sending.copied == theirs.receiving.copied)
    #expect(ours.receiving.copied == theirs.sending.copied)
    #expect(ours.sending.copied != ours.receiving.copied)
  }

  @Test("Other ephemeral keys make other messages and other keys")
  func isFresh() throws {
    var random = SecretRandom(seed: [UInt8](repeating: 1, count: 32))
    var other = HandshakeKeys()
    other.initiatorEphemeral = .make(&random)
    #expect(
      try split(HandshakeKeys()).ours.sending.copied != split(other).ours.sending.copied)
  }

  private func split(_ keys: HandshakeKeys) throws -> (
    ours: (sending: CipherKey, receiving: CipherKey),
    theirs: (sending: CipherKey, receiving: CipherKey)
  ) {
    var initiator = keys.makeInitiator()
    var responder = keys.makeResponder()
    let first = try initiator.write(payload: [])
    _ = try responder.read(first)
    let second = try responder.write(payload: [])
    _ = try initiator.read(second)
    return (initiator.split(), responder.split())
  }
}

@Suite("Noise handshakes that fail")
struct NoiseRefusalTests {
  private let psk = SecretKey([UInt8](repeating: 9, count: 32))!
  private let other = KeyPair(hex: String(repeating: "5a", count: 32))

  private func first(_ keys: HandshakeKeys, remote: PublicKey? = nil) throws -> [UInt8] {
    var initiator = keys.makeInitiator(remote: remote)
    return try initiator.write(payload: [1, 2, 3, 4])
  }

  @Test("For another key of the responder, another prologue, or a password that one side lacks")
  func disagree() throws {
    let keys = HandshakeKeys()
    #expect(keys.fault(of: try first(keys)) == nil)
    #expect(keys.fault(of: try first(keys, remote: other.publicKey)) == .notAuthentic)
    #expect(keys.fault(of: try first(HandshakeKeys(prologue: [1]))) == .notAuthentic)
    #expect(keys.fault(of: try first(HandshakeKeys(psk: psk))) == .notAuthentic)
    #expect(HandshakeKeys(psk: psk).fault(of: try first(keys)) == .notAuthentic)
  }

  @Test("Another password is found out with the second message at the latest")
  func otherPassword() throws {
    var initiator = HandshakeKeys(psk: psk).makeInitiator()
    var responder = HandshakeKeys(psk: other.secret).makeResponder()
    // The key of the password is mixed in after the first message's payload.
    let first = try initiator.write(payload: [])
    _ = try responder.read(first)
    let second = try responder.write(payload: [])
    #expect(throws: NoiseError.notAuthentic) { try initiator.read(second) }
  }

  @Test("Whichever bit of the first message is changed", arguments: [false, true])
  func tamperFirst(hasPSK: Bool) throws {
    let keys = HandshakeKeys(psk: hasPSK ? psk : nil)
    let message = try first(keys)
    #expect(message.count == 32 + 48 + 4 + 16)
    for index in message.indices {
      for bit in [0, 7] {
        var changed = message
        changed[index] ^= 1 << bit
        // The highest bit of a public key is not used in the shared secret (RFC 7748 §5), but the
        // key's bytes are hashed.
        #expect(keys.fault(of: changed) == .notAuthentic, "byte \(index)")
      }
    }
  }

  @Test("Whichever byte of the second message is changed", arguments: [false, true])
  func tamperSecond(hasPSK: Bool) throws {
    let keys = HandshakeKeys(psk: hasPSK ? psk : nil)
    var responder = keys.makeResponder()
    let first = try first(keys)
    _ = try responder.read(first)
    let message = try responder.write(payload: [5, 6])
    #expect(message.count == 32 + 2 + 16)
    for index in message.indices {
      var initiator = keys.makeInitiator()
      _ = try initiator.write(payload: [1, 2, 3, 4])
      var changed = message
      changed[index] ^= 0x10
      #expect(throws: NoiseError.notAuthentic, "byte \(index)") { try initiator.read(changed) }
    }
  }

  @Test("Wherever a message is cut off, and where something is appended")
  func truncate() throws {
    let keys = HandshakeKeys()
    let message = try first(keys)
    for count in 0..<32 + 48 + 16 {
      let fault = keys.fault(of: Array(message.prefix(count)))
      #expect(fault == .tooShort || (count >= 80 && fault == .notAuthentic), "\(count) bytes")
    }
    for count in 96..<message.count {
      #expect(keys.fault(of: Array(message.prefix(count))) == .notAuthentic)
    }
    #expect(keys.fault(of: message + [0]) == .notAuthentic)
    #expect(keys.fault(of: [UInt8](repeating: 0, count: 65_536)) == .tooLong)
    var initiator = keys.makeInitiator()
    _ = try initiator.write(payload: [])
    for count in 0..<48 {
      var side = keys.makeInitiator()
      _ = try side.write(payload: [])
      let short = [UInt8](repeating: 9, count: count)
      #expect(throws: NoiseError.tooShort) { try side.read(short) }
    }
  }

  @Test("Where a key is a point of low order", arguments: LowOrder.points)
  func lowOrder(point: String) throws {
    let keys = HandshakeKeys()
    var message = try first(keys)
    message.replaceSubrange(0..<32, with: bytes(hex: point))
    #expect(keys.fault(of: message) == .badKey)
    var initiator = keys.makeInitiator(remote: PublicKey(bytes(hex: point)))
    #expect(throws: NoiseError.badKey) { try initiator.write(payload: []) }
    #expect(throws: NoiseError.outOfTurn) { try initiator.write(payload: []) }
  }

  @Test("Out of turn, and after an error")
  func takesTurns() throws {
    let keys = HandshakeKeys()
    var initiator = keys.makeInitiator()
    #expect(throws: NoiseError.outOfTurn) { try initiator.read([]) }
    let message = try initiator.write(payload: [])
    #expect(throws: NoiseError.outOfTurn) { try initiator.write(payload: []) }
    var responder = keys.makeResponder()
    #expect(throws: NoiseError.outOfTurn) { try responder.write(payload: []) }
    #expect(throws: NoiseError.tooShort) { try responder.read([]) }
    #expect(throws: NoiseError.outOfTurn) { try responder.read(message) }
    responder = keys.makeResponder()
    _ = try responder.read(message)
    let answer = try responder.write(payload: [])
    _ = try initiator.read(answer)
    #expect(throws: NoiseError.outOfTurn) { try initiator.write(payload: []) }
    #expect(throws: NoiseError.outOfTurn) { try responder.read(message) }
  }

  @Test("For a payload that does not fit")
  func tooLong() throws {
    var initiator = HandshakeKeys().makeInitiator()
    let room = 65_535 - 32 - 48 - 16
    #expect(try initiator.write(payload: [UInt8](repeating: 0, count: room)).count == 65_535)
    var other = HandshakeKeys().makeInitiator()
    let more = [UInt8](repeating: 0, count: room + 1)
    #expect(throws: NoiseError.tooLong) { try other.write(payload: more) }
  }
}
