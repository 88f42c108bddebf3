/// A client of dialect A: all that it decides, without a socket, a clock or a terminal.
///
/// In come the server's datagrams, what its person says, and the time; out go `outbox` (its
/// addresses mean nothing), `events` and the next deadline. Dialect A confirms nothing, so the
/// client asks `ClassicText.question` before it joins and after it has said everything: the answers
/// show that a server is there and still was at the end. In between it repeats its join now and
/// then, which a server that knows it takes for a sign of life, and one that was started again for
/// a join. What an unmodified server cannot answer is not asked when `asks` is false.
public final class ClassicClient {
  public struct Configuration: Sendable {
    public var name: MemberName
    /// Whether the server is one that answers the question.
    public var asks = true
    /// How long an answer may take.
    public var timeout = Duration.seconds(Limits.answerTimeoutSecondsDefault)
    public var pace = Rate(
      perSecond: Limits.clientMessagesPerSecond, burst: Limits.clientMessagesBurst)

    public init(name: MemberName) { self.name = name }
  }

  private enum Phase: Equatable {
    case idle, asking, knocking, joined, draining, confirming, ended
  }

  private let configuration: Configuration
  private var phase = Phase.idle
  private var waiting: [[UInt8]] = []
  private var waitingTaken = 0
  private var pace = RateLimiter()
  private var nextQuestion: Instant?
  private var questionGap = Duration.milliseconds(Limits.questionGapMilliseconds)
  private var phaseEnd: Instant?
  /// Whether the question was answered, so that this is chatd.
  private var isAnswered = false
  /// When to show a sign of life; nil for a server that does not answer.
  private var nextKeepAlive: Instant?
  private var keepAlivesMissed = 0
  private var givenName: String?
  /// Datagrams to be sent to the server; whoever sends them empties it.
  public var outbox = Outbox()
  public private(set) var events: [ClientEvent] = []

  public init(_ configuration: Configuration) {
    self.configuration = configuration
  }

  public var isEnded: Bool { phase == .ended }

  /// Whether so much waits for the pace that nothing more should be said now.
  public var isBusy: Bool { waiting.count - waitingTaken >= Limits.clientQueueMessagesHigh }

  /// When `advance` has something to do.
  public var nextDeadline: Instant? {
    var deadline = [nextQuestion, phaseEnd, nextKeepAlive].compactMap { $0 }.min()
    if canSend, waitingTaken < waiting.count, !outbox.isHigh {
      let next = pace.nextTake(configuration.pace)
      deadline = min(deadline ?? next, next)
    }
    return deadline
  }

  /// Whether there is something to send or to tell.
  public var hasOutput: Bool { !outbox.isEmpty || !events.isEmpty }

  public func takeEvents() -> [ClientEvent] {
    defer { events.removeAll() }
    return events
  }

  // MARK: What the person does

  /// Looks for the server, and joins when it is there.
  public func start(at now: Instant) {
    precondition(phase == .idle, "a client starts once")
    if configuration.asks {
      phase = .asking
      phaseEnd = now + configuration.timeout
      questionGap = .milliseconds(Limits.questionGapMilliseconds)
      ask(at: now)
    } else {
      // An unmodified server says nothing; the network may still say that nobody is there.
      phase = .knocking
      phaseEnd = now + .milliseconds(Limits.classicGraceMilliseconds)
      send(joinDatagram)
    }
  }

  /// Looks at another address, where the first had nobody.
  public func startAgain(at now: Instant) {
    phase = .idle
    (phaseEnd, nextQuestion) = (nil, nil)
    outbox.removeAll()
    events.removeAll()
    start(at: now)
  }

  /// Says a text; it must be at most `Limits.messageBytesMax` long.
  public func say(_ text: [UInt8], at now: Instant) {
    precondition(text.count <= Limits.messageBytesMax, "a text that no datagram holds")
    let prefix = configuration.name.text + ClassicDialect.a.separator
    enqueue(Array(prefix.utf8) + text, at: now)
  }

  /// The largest JPEG that `show` takes.
  public var pictureBytesMax: Int { Self.pictureBytesMax(for: configuration.name) }

  /// The largest JPEG that dialect A carries: what a datagram holds beside the prefix, with room
  /// for the number that a server may put behind a name.
  static func pictureBytesMax(for name: MemberName) -> Int {
    let prefix = picturePrefix(name).utf8.count + "-\(Limits.nameNumberMax)".utf8.count
    return min(Limits.classicPictureBytesMax, Limits.datagramBytesMax - prefix)
  }

  /// Shows a picture of at most `pictureBytesMax`.
  public func show(_ jpeg: [UInt8], at now: Instant) {
    precondition(jpeg.count <= pictureBytesMax, "a picture that no datagram holds")
    enqueue(Array(Self.picturePrefix(configuration.name).utf8) + jpeg, at: now)
  }

  /// Leaves once all that was said is sent.
  public func leave(at now: Instant) {
    switch phase {
    case .joined:
      phase = .draining
      pump(at: now)
    case .knocking:
      enter(at: now)
      leave(at: now)
    case .idle, .asking: end(.left)
    case .draining, .confirming, .ended: break
    }
  }

  /// Leaves at once; what waits is not said.
  public func leaveNow(at now: Instant) {
    waiting.removeAll()
    waitingTaken = 0
    leave(at: now)
    pump(at: now)
  }

