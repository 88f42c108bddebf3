/// Whatever a server that has the right key says, a native client does not trap, ends once, tells
/// of each thing that was said once, and hears nothing twice.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNativeClient(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  var input = FuzzInput(start, count)
  let run = NativeClientRun(settings: input.byte())
  while !input.isEmpty { run.step(&input) }
  run.finish()
  return 0
}

private func pair(_ byte: UInt8) -> KeyPair {
  KeyPair(secret: SecretKey(copying: [UInt8](repeating: byte, count: 32).span)!)
}

private let serverPair = pair(1)
private let clientPair = pair(2)
private let ephemeralPair = pair(5)

private final class NativeClientRun {
  private static let server = PeerAddress(v4: 10, 0, 0, 1, port: 12_345)
  private static let home = PeerAddress(v4: 10, 0, 0, 2, port: 4_000)

  private var client: NativeClient
  private var now = Instant(nanoseconds: 1_000_000_000_000)
  /// The server's end.
  private var session: Session?
  private var sources = Session.SendSources()
  private var outbox = Outbox()
  private var random = SecretRandom(seed: [UInt8](repeating: 3, count: 32))
  private let scratch = PacketScratch()
  private var answers = true
  private var seq: UInt64 = 1
  /// The side channels that the client asked for, and what the next event on one of them is.
  private var asked: [UInt64] = []
  private var sideSeq: UInt64 = 1
  private static let rooms = ["den", "attic", "hall"].map { try! RoomName($0) }
  private var endings = 0
  private var tickets: Set<MessageTicket> = []
  private var said = 0

  init(settings: UInt8) {
    var configuration = NativeClient.Configuration(
      name: try! MemberName("Ann"), keyPair: clientPair,
      seed: [UInt8](repeating: 4, count: 32))
    if settings & 1 != 0 { configuration.serverKey = serverPair.publicKey }
    if settings & 2 != 0 { configuration.deliveryTimeout = .seconds(5) }
    configuration.offersAES = false
    client = NativeClient(configuration, to: Self.server)
    client.start(at: now)
    turn()
    if settings & 4 == 0 { welcome(log: 1, isResumed: false, flags: settings) }
    turn()
  }

  func step(_ input: inout FuzzInput) {
    let choice = input.byte()
    let pause = Int(input.byte())
    now = now + (pause < 200 ? .milliseconds(pause) : .seconds((pause - 199) / 2))
    switch choice % 20 {
    case 0: reply(input.chunk())
    case 1: event(input.chunk())
    case 2: datagram(input.chunk(), choice)
    case 3: say(input.chunk())
    case 4: welcome(log: UInt64(choice >> 6), isResumed: choice & 32 != 0, flags: input.byte())
    case 5: told(.said(input.chunk()[...]), by: author(input.byte()))
    case 6: told(.joined(name: ["Ben", "Ann", ""][Int(input.byte()) % 3]))
    case 7: showed(input.byte(), length: input.byte())
    case 8: receipt(input.byte(), input.byte())
    case 9: client.leave(at: now)
    case 10 where choice > 200: client.leaveNow(at: now)
    case 10: answers.toggle()
    case 11: session?.close(CloseReason(rawValue: UInt64(choice >> 4) % 6) ?? .done, "because")
    case 12: client.handleUnreachable(isRefused: choice & 16 == 0, at: now)
    case 13: seq &+= UInt64(input.byte())
    case 14: object(input.chunk(), number: UInt64(input.byte() & 7))
    case 15: enter(input.byte())
    case 16: letIn(input.byte(), input.byte())
    case 17: told(onSide: input.byte(), input.chunk())
    case 18: showed(input.byte(), length: input.byte(), onSide: choice)
    default: reset()
    }
    turn()
  }

  /// A client that is told to leave at once has ended.
  func finish() {
    client.leaveNow(at: now)
    turn()
    hold(client.isEnded && endings == 1, "\(endings) ends")
    hold(client.nextDeadline == nil, "a deadline after the end")
  }

  // MARK: The server

  private func welcome(log: UInt64, isResumed: Bool, flags: UInt8) {
    let welcome = NativeReply.Welcome(
      name: flags & 8 == 0 ? "Ann" : "Ann-2", member: 1, log: log, isResumed: isResumed,
      next: seq, said: UInt64(flags >> 6), shown: UInt64(flags >> 5 & 1),
      messageBytesMax: 60_000, pictureBytesMax: 4_000_000, serverName: "room")
    guard session != nil else { return }
    NativeReply.welcome(welcome).send(on: &session!)
    NativeReply.present([NativeReply.Present(member: 2, name: "Ben")]).send(on: &session!)
    if flags & 16 == 0 { NativeReply.present([]).send(on: &session!) }
  }

