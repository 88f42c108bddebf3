/// Native clients that say whatever they like, from wherever they like, beside strangers and plain
/// dialects, never trap the server; what it says to each can be read, and nothing of them stays.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNativeServer(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  var input = FuzzInput(start, count)
  let run = NativeServerRun(settings: input.byte())
  while !input.isEmpty { run.step(&input) }
  run.finish()
  return 0
}

private func pair(_ byte: UInt8) -> KeyPair {
  KeyPair(secret: SecretKey(copying: [UInt8](repeating: byte, count: 32).span)!)
}

// Made once: they cost more than anything that is looked for.
private let serverPair = pair(1)
private let clientPairs = [pair(2), pair(3), pair(3), pair(4)]
private let ephemeralPair = pair(5)

/// A client that keeps to the frames and to nothing else.
private final class Speaker {
  let index: Int
  var address: PeerAddress
  var session: Session?
  var noise: NoiseHandshake?
  var sources = Session.SendSources()
  var random: SecretRandom
  let scratch = PacketScratch()
  var lastSeq: UInt64 = 0
  /// The side channels that it asked for, and the last event of each.
  var sides: [UInt64: UInt64] = [:]

  init(_ index: Int) {
    self.index = index
    address = PeerAddress(v4: 10, 1, 0, UInt8(index), port: 4_000)
    random = SecretRandom(seed: [UInt8](repeating: UInt8(index), count: 32))
  }

  func initiation(cookie: [UInt8]) -> [UInt8] {
    var noise = NoiseHandshake(
      initiator: clientPairs[index], remote: serverPair.publicKey, ephemeral: ephemeralPair,
      psk: nil, prologue: Handshake.prologue)
    let wish = Handshake.Wish(clientID: UInt32(index), offersAES: false)
    let message = (try? noise.write(payload: wish.bytes)) ?? []
    self.noise = consume noise
    return Handshake.initiation(cookie: cookie, message: message)
  }

  func accept(_ message: UnsafeBufferPointer<UInt8>, at now: Instant) {
    guard var noise = noise.take(), let payload = try? noise.read(message.span).payload,
      let grant = Handshake.Grant(payload)
    else { return }
    let keys = noise.split()
    session = Session(
      localID: UInt32(index), remoteID: grant.sessionID, remoteKey: serverPair.publicKey,
      address: address, keys: keys, cipher: grant.cipher, keepsAlive: false, at: now)
    (sources, lastSeq, sides) = (Session.SendSources(), 0, [:])
  }

  /// Reads what the server said: all of it is well-formed.
  func read() {
    while let message = session?.takeMessage(.control) {
      guard let reply = NativeReply(message) else { return hold(false, "a reply, unread") }
      switch reply {
      case .notEntered(let channel, _), .parted(let channel):
        sides[channel] = nil
        session?.forgetSide(channel)
      default: break
      }
    }
    while let message = session?.takeMessage(.talk) { lastSeq = take(message, after: lastSeq) }
    for (side, last) in sides {
      while let message = session?.takeMessage(side: side) {
        sides[side] = take(message, after: sides[side] ?? last)
      }
    }
    session?.dropTaken()
    if case .faulty(let what)? = session?.ending { hold(false, "the server broke it: \(what)") }
    if session?.ending != nil { session = nil }
  }

  private func take(_ message: ArraySlice<UInt8>, after last: UInt64) -> UInt64 {
    guard let event = NativeEvent(message) else {
      hold(false, "an event, unread")
      return last
    }
    hold(event.seq > last, "events out of order")
    if case .showed(let picture) = event.kind {
      session?.knowObjects(through: picture.object)
    }
    return event.seq
  }

  func say(_ request: NativeRequest) { sources.talk.append { request.append(to: &$0) } }

  /// A channel that it asked for, or one that it did not.
  func channel(_ choice: UInt8) -> UInt64 {
    let known = sides.keys.sorted()
    return choice & 1 == 0 || known.isEmpty
      ? UInt64(choice >> 1 & 7) : known[Int(choice >> 1) % known.count]
  }
}

private final class NativeServerRun {
  private let engine: ServerEngine
  private let clientsMax: Int
  private var now = Instant(nanoseconds: 1_000_000_000_000)
  private let speakers = (0..<4).map(Speaker.init)
  /// What one of them sends at a time.
  private var outbox = Outbox()
  private var heard: Set<PeerAddress> = []
  /// Whether what the server says is lost.
  private var isLossy = false
  /// Whether something is being kept; every third look at it is the one that finds it done.
  private var isKeeping = false
  private var looks = 0

