/// Why a handshake does not go on.
public enum NoiseError: Error, Equatable, Sendable {
  /// The message is shorter than its keys and tags.
  case tooShort
  /// The message is longer than Noise allows (§3): 65,535 bytes.
  case tooLong
  /// A tag is wrong: another key, another prologue, another password, or changed on its way.
  case notAuthentic
  /// A public key is a point of low order, with which any secret shares only zeros.
  case badKey
  /// The other side is to write, or the handshake is over, or an earlier message was wrong.
  case outOfTurn
}

/// A handshake of the Noise Protocol Framework, revision 34: IK, or with a pre-shared key IKpsk2,
/// with 25519, ChaChaPoly and BLAKE2b.
///
/// Two messages, the initiator's and the responder's, then `split` makes of it the keys of the two
/// directions. After an error nothing more can be done with it. Keys and what is worked out from
/// them are wiped at the end.
public struct NoiseHandshake: ~Copyable {
  private let pattern: NoisePattern
  private let isInitiator: Bool
  private let local: KeyPair
  private let ephemeral: KeyPair
  private let psk: SecretKey?
  private var symmetric: SymmetricState
  private var remoteEphemeral: PublicKey?
  /// The other side's static key: the responder knows it when it has read the first message.
  public private(set) var remoteKey: PublicKey?
  /// The next message; 2 when both are through, nil when one went wrong.
  private var next: Int? = 0

  /// The one who writes first.
  ///
  /// - Parameters:
  ///   - remote: the responder's static key.
  ///   - ephemeral: a pair made for this handshake alone.
  ///   - psk: what both know; with it the pattern is IKpsk2.
  ///   - prologue: what both must agree on.
  public init(
    initiator local: KeyPair, remote: PublicKey, ephemeral: KeyPair, psk: SecretKey?,
    prologue: [UInt8]
  ) {
    self.init(local, ephemeral, psk, prologue, responder: remote, isInitiator: true)
    remoteKey = remote
  }

  /// The one who reads first.
  public init(responder local: KeyPair, ephemeral: KeyPair, psk: SecretKey?, prologue: [UInt8]) {
    self.init(local, ephemeral, psk, prologue, responder: local.publicKey, isInitiator: false)
  }

  private init(
    _ local: KeyPair, _ ephemeral: KeyPair, _ psk: SecretKey?, _ prologue: [UInt8],
    responder: PublicKey, isInitiator: Bool
  ) {
    self.local = local
    self.ephemeral = ephemeral
    self.psk = psk
    self.isInitiator = isInitiator
    pattern = psk == nil ? .ik : .ikPSK2
    symmetric = SymmetricState(name: pattern.name)
    prologue.withUnsafeBufferPointer { symmetric.mixHash($0.baseAddress, $0.count) }
    responder.withPointer { symmetric.mixHash($0, X25519.keyBytes) }
  }

  /// Noise's handshake hash `h`: when both messages are through, the same on both sides and
  /// nowhere else (§11.2).
  public var hash: [UInt8] { symmetric.hash }

  /// The next message, with `payload` sealed in it.
  public mutating func write(payload: [UInt8]) throws(NoiseError) -> [UInt8] {
    try write { _ in payload }
  }

  /// The next message.
  ///
  /// - Parameter payload: makes the payload from `h` as it is before the payload is sealed.
  public mutating func write(payload: (_ hash: [UInt8]) -> [UInt8]) throws(NoiseError) -> [UInt8] {
    let turn = try takeTurn(isWriting: true)
    var message: [UInt8] = []
    for token in pattern.messages[turn] {
      switch token {
      case .e:
        message += ephemeral.publicKey.bytes
        mixEphemeral(ephemeral.publicKey)
      case .s: symmetric.encryptAndHash(local.publicKey.bytes, to: &message)
      case .psk: mixPSK()
      case .ee, .es, .se, .ss: try mixShared(token)
      }
    }
    symmetric.encryptAndHash(payload(symmetric.hash), to: &message)
    guard message.count <= Limits.noiseMessageBytesMax else { throw .tooLong }
    next = turn + 1
    return message
  }

