/// The front end of native clients: encrypted sessions in the lobby.
///
/// Owns the sessions, who of the hub's members speaks through which, the log that all of them
/// follow, and what it remembers of clients that may come back. In come datagrams and the time; out
/// go commands to the hub, and the hub's events as one entry of the log each. A session holds its
/// place in the log and no copies. What always holds: before an address has shown that it receives,
/// nothing is kept of it and no answer is longer than its question; a message of a run is taken
/// once; a member is present as long as one of its sessions is.
public struct NativeFrontend: ~Copyable {
  /// What the sessions send from: what happened in each room, and pictures.
  var sources = Session.SendSources()
  /// Tells the logs of the rooms from those before the server was started again.
  let logID: UInt64
  var nextObject: UInt64 = 1
  var lobby = NativeRoom(.lobby)
  /// The other rooms that native clients ever were in, by their slots in the hub.
  var rooms: [NativeRoom?] = []
  /// The slots of those that have something to tell, now or when it is due.
  var roomsWithNews: [UInt32] = []
  var peers: Slab<NativePeer>
  /// So that an id that was used before is not taken for a new session's.
  var generations: [UInt32] = []
  let firstGeneration: UInt32
  /// Peers whose Accept may not have arrived, by their Init.
  var unconfirmed: [PublicKey: UInt32] = [:]
  var runs = NativeRuns()
  /// How many sessions each member has, by its slot in the hub.
  var sessionCounts: [UInt32] = []
  /// What is being looked up of the past, and the number of the next question.
  var questions: [UInt64: Question] = [:]
  var nextQuestion: UInt64 = 1
  let keepsHistory: Bool
  /// Peers of whom no more is taken until what waits to be kept is.
  var heldUp: [UInt32] = []
  /// Peers that may have something to send.
  var queue: [UInt32] = []
  var queueTaken = 0
  /// Whether they stand in the queue, by their slots: who has news for all does not look at each.
  var isQueued: [Bool] = []
  var timers = TimerQueue()
  var uploadBytes = 0
  /// When uploads that do not get on were looked for last.
  var uploadsLookedAt: Instant?
  var isClosing = false

  var random: SecretRandom
  let keyPair: KeyPair
  let password: (key: SecretKey, salt: [UInt8])?
  let serverName: String
  let takesAES: Bool
  let cookies: Cookies
  let resetKey: [UInt8]
  var helloAnswers = RateLimiter()
  var longAnswers = RateLimiter()
  var resets = RateLimiter()
  var figureAnswers = RateLimiter()
  /// How many sessions ask for figures and have not joined.
  var onlookers = 0
  let scratch = PacketScratch()

  public init(_ configuration: ServerConfiguration) {
    var random = SecretRandom(seed: configuration.secretSeed)
    keyPair = configuration.keyPair ?? KeyPair.make(&random)
    password = configuration.password
    serverName = Handshake.shortened(configuration.serverName)
    takesAES = configuration.takesAES
    keepsHistory = configuration.keepsHistory
    cookies = Cookies(&random)
    resetKey = keyPair.secret.withBytes {
      Blake2b.keyed256(key: $0, Array("reset token".utf8))
    }
    logID = random.uint64()
    peers = Slab(capacity: configuration.clientsMax + Limits.unconfirmedMax)
    firstGeneration = configuration.firstSessionGeneration
    for sender in configuration.senders { runs.restore(sender) }
    self.random = random
  }

  public var publicKey: PublicKey { keyPair.publicKey }

  /// How much is kept: what must come back to nothing when everybody has gone.
  package struct Footprint: Equatable, Sendable {
    package var sessions = 0
    /// Sessions whose client was not heard since its Accept.
    package var unconfirmed = 0
    /// Entries of the queue of deadlines, which may be stale.
    package var timers = 0
    /// Entries of the queue of those that may have something to send.
    package var queued = 0
    package var uploadBytes = 0
    package var talkLogBytes = 0
    package var objectLogBytes = 0
  }

