import ChatEngine

/// The server's socket in the loop: receives, has the engine decide, sends what was decided, and
/// keeps the engine's deadline.
///
/// Owns the rest of a batch that was not decided yet, and whether the kernel takes no more. What
/// always holds: while it takes no more, nothing is received and nothing decided, so that what
/// waits is bounded by the outbox.
final class DatagramPort {
  private let socket: DatagramSocket
  private let engine: ServerEngine
  private let reactor: Reactor
  private var clock = LocalClock()
  private var watch: Reactor.Watch?
  private var timer: Reactor.Timer?
  /// What holds datagrams back and drops them, where somebody asked for that, and when the next is
  /// through.
  private let impaired: ImpairedSocket?
  private var impairedTimer: Reactor.Timer?
  /// Datagrams of the last batch that were not decided yet.
  private var undecided = 0..<0
  private var turnsWithoutErrors = 0
  private var isClosing = false
  /// Whether something waits that the kernel does not take now.
  private(set) var isBlocked = false

  init(
    _ socket: DatagramSocket, _ engine: ServerEngine, impairedBy impairment: Impairment?,
    on reactor: Reactor
  ) {
    (self.socket, self.engine, self.reactor) = (socket, engine, reactor)
    impaired = impairment.map { ImpairedSocket($0) }
  }

  /// Where the server listens.
  var address: PeerAddress? { socket.localAddress }
  /// The datagrams that the kernel had no room for.
  var kernelDrops: UInt32 { socket.kernelDrops }
  /// What was done to datagrams on purpose, for the summary.
  var impairedFields: [(String, LogValue)] { impaired?.fields ?? [] }

  /// Hears what is sent to the group of servers on the link of an interface.
  func join(interface: UInt32) throws(SystemError) {
    try socket.join(DiscoveryGroup.address(interface: interface, port: 0))
  }

  /// Begins to receive.
  func open() throws(SystemError) {
    watch = try reactor.watch(socket.fd, for: .readable) { [unowned self] in
      handle(readiness: $0)
    }
    timer = reactor.addTimer { [unowned self] in engine.advance(to: turnTime()) }
    if impaired != nil {
      impairedTimer = reactor.addTimer { [unowned self] in
        if !isBlocked { decideImpaired() }
      }
    }
  }

  /// Tells every client that the server stops; what waits still goes out. It is received on, since
  /// native clients say what they have got.
  func close() {
    isClosing = true
    engine.announceShutdown(at: turnTime())
  }

  /// Whether all that there was to say before the end is out.
  var isDrained: Bool { !isBlocked && engine.isDrained && impaired?.isDrained ?? true }

  /// Sends what the turn has left, and sets the engine's next deadline.
  func endTurn() {
    var hasMore = true
    while hasMore && !isBlocked {
      hasMore = engine.fill(at: turnTime())
      flush()
    }
    timer?.deadline = isBlocked ? nil : engine.nextDeadline
    impairedTimer?.deadline = isBlocked ? nil : impaired?.nextArrival
  }

  /// The times of this turn.
  func turnTime() -> TurnTime { TurnTime(instant: reactor.now, wall: clock.read()) }

  // MARK: In

  private func handle(readiness: Reactor.Interest) {
    if readiness.contains(.writable) { flush() }
    var isDrained = true
    if readiness.contains(.readable), !isBlocked {
      undecided = 0..<socket.receive()
      isDrained = undecided.count < Limits.receiveBatchDatagramsMax
      decide()
    }
    // Somebody who said that it leaves, and is gone, left; so what was said comes first. Under a
    // flood there is always more of it, and the errors get their turn all the same.
    turnsWithoutErrors = isDrained ? 0 : turnsWithoutErrors + 1
    guard readiness.contains(.failed) else { return }
    if isBlocked {
      dropErrors()
    } else if isDrained || turnsWithoutErrors % Limits.errorTurns == 0 {
      takeErrors()
    }
  }

  /// Decides what was received, sending in between whenever much waits to go out.
  private func decide() {
    let time = turnTime()
    while !isBlocked, let index = undecided.popFirst() {
      socket.withDatagram(index) { bytes, source in
        if let impaired {
          impaired.receive(bytes, from: source, at: time.instant)
        } else {
          engine.receive(bytes, from: source, at: time)
        }
      }
      if engine.turn.output.outbox.isHigh { flush() }
    }
    if impaired != nil { decideImpaired() }
  }

  /// Decides what has come through the impairment by now.
  private func decideImpaired() {
    let time = turnTime()
    while !isBlocked, let (bytes, source) = impaired?.nextReceived(at: time.instant) {
      engine.receive(bytes.span, from: source, at: time)
      if engine.turn.output.outbox.isHigh { flush() }
    }
  }

  /// Takes the network's reports of addresses where nobody is. Those that are left when the outbox
  /// is high keep the descriptor in error, so that the next turn goes on with them.
  private func takeErrors() {
    let time = turnTime()
    while !engine.turn.output.outbox.isHigh, let address = socket.nextUnreachable() {
      if !isClosing { engine.handleUnreachable(address, at: time) }
    }
    flush()
  }

  /// Throws the reports away that come while nothing may be decided: they would end every wait for
  /// room at once. The next datagram to such an address brings another.
  private func dropErrors() {
    while socket.nextUnreachable() != nil {}
  }

  // MARK: Out

  /// Sends what was decided, and goes on deciding where that had to wait for it.
  private func flush() {
    let wasBlocked = isBlocked
    isBlocked = !emptyOutbox()
    if isBlocked == wasBlocked { return }
    watchWhatIsWanted()
    if wasBlocked { decide() }
  }

  /// - Returns: false when the kernel takes no more.
  private func emptyOutbox() -> Bool {
    while true {
      switch sendOutbox() {
      case .done: return true
      case .blocked: return false
      case .refused: engine.turn.output.drop(.notSent, from: takeRefused(), at: reactor.now)
      }
    }
  }

  private func sendOutbox() -> SendArena.Outcome {
    guard let impaired else { return socket.send(&engine.turn.output.outbox) }
    return impaired.send(&engine.turn.output.outbox, at: reactor.now) { socket.send(&$0) }
  }

  /// Goes on without the delivery that cannot be sent.
  private func takeRefused() -> PeerAddress {
    func take(_ outbox: inout Outbox) -> PeerAddress {
      outbox.sent += 1
      return outbox.deliveries[outbox.sent - 1].address
    }
    guard let impaired else { return take(&engine.turn.output.outbox) }
    return take(&impaired.outbox)
  }

  private func watchWhatIsWanted() {
    watch?.interest = isBlocked ? .writable : .readable
  }
}
