/// The engine of a client, one case for each protocol that it may speak.
///
/// All of them are driven by the same calls: in come what the person does, the server's datagrams
/// and the time; out go `outbox`, whose addresses mean nothing, the events, and the next deadline.
public enum ClientEngine {
  case classic(ClassicClient)
  case native(NativeClient)

  /// The largest JPEG that everybody in a lobby can be shown by somebody of this name, whatever
  /// they speak.
  public static func pictureBytesMax(for name: MemberName) -> Int {
    ClassicClient.pictureBytesMax(for: name)
  }

  /// Whether a server that is there answers the first datagram, so that several addresses can be
  /// asked at once.
  public var isAnswered: Bool {
    switch self {
    case .classic: false
    case .native: true
    }
  }

  // MARK: In

  /// Looks for the server, and joins when it is there.
  public func start(at now: Instant) {
    switch self {
    case .classic(let client): client.start(at: now)
    case .native(let client): client.start(at: now)
    }
  }

  /// Looks at another address, where the first had nobody; only for a server that does not answer,
  /// since the addresses of others are asked all at once.
  public func startAgain(at now: Instant) {
    if case .classic(let client) = self { client.startAgain(at: now) }
  }

  /// Says a text of at most `Limits.messageBytesMax`.
  ///
  /// - Returns: by which events name it; nil where nobody will tell what became of it.
  public func say(
    _ text: [UInt8], as kind: NativeRequest.Say.Kind = .text, in room: RoomName = .lobby,
    at now: Instant
  ) -> MessageTicket? {
    switch self {
    case .classic(let client):
      client.say(text, at: now)
      return nil
    case .native(let client): return client.say(text, as: kind, in: room, at: now)
    }
  }

  /// Shows a picture of at most `pictureBytesMax`.
  ///
  /// - Returns: as `say` does.
  public func show(
    _ jpeg: [UInt8], in room: RoomName = .lobby, at now: Instant
  ) -> MessageTicket? {
    switch self {
    case .classic(let client):
      client.show(jpeg, at: now)
      return nil
    case .native(let client): return client.show(jpeg, in: room, at: now)
    }
  }

  /// Asks to be let into a room besides the lobby, which plain dialects know nothing of.
  ///
  /// - Returns: false where that cannot be asked for.
  public func enter(_ room: RoomName, at now: Instant) -> Bool {
    switch self {
    case .classic: false
    case .native(let client): client.enter(room, at: now)
    }
  }

  /// Leaves a room besides the lobby.
  ///
  /// - Returns: false where this client is not there.
  public func part(_ room: RoomName, at now: Instant) -> Bool {
    switch self {
    case .classic: false
    case .native(let client): client.part(room, at: now)
    }
  }

  /// Asks what the server measures of this session; the answer is `.figures`.
  ///
  /// - Returns: false where there is none, or one of which nothing is measured.
  public func askFigures(at now: Instant) -> Bool {
    switch self {
    case .classic: false
    case .native(let client): client.askFigures(at: now)
    }
  }

  /// Asks for the figures of all sessions; the answer is `.sessions`.
  ///
  /// - Returns: as `askFigures` does.
  public func askSessions(at now: Instant) -> Bool {
    switch self {
    case .classic: false
    case .native(let client): client.askSessions(at: now)
    }
  }

  /// Asks for messages of the past; `.past` and `.pastEnd` follow.
  ///
  /// - Parameters:
  ///   - room: nil for all rooms, where words are looked for.
  ///   - limit: messages; a page has at most `Limits.historyPageMessagesMax`.
  /// - Returns: by which the answer is known; nil where nothing is kept, or too much was asked.
  public func askPast(
    of room: RoomName?, _ selector: NativeRequest.History.Selector, limit: Int, at now: Instant
  ) -> UInt64? {
    switch self {
    case .classic: nil
    case .native(let client): client.askPast(of: room, selector, limit: limit, at: now)
    }
  }

  /// Leaves once all that was said is sent.
  public func leave(at now: Instant) {
    switch self {
    case .classic(let client): client.leave(at: now)
    case .native(let client): client.leave(at: now)
    }
  }

  /// Leaves at once; what waits is not said.
  public func leaveNow(at now: Instant) {
    switch self {
    case .classic(let client): client.leaveNow(at: now)
    case .native(let client): client.leaveNow(at: now)
    }
  }

  /// Handles a datagram of the server.
  public func receive(_ bytes: Span<UInt8>, at now: Instant) {
    switch self {
    case .classic(let client): client.receive(bytes, at: now)
    case .native(let client): client.receive(bytes, at: now)
    }
  }

  /// Handles the network's word that nobody is at the server's address.
  ///
  /// - Parameter isRefused: whether the machine is there, and the port is closed.
  public func handleUnreachable(isRefused: Bool, at now: Instant) {
    switch self {
    case .classic(let client): client.handleUnreachable()
    case .native(let client): client.handleUnreachable(isRefused: isRefused, at: now)
    }
  }

  /// Stops, or goes on, to hear what others say; what the client asked for comes all the same.
  ///
  /// - Returns: false where only not receiving keeps the server from saying more.
  public func setHearing(_ isHearing: Bool, at now: Instant) -> Bool {
    switch self {
    case .classic: return false
    case .native(let client):
      client.setHearing(isHearing, at: now)
      return true
    }
  }

  /// Does what is due.
  public func advance(to now: Instant) {
    switch self {
    case .classic(let client): client.advance(to: now)
    case .native(let client): client.advance(to: now)
    }
  }

  // MARK: Out

  /// When `advance` has something to do.
  public var nextDeadline: Instant? {
    switch self {
    case .classic(let client): client.nextDeadline
    case .native(let client): client.nextDeadline
    }
  }

  /// Whether so much waits that nothing more should be said now.
  public var isBusy: Bool {
    switch self {
    case .classic(let client): client.isBusy
    case .native(let client): client.isBusy
    }
  }

  /// How many things that were said are not known to be accepted.
  public var pendingCount: Int {
    switch self {
    case .classic: 0
    case .native(let client): client.pendingCount
    }
  }

  /// Whether another socket may find a way to the server that this one does not; asking settles it.
  public func takePathSuspicion() -> Bool {
    switch self {
    case .classic: false
    case .native(let client): client.takePathSuspicion()
    }
  }

  /// The largest JPEG that `show` takes.
  public var pictureBytesMax: Int {
    switch self {
    case .classic(let client): client.pictureBytesMax
    case .native(let client): client.pictureBytesMax
    }
  }

  /// Whether there is something to send or to tell.
  public var hasOutput: Bool {
    switch self {
    case .classic(let client): client.hasOutput
    case .native(let client): client.hasOutput
    }
  }

  public func takeEvents() -> [ClientEvent] {
    switch self {
    case .classic(let client): client.takeEvents()
    case .native(let client): client.takeEvents()
    }
  }

  /// Calls `body` with the datagrams for the server; whoever sends them empties it.
  public func withOutbox<Result>(_ body: (inout Outbox) -> Result) -> Result {
    switch self {
    case .classic(let client): body(&client.outbox)
    case .native(let client): body(&client.outbox)
    }
  }
}