  init(settings: UInt8) {
    var configuration = ServerConfiguration()
    clientsMax = settings & 1 == 0 ? 2 : 8
    configuration.clientsMax = clientsMax
    configuration.joinsPerSecond = 0
    configuration.messagesPerSecond = settings & 2 == 0 ? 0 : 2
    configuration.keyPair = serverPair
    configuration.classicPolicy = .any
    configuration.idleTimeout = .seconds(60)
    configuration.keepsHistory = settings & 64 != 0
    engine = ServerEngine(configuration)
    for speaker in speakers where settings & 4 << UInt8(speaker.index) == 0 { connect(speaker) }
  }

  private var time: TurnTime { TurnTime(instant: now, wall: WallClock(unixSeconds: 45_296)) }

  func step(_ input: inout FuzzInput) {
    let choice = input.byte()
    let pause = Int(input.byte())
    now = now + (pause < 200 ? .milliseconds(pause) : .seconds((pause - 199) / 2))
    let speaker = speakers[Int(choice & 3)]
    switch choice >> 2 % 16 {
    case 0: connect(speaker)
    case 1: join(speaker, name: input.byte(), run: input.byte(), last: input.byte())
    case 2, 3: say(speaker, input.byte(), input.byte(), input.chunk())
    case 4: control(speaker, input.chunk())
    case 5: talk(speaker, input.chunk())
    case 6: offer(speaker, number: input.byte(), length: input.byte())
    case 7:
      speaker.sources.objects.append(input.chunk() + [1], number: UInt64(input.byte() & 7))
    case 8: speaker.address.port = 4_000 + UInt16(input.byte() & 7)
    case 9: stranger(input.chunk(), choice)
    case 10: isLossy.toggle()
    case 11: speaker.session = nil
    case 12: speaker.session?.close(.done)
    case 13: control(speaker, NativeServerRun.leave)
    case 14: enter(speaker, input.byte(), input.byte())
    case 15: speaker.say(.part(channel: speaker.channel(input.byte())))
    default: break
    }
    turn()
  }

  func finish() {
    isLossy = false
    turn()
    engine.announceShutdown(at: time)
    for _ in 0..<8 {
      now = now + .seconds(12)
      turn()
    }
    hold(engine.isDrained, "sessions that stay")
    hold(engine.native.uploadBytes == 0, "room for uploads that nobody gives back")
    hold(
      engine.native.unconfirmed.isEmpty && engine.native.lobby.joined.isEmpty, "peers that stay")
    for room in engine.native.rooms { hold(room?.joined.isEmpty != false, "peers in a room") }
    hold(engine.native.sessionCounts.allSatisfy { $0 == 0 }, "members that stay")
    hold(engine.clientCount == 0, "\(engine.clientCount) members that stay")
  }

  // MARK: What clients do

  private func connect(_ speaker: Speaker) {
    speaker.session = nil
    receive(Handshake.hello(nonce: 1), from: speaker.address)
    turn()
  }

  private func join(_ speaker: Speaker, name: UInt8, run: UInt8, last: UInt8) {
    var join = NativeRequest.Join(
      name: ["Ann", "Ben", "Ann-2", "x y"][Int(name & 3)], acceptsNumber: name & 4 == 0,
      run: UInt64(run & 3))
    (join.log, join.last) = (engine.native.logID &+ UInt64(name >> 7), UInt64(last))
    speaker.session?.sendControl { NativeRequest.join(join).append(to: &$0) }
  }

  private func say(_ speaker: Speaker, _ number: UInt8, _ choice: UInt8, _ text: [UInt8]) {
    let channel = choice & 0xc0 == 0 ? 1 : speaker.channel(choice & 0x3f)
    let kind = NativeRequest.Say.Kind(rawValue: number % 3) ?? .text
    speaker.say(
      .say(
        NativeRequest.Say(number: UInt64(number), channel: channel, kind: kind, text: text[...])))
  }

  /// Asks for a room, on a channel that is expected or is not.
  private func enter(_ speaker: Speaker, _ choice: UInt8, _ last: UInt8) {
    var channel = UInt64(choice >> 5)
    if choice & 4 == 0, let expected = speaker.session?.expectSide() {
      channel = expected
      speaker.sides[expected] = 0
    }
    let room = ["den", "attic", "hall", "No"][Int(choice & 3)]
    speaker.say(
      .enter(
        NativeRequest.Enter(
          channel: channel, room: room, last: choice & 8 == 0 ? nil : UInt64(last))))
  }

  private static let leave: [UInt8] = [0x02]

  private func control(_ speaker: Speaker, _ message: [UInt8]) {
    guard let type = message.first else { return }
    speaker.session?.sendControl(type) { $0 += message.dropFirst() }
  }

  private func talk(_ speaker: Speaker, _ message: [UInt8]) {
    guard let type = message.first else { return }
    speaker.sources.talk.append { bytes in
      Session.appendMessage(type, { $0 += message.dropFirst() }, to: &bytes)
    }
  }