  package var footprint: Footprint {
    Footprint(
      sessions: peers.count, unconfirmed: unconfirmed.count, timers: timers.count,
      queued: queue.count, uploadBytes: uploadBytes,
      talkLogBytes: sources.talk.count + sources.rooms.reduce(0) { $0 + $1.count },
      objectLogBytes: sources.objects.count)
  }

  // MARK: In

  /// Handles one native datagram.
  public mutating func receive(_ bytes: Span<UInt8>, from address: PeerAddress, _ turn: inout Turn)
  {
    bytes.withUnsafeBufferPointer { bytes in
      switch DatagramType(rawValue: bytes[0]) {
      case .data, .dataNextPhase, .shared, .sharedNextPhase:
        hear(bytes, from: address, &turn)
      case .hello:
        answerHello(bytes, from: address, &turn)
      case .initiation:
        answerInitiation(bytes, from: address, &turn)
      default: turn.output.drop(.notNative, from: address, at: turn.now)
      }
    }
  }

  private mutating func hear(
    _ bytes: UnsafeBufferPointer<UInt8>, from address: PeerAddress, _ turn: inout Turn
  ) {
    guard let header = PacketHeader(bytes) else {
      turn.output.drop(.notNative, from: address, at: turn.now)
      return
    }
    guard let peer = peer(ofID: header.receiver) else {
      reset(header.receiver, at: address, &turn)
      return
    }
    let isTaken = peer.session.receive(
      bytes, from: address, at: turn.now, scratch: scratch, random: &random)
    guard isTaken else {
      turn.output.drop(.notAuthentic, from: address, at: turn.now)
      return
    }
    if peer.initiation != nil { confirm(peer, at: turn.now) }
    serve(peer, &turn)
    if peer.session.ending == nil { enqueue(peer) } else { end(peer, &turn) }
  }

  /// Does what is due for one peer. Stops early when there is nothing; `nextDeadline` says when.
  ///
  /// - Returns: whether there was something.
  public mutating func expireOne(_ turn: inout Turn) -> Bool {
    lobby.advance(to: turn.now)
    for slot in roomsWithNews { rooms[Int(slot)]?.advance(to: turn.now) }
    let queued = timers.first
    guard let slot = timers.popDue(turn.now) else { return false }
    // Who has set another time since stands in the queue with that, too.
    guard let peer = peers.existing(slot), peer.queuedDeadline == queued else { return true }
    peer.queuedDeadline = nil
    guard let due = peer.nextDeadline, due <= turn.now else {
      schedule(peer)
      return true
    }
    peer.session.advance(to: turn.now)
    if let due = peer.joinDeadline, due <= turn.now { peer.session.close(.idle, "did not join") }
    if let due = peer.heldUntil, due <= turn.now {
      peer.heldUntil = nil
      serve(peer, &turn)
    }
    if peer.session.ending == nil { enqueue(peer) } else { end(peer, &turn) }
    return true
  }

  public var nextDeadline: Instant? {
    var deadline = timers.first.earlier(lobby.noticesDue)
    for slot in roomsWithNews { deadline = deadline.earlier(rooms[Int(slot)]?.noticesDue) }
    return deadline
  }

  // MARK: Out

  /// Makes an event of the hub an entry of the log, and tells a message's author what became of it.
  ///
  /// - Parameter body: its text or JPEG.
  public mutating func deliver(_ event: HubEvent, _ body: Span<UInt8>, at now: Instant) {
    if let program = event.program, let id = event.id {
      settle(event.isPicture ? .offer : .say, id.number, event.failure?.text, of: program)
    }
    if event.failure != nil { return }
    if event.room != .lobby { return deliver(event, body, toSide: event.room, at: now) }
    lobby.roster.note(event)
    // Where no native client ever was, only those of the server's life before this one can come
    // back and ask for it, and they come soon.
    if runs.isEmpty, lobby.log.nextSeq > Limits.unheardEventsMax {
      lobby.log.pass(&sources.talk)
      return sources.objects.drop(toBytes: 0)
    }
    let kind = kind(of: event, body)
    lobby.append(event, kind, objectsEnd: sources.objects.end, at: now)
  }

