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
  }

  public var clientCount: Int { hub.memberCount }

  /// When `advance` has something to do, if nothing comes in before.
  public var nextDeadline: Instant? { classic.nextDeadline }

  /// Handles one datagram that came from `address`.
  public func receive(_ bytes: Span<UInt8>, from address: PeerAddress, at time: TurnTime) {
    output.counters.datagramsIn &+= 1
    classic.receive(
      bytes, from: address, at: time.instant, hub: &hub, joins: &joins, output: &output)
    publish(at: time)
  }

  /// Handles the network's word that nobody is at `address`.
  public func handleUnreachable(_ address: PeerAddress, at time: TurnTime) {
    classic.handleUnreachable(address, hub: &hub)
    publish(at: time)
  }

  /// Does what is due. Stops early when the outbox is high; `nextDeadline` is then in the past.
  public func advance(to time: TurnTime) {
    while !output.outbox.isHigh,
      classic.expireOne(at: time.instant, hub: &hub, output: &output)
    {
      publish(at: time)
    }
  }

  /// Tells every client that the server stops.
  public func announceShutdown() { classic.announceShutdown(&output) }

  private func publish(at time: TurnTime) {
    while let event = hub.nextEvent() {
      let bytes = hub.bytes.span
      classic.deliver(event, of: bytes, at: time.instant, output: &output)
      count(event)
      if configuration.keepsTranscript {
        Transcript.append(event, of: bytes, at: time.wall, to: &output.transcript)
      }
      if configuration.savesPictures, case .showed(let jpeg, _) = event.kind {
        output.effects.append(
          .savePicture(name: event.name.text, jpeg: bytes.array(jpeg)))
      }
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