  // MARK: What the network does

  /// Handles a datagram of the server.
  public func receive(_ bytes: Span<UInt8>, at now: Instant) {
    let relay = ClassicRelay(bytes, isFromChatd: isAnswered || phase == .asking)
    switch phase {
    case .asking:
      // Anything else than the answer comes from a server that took the question for a join.
      send(joinDatagram)
      enter(at: now)
      if relay == .answer {
        isAnswered = true
        nextKeepAlive = now + .seconds(Limits.keepAliveSeconds)
      } else {
        handle(ClassicRelay(bytes, isFromChatd: false), bytes)
      }
    case .knocking:
      enter(at: now)
      handle(relay, bytes)
    case .confirming where relay == .answer: end(.left)
    case .joined, .draining, .confirming: handle(relay, bytes)
    case .idle, .ended: break
    }
  }

  /// Handles the network's word that nobody is at the server's address.
  public func handleUnreachable() {
    if phase != .ended { end(.unreachable) }
  }

  /// Does what is due.
  public func advance(to now: Instant) {
    if let due = nextKeepAlive, due <= now { keepAlive(at: now) }
    if let due = phaseEnd, due <= now {
      switch phase {
      case .asking: end(.notAnswered)
      case .knocking: enter(at: now)
      case .confirming: end(isAnswered ? .notConfirmed : .left)
      default: phaseEnd = nil
      }
    }
    if let due = nextQuestion, due <= now, phase == .asking || phase == .confirming {
      ask(at: now)
    }
    pump(at: now)
  }

  // MARK: -

  private static func picturePrefix(_ name: MemberName) -> String {
    "\(ClassicText.picturePrefix)\(name.text):"
  }

  private var canSend: Bool { phase == .joined || phase == .draining }

  private func enqueue(_ datagram: [UInt8], at now: Instant) {
    if phase == .ended { return }
    waiting.append(datagram)
    pump(at: now)
  }

  /// Sends what waits as fast as the pace allows, and leaves after the last where that is wanted.
  private func pump(at now: Instant) {
    guard canSend else { return }
    while waitingTaken < waiting.count, !outbox.isHigh, pace.take(configuration.pace, at: now) {
      send(waiting[waitingTaken])
      waitingTaken += 1
    }
    if waitingTaken == waiting.count {
      waiting.removeAll()
      waitingTaken = 0
      if phase == .draining { sendLeave(at: now) }
    }
  }

  private func send(_ datagram: [UInt8]) {
    outbox.addDatagram(to: .unspecified, capacity: datagram.count) { room in
      room.initialize(fromContentsOf: datagram)
    }
  }

  private func keepAlive(at now: Instant) {
    if keepAlivesMissed == Limits.keepAlivesMissedMax { return end(.lost) }
    keepAlivesMissed += 1
    nextKeepAlive = now + .seconds(Limits.keepAliveSeconds)
    send(joinDatagram)
    send(Array(ClassicText.question.utf8))
  }

  private var joinDatagram: [UInt8] {
    Array((configuration.name.text + ClassicDialect.a.joinSuffix).utf8)
  }

  private func sendLeave(at now: Instant) {
    nextKeepAlive = nil
    send(Array((configuration.name.text + ClassicDialect.a.leaveSuffix).utf8))
    phase = .confirming
    if isAnswered {
      questionGap = .milliseconds(Limits.questionGapMilliseconds)
      phaseEnd = now + configuration.timeout
      ask(at: now)
    } else {
      phaseEnd = now + .milliseconds(Limits.classicGraceMilliseconds)
    }
  }

  private func ask(at now: Instant) {
    send(Array(ClassicText.question.utf8))
    nextQuestion = now + questionGap
    questionGap = questionGap * 2
  }

  /// The join is sent, and somebody seems to be there.
  private func enter(at now: Instant) {
    phase = .joined
    (phaseEnd, nextQuestion) = (nil, nil)
    events.append(.joined)
    pump(at: now)
  }

  private func handle(_ relay: ClassicRelay, _ bytes: Span<UInt8>) {
    switch relay {
    case .joined(let name): events.append(.arrived(bytes.string(name)))
    case .left(let name): events.append(.departed(bytes.string(name)))
    case .message(let name, let text):
      events.append(.message(from: bytes.string(name), text: bytes.array(text)))
    case .picture(let name, let jpeg):
      events.append(.picture(from: bytes.string(name), jpeg: bytes.array(jpeg)))
    case .renamed(let name): rename(to: bytes.string(name))
    case .shutDown: end(.shutDown)
    case .notLetIn: end(.notLetIn(bytes.array(0..<bytes.count)))
    case .notPassedOn: events.append(.notPassedOn(bytes.array(0..<bytes.count)))
    case .notice: events.append(.notice(bytes.array(0..<bytes.count)))
    case .letGo: if canSend { send(joinDatagram) }
    case .answer: keepAlivesMissed = 0
    }
  }

  /// A repeated join is answered as the first was: what is no news is not passed on.
  private func rename(to name: String) {
    if name == givenName { return }
    givenName = name
    events.append(.renamed(name))
  }

  private func end(_ ending: ClientEnding) {
    phase = .ended
    (phaseEnd, nextQuestion, nextKeepAlive) = (nil, nil, nil)
    events.append(.ended(ending))
  }
}
