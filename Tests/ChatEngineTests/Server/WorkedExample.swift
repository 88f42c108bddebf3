@testable import ChatEngine

/// The exchange that `Docs/Protocol.md` shows: one client joins, says `Hi` and leaves. The keys are
/// fixed, and everything else follows from them.
struct WorkedExample {
  struct Datagram {
    var isFromClient: Bool
    var bytes: [UInt8]
    /// The frames of a Data datagram, opened.
    var frames: [UInt8]?
  }

  private static let clientAddress = PeerAddress(v4: 10, 0, 0, 1, port: 40_000)
  private static let serverAddress = PeerAddress(v4: 10, 0, 0, 2, port: 12_345)
  private static let clientSeed = [UInt8](repeating: 0xc1, count: 32)
  private static let serverSeed = [UInt8](repeating: 0x5e, count: 32)

  let client = KeyPair(secret: SecretKey(Array(0x20...0x3f))!)
  let server = KeyPair(secret: SecretKey(Array(0x00...0x1f))!)
  let clientEphemeral: KeyPair
  let serverEphemeral: KeyPair
  private(set) var datagrams: [Datagram] = []
  /// `h` as it is before the payload of message 1 is sealed.
  private(set) var hash: [UInt8] = []
  private(set) var refusalKey: [UInt8] = []
  private(set) var clientKey: CipherKey
  private(set) var serverKey: CipherKey

  init() {
    // What a client and a server draw from their seeds, in this order.
    var random = SecretRandom(seed: Self.clientSeed)
    _ = (random.uint64(), random.uint64())
    clientEphemeral = KeyPair.make(&random)
    random = SecretRandom(seed: Self.serverSeed)
    _ = (random.bytes(32), random.uint64())
    serverEphemeral = KeyPair.make(&random)
    (clientKey, serverKey) = (CipherKey.make(&random), CipherKey.make(&random))
    exchange()
    agree()
    for index in datagrams.indices { datagrams[index].frames = open(datagrams[index]) }
  }

  // MARK: The exchange

  private mutating func exchange() {
    var configuration = ServerConfiguration()
    (configuration.keyPair, configuration.secretSeed) = (server, Self.serverSeed)
    configuration.serverName = "lobby"
    let engine = ServerEngine(configuration)
    var wanted = NativeClient.Configuration(
      name: try! MemberName("Ann"), keyPair: client, seed: Self.clientSeed)
    // What is offered otherwise depends on the processor.
    wanted.offersAES = false
    let person = NativeClient(wanted, to: Self.serverAddress)
    var now = Instant(nanoseconds: 1_000_000_000_000)
    person.start(at: now)
    deliver(person, engine, at: now)
    person.say(bytes("Hi"), at: now)
    deliver(person, engine, at: now)
    now = now + .milliseconds(10)
    person.leave(at: now)
    deliver(person, engine, at: now)
  }

  /// Carries datagrams to and fro until nobody has anything to say.
  private mutating func deliver(
    _ person: NativeClient, _ engine: ServerEngine, at now: Instant
  ) {
    let time = TurnTime(instant: now, wall: WallClock(unixSeconds: 0))
    while true {
      let said = person.outbox.takeDatagrams()
      for datagram in said {
        datagrams.append(Datagram(isFromClient: true, bytes: datagram.bytes))
        engine.receive(datagram.bytes.span, from: Self.clientAddress, at: time)
      }
      _ = engine.fill(at: time)
      let answered = engine.turn.output.outbox.takeDatagrams()
      for datagram in answered {
        datagrams.append(Datagram(isFromClient: false, bytes: datagram.bytes))
        person.receive(datagram.bytes.span, at: now)
      }
      if said.isEmpty && answered.isEmpty { return }
    }
  }

  // MARK: What only the two know