  /// The same for a room besides the lobby, if native clients ever were in it.
  private mutating func deliver(
    _ event: HubEvent, _ body: Span<UInt8>, toSide id: RoomID, at now: Instant
  ) {
    let slot = Int(id.slot)
    guard slot < rooms.count, rooms[slot]?.id == id else { return }
    rooms[slot]?.roster.note(event)
    let kind = kind(of: event, body)
    rooms[slot]?.append(event, kind, objectsEnd: sources.objects.end, at: now)
    if !roomsWithNews.contains(id.slot) { roomsWithNews.append(id.slot) }
  }

  private mutating func kind(of event: HubEvent, _ body: Span<UInt8>) -> NativeEvent.Kind {
    switch event.kind {
    case .joined: return .joined(name: event.name.text)
    case .left(let reason): return .left(NativeEvent.Departure(reason))
    case .said(let isAction):
      let text = body.array(0..<body.count)[...]
      return isAction ? .did(text) : .said(text)
    case .topic: return .topic(body.array(0..<body.count)[...])
    case .showed(let header, let hash):
      let author = event.id.map { Self.author(event.member, $0.run) }
      return .showed(
        keep(body.array(0..<body.count), header, hash, in: event.room, author: author))
    }
  }

  private mutating func keep(
    _ jpeg: [UInt8], _ header: JPEGHeader, _ hash: [UInt8]?, in room: RoomID, author: UInt64?
  ) -> NativeEvent.Picture {
    let key = CipherKey.make(&random)
    let object = nextObject
    nextObject += 1
    sources.objects.append(
      jpeg, number: object, room: room == .lobby ? nil : room.slot, author: author, sharedKey: key)
    sources.objects.drop(toBytes: Limits.objectLogBytes)
    return NativeEvent.Picture(
      object: object, length: UInt64(jpeg.count), width: UInt16(clamping: header.width),
      height: UInt16(clamping: header.height), key: key.withBytes { $0.array(0..<$0.count) },
      hash: hash ?? Blake2b.hash256(jpeg.span))
  }

  /// Whether something is to be told now that `fill` has not seen.
  var hasNews: Bool {
    lobby.hasNews || roomsWithNews.contains { rooms[Int($0)]?.hasNews == true }
  }

  /// Fills the outbox with what the sessions have to send, until it is high.
  ///
  /// - Returns: whether there is more, so that this is to be called again once the outbox is empty.
  public mutating func fill(_ turn: inout Turn) -> Bool {
    if lobby.hasNews {
      lobby.release(into: &sources.talk, bytesMax: Limits.talkLogBytes, at: turn.now)
      for slot in lobby.joined { enqueue(slot) }
    }
    if !roomsWithNews.isEmpty { releaseRooms(at: turn.now) }
    while queueTaken < queue.count {
      if turn.output.outbox.isHigh { return true }
      let slot = queue[queueTaken]
      queueTaken += 1
      isQueued[Int(slot)] = false
      if let peer = peers.existing(slot) { send(peer, &turn) }
    }
    queue.removeAll(keepingCapacity: true)
    queueTaken = 0
    return false
  }

  private mutating func releaseRooms(at now: Instant) {
    let bytesMax = Limits.roomLogsBytes / max(rooms.count, Limits.roomLogsShareMin)
    for slot in roomsWithNews where rooms[Int(slot)]?.hasNews == true {
      rooms[Int(slot)]?.release(
        into: &sources.rooms[Int(slot)], bytesMax: bytesMax, at: now)
      for peer in rooms[Int(slot)]?.joined ?? [] { enqueue(peer) }
    }
    roomsWithNews.removeAll { rooms[Int($0)]?.noticesDue == nil }
  }

