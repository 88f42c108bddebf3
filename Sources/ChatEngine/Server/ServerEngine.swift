/// All that the server decides, without a socket, a clock or a file.
///
/// Owns the hub, its front ends, and the join budgets that they share. In come datagrams,
/// unreachable addresses and the time; out go `output` and the next deadline. Whoever drives it
/// calls one of the methods below, then sends `output.outbox` before it calls again once
/// `outbox.isHigh`. The same calls make the same output.
public final class ServerEngine {
  private let configuration: ServerConfiguration
  private var hub: Hub
  private var joins: JoinBudgets
  private var classic: ClassicFrontend
  private(set) var native: NativeFrontend
  private var discovery: DiscoveryFrontend
  private var isClosing = false
  /// When those who still lack something are told all the same that the server stops.
  private var closingDeadline: Instant?
  public var output = ServerOutput()

  public init(_ configuration: ServerConfiguration) {
    self.configuration = configuration
    hub = Hub(
      clientsMax: configuration.clientsMax,
      speechRate: Rate(
        perSecond: configuration.messagesPerSecond,
        burstSeconds: Limits.messagesBurstSeconds))
    joins = JoinBudgets(
      rate: Rate(
        perSecond: configuration.joinsPerSecond, burstSeconds: Limits.joinsBurstSeconds),
      hashSeed: configuration.hashSeed)
    classic = ClassicFrontend(configuration)
    native = NativeFrontend(configuration)
    discovery = DiscoveryFrontend(configuration, key: native.publicKey)
    for (name, owner) in configuration.ownedNames { hub.restore(name, ownedBy: owner) }
  }

  public var clientCount: Int { hub.memberCount }

  /// What the server calls itself.
  public var serverName: String { configuration.serverName }

  /// What clients know this server by.
  public var publicKey: PublicKey { native.publicKey }

  /// When `advance` has something to do, if nothing comes in before.
  public var nextDeadline: Instant? {
    classic.nextDeadline.earlier(native.nextDeadline).earlier(closingDeadline)
  }

  /// Handles one datagram that came from `address`.
  public func receive(_ bytes: Span<UInt8>, from address: PeerAddress, at time: TurnTime) {
    output.counters.datagramsIn &+= 1
    if let question = DiscoveryQuestion(bytes) {
      classic.noteHeard(address, at: time.instant)
      if let answer = answer(question, from: address, at: time) { send(answer, to: address) }
      return
    }
    if DatagramType.isNative(bytes) {
      native.receive(
        bytes, from: address, at: time, hub: &hub, joins: &joins, output: &output)
    } else if !isClosing {
      classic.receive(
        bytes, from: address, at: time.instant, hub: &hub, joins: &joins, output: &output)
    }
    publish(at: time)
  }

  /// Handles one datagram that came to the port on which servers are looked for. What is no
  /// question is not looked at.
  ///
  /// - Returns: what is to be answered from there, where it must not come from the server's own
  ///   port: a program of before looks at where its answer comes from.
  public func receiveQuestion(
    _ bytes: Span<UInt8>, from address: PeerAddress, at time: TurnTime
  ) -> [UInt8]? {
    guard let question = DiscoveryQuestion(bytes),
      let answer = answer(question, from: address, at: time)
    else { return nil }
    if answer == .text { return answer.bytes }
    // The other socket has numbers of its own for this machine's addresses.
    var asker = address
    asker.local = 0
    output.outbox.addDatagram(answer.bytes, to: asker)
    return nil
  }

  private func answer(
    _ question: DiscoveryQuestion, from address: PeerAddress, at time: TurnTime
  ) -> DiscoveryAnswer? {
    if isClosing { return nil }
    return discovery.answer(
      question, from: address, at: time, peoplePresent: hub.memberCount, output: &output)
  }

  /// Programs of before ask so after each thing they say, so that answer asks for no memory.
  private func send(_ answer: DiscoveryAnswer, to address: PeerAddress) {
    if answer == .text, let payload = output.outbox.addPayload(ClassicText.answer) {
      output.outbox.deliver(payload, to: address)
    } else {
      output.outbox.addDatagram(answer.bytes, to: address)
    }
  }

  /// What lies on the links of this machine, whose hosts may find this server.
  public func setLink(_ prefixes: [AddressPrefix]) { discovery.link = prefixes }

  /// Handles the network's word that nobody is at `address`.
  public func handleUnreachable(_ address: PeerAddress, at time: TurnTime) {
    classic.handleUnreachable(address, hub: &hub)
    publish(at: time)
  }

  /// Does what is due. Stops early when the outbox is high; `nextDeadline` is then in the past.
  public func advance(to time: TurnTime) {
    if let due = closingDeadline, due <= time.instant {
      closingDeadline = nil
      native.closeAll()
    }
    while !output.outbox.isHigh,
      classic.expireOne(at: time.instant, hub: &hub, output: &output)
        || native.expireOne(
          at: time.instant, hub: &hub, joins: &joins, output: &output)
    {
      publish(at: time)
    }
  }

  /// Fills the outbox with what native clients are to be sent, until it is high.
  ///
  /// - Returns: whether there is more: then this is to be called again once the outbox is empty.
  public func fill(at time: TurnTime) -> Bool {
    let hasMore = native.fill(at: time.instant, hub: &hub, output: &output)
    publish(at: time)
    return hasMore
  }

  /// Tells every client that the server stops: native ones when they have all that was said, and
  /// after `Limits.settleSecondsMax` in any case.
  public func announceShutdown(at time: TurnTime) {
    isClosing = true
    closingDeadline = time.instant + .seconds(Limits.settleSecondsMax)
    classic.announceShutdown(&output)
    native.announceShutdown()
  }

  /// Whether every native client was told that the server stops.
  public var isDrained: Bool { native.isEmpty }

  // MARK: What tests look at

  /// By which native clients know the log of this life of the server.
  package var logID: UInt64 { native.log.id }

  /// Who is here, in no order.
  package var memberNames: [String] {
    var names: [String] = []
    hub.forEachMember { _, name in names.append(name.text) }
    return names
  }

  package var footprint: NativeFrontend.Footprint { native.footprint }

  private func publish(at time: TurnTime) {
    while let event = hub.nextEvent() {
      let bytes = hub.bytes.span
      classic.deliver(event, of: bytes, at: time.instant, output: &output)
      native.deliver(event, of: bytes, at: time.instant)
      count(event)
      if configuration.keepsTranscript {
        Transcript.append(event, of: bytes, at: time.wall, to: &output.transcript)
      }
      if configuration.savesPictures, case .showed(let jpeg, _, _) = event.kind {
        output.effects.append(
          .savePicture(name: event.name.text, jpeg: bytes.array(jpeg)))
      }
    }
    for (name, owner) in hub.takeClaims() {
      output.effects.append(.keepOwner(name: name, owner: owner))
    }
  }

  private func count(_ event: HubEvent) {
    switch event.kind {
    case .joined: output.counters.joined &+= 1
    case .said: output.counters.messages &+= 1
    case .showed: output.counters.pictures &+= 1
    case .left(.said): output.counters.left &+= 1
    case .left(let reason):
      output.counters.lost &+= 1
      output.record(
        LogRecord(
          .info, "lost",
          [("name", .text(event.name.text)), ("reason", .text(reason.rawValue))]))
    }
  }
}