  private func reply(_ message: [UInt8]) {
    guard let type = message.first else { return }
    session?.sendControl(type) { $0 += message.dropFirst() }
  }

  /// The client enters a room, or leaves one.
  private func enter(_ choice: UInt8) {
    if client.isEnded { return }
    let room = Self.rooms[Int(choice % 3)]
    _ = choice & 128 == 0 ? client.enter(room, at: now) : client.part(room, at: now)
  }

  /// The server lets it in, or out, of what it asked for, or of something else.
  private func letIn(_ choice: UInt8, _ flags: UInt8) {
    let channel = side(choice)
    guard session != nil else { return }
    switch flags & 3 {
    case 0: NativeReply.notEntered(channel: channel, words: "no").send(on: &session!)
    case 1: NativeReply.parted(channel: channel).send(on: &session!)
    default:
      let entered = NativeReply.Entered(
        channel: channel, isResumed: flags & 4 != 0, next: sideSeq, nextNumber: sideSeq,
        topic: flags & 8 != 0 ? "tea" : "")
      NativeReply.entered(entered).send(on: &session!)
      NativeReply.present([NativeReply.Present(member: 2, name: "Ben")]).send(on: &session!)
      if flags & 16 == 0 { NativeReply.present([]).send(on: &session!) }
    }
  }

  private func side(_ choice: UInt8) -> UInt64 {
    asked.isEmpty || choice & 7 == 7 ? UInt64(choice >> 3) : asked[Int(choice >> 3) % asked.count]
  }

  /// An event of a room, or bytes that may be none.
  private func told(onSide choice: UInt8, _ bytes: [UInt8]) {
    session?.append(to: side(choice)) { side in
      if choice & 4 == 0 {
        let message = NativeEvent.Message(number: sideSeq, time: 0, id: author(choice))
        NativeEvent(seq: sideSeq, member: 2, kind: .did(bytes[...]), message: message)
          .append(to: &side)
      } else if let type = bytes.first {
        Session.appendMessage(type, { $0 += bytes.dropFirst() }, to: &side)
      }
    }
    sideSeq += UInt64(choice & 1)
  }

  private func event(_ message: [UInt8]) {
    guard let type = message.first else { return }
    sources.talk.append { bytes in
      Session.appendMessage(type, { $0 += message.dropFirst() }, to: &bytes)
    }
  }

  private func author(_ choice: UInt8) -> MessageID {
    let run = choice & 1 == 0 ? client.run : UInt64(choice >> 6)
    return MessageID(run: run, number: UInt64(choice >> 1 & 7))
  }

  private func told(_ kind: NativeEvent.Kind, by author: MessageID? = nil) {
    let message = author.map { NativeEvent.Message(number: self.seq, time: 0, id: $0) }
    let event = NativeEvent(seq: seq, member: 2, kind: kind, message: message)
    sources.talk.append { event.append(to: &$0) }
    seq = min(seq + 1, ByteWriter.varintMax)
  }

  private func showed(_ choice: UInt8, length: UInt8, onSide place: UInt8? = nil) {
    let kind = NativeEvent.Kind.showed(
      NativeEvent.Picture(
        object: UInt64(choice >> 5), length: choice == 9 ? .max >> 2 : UInt64(length), width: 1,
        height: 1, key: [UInt8](repeating: 9, count: 32),
        hash: Blake2b.hash256([UInt8](repeating: 1, count: Int(length)).span)))
    guard let place else { return told(kind, by: author(choice)) }
    let message = NativeEvent.Message(number: sideSeq, time: 0, id: author(choice))
    session?.append(to: side(place)) {
      NativeEvent(seq: sideSeq, member: 2, kind: kind, message: message).append(to: &$0)
    }
    sideSeq += 1
  }

  private func object(_ bytes: [UInt8], number: UInt64) {
    if bytes.isEmpty { return }
    let key = CipherKey(copying: [UInt8](repeating: 9, count: 32).span)!
    sources.objects.append(
      number & 1 == 0 ? bytes : [UInt8](repeating: 1, count: bytes.count), number: number,
      sharedKey: key)
  }

  private func receipt(_ number: UInt8, _ choice: UInt8) {
    guard session != nil else { return }
    if choice & 4 != 0 {
      NativeReply.want(number: UInt64(number)).send(on: &session!)
    } else {
      NativeReply.receipt(
        choice & 1 == 0 ? .say : .offer, number: UInt64(number),
        failure: choice & 2 == 0 ? nil : "no"
      ).send(on: &session!)
    }
  }