  /// Reads the next message.
  ///
  /// - Returns: its payload, and `h` as it was before the payload was opened.
  public mutating func read(
    _ message: Span<UInt8>
  ) throws(NoiseError) -> (payload: [UInt8], hash: [UInt8]) {
    let turn = try takeTurn(isWriting: false)
    guard message.count <= Limits.noiseMessageBytesMax else { throw .tooLong }
    var position = 0
    for token in pattern.messages[turn] {
      switch token {
      case .e:
        let part = try Self.take(X25519.keyBytes, of: message.count, at: &position)
        let key = message.withUnsafeBufferPointer { PublicKey($0[part]) }
        guard let key else { throw .tooShort }
        remoteEphemeral = key
        mixEphemeral(key)
      case .s:
        let count = X25519.keyBytes + Cipher.tagBytes
        let part = try Self.take(count, of: message.count, at: &position)
        remoteKey = PublicKey(try symmetric.decryptAndHash(message.extracting(part)))
      case .psk: mixPSK()
      case .ee, .es, .se, .ss: try mixShared(token)
      }
    }
    let rest = message.extracting(position..<message.count)
    guard rest.count >= Cipher.tagBytes else { throw .tooShort }
    let hash = symmetric.hash
    let payload = try symmetric.decryptAndHash(rest)
    next = turn + 1
    return (payload, hash)
  }

  /// The first 32 bytes of the first of two results of Noise's HKDF over `ck` as it is now and
  /// `label`: something else that both sides know.
  public mutating func derivedKey(_ label: [UInt8]) -> [UInt8] { symmetric.derivedKey(label) }

  /// The keys of the two directions (§5.2). Both messages must be through.
  public consuming func split() -> (sending: CipherKey, receiving: CipherKey) {
    precondition(next == pattern.messages.count, "the handshake is not over")
    let (initiators, responders) = symmetric.split()
    return isInitiator ? (initiators, responders) : (responders, initiators)
  }

  // MARK: Tokens

  /// The number of the next message, if it is this side's to write or to read. Until it is
  /// through nothing else can be done, and after an error never.
  private mutating func takeTurn(isWriting: Bool) throws(NoiseError) -> Int {
    guard let turn = next, turn < pattern.messages.count,
      (turn == 0) == (isInitiator == isWriting)
    else { throw .outOfTurn }
    next = nil
    return turn
  }

  /// The next `count` bytes of a message of `total`.
  private static func take(
    _ count: Int, of total: Int, at position: inout Int
  ) throws(NoiseError) -> Range<Int> {
    guard total - position >= count else { throw .tooShort }
    defer { position += count }
    return position..<position + count
  }

  /// With a pre-shared key the ephemeral keys are mixed into the key too (§9.2).
  private mutating func mixEphemeral(_ key: PublicKey) {
    key.withPointer { key in
      symmetric.mixHash(key, X25519.keyBytes)
      if pattern.hasPSK { symmetric.mixKey(key, X25519.keyBytes) }
    }
  }

  private mutating func mixPSK() {
    guard let psk else { return }
    symmetric.mixKeyAndHash(psk.start, X25519.keyBytes)
  }

  /// Mixes in what two keys share: the token's first letter is the initiator's key, its second the
  /// responder's.
  private mutating func mixShared(_ token: NoisePattern.Token) throws(NoiseError) {
    let isInitiatorsStatic = token == .se || token == .ss
    let isRespondersStatic = token == .es || token == .ss
    let isOwnStatic = isInitiator ? isInitiatorsStatic : isRespondersStatic
    let isRemoteStatic = isInitiator ? isRespondersStatic : isInitiatorsStatic
    guard let remote = isRemoteStatic ? remoteKey : remoteEphemeral else { throw .badKey }
    let shared = SecretBytes(count: X25519.keyBytes)
    try (isOwnStatic ? local : ephemeral).share(with: remote, to: shared.start)
    symmetric.mixKey(shared.start, X25519.keyBytes)
    extendLifetime(shared)
  }
}
