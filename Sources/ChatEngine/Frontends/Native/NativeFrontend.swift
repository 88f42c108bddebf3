/// The front end of native clients: encrypted sessions in the lobby.
///
/// Owns the sessions, who of the hub's members speaks through which, the log that all of them
/// follow, and what it remembers of clients that may come back. In come datagrams and the time; out
/// go commands to the hub, and the hub's events as one entry of the log each. A session holds its
/// place in the log and no copies. What always holds: before an address has shown that it receives,
/// nothing is kept of it and no answer is longer than its question; a message of a run is taken
/// once; a member is present as long as one of its sessions is.
public struct NativeFrontend: ~Copyable {
  var log: NativeLog
  /// Who is here, as newcomers are told.
  var roster = NativeRoster()
  var peers: Slab<NativePeer>
  /// So that an id that was used before is not taken for a new session's.
  var generations: [UInt32] = []
  let firstGeneration: UInt32
  /// Peers whose Accept may not have arrived, by their Init.
  var unconfirmed: [PublicKey: UInt32] = [:]
  var runs = NativeRuns()
  /// How many sessions each member has, by its slot in the hub.
  var sessionCounts: [UInt32] = []
  /// The slots of the peers that joined, side by side for the fan-out.
  var joined: [UInt32] = []
  /// Peers that may have something to send.
  var queue: [UInt32] = []
  var queueTaken = 0
  /// Whether they stand in the queue, by their slots: who has news for all does not look at each.
  var isQueued: [Bool] = []
  var timers = TimerQueue()
  /// Whether the log has news for everybody, and when notices that nobody was told of yet are told.
  var hasNews = false
  var noticesDue: Instant?
  var noticesTold: Instant?
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
    cookies = Cookies(&random)
    resetKey = keyPair.secret.withBytes {
      Blake2b.keyed256(key: $0, Array("reset token".utf8))
    }
    log = NativeLog(id: random.uint64())
    peers = Slab(capacity: configuration.clientsMax + Limits.unconfirmedMax)
    firstGeneration = configuration.firstSessionGeneration
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
      queued: queue.count, uploadBytes: uploadBytes, talkLogBytes: log.sources.talk.count,
      objectLogBytes: log.sources.objects.count)
  }

  // MARK: In

  /// Handles one native datagram.
  public mutating func receive(
    _ bytes: Span<UInt8>, from address: PeerAddress, at time: TurnTime,
    hub: inout Hub, joins: inout JoinBudgets, output: inout ServerOutput
  ) {
    let now = time.instant
    bytes.withUnsafeBufferPointer { bytes in
      switch DatagramType(rawValue: bytes[0]) {
      case .data, .dataNextPhase, .shared, .sharedNextPhase:
        hear(bytes, from: address, at: now, &hub, &joins, &output)
      case .hello:
        answerHello(bytes, from: address, at: time, hub.memberCount, &output)
      case .initiation:
        answerInitiation(bytes, from: address, at: now, &joins, &output)
      default: output.drop(.notNative, from: address, at: now)
      }
    }
  }

  private mutating func hear(
    _ bytes: UnsafeBufferPointer<UInt8>, from address: PeerAddress, at now: Instant,
    _ hub: inout Hub, _ joins: inout JoinBudgets, _ output: inout ServerOutput
  ) {
    guard let header = PacketHeader(bytes) else {
      output.drop(.notNative, from: address, at: now)
      return
    }
    guard let peer = peer(ofID: header.receiver) else {
      reset(header.receiver, at: address, now, &output)
      return
    }
    let isTaken = peer.session.receive(
      bytes, from: address, at: now, scratch: scratch, random: &random)
    guard isTaken else {
      output.drop(.notAuthentic, from: address, at: now)
      return
    }
    if peer.initiation != nil { confirm(peer, at: now) }
    serve(peer, at: now, &hub, &joins, &output)
    if peer.session.ending == nil { enqueue(peer) } else { end(peer, &hub, &output) }
  }

  /// Does what is due for one peer. Stops early when there is nothing; `nextDeadline` says when.
  ///
  /// - Returns: whether there was something.
  public mutating func expireOne(
    at now: Instant, hub: inout Hub, joins: inout JoinBudgets, output: inout ServerOutput
  ) -> Bool {
    if let due = noticesDue, due <= now {
      noticesDue = nil
      hasNews = true
    }
    let queued = timers.first
    guard let slot = timers.popDue(now) else { return false }
    // Who has set another time since stands in the queue with that, too.
    guard let peer = peers.existing(slot), peer.queuedDeadline == queued else { return true }
    peer.queuedDeadline = nil
    guard let due = peer.nextDeadline, due <= now else {
      schedule(peer)
      return true
    }
    peer.session.advance(to: now)
    if let due = peer.joinDeadline, due <= now { peer.session.close(.idle, "did not join") }
    if let due = peer.heldUntil, due <= now {
      peer.heldUntil = nil
      serve(peer, at: now, &hub, &joins, &output)
    }
    if peer.session.ending == nil { enqueue(peer) } else { end(peer, &hub, &output) }
    return true
  }

  public var nextDeadline: Instant? {
    timers.first.earlier(noticesDue)
  }

  // MARK: Out

  /// Makes an event of the hub an entry of the log.
  ///
  /// - Parameter bytes: what the event's ranges lie in.
  public mutating func deliver(
    _ event: HubEvent, of bytes: Span<UInt8>, at now: Instant
  ) {
    roster.note(event)
    // Where no native client ever was, only those of the server's life before this one can come
    // back and ask for it, and they come soon.
    if runs.isEmpty, log.nextSeq > Limits.unheardEventsMax { return log.pass() }
    let member = Self.number(of: event.member)
    switch event.kind {
    case .joined:
      log.append(member, .joined(name: event.name.text))
      noteNotice(at: now)
    case .left(let reason):
      log.append(member, .left(NativeEvent.Departure(reason)))
      noteNotice(at: now)
    case .said(let text, let id):
      log.append(member, .said(NativeEvent.Author(id), text: bytes.array(text)[...]))
      hasNews = true
    case .showed(let jpeg, let header, let id):
      let author = id.map { Self.author(event.member, $0.run) }
      let picture = keep(bytes.array(jpeg), header, author: author)
      log.append(member, .showed(NativeEvent.Author(id), picture))
      hasNews = true
    }
  }

  private mutating func keep(
    _ jpeg: [UInt8], _ header: JPEGHeader, author: UInt64?
  ) -> NativeEvent.Picture {
    let key = CipherKey.make(&random)
    let object = log.appendObject(jpeg, author: author, key: key)
    return NativeEvent.Picture(
      object: object, length: UInt64(jpeg.count), width: UInt16(clamping: header.width),
      height: UInt16(clamping: header.height), key: key.withBytes { $0.array(0..<$0.count) },
      hash: Blake2b.hash256(jpeg.span))
  }

  /// Notices wait for each other when many come, so that a crowd that joins is told of itself in
  /// few datagrams. Talk never waits.
  private mutating func noteNotice(at now: Instant) {
    if log.waitingBytes >= Limits.noticeBytesHigh { hasNews = true }
    if hasNews || noticesDue != nil { return }
    // Each time costs something for each client, so a large crowd is told more rarely.
    let gap =
      Duration.milliseconds(Limits.noticeGapMilliseconds)
      + .microseconds(Limits.noticeGapMicrosecondsPerClient * joined.count)
    if let noticesTold, noticesTold + gap > now {
      noticesDue = noticesTold + gap
    } else {
      hasNews = true
    }
  }

  /// Fills the outbox with what the sessions have to send, until it is high.
  ///
  /// - Returns: whether there is more, so that this is to be called again once the outbox is empty.
  public mutating func fill(at now: Instant, hub: inout Hub, output: inout ServerOutput) -> Bool {
    if hasNews {
      hasNews = false
      log.release()
      noticesTold = now
      noticesDue = nil
      enqueueJoined()
    }
    while queueTaken < queue.count {
      if output.outbox.isHigh { return true }
      let slot = queue[queueTaken]
      queueTaken += 1
      isQueued[Int(slot)] = false
      if let peer = peers.existing(slot) { send(peer, at: now, &hub, &output) }
    }
    queue.removeAll(keepingCapacity: true)
    queueTaken = 0
    return false
  }

  private mutating func send(
    _ peer: NativePeer, at now: Instant, _ hub: inout Hub, _ output: inout ServerOutput
  ) {
    if isClosing { closeIfSettled(peer) }
    let state = peer.session.sendAll(
      into: &output.outbox, from: log.sources, at: now, atMost: Limits.sessionDatagramsPerTurn)
    switch state {
    case .ended: end(peer, &hub, &output)
    case .hasMore:
      enqueue(peer)
      schedule(peer)
    case .waits(let deadline): schedule(peer, before: deadline)
    }
  }

  /// While the server stops, who has all that was said is told so.
  private func closeIfSettled(_ peer: NativePeer) {
    if !peer.session.isClosing, peer.session.isSettled(log.sources) {
      peer.session.close(.shuttingDown)
    }
  }

  /// Tells every client that the server stops, once it has all that was said.
  public mutating func announceShutdown() {
    isClosing = true
    hasNews = true
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

  private mutating func enqueueJoined() {
    for slot in joined { enqueue(slot) }
  }

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
    if timers.count > Limits.timersPerSessionMax * (peers.count + 1) { dropStaleTimers() }
  }

  /// A session that speaks sets its timer for an earlier time again and again, and what it had set
  /// before is in the queue until it is due, which may be long.
  private mutating func dropStaleTimers() {
    var kept = TimerQueue()
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

extension NativeEvent.Author {
  init(_ id: MessageID?) { self.init(run: id?.run ?? 0, number: id?.number ?? 0) }
}
