/// The datagrams before there is a session (`Docs/Protocol.md`, "Before there is a session"), as
/// both ends read and write them.
public enum Handshake {
  public static let version: UInt8 = 1
  static let prologue = Array("chatd/1".utf8)
  static let cookieBytes = 24
  static let saltBytes = 16
  static let resetTokenBytes = 16
  static let proofBytes = 32
  private static let refusalLabel = Array("refusal".utf8)

  /// Why the server does not go on with a handshake.
  public enum Refusal: UInt8, Error, Sendable {
    case wrongPassword = 1
    case full = 2
    case tooMany = 3
  }

  // MARK: Hello

  /// How long an answer is wanted, to learn what gets through on the way back.
  public struct AnswerLength: Equatable, Sendable {
    /// 0 for as long as it has to be; more than the question is as long as that.
    public var bytes: Int
    /// Whether nobody is to cut it.
    public var isWhole: Bool

    public init(bytes: Int, isWhole: Bool) { (self.bytes, self.isWhole) = (bytes, isWhole) }

    public static let usual = AnswerLength(bytes: 0, isWhole: false)
  }

  /// A question that is at least as long as the longest answer.
  ///
  /// - Parameters:
  ///   - count: its length in bytes; less than `Limits.helloBytesMin` is as many.
  ///   - answer: how long the answer should be. Servers of earlier versions do not look at it.
  public static func hello(
    nonce: UInt64, count: Int = Limits.helloBytesMin,
    answer: AnswerLength = .usual
  ) -> [UInt8] {
    var bytes: [UInt8] = [DatagramType.hello.rawValue, version]
    bytes.appendU64(nonce)
    bytes.appendU16(UInt16(clamping: answer.bytes))
    bytes.append(answer.isWhole ? 1 : 0)
    let rest = max(count, Limits.helloBytesMin) - bytes.count
    bytes.append(contentsOf: repeatElement(0, count: rest))
    return bytes
  }