  private mutating func send(_ peer: NativePeer, _ turn: inout Turn) {
    if isClosing, turn.hub.isKept { closeIfSettled(peer) }
    let state = peer.session.sendAll(
      into: &turn.output.outbox, from: sources, at: turn.now,
      atMost: Limits.sessionDatagramsPerTurn)
    switch state {
    case .ended: end(peer, &turn)
    case .hasMore:
      enqueue(peer)
      schedule(peer)
    case .waits(let deadline): schedule(peer, before: deadline)
    }
  }

  /// While the server stops, who has all that was said is told so.
  private func closeIfSettled(_ peer: NativePeer) {
    if !peer.session.isClosing, peer.session.isSettled(sources) {
      peer.session.close(.shuttingDown)
    }
  }

  /// Goes on with those of whom nothing was taken while too much waited to be kept.
  public mutating func resume(_ turn: inout Turn) {
    if isClosing { for peer in peers.values { enqueue(peer) } }
    let slots = heldUp
    heldUp.removeAll(keepingCapacity: true)
    for slot in slots {
      guard let peer = peers.existing(slot) else { continue }
      serve(peer, &turn)
      if peer.session.ending == nil { enqueue(peer) } else { end(peer, &turn) }
    }
  }

  /// Tells every client that the server stops, once it has all that was said.
  public mutating func announceShutdown() {
    isClosing = true
    lobby.noteMessage()
    for slot in roomsWithNews { rooms[Int(slot)]?.noteMessage() }
    for peer in peers.values { enqueue(peer) }
  }

  /// Tells those who still lack something, too.
  public mutating func closeAll() {
    for peer in peers.values {
      peer.session.close(.shuttingDown)
      enqueue(peer)
    }
  }

  /// Whether there are no sessions.
  public var isEmpty: Bool { peers.count == 0 }

  // MARK: Peers

  func peer(ofID id: UInt32) -> NativePeer? {
    guard let peer = peers.existing(id & Self.slotMask), peer.session.localID == id else {
      return nil
    }
    return peer
  }

  static let slotBits: UInt32 = 17
  static let slotMask: UInt32 = (1 << slotBits) - 1

  mutating func enqueue(_ peer: NativePeer) { enqueue(peer.slot) }

  private mutating func enqueue(_ slot: UInt32) {
    if isQueued[Int(slot)] { return }
    isQueued[Int(slot)] = true
    queue.append(slot)
  }

  /// Sets the timer, unless it is set for an earlier time already: then it is looked at again.
  mutating func schedule(_ peer: NativePeer) {
    if let deadline = peer.session.nextDeadline { schedule(peer, before: deadline) }
  }

  /// The same where the session's next deadline is known.
  private mutating func schedule(_ peer: NativePeer, before deadline: Instant) {
    let due = peer.deadline(before: deadline)
    if let queued = peer.queuedDeadline, queued <= due { return }
    peer.queuedDeadline = due
    timers.insert(due, peer.slot)
    if timers.count > timersMax { dropStaleTimers() }
  }

  private var timersMax: Int {
    max(Limits.timersKeptMin, Limits.timersPerSessionMax * peers.count)
  }

  /// Gives back room that more than is here needed.
  mutating func releaseRoom() {
    if timers.room > timersMax + timersMax / 4 { dropStaleTimers() }
  }

  /// A session that speaks sets its timer for an earlier time again and again, and what it had set
  /// before is in the queue until it is due, which may be long.
  private mutating func dropStaleTimers() {
    var kept = TimerQueue(room: timersMax + 1)
    peers.forEachSlot { _, peer in
      if let due = peer.queuedDeadline { kept.insert(due, peer.slot) }
    }
    timers = kept
  }
}

extension NativeEvent.Departure {
  init(_ reason: DepartureReason) {
    switch reason {
    case .said: self = .said
    case .idle: self = .silent
    case .unreachable: self = .unreachable
    }
  }
}

extension NativeEvent.Message {
  init(_ event: HubEvent) {
    self.init(
      number: event.number, time: event.time.unixMilliseconds, id: event.id ?? .none)
  }
}