  private func offer(_ speaker: Speaker, number: UInt8, length: UInt8) {
    let offer = NativeRequest.Offer(
      number: UInt64(number & 15), object: UInt64(number >> 5), length: UInt64(length),
      hash: Blake2b.hash256([UInt8](repeating: 1, count: Int(length)).span),
      channel: number & 16 == 0 ? 1 : speaker.channel(length))
    speaker.session?.sendControl { NativeRequest.offer(offer).append(to: &$0) }
  }

  private func stranger(_ bytes: [UInt8], _ choice: UInt8) {
    let types: [UInt8] = [0x80, 0x82, 0x86, 0x88]
    let head: [UInt8] = choice & 0x40 == 0 ? [types[Int(choice & 3)]] : []
    let tail = [UInt8](repeating: 0, count: choice & 0x80 == 0 ? 250 : 0)
    receive(head + bytes + tail, from: PeerAddress(v4: 10, 2, 0, choice & 3, port: 9))
  }

  // MARK: Turns

  private func receive(_ bytes: [UInt8], from address: PeerAddress) {
    heard.insert(address)
    engine.receive(bytes.span, from: address, at: time)
    route()
  }

  private func turn() {
    for _ in 0..<4 {
      keep()
      engine.advance(to: time)
      route()
      for speaker in speakers { flush(speaker) }
    }
    check()
  }

  /// Now and then the disk is full.
  private func keep() {
    looks += isKeeping ? 1 : 0
    guard isKeeping, looks % 3 == 0 else { return }
    isKeeping = false
    engine.settle(looks % 4 == 0 ? StoreFailure("no room") : nil, at: time)
    route()
  }

  private func flush(_ speaker: Speaker) {
    speaker.session?.advance(to: now)
    var count = 0
    while !outbox.isHigh,
      speaker.session?.send(into: &outbox, from: speaker.sources, at: now) == true
    {
      count += 1
      hold(count < 3_000, "a session that always has more to say")
    }
    for (_, datagram) in takeDatagrams(&outbox) {
      receive(datagram, from: speaker.address)
    }
    if speaker.session?.ending != nil { speaker.session = nil }
  }

  /// Hands out what the server says.
  private func route() {
    var turns = 0
    var hasMore = true
    while hasMore {
      hasMore = engine.fill(at: time)
      turns += 1
      hold(turns < 1_000, "a server that always has more to say")
      for (address, datagram) in takeDatagrams(&engine.turn.output.outbox) {
        hold(datagram.count <= Limits.datagramBytesMax, "longer than a datagram")
        hold(heard.contains(address), "sent to somebody who was never heard")
        if isLossy { continue }
        for speaker in speakers where speaker.address == address { deliver(datagram, to: speaker) }
      }
    }
    engine.turn.output.transcript.removeAll()
    for case .commit in engine.turn.output.effects {
      hold(!isKeeping, "two batches are out")
      isKeeping = true
    }
    engine.turn.output.effects.removeAll()
    _ = engine.turn.output.takeLog()
  }

  private func deliver(_ datagram: [UInt8], to speaker: Speaker) {
    datagram.withUnsafeBufferPointer { bytes in
      switch DatagramType(rawValue: bytes[0]) {
      case .helloAnswer:
        guard let answer = Handshake.HelloAnswer.read(bytes)?.answer else {
          return hold(false, "an answer that cannot be read")
        }
        let initiation = speaker.initiation(cookie: answer.cookie)
        heard.insert(speaker.address)
        engine.receive(initiation.span, from: speaker.address, at: time)
      case .accept:
        if let (_, message) = Handshake.readAccept(bytes) { speaker.accept(message, at: now) }
      case .data, .dataNextPhase, .shared, .sharedNextPhase:
        _ = speaker.session?.receive(
          bytes, from: PeerAddress(v4: 10, 9, 9, 9, port: 1), at: now, scratch: speaker.scratch,
          random: &speaker.random)
        speaker.read()
      default: break
      }
    }
  }

  private func check() {
    let counters = engine.turn.output.counters
    let members = UInt64(engine.clientCount)
    hold(members <= UInt64(clientsMax), "more clients than there may be")
    // Notices wait for the messages before them.
    hold(
      isKeeping || counters.joined == counters.left + counters.lost + members,
      "somebody uncounted")
    let joined = engine.native.lobby.joined
    hold(
      joined.indices.allSatisfy { engine.native.peers[joined[$0]].place == UInt32($0) },
      "places that are not those of who joined")
    hold(
      engine.native.sessionCounts.reduce(0, +) == UInt32(joined.count),
      "sessions are counted wrong")
    hold(engine.native.uploadBytes >= 0, "more given back than was taken")
    for case let room? in engine.native.rooms {
      hold(
        room.joined.indices.allSatisfy { place in
          engine.native.peers[room.joined[place]].stay(in: room.id)?.place == UInt32(place)
        }, "places in a room that are not those of who is there")
    }
  }
}
