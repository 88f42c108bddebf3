import ChatEngine

/// A machine with a client program, and the person in front of it.
///
/// The person starts the program again when it ended and he wants to be in, as people do, unless he
/// was told that somebody else has his name.
class ClientHost: Host {
  let plan: Scenario.Client
  let server: ServerHost
  private(set) var address: PeerAddress
  var up: Link
  var down: Link
  /// The longest datagram that its way to the server ever let through.
  private(set) var pathMax: Int
  /// Whether the person would like to be in the chat.
  private(set) var wantsIn = false
  /// The program's life, while it lives.
  var runID: Ledger.RunID?
  /// What tells its packets from those of other programs.
  private(set) var sender = 0
  var random: SplitMix64
  private var addressCount = 0
  private var launches = 0

  init(_ plan: Scenario.Client, _ server: ServerHost, _ world: Simulation, _ random: SplitMix64) {
    (self.plan, self.server, self.random) = (plan, server, random)
    address = plan.address
    (up, down) = (Link(plan.up), Link(plan.down))
    pathMax = plan.up.datagramBytesMax
    super.init(plan.name, world, latency: plan.latency, clockStart: plan.clockStart)
  }

  override var isUp: Bool { runID != nil }

  // MARK: What a kind of client does

  func launch(at now: Instant) {}
  func kill() {}
  func say(
    _ count: Int, isSound: Bool, as kind: NativeRequest.Say.Kind, in room: RoomName,
    at now: Instant
  ) {}
  func show(_ count: Int, isSound: Bool, in room: RoomName, at now: Instant) {}
  func enter(_ room: RoomName, at now: Instant) {}
  func part(_ room: RoomName, at now: Instant) {}
  /// The rooms that the person wants to be in, the lobby first.
  var rooms: [RoomName] { [.lobby] }
  func leave(isPatient: Bool, at now: Instant) {}
  /// Whether it is in, and has nothing left to do.
  var isSettled: Bool { false }

  // MARK: What the person does

  func start(at now: Instant) {
    wantsIn = true
    launchIfWanted(at: now)
  }

  func launchIfWanted(at now: Instant) {
    guard wantsIn, runID == nil else { return }
    if isFrozen { return world.schedule(.launch(self), at: frozenUntil) }
    sender = world.newSender()
    // Another program has another port.
    if launches > 0 { moveAddress(at: now) }
    launches += 1
    world.note(name, "starts at \(address)")
    launch(at: now)
    world.own(address, self)
    act(at: now)
  }

  func goAway(isPatient: Bool, at now: Instant) {
    guard !isFrozen else { return }
    wantsIn = false
    guard runID != nil else { return }
    world.note(name, isPatient ? "leaves" : "leaves at once")
    leave(isPatient: isPatient, at: now)
    act(at: now)
  }

  func crash() {
    guard let runID else { return }
    world.note(name, "crashes")
    world.ledger.end(runID)
    self.runID = nil
    inbox.removeAll()
    kill()
  }

  /// The program ended by itself.
  ///
  /// - Parameter isRefused: whether it was not let in.
  func ended(_ words: String, isRefused: Bool, at now: Instant) {
    guard let runID else { return }
    world.note(name, "ends: \(words)")
    world.ledger.end(runID)
    self.runID = nil
    if isRefused, plan.isRival { wantsIn = false }
    if wantsIn {
      world.schedule(.launch(self), at: now + random.time(milliseconds: 300...4_000))
    }
  }

  // MARK: Where it is

  /// The machine goes to another network, or its router forgets it.
  func moveAddress(at now: Instant) {
    addressCount += 1
    let old = address
    address = PeerAddress(
      high: 0, low: old.low & ~0xff00 | UInt64(addressCount & 0xff) << 8, port: old.port &+ 1)
    world.own(address, self)
    world.note(name, "moves from \(old) to \(address)")
  }

  /// Its way to the server takes datagrams of another length now.
  func setPath(_ datagramBytesMax: Int) {
    up.conditions.datagramBytesMax = datagramBytesMax
    down.conditions.datagramBytesMax = datagramBytesMax
    pathMax = max(pathMax, datagramBytesMax)
  }

  func worsen(_ up: Link.Conditions, _ down: Link.Conditions) {
    (self.up.conditions, self.down.conditions) = (up, down)
    pathMax = max(pathMax, up.datagramBytesMax)
  }

  func heal() {
    (up.isCut, down.isCut) = (false, false)
    up.conditions = up.conditions.healed
    down.conditions = down.conditions.healed
  }

  func transmit(_ outbox: inout Outbox) {
    for (_, bytes, isProbe) in outbox.takeAll() {
      world.transmit(
        Datagram(source: address, target: server.address, bytes: bytes), isProbe: isProbe,
        from: self)
    }
  }
}