  /// The nonce of a Hello; nil where it is none, or too short to be answered.
  static func helloNonce(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64? {
    var reader = ByteReader(bytes)
    guard bytes.count >= Limits.helloBytesMin, reader.u8() == DatagramType.hello.rawValue,
      let version = reader.u8(), version >= 1
    else { return nil }
    return reader.u64()
  }

  /// How long the answer to a Hello should be: never longer than the Hello.
  static func answerLength(_ hello: UnsafeBufferPointer<UInt8>) -> AnswerLength {
    var reader = ByteReader(hello)
    guard reader.bytes(10) != nil, let bytes = reader.u16(), let flags = reader.u8() else {
      return .usual
    }
    let most = min(hello.count, Limits.datagramBytesMax)
    return AnswerLength(bytes: min(Int(bytes), most), isWhole: flags & 1 == 1)
  }

  /// A server's name as far as there is room for it, cut between characters.
  static func shortened(_ name: String) -> String {
    var name = name
    while name.utf8.count > Limits.serverNameBytesMax { name.removeLast() }
    return name
  }

  /// What a server says of itself.
  public struct HelloAnswer: Equatable, Sendable {
    var nonce: UInt64
    var cookie: [UInt8]
    public internal(set) var serverKey: PublicKey
    /// Where a password is needed.
    var salt: [UInt8]?
    var peoplePresent: UInt32
    public internal(set) var serverName: String
    /// What the server's clock shows, in seconds since 1970-01-01T00:00:00Z; nil of one that does
    /// not say.
    public internal(set) var unixSeconds: UInt64?
    /// Whether there is no room for anybody who is not there yet.
    public internal(set) var isFull = false

    public var needsPassword: Bool { salt != nil }

    func write(to writer: inout ByteWriter) {
      writer.u8(DatagramType.helloAnswer.rawValue)
      writer.u8(Handshake.version)
      writer.u64(nonce)
      writer.bytes(cookie)
      writer.bytes(serverKey.bytes)
      writer.u8((salt == nil ? 0 : 1) | (isFull ? 2 : 0))
      writer.bytes(salt ?? [UInt8](repeating: 0, count: Handshake.saltBytes))
      writer.u32(peoplePresent)
      writer.vtext(Handshake.shortened(serverName))
      if let unixSeconds { writer.u64(unixSeconds) }
    }

    /// The version that the server speaks and the nonce, which every version has, and the rest
    /// where the version is ours.
    public static func read(
      _ bytes: UnsafeBufferPointer<UInt8>
    ) -> (version: UInt8, nonce: UInt64, answer: HelloAnswer?)? {
      var reader = ByteReader(bytes)
      guard reader.u8() == DatagramType.helloAnswer.rawValue, let version = reader.u8(),
        let nonce = reader.u64()
      else { return nil }
      guard version == Handshake.version,
        let cookie = reader.bytes(Handshake.cookieBytes), let key = reader.bytes(32),
        let serverKey = PublicKey(key), let flags = reader.u8(),
        let salt = reader.bytes(Handshake.saltBytes), let people = reader.u32(),
        let name = reader.vtext(max: Limits.serverNameBytesMax)
      else { return (version, nonce, nil) }
      return (
        version, nonce,
        HelloAnswer(
          nonce: nonce, cookie: Array(cookie), serverKey: serverKey,
          salt: flags & 1 == 1 ? Array(salt) : nil, peoplePresent: people, serverName: name,
          unixSeconds: reader.u64(), isFull: flags & 2 == 2)
      )
    }
  }

  // MARK: Init, Accept, Refusal

  static func initiation(cookie: [UInt8], message: [UInt8]) -> [UInt8] {
    [DatagramType.initiation.rawValue, version] + cookie + message
  }

  /// The cookie and the Noise message of an Init.
  static func readInitiation(
    _ bytes: UnsafeBufferPointer<UInt8>
  ) -> (cookie: UnsafeBufferPointer<UInt8>, message: UnsafeBufferPointer<UInt8>)? {
    var reader = ByteReader(bytes)
    guard reader.u8() == DatagramType.initiation.rawValue, reader.u8() == version,
      let cookie = reader.bytes(cookieBytes)
    else { return nil }
    return (cookie, reader.rest())
  }

  /// What a client says in the payload of message 1.
  struct Wish: Equatable {
    var clientID: UInt32
    var offersAES: Bool
    /// Where a password is needed.
    var proof: [UInt8] = []

    init(clientID: UInt32, offersAES: Bool) {
      (self.clientID, self.offersAES) = (clientID, offersAES)
    }

    init?(_ payload: [UInt8], hasProof: Bool) {
      guard payload.count == 5 + (hasProof ? Handshake.proofBytes : 0) else { return nil }
      clientID = payload.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
      offersAES = payload[4] & 1 == 1
      proof = Array(payload.dropFirst(5))
    }

    var bytes: [UInt8] {
      var bytes: [UInt8] = []
      bytes.appendU32(clientID)
      bytes.append(offersAES ? 1 : 0)
      return bytes + proof
    }
  }

  /// What a server says in the payload of message 2.
  struct Grant: Equatable {
    var sessionID: UInt32
    var resetToken: [UInt8]
    var cipher: Cipher

    init?(_ payload: [UInt8]) {
      guard payload.count == 4 + Handshake.resetTokenBytes + 1,
        let cipher = payload.last.flatMap(Cipher.init(rawValue:))
      else { return nil }
      sessionID = payload.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
      resetToken = Array(payload.dropFirst(4).dropLast())
      self.cipher = cipher
    }
  }

  static func accept(clientID: UInt32, message: [UInt8]) -> [UInt8] {
    var bytes = [DatagramType.accept.rawValue]
    bytes.appendU32(clientID)
    return bytes + message
  }

  static func readAccept(
    _ bytes: UnsafeBufferPointer<UInt8>
  ) -> (clientID: UInt32, message: UnsafeBufferPointer<UInt8>)? {
    var reader = ByteReader(bytes)
    guard reader.u8() == DatagramType.accept.rawValue, let id = reader.u32() else { return nil }
    return (id, reader.rest())
  }

  static func refusal(_ reason: Refusal, clientID: UInt32, key: [UInt8]) -> [UInt8] {
    var bytes = [DatagramType.refusal.rawValue]
    bytes.appendU32(clientID)
    bytes.append(reason.rawValue)
    return bytes + Blake2b.keyed128(key: key.span, bytes)
  }

  /// - Returns: nil where it is none, or not the server's word.
  static func readRefusal(
    _ bytes: UnsafeBufferPointer<UInt8>, clientID: UInt32, key: [UInt8]
  ) -> Refusal? {
    let said = Array(bytes.prefix(6))
    guard bytes.count == 6 + 16,
      Array(bytes)
        == refusal(
          Refusal(rawValue: said[5]) ?? .full, clientID: clientID, key: key)
    else { return nil }
    return Refusal(rawValue: said[5])
  }

  /// The key under which a server refuses, which only the two ends know.
  static func refusalKey(_ noise: inout NoiseHandshake) -> [UInt8] {
    noise.derivedKey(refusalLabel)
  }

  /// What shows that the client knows the password, and nothing of the password.
  static func proof(of password: SecretKey, hash: [UInt8]) -> [UInt8] {
    password.withBytes { Blake2b.keyed256(key: $0, hash) }
  }

  // MARK: Reset

  static func reset(sessionID: UInt32, token: [UInt8]) -> [UInt8] {
    var bytes = [DatagramType.reset.rawValue]
    bytes.appendU32(sessionID)
    return bytes + token
  }

  static func readReset(
    _ bytes: UnsafeBufferPointer<UInt8>
  ) -> (sessionID: UInt32, token: [UInt8])? {
    var reader = ByteReader(bytes)
    guard reader.u8() == DatagramType.reset.rawValue, let id = reader.u32(),
      let token = reader.bytes(resetTokenBytes), reader.remaining == 0
    else { return nil }
    return (id, Array(token))
  }
}
