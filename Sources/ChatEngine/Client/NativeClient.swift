/// A native client: all that it decides, without a socket, a clock or a terminal.
///
/// In come the server's datagrams, what its person says, and the time; out go datagrams into
/// `outbox`, `events`, and the next deadline. It asks who the server is, makes a session, joins,
/// and keeps what was said until the server has said what became of it. When the session dies, it
/// makes another and goes on where it was. What always holds: each thing that was said gets one
/// `.accepted` or `.failed` unless the client ends before; nothing is heard twice.
public final class NativeClient {
  public struct Configuration: Sendable {
    public var name: MemberName
    /// Whether the server may put a number behind a name that is taken.
    public var acceptsNumber = false
    /// Whether the key is for this time only, so that no name should belong to it.
    public var isPassing = false
    public var keyPair: KeyPair
    /// The server's key, where it is known from before.
    public var serverKey: PublicKey?
    public var password: [UInt8]?
    /// Whether AES-GCM is offered to the server.
    public var offersAES = Cipher.hasFastAES
    /// Whether it has a session and joins nothing, for figures or to see that one comes about:
    /// nobody hears of it.
    public var isOnlooker = false
    /// How long an answer may take before the first join.
    public var timeout = Duration.seconds(Limits.answerTimeoutSecondsDefault)
    /// How long something that was said may go without any progress; nil for as long as it takes.
    public var deliveryTimeout: Duration?
    /// 32 bytes that nobody else knows; the same seed makes the same decisions.
    public var seed: [UInt8]

    public init(name: MemberName, keyPair: KeyPair, seed: [UInt8]) {
      (self.name, self.keyPair, self.seed) = (name, keyPair, seed)
    }
  }

  enum Phase: Equatable {
    case idle
    /// Hello is out.
    case asking
    /// Init is out.
    case initiating
    /// A session is there, JOIN is said.
    case joining
    case joined
    /// LEAVE is said.
    case leaving
    /// Waits to begin again.
    case waiting(until: Instant)
    case ended
  }

  let configuration: Configuration
  /// What the server calls this client.
  var name: String
  var random: SecretRandom
  /// By which the server knows this program again.
  let run: UInt64
  var phase = Phase.idle
  let address: PeerAddress
  let scratch = PacketScratch()

  // The handshake
  var helloNonce: UInt64 = 0
  var nextRepeat: Instant?
  var repeatGap = Duration.zero
  var repeats = 0
  /// When the whole of it is given up; nil once the client was in.
  var giveUpAt: Instant?
  var noise: NoiseHandshake?
  var refusalKey: [UInt8] = []
  var initiation: [UInt8] = []
  var localID: UInt32 = 0
  var passwordKey: (salt: [UInt8], key: SecretKey)?
  /// The key that the server claims, and the one that it has shown that it has.
  var claimedKey: PublicKey?
  var metKey: PublicKey?
  /// What the last answer to a Hello would have ended the client with.
  var suspicion: ClientEnding?

  // The session
  var session: Session?
  var sources = Session.SendSources()
  /// When a Reset is believed that nothing has contradicted.
  var resetDeadline: Instant?
  var wasJoined = false
  /// Whether the server let this client in, in the session that is there now.
  var isWelcomed = false
  var isPathSuspect = false
  var probesSuspected = 0
  var isLost = false
  var attempts = 0
  var wantsLeave = false
  /// Whether what others say is heard now, or waits at the server.
  var isHearing = true

  // What was said
  var said: [Pending] = []
  var lastSaid: UInt64 = 0
  var lastShown: UInt64 = 0
  var lastProgress = Instant(nanoseconds: 0)
  var progressSeen: UInt64 = 0
  /// How much of it was put on the session's talk channel.
  var talkSaid: UInt64 = 0
  /// Whether figures were asked for and are not here, and whether the server may know them at all.
  var asksFigures = false
  var tellsFigures = true
  /// The parts of the list of all sessions that are here.
  var rows: [SessionsPage.Row] = []

