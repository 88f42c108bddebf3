/// The engine of a client, one case for each protocol that it may speak.
///
/// All of them are driven by the same calls: in come what the person does, the server's datagrams
/// and the time; out go `outbox`, whose addresses mean nothing, the events, and the next deadline.
public enum ClientEngine {
  case classic(ClassicClient)

  // MARK: In

  /// Looks for the server, and joins when it is there.
  public func start(at now: Instant) {
    switch self {
    case .classic(let client): client.start(at: now)
    }
  }

  /// Looks at another address, where the first had nobody.
  public func startAgain(at now: Instant) {
    switch self {
    case .classic(let client): client.startAgain(at: now)
    }
  }

  /// Says a text of at most `Limits.messageBytesMax`.
  public func say(_ text: [UInt8], at now: Instant) {
    switch self {
    case .classic(let client): client.say(text, at: now)
    }
  }

  /// Shows a picture of at most `pictureBytesMax`.
  public func show(_ jpeg: [UInt8], at now: Instant) {
    switch self {
    case .classic(let client): client.show(jpeg, at: now)
    }
  }

  /// Leaves once all that was said is sent.
  public func leave(at now: Instant) {
    switch self {
    case .classic(let client): client.leave(at: now)
    }
  }

  /// Leaves at once; what waits is not said.
  public func leaveNow(at now: Instant) {
    switch self {
    case .classic(let client): client.leaveNow(at: now)
    }
  }

  /// Handles a datagram of the server.
  public func receive(_ bytes: Span<UInt8>, at now: Instant) {
    switch self {
    case .classic(let client): client.receive(bytes, at: now)
    }
  }

  /// Handles the network's word that nobody is at the server's address.
  public func handleUnreachable() {
    switch self {
    case .classic(let client): client.handleUnreachable()
    }
  }

  /// Does what is due.
  public func advance(to now: Instant) {
    switch self {
    case .classic(let client): client.advance(to: now)
    }
  }

  // MARK: Out

  /// When `advance` has something to do.
  public var nextDeadline: Instant? {
    switch self {
    case .classic(let client): client.nextDeadline
    }
  }

  /// Whether so much waits that nothing more should be said now.
  public var isBusy: Bool {
    switch self {
    case .classic(let client): client.isBusy
    }
  }

  /// The largest JPEG that `show` takes.
  public var pictureBytesMax: Int {
    switch self {
    case .classic(let client): client.pictureBytesMax
    }
  }

  /// Whether there is something to send or to tell.
  public var hasOutput: Bool {
    switch self {
    case .classic(let client): client.hasOutput
    }
  }

  public func takeEvents() -> [ClientEvent] {
    switch self {
    case .classic(let client): client.takeEvents()
    }
  }

  /// Calls `body` with the datagrams for the server; whoever sends them empties it.
  public func withOutbox<Result>(_ body: (inout Outbox) -> Result) -> Result {
    switch self {
    case .classic(let client): body(&client.outbox)
    }
  }
}
