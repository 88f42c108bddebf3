/// A client of dialect A: all that it decides, without a socket, a clock or a terminal.
///
/// In come the server's datagrams, what its person says, and the time; out go `outbox` (its
/// addresses mean nothing), `events` and the next deadline. It does on the wire what an unmodified
/// client does: it joins, speaks and leaves, and nothing confirms any of it. What can be known is
/// the network's word that nobody is at the server's address, for which it waits a moment after
/// its join and after its leave. The server's own lines are text like any other: an unmodified
/// server passes on whatever its clients send.
public final class ClassicClient {
  public struct Configuration: Sendable {
    public var name: MemberName
    public var pace = Rate(
      perSecond: Limits.clientMessagesPerSecond, burst: Limits.clientMessagesBurst)

    public init(name: MemberName) { self.name = name }
  }

  private enum Phase: Equatable {
    case idle
    /// The join is sent; the network may say that nobody is there.
    case knocking
    case joined
    /// Leaves when all that waits is sent.
    case draining
    /// The leave is sent; the network may say that nobody was there.
    case leaving
    case ended
  }

  private let configuration: Configuration
  private var phase = Phase.idle
  private var waiting: [[UInt8]] = []
  private var waitingTaken = 0
  private var pace = RateLimiter()
  private var phaseEnd: Instant?
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
    var deadline = phaseEnd
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

  /// Joins; it counts as joined when nothing speaks against it for a moment.
  public func start(at now: Instant) {
    precondition(phase == .idle, "a client starts once")
    phase = .knocking
    phaseEnd = now + .milliseconds(Limits.classicGraceMilliseconds)
    send(Array((configuration.name.text + ClassicDialect.a.joinSuffix).utf8))
  }

  /// Looks at another address, where the first had nobody.
  public func startAgain(at now: Instant) {
    phase = .idle
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
    case .idle: end(.left)
    case .draining, .leaving, .ended: break
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
    switch phase {
    case .knocking:
      enter(at: now)
      handle(bytes)
    case .joined, .draining, .leaving: handle(bytes)
    case .idle, .ended: break
    }
  }

  /// Handles the network's word that nobody is at the server's address.
  public func handleUnreachable() {
    if phase != .ended { end(.unreachable) }
  }

  /// Does what is due.
  public func advance(to now: Instant) {
    if let due = phaseEnd, due <= now {
      switch phase {
      case .knocking: enter(at: now)
      case .leaving: end(.left)
      default: phaseEnd = nil
      }
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

  private func sendLeave(at now: Instant) {
    send(Array((configuration.name.text + ClassicDialect.a.leaveSuffix).utf8))
    phase = .leaving
    phaseEnd = now + .milliseconds(Limits.classicGraceMilliseconds)
  }

  /// The join is sent, and somebody seems to be there.
  private func enter(at now: Instant) {
    phase = .joined
    phaseEnd = nil
    events.append(.joined)
    pump(at: now)
  }

  private func handle(_ bytes: Span<UInt8>) {
    switch ClassicRelay(bytes) {
    case .joined(let name): events.append(.arrived(bytes.string(name)))
    case .left(let name): events.append(.departed(bytes.string(name)))
    case .message(let name, let text):
      events.append(.message(Heard(from: bytes.string(name), text: bytes.array(text))))
    case .picture(let name, let jpeg):
      events.append(.picture(from: bytes.string(name), jpeg: bytes.array(jpeg)))
    case .notice: events.append(.notice(bytes.array(0..<bytes.count)))
    }
  }

  private func end(_ ending: ClientEnding) {
    phase = .ended
    phaseEnd = nil
    events.append(.ended(ending))
  }
}