  // What was heard
  var hearing = NativeHearing()
  /// The rooms besides the lobby that this client is in, or asked for.
  var rooms: [ClientRoom] = []
  /// The room whose list of people is being told; nil for the lobby.
  var listing: UInt64?
  var ownMember: UInt64 = 0
  /// What is asked of the past, the oldest first; and the channel on which that is answered.
  var questions: [Question] = []
  var lastQuestion: UInt64 = 0
  var pastChannel: UInt64?
  /// Rooms of which what is missing could not be told, how often, and when it is asked for again.
  var catchUpsFailed: [(room: RoomName, failures: Int)] = []
  var catchUpAgainAt: Instant?
  /// Whether the server keeps what is said.
  var keepsHistory = false
  /// Until when those who were here before the server was started again may come back unannounced.
  var awaitingEnd: Instant?
  public var outbox = Outbox()
  public internal(set) var events: [ClientEvent] = []

  /// Something that was said, until it is known what became of it.
  struct Pending {
    enum Kind {
      case text([UInt8], NativeRequest.Say.Kind)
      case picture([UInt8])
    }

    var number: UInt64
    var kind: Kind
    var room: RoomName
    var position: Range<UInt64>?

    var receipt: NativeReply.Kind {
      if case .text = kind { return .say }
      return .offer
    }
    var ticket: MessageTicket {
      MessageTicket(isPicture: receipt == .offer, number: number)
    }
  }

  /// - Parameter address: what the outbox's datagrams are addressed to, where there is more than
  ///   one server.
  public init(
    _ configuration: Configuration, to address: PeerAddress = PeerAddress(high: 0, low: 0, port: 0)
  ) {
    self.configuration = configuration
    name = configuration.name.text
    self.address = address
    var random = SecretRandom(seed: configuration.seed)
    run = random.uint64()
    self.random = random
  }

  public var isEnded: Bool { phase == .ended }

  /// Whether something can be said, or asked for, now; who is here may still be told meanwhile.
  var canSpeak: Bool { session != nil && isWelcomed && (phase == .joining || phase == .joined) }

  /// Whether so much waits that nothing more should be said now.
  public var isBusy: Bool { said.count >= Limits.clientQueueMessagesHigh }

  /// Whether there is something to send or to tell.
  public var hasOutput: Bool { !outbox.isEmpty || !events.isEmpty }

  /// How many things that were said are not known to be accepted.
  public var pendingCount: Int { said.count }

  /// The log that it hears, or heard last; 0 before the first.
  package var logID: UInt64 { hearing.log }

  /// The name that the server gave it.
  package var givenName: String { hearing.ownName }

  /// Who it takes for present, in no order.
  package var roster: [String] { hearing.roster }

  /// Who it takes for present in a room besides the lobby, in no order; nil where it is not there.
  package func roster(in room: RoomName) -> [String]? {
    guard let here = rooms.first(where: { $0.name == room }), here.isListed else { return nil }
    return here.hearing.roster
  }

  public func takeEvents() -> [ClientEvent] {
    defer { events.removeAll() }
    return events
  }

  /// The largest picture that `show` takes. Those of the plain dialects see it, too, so it must fit
  /// into one of their datagrams.
  public var pictureBytesMax: Int { ClassicClient.pictureBytesMax(for: configuration.name) }

  /// When `advance` has something to do.
  public var nextDeadline: Instant? {
    if phase == .ended { return nil }
    var deadlines = [
      nextRepeat, giveUpAt, resetDeadline, session?.nextDeadline, deliveryDeadline,
      catchUpAgainAt,
    ]
    if case .waiting(let until) = phase { deadlines.append(until) }
    if phase == .joined { deadlines.append(awaitingEnd) }
    return deadlines.compactMap { $0 }.min()
  }

  var deliveryDeadline: Instant? {
    let timeout = configuration.deliveryTimeout ?? (wantsLeave ? configuration.timeout : nil)
    guard let timeout, wasJoined, !said.isEmpty || wantsLeave else { return nil }
    return lastProgress + timeout
  }

  // MARK: What the person does

  /// Looks for the server, and joins when it is there.
  public func start(at now: Instant) {
    precondition(phase == .idle, "a client starts once")
    giveUpAt = now + configuration.timeout
    ask(at: now)
  }

