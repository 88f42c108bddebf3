/// All that the server decides, without a socket, a clock or a file.
///
/// Owns the hub, its front ends, and the join budgets that they share. In come datagrams,
/// unreachable addresses, the time, and what became of effects; out go `turn.output` and the
/// next deadline. Whoever drives it calls one of the methods below, then sends the output's outbox
/// before it calls again once `outbox.isHigh`. The same calls make the same output.
public final class ServerEngine {
  private let configuration: ServerConfiguration
  /// What it works on. Whoever drives it takes `turn.output`.
  public var turn: Turn
  private var classic: ClassicFrontend
  private(set) var native: NativeFrontend
  private var discovery: DiscoveryFrontend
  private var isClosing = false
  /// Whether plain clients are yet to be told that the server stops.
  private var owesPlainShutdown = false
  /// Answers to programs of before that wait until so many events were told.
  private var waitingAnswers: [(after: UInt64, address: PeerAddress)] = []
  /// When those who still lack something are told all the same that the server stops.
  private var closingDeadline: Instant?

  public init(_ configuration: ServerConfiguration) {
    self.configuration = configuration
    turn = Turn(
      hub: Hub(
        clientsMax: configuration.clientsMax,
        speechRate: Rate(
          perSecond: configuration.messagesPerSecond,
          burstSeconds: Limits.messagesBurstSeconds),
        keepsHistory: configuration.keepsHistory),
      joins: JoinBudgets(
        rate: Rate(
          perSecond: configuration.joinsPerSecond, burstSeconds: Limits.joinsBurstSeconds),
        hashSeed: configuration.hashSeed))
    classic = ClassicFrontend(configuration)
    native = NativeFrontend(configuration)
    discovery = DiscoveryFrontend(configuration, key: native.publicKey)
    for room in configuration.rooms { turn.hub.restore(room) }
    for (name, owner) in configuration.ownedNames { turn.hub.restore(name, ownedBy: owner) }
  }

  public var clientCount: Int { turn.hub.memberCount }

  /// What the server calls itself.
  public var serverName: String { configuration.serverName }

  /// What clients know this server by.
  public var publicKey: PublicKey { native.publicKey }

  /// When `advance` has something to do, if nothing comes in before.
  public var nextDeadline: Instant? {
    classic.nextDeadline.earlier(native.nextDeadline).earlier(closingDeadline)
  }

  /// Gives back room that a crowd needed for a moment; to be called now and then, with an outbox
  /// that is empty.
  public func releaseRoom() {
    turn.output.outbox.releaseRoom()
    native.releaseRoom()
  }

  /// Handles one datagram that came from `address`.
  public func receive(_ bytes: Span<UInt8>, from address: PeerAddress, at time: TurnTime) {
    turn.time = time
    turn.output.counters.datagramsIn &+= 1
    if let question = DiscoveryQuestion(bytes) {
      classic.noteHeard(address, at: time.instant)
      if let answer = answer(question, from: address) { send(answer, to: address, inOrder: true) }
      return
    }
    if DatagramType.isNative(bytes) {
      native.receive(bytes, from: address, &turn)
    } else if !isClosing {
      classic.receive(bytes, from: address, &turn)
    }
    publish()
  }

  /// Handles one datagram that came to the port on which servers are looked for. What is no
  /// question is not looked at.
  ///
  /// - Returns: what is to be answered from there, where it must not come from the server's own
  ///   port: a program of before looks at where its answer comes from.
  public func receiveQuestion(
    _ bytes: Span<UInt8>, from address: PeerAddress, at time: TurnTime
  ) -> [UInt8]? {
    turn.time = time
    guard let question = DiscoveryQuestion(bytes), let answer = answer(question, from: address)
    else { return nil }
    if answer == .text { return answer.bytes }
    // The other socket has numbers of its own for this machine's addresses.
    var asker = address
    asker.local = 0
    turn.output.outbox.addDatagram(answer.bytes, to: asker)
    return nil
  }

  private func answer(
    _ question: DiscoveryQuestion, from address: PeerAddress
  ) -> DiscoveryAnswer? {
    isClosing ? nil : discovery.answer(question, from: address, &turn)
  }

  /// Programs of before ask so after each thing they say, so that answer asks for no memory.
  ///
  /// - Parameter inOrder: whether it follows what was said before, since by it such a program knows
  ///   that it was taken.
  private func send(_ answer: DiscoveryAnswer, to address: PeerAddress, inOrder: Bool = false) {
    if answer == .text, inOrder, turn.hub.toldCount < turn.hub.eventCount,
      waitingAnswers.count < Limits.answersWaitingMax
    {
      waitingAnswers.append((turn.hub.eventCount, address))
      return
    }
    if answer == .text, let payload = turn.output.outbox.addPayload(ClassicText.answer) {
      turn.output.outbox.deliver(payload, to: address)
    } else {
      turn.output.outbox.addDatagram(answer.bytes, to: address)
    }
  }

  /// What lies on the links of this machine, whose hosts may find this server.
  public func setLink(_ prefixes: [AddressPrefix]) { discovery.link = prefixes }

  /// Handles the network's word that nobody is at `address`.
  public func handleUnreachable(_ address: PeerAddress, at time: TurnTime) {
    turn.time = time
    classic.handleUnreachable(address, &turn)
    publish()
  }