  /// Works the handshake out once more, from both sides' keys.
  private mutating func agree() {
    var noise = NoiseHandshake(
      responder: server, ephemeral: serverEphemeral, psk: nil, prologue: Handshake.prologue)
    hash = try! noise.read(Array(datagrams[2].bytes.dropFirst(26))).hash
    refusalKey = Handshake.refusalKey(&noise)
    _ = try! noise.write(payload: acceptPayload)
    (serverKey, clientKey) = noise.split()
  }

  /// The server's session id, the token of a Reset of this session, and the cipher.
  var acceptPayload: [UInt8] {
    var noise = NoiseHandshake(
      initiator: client, remote: server.publicKey, ephemeral: clientEphemeral, psk: nil,
      prologue: Handshake.prologue)
    _ = try! noise.write(payload: initiationPayload)
    return try! noise.read(Array(datagrams[3].bytes.dropFirst(5))).payload
  }

  /// The client's session id, as the Accept says it, and the ciphers.
  var initiationPayload: [UInt8] { clientID + [0] }
  private var clientID: [UInt8] { Array(datagrams[3].bytes[1..<5]) }

  private func open(_ datagram: Datagram) -> [UInt8]? {
    guard datagram.bytes[0] == DatagramType.data.rawValue else { return nil }
    let key = datagram.isFromClient ? clientKey : serverKey
    let number = datagram.bytes[5..<13].reduce(0) { $0 << 8 | UInt64($1) }
    return key.opened(
      Array(datagram.bytes.dropFirst(13)), header: Array(datagram.bytes.prefix(13)),
      number: number)
  }

  // MARK: Besides

  /// What the server would have said to a client that knows the password wrong.
  var refusal: [UInt8] {
    let id = clientID.reduce(0) { $0 << 8 | UInt32($1) }
    return Handshake.refusal(.wrongPassword, clientID: id, key: refusalKey)
  }

  /// What it would have said after it was started again.
  var reset: [UInt8] {
    [DatagramType.reset.rawValue] + acceptPayload.dropLast()
  }

  /// Datagram 4 as it would be with AES-256-GCM.
  var sealedWithAES: [UInt8] {
    let header = Array(datagrams[4].bytes.prefix(13))
    return header
      + clientKey.rededicated(to: .aesGCM)
      .sealed(datagrams[4].frames ?? [], header: header, number: 0)
  }

  static let password = "correct horse"
  static let salt: [UInt8] = Array(0x60...0x6f)

  /// The same handshake with a password: its key, `h` and the proof, both messages, both keys.
  func withPassword() -> [(name: String, bytes: [UInt8])] {
    let psk = PasswordKey.derive(password: bytes(Self.password), salt: Self.salt)!
    var first = NoiseHandshake(
      initiator: client, remote: server.publicKey, ephemeral: clientEphemeral, psk: psk,
      prologue: Handshake.prologue)
    var second = NoiseHandshake(
      responder: server, ephemeral: serverEphemeral, psk: psk, prologue: Handshake.prologue)
    var proof: [UInt8] = []
    let one = try! first.write { hash in
      proof = Handshake.proof(of: psk, hash: hash)
      return initiationPayload + proof
    }
    let read = try! second.read(one)
    let two = try! second.write(payload: acceptPayload)
    let keys = second.split()
    return [
      ("psk", psk.copied), ("h", read.hash), ("proof", proof), ("message 1", one),
      ("message 2", two), ("client's key", keys.receiving.copied),
      ("server's key", keys.sending.copied),
    ]
  }

  /// Piece 1 of the object `0123456789` in pieces of 4 bytes, sealed.
  var sealedPiece: [UInt8] {
    var log = ObjectLog()
    log.append(bytes("0123456789"), number: 1, sharedKey: CipherKey(Array(0x40...0x5f))!)
    return [UInt8](unsafeUninitializedCapacity: 20) { buffer, count in
      count = log.writePiece(1, size: 4, ofObjectAt: 0, to: buffer.baseAddress!)
    }
  }
}
