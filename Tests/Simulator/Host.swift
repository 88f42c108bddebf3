import ChatEngine

/// A datagram on its way, and what the simulation knows about it.
struct Datagram {
  var source: PeerAddress
  var target: PeerAddress
  var bytes: [UInt8]
  /// Whether its source is who sent it, and nothing was changed on the way.
  var isTrue = true
}

/// A machine: an engine, an address, and what came for it and was not yet handled.
///
/// It takes turns as the real loops do: what came since the last turn is handed to the engine, then
/// the time, and what the engine has to send goes out. A turn comes a moment after the first
/// datagram did, so that several may be handled in one.
class Host {
  let name: String
  unowned let world: Simulation
  /// What passes between a datagram's arrival and the turn that handles it.
  let latency: Duration
  /// What its monotonic clock says when the simulation begins: no two machines have the same, and
  /// some have just been started.
  private let clockStart: Instant
  /// Until when nothing runs on it, as while a laptop sleeps; time goes on.
  private(set) var frozenUntil = Simulation.start
  var inbox: [Datagram] = []
  /// Addresses that the network said nobody is at.
  var refusals: [PeerAddress] = []
  /// When the next turn is.
  private(set) var turnAt: Instant?
  private var turnsInInstant = 0
  private var lastTurn = Simulation.start
  private var second: UInt64 = 0
  private var turnsInSecond = 0
  private var datagramsInSecond = 0

  /// Turns in a row at one instant, after which nothing will come of more.
  static let turnsPerInstantMax = 100
  /// Turns in a second of a host to which and from which nothing is sent.
  static let turnsPerSecondMax = 400

  /// What waits in the kernel for a program that does not run.
  static let inboxDatagramsMax = 400

  init(_ name: String, _ world: Simulation, latency: Duration, clockStart: Instant) {
    (self.name, self.world) = (name, world)
    (self.latency, self.clockStart) = (latency, clockStart)
  }

  // MARK: Its clock

  /// What its clock says at an instant of the simulation.
  func local(_ now: Instant) -> Instant {
    clockStart.advanced(byNanoseconds: now.nanoseconds(since: Simulation.start))
  }

  /// When its clock says so.
  private func global(_ local: Instant) -> Instant {
    Simulation.start.advanced(byNanoseconds: local.nanoseconds(since: clockStart))
  }

  // MARK: What a kind of host does

  /// Whether a program runs here.
  var isUp: Bool { false }
  /// By its own clock.
  var nextDeadline: Instant? { nil }
  /// Handles what is in the inbox and what is due, and sends.
  func work(at now: Instant) {}

  // MARK: Turns

  func arrive(_ datagram: Datagram, at now: Instant) {
    if inbox.count < Self.inboxDatagramsMax { inbox.append(datagram) }
    datagramsInSecond += 1
    wake(at: now + latency)
  }

  func arrive(refusalOf address: PeerAddress, at now: Instant) {
    refusals.append(address)
    wake(at: now + latency)
  }

  func countSent() { datagramsInSecond += 1 }

  func wake(at instant: Instant) {
    let instant = max(instant, frozenUntil)
    if let turnAt, turnAt <= instant { return }
    turnAt = instant
    world.schedule(self, at: instant)
  }

  /// A turn that was scheduled is due, unless an earlier one took its place.
  func takeTurn(at now: Instant) {
    guard turnAt == now else { return }
    turnAt = nil
    act(at: now)
  }

  /// Takes a turn at once, as when a person types something.
  func act(at now: Instant) {
    if isFrozen { return wake(at: now) }
    countTurn(at: now)
    if world.isStuck { return }
    if isUp { work(at: now) }
    inbox.removeAll(keepingCapacity: true)
    refusals.removeAll()
    if isUp, let next = nextDeadline { wake(at: max(global(next), now)) }
  }

  // MARK: Sleep

  var isFrozen: Bool { world.now < frozenUntil }

  func freeze(until end: Instant) {
    frozenUntil = max(frozenUntil, end)
    turnAt = nil
    wake(at: frozenUntil)
  }

  /// A deadline that has passed must be followed by something, and nothing may be so busy.
  private func countTurn(at now: Instant) {
    turnsInInstant = now == lastTurn ? turnsInInstant + 1 : 0
    lastTurn = now
    if turnsInInstant > Self.turnsPerInstantMax {
      world.ledger.violate(
        "\(name) has a deadline of \(describe(nextDeadline.map(global))) that is never met")
      world.isStuck = true
    }
    let second = now.nanoseconds / 1_000_000_000
    if second != self.second {
      (self.second, turnsInSecond, datagramsInSecond) = (second, 0, 0)
    }
    turnsInSecond += 1
    if turnsInSecond == Self.turnsPerSecondMax + 4 * datagramsInSecond {
      world.ledger.violate(
        "\(name) took \(turnsInSecond) turns in a second for \(datagramsInSecond) datagrams")
    }
  }

  private func describe(_ instant: Instant?) -> String { instant.map(Trace.clock) ?? "never" }
}