  /// Does what is due. Stops early when the outbox is high; `nextDeadline` is then in the past.
  public func advance(to time: TurnTime) {
    turn.time = time
    if let due = closingDeadline, due <= time.instant {
      closingDeadline = nil
      native.closeAll()
    }
    while !turn.output.outbox.isHigh, classic.expireOne(&turn) || native.expireOne(&turn) {
      publish()
    }
  }

  /// Fills the outbox with what native clients are to be sent, until it is high.
  ///
  /// - Returns: whether there is more: then this is to be called again once the outbox is empty.
  public func fill(at time: TurnTime) -> Bool {
    turn.time = time
    keep()
    let hasMore = native.fill(&turn)
    // Sessions that ended just now make news for the others.
    keep()
    return hasMore || native.hasNews
  }

  /// Gives what waits to be kept to whoever keeps it, if that is free, and tells what need not be.
  private func keep() {
    if let batch = turn.hub.takeBatch(at: turn.now) { turn.output.effects.append(.commit(batch)) }
    publish()
  }

  /// What `ServerEffect.commit` asked for is done, or could not be. The messages are told, or their
  /// authors are told that they failed.
  public func settle(_ failure: StoreFailure?, at time: TurnTime) {
    turn.time = time
    turn.hub.settleBatch(failure, at: turn.now)
    publish()
    native.resume(&turn)
    publish()
  }

  /// What `ServerEffect.ask` asked for.
  public func answer(_ question: UInt64, _ answer: HistoryAnswer, at time: TurnTime) {
    turn.time = time
    native.answer(question, answer, &turn)
  }

  /// Tells every client that the server stops: native ones when they have all that was said, and
  /// after `Limits.settleSecondsMax` in any case.
  public func announceShutdown(at time: TurnTime) {
    turn.time = time
    isClosing = true
    closingDeadline = time.instant + .seconds(Limits.settleSecondsMax)
    owesPlainShutdown = true
    tellPlainShutdown()
    native.announceShutdown()
  }

  /// Tells plain clients that the server stops, once they have all that was said.
  private func tellPlainShutdown() {
    guard owesPlainShutdown, turn.hub.toldCount == turn.hub.eventCount else { return }
    owesPlainShutdown = false
    classic.announceShutdown(&turn)
  }

  /// Whether every native client was told that the server stops.
  public var isDrained: Bool { native.isEmpty && turn.hub.isSettled }

  // MARK: What tests look at

  /// By which native clients know the log of this life of the server.
  package var logID: UInt64 { native.logID }

  /// Who is here, in no order.
  package var memberNames: [String] {
    var names: [String] = []
    turn.hub.forEachMember { _, name in names.append(name.text) }
    return names
  }

  /// Who is in a room, in no order; nobody is where there is none.
  package func memberNames(in room: RoomName) -> [String] {
    var names: [String] = []
    guard let id = turn.hub.room(room) else { return names }
    turn.hub.forEachMember(of: id) { _, name in names.append(name.text) }
    return names
  }

  /// Whether all was told that happened, and all is kept that is to be.
  package var isSettled: Bool { turn.hub.isSettled }

  /// Is told of each event, its room and its body when all front ends were.
  package var onEvent: ((HubEvent, RoomName, [UInt8]) -> Void)?

  /// How many bytes of messages wait to be kept.
  package var waitingBytes: Int { turn.hub.waitingBytes }

  package var footprint: NativeFrontend.Footprint { native.footprint }

  private func publish() {
    while let event = turn.hub.nextEvent() { tell(event) }
    if !waitingAnswers.isEmpty { sendWaitingAnswers() }
    tellPlainShutdown()
  }

  /// By itself, so that the hub's bytes are held by nobody else when it goes on with them.
  @inline(never)
  private func tell(_ event: HubEvent) {
    let bytes = turn.hub.bytes
    let body = bytes.span.extracting(turn.hub.place(of: event))
    classic.deliver(event, body, &turn)
    native.deliver(event, body, at: turn.now)
    if event.failure == nil { record(event, body) }
    if let onEvent { onEvent(event, turn.hub.name(of: event.room), body.array(0..<body.count)) }
  }

  private func sendWaitingAnswers() {
    let due = waitingAnswers.prefix { $0.after <= turn.hub.toldCount }
    waitingAnswers.removeFirst(due.count)
    for (_, address) in due { send(.text, to: address) }
  }

  private func record(_ event: HubEvent, _ body: Span<UInt8>) {
    count(event)
    if configuration.keepsTranscript {
      let room = event.room == .lobby ? nil : turn.hub.name(of: event.room)
      Transcript.append(event, body, in: room, to: &turn.output.transcript)
    }
    if configuration.savesPictures, event.isPicture {
      turn.output.effects.append(
        .savePicture(name: event.name.text, jpeg: body.array(0..<body.count)))
    }
  }

  private func count(_ event: HubEvent) {
    switch event.kind {
    case .said, .topic: turn.output.counters.messages &+= 1
    case .showed: turn.output.counters.pictures &+= 1
    // Who goes from room to room is there all the time.
    case .joined where event.room != .lobby, .left where event.room != .lobby: break
    case .joined: turn.output.counters.joined &+= 1
    case .left(.said): turn.output.counters.left &+= 1
    case .left(let reason):
      turn.output.counters.lost &+= 1
      turn.output.record(
        LogRecord(
          .info, "lost",
          [("name", .text(event.name.text)), ("reason", .text(reason.rawValue))]))
    }
  }
}