  private func datagram(_ bytes: [UInt8], _ choice: UInt8) {
    let types: [UInt8] = [0x81, 0x83, 0x84, 0x86, 0x88, 0x8a, 0x00, 0x80]
    client.receive(([types[Int(choice >> 5)]] + bytes).span, at: now)
  }

  private func reset() {
    guard let id = session?.localID else { return }
    let datagram = Handshake.reset(sessionID: id, token: [UInt8](repeating: 6, count: 16))
    session = nil
    client.receive(datagram.span, at: now)
  }

  // MARK: Turns

  private func say(_ bytes: [UInt8]) {
    if client.isEnded { return }
    let room = bytes.first.map { $0 & 0xe0 == 0 } == true ? Self.rooms[Int(bytes[0] % 3)] : .lobby
    _ =
      bytes.count & 1 == 0
      ? client.say(bytes, in: room, at: now) : client.show(bytes, in: room, at: now)
    said += 1
  }

  private func turn() {
    for _ in 0..<4 {
      client.advance(to: now)
      for (_, datagram) in takeDatagrams(&client.outbox) { hear(datagram) }
      session?.advance(to: now)
      read()
      var count = 0
      while session?.send(into: &outbox, from: sources, at: now) == true, count < 3_000 {
        count += 1
      }
      for (_, datagram) in takeDatagrams(&outbox) where answers {
        client.receive(datagram.span, at: now)
      }
      if session?.ending != nil { session = nil }
      check()
    }
  }

  private func read() {
    while let message = session?.takeMessage(.control) {
      hold(NativeRequest(message) != nil, "a request that cannot be read")
    }
    while let message = session?.takeMessage(.talk) {
      guard let request = NativeRequest(message) else { return hold(false, "talk, unread") }
      if case .enter(let enter) = request {
        let isOpen = session?.open(enter.channel, room: nil, from: 0)
        hold(isOpen != false, "a channel that was used before")
        asked.append(enter.channel)
      }
    }
    _ = session?.takeObjects()
    session?.dropTaken()
  }

  private func hear(_ datagram: [UInt8]) {
    if !answers { return }
    datagram.withUnsafeBufferPointer { bytes in
      switch DatagramType(rawValue: bytes[0]) {
      case .hello:
        guard let nonce = Handshake.helloNonce(bytes) else { return hold(false, "no Hello") }
        answerHello(nonce)
      case .initiation: answerInitiation(bytes)
      case .data, .dataNextPhase:
        _ = session?.receive(
          bytes, from: Self.home, at: now, scratch: scratch, random: &random)
      default: hold(false, "a datagram that no server takes")
      }
    }
  }

  private func answerHello(_ nonce: UInt64) {
    let answer = Handshake.HelloAnswer(
      nonce: nonce, cookie: [UInt8](repeating: 1, count: 24), serverKey: serverPair.publicKey,
      peoplePresent: 1, serverName: "room")
    var bytes = [UInt8](repeating: 0, count: Limits.helloBytesMin)
    bytes.withUnsafeMutableBufferPointer { buffer in
      var writer = ByteWriter(buffer)
      answer.write(to: &writer)
    }
    client.receive(bytes.span, at: now)
  }

  private func answerInitiation(_ bytes: UnsafeBufferPointer<UInt8>) {
    var noise = NoiseHandshake(
      responder: serverPair, ephemeral: ephemeralPair, psk: nil, prologue: Handshake.prologue)
    guard let (_, message) = Handshake.readInitiation(bytes),
      let read = try? noise.read(message.span),
      let wish = Handshake.Wish(read.payload, hasProof: false)
    else { return hold(false, "an Init that cannot be read") }
    let grant: [UInt8] =
      [0, 0, 0, 77] + [UInt8](repeating: 6, count: 16) + [Cipher.chaChaPoly.rawValue]
    guard let answer = try? noise.write(payload: grant) else { return }
    session = Session(
      localID: 77, remoteID: wish.clientID, remoteKey: clientPair.publicKey, address: Self.home,
      keys: noise.split(), cipher: .chaChaPoly, keepsAlive: false, at: now)
    (sources, asked) = (Session.SendSources(), [])
    outbox.removeAll()
    client.receive(Handshake.accept(clientID: wish.clientID, message: answer).span, at: now)
  }

  private func check() {
    for event in client.takeEvents() {
      hold(endings == 0, "an event after the end")
      switch event {
      case .ended: endings += 1
      case .accepted(let ticket), .failed(let ticket, _):
        hold(tickets.insert(ticket).inserted, "the same thing accepted twice")
      default: break
      }
    }
    hold(tickets.count + client.pendingCount == said, "something said was lost")
    hold(client.isEnded == (endings > 0), "an end without an event")
    if !client.isEnded { hold(client.nextDeadline != nil, "a client that waits for ever") }
  }
}