  /// Says a text of at most `Limits.messageBytesMax`.
  ///
  /// - Returns: by which `.accepted` and `.failed` name it.
  @discardableResult
  public func say(
    _ text: [UInt8], as kind: NativeRequest.Say.Kind = .text, in room: RoomName = .lobby,
    at now: Instant
  ) -> MessageTicket {
    precondition(text.count <= Limits.messageBytesMax, "a text that no datagram holds")
    lastSaid += 1
    return add(Pending(number: lastSaid, kind: .text(text, kind), room: room), at: now)
  }

  /// Shows a picture.
  @discardableResult
  public func show(
    _ jpeg: [UInt8], in room: RoomName = .lobby, at now: Instant
  ) -> MessageTicket {
    lastShown += 1
    return add(Pending(number: lastShown, kind: .picture(jpeg), room: room), at: now)
  }

  private func add(_ pending: Pending, at now: Instant) -> MessageTicket {
    if said.isEmpty { lastProgress = now }
    said.append(pending)
    if canSpeak {
      utter(pending)
      flush(at: now)
    }
    return pending.ticket
  }

  /// Leaves once it is known what became of all that was said.
  public func leave(at now: Instant) {
    if wantsLeave || phase == .ended { return }
    wantsLeave = true
    if said.isEmpty { lastProgress = now }
    leaveIfDone(at: now)
  }

  /// Leaves at once; what is not accepted may not be said.
  public func leaveNow(at now: Instant) {
    guard phase != .ended else { return }
    wantsLeave = true
    // Also before WELCOME is here: the server may have let this client in.
    if session != nil {
      phase = .leaving
      session?.close(.done)
      flush(at: now)
    }
    if phase != .ended { end(.left) }
  }

  func leaveIfDone(at now: Instant) {
    guard wantsLeave, said.isEmpty else { return }
    switch phase {
    case .joined:
      phase = .leaving
      say(.leave)
      flush(at: now)
    case .idle, .asking, .initiating, .waiting: end(.left)
    case .joining, .leaving, .ended: break
    }
  }

  // MARK: Time

  /// Does what is due.
  public func advance(to now: Instant) {
    guard phase != .ended else { return }
    if let due = giveUpAt, due <= now { return end(.notAnswered) }
    if let due = deliveryDeadline, due <= now { return end(.notConfirmed) }
    if let due = resetDeadline, due <= now { lose(.reset, at: now) }
    if case .waiting(let until) = phase, until <= now { ask(at: now) }
    if let due = nextRepeat, due <= now { repeatQuestion(at: now) }
    if phase == .joined, let due = awaitingEnd, due <= now {
      awaitingEnd = nil
      hearing.endWaiting(&events)
      tellOfRooms { $0.endWaiting(&$1) }
    }
    if let due = catchUpAgainAt, due <= now { catchUpAgain() }
    session?.advance(to: now)
    flush(at: now)
  }

  /// Fills the outbox with what the session has to send, until it is high.
  public func flush(at now: Instant) {
    while !outbox.isHigh, session?.send(into: &outbox, from: sources, at: now) == true {}
    noteProgress(at: now)
    if let ending = session?.ending { lose(ending, at: now) }
  }

  private func noteProgress(at now: Instant) {
    guard let talk = session?.talkSettled, let objects = session?.objectsSettled else { return }
    let progress = talk &+ objects
    if progress != progressSeen {
      (progressSeen, lastProgress) = (progress, now)
      reportUploads(objects)
    }
  }

  /// Tells how much of each picture has arrived.
  private func reportUploads(_ settled: UInt64) {
    for pending in said {
      if let position = pending.position, case .picture(let jpeg) = pending.kind {
        let sent = settled.clamped(to: position) - position.lowerBound
        events.append(.progress(pending.ticket, bytes: Int(sent), of: jpeg.count))
      }
    }
  }

  func end(_ ending: ClientEnding) {
    phase = .ended
    (nextRepeat, giveUpAt) = (nil, nil)
    events.append(.ended(ending))
  }
}

extension UInt64 {
  fileprivate func clamped(to range: Range<UInt64>) -> UInt64 {
    Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
  }
}
