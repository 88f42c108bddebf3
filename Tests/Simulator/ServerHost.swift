import ChatEngine

/// A machine with a server, which may crash, be told to stop, and be started again: with the same
/// key, what is on its disk, and a new log.
final class ServerHost: Host {
  let plan: Scenario.Server
  private(set) var engine: ServerEngine?
  private(set) var life: Ledger.LifeID = 0
  /// What tells its packets from those of other programs.
  private(set) var sender = 0
  private var random: SplitMix64
  /// What its wall clock is wrong by.
  var wallOffsetSeconds: Int64 = 0
  var disk = VirtualDisk()
  private var isWriting = false
  /// Whether it crashes at the next write, and whether that is on the disk then.
  var crashesAtWrite: Bool?
  /// What became of what it wanted kept, until its next turn.
  private var settlements: [StoreFailure?] = []
  private var readsUntil = Simulation.start
  private var answers: [(id: UInt64, answer: HistoryAnswer)] = []
  /// What it told its front ends and is not in the books yet, each behind so many lines of its log.
  private var told: [(lines: Int, event: HubEvent, room: RoomName, body: [UInt8])] = []
  /// Until when a server that was told to stop may go on.
  private var stopsAt: Instant?
  private var isAnnounced = false
  /// Whether it is to be started again as soon as it has stopped.
  private var startsAgain = false

  var address: PeerAddress { plan.address }
  override var isUp: Bool { engine != nil }

  init(_ plan: Scenario.Server, _ world: Simulation, _ random: SplitMix64) {
    (self.plan, self.random) = (plan, random)
    super.init(plan.name, world, latency: plan.latency, clockStart: plan.clockStart)
  }

  override var nextDeadline: Instant? {
    [engine?.nextDeadline, stopsAt].compactMap { $0 }.min()
  }

  private func turnTime(_ now: Instant) -> TurnTime {
    let milliseconds = Int64(now.nanoseconds / 1_000_000) + wallOffsetSeconds * 1_000
    return TurnTime(instant: local(now), wall: WallClock(unixMilliseconds: milliseconds))
  }

  // MARK: Its lives

  func start(at now: Instant) {
    startsAgain = engine != nil && isAnnounced
    guard engine == nil else { return }
    var configuration = ServerConfiguration()
    configuration.keyPair = plan.keyPair
    configuration.serverName = plan.name
    configuration.password = plan.password
    configuration.messagesPerSecond = plan.messagesPerSecond
    configuration.secretSeed = random.bytes(32)
    configuration.hashSeed = random.next()
    configuration.firstSessionGeneration = UInt32(truncatingIfNeeded: random.next())
    configuration.keepsHistory = plan.keepsHistory
    disk.complete(&configuration)
    let engine = ServerEngine(configuration)
    engine.onEvent = { [unowned self, unowned engine] event, room, body in
      told.append((engine.turn.output.log.count, event, room, body))
    }
    self.engine = engine
    (isWriting, settlements, answers, told) = (false, [], [], [])
    life = world.ledger.newLife(
      of: name, log: engine.logID, disk: plan.keepsHistory ? disk : nil)
    sender = world.newSender()
    (stopsAt, isAnnounced) = (nil, false)
    world.note(name, "starts")
    act(at: now)
  }

  func crash() {
    if engine != nil { world.note(name, "crashes") }
    engine = nil
    inbox.removeAll()
  }

  /// Tells the clients that it stops, and stops when they know or the time for that is over.
  func stop(at now: Instant) {
    guard let engine, !isAnnounced else { return }
    world.note(name, "is told to stop")
    isAnnounced = true
    engine.announceShutdown(at: turnTime(now))
    stopsAt = local(now) + .seconds(Limits.shutdownSecondsMax)
    act(at: now)
  }

  // MARK: A turn

  override func work(at now: Instant) {
    guard let engine else { return }
    let time = turnTime(now)
    for settlement in settlements {
      engine.settle(settlement, at: time)
      read(engine, at: now)
    }
    settlements.removeAll()
    for (id, answer) in answers { engine.answer(id, answer, at: time) }
    answers.removeAll()
    for datagram in inbox {
      engine.receive(datagram.bytes.span, from: datagram.source, at: time)
      read(engine, at: now)
      if engine.turn.output.outbox.isHigh { send(engine, at: now) }
    }
    for address in refusals {
      engine.handleUnreachable(address, at: time)
      read(engine, at: now)
    }
    engine.advance(to: time)
    read(engine, at: now)
    // The bound is that of a program that never stops to send.
    for _ in 0..<Self.fillsPerTurnMax {
      let hasMore = engine.fill(at: time)
      read(engine, at: now)
      send(engine, at: now)
      if !hasMore { break }
    }
    if isAnnounced, engine.isDrained || stopsAt! <= local(now) {
      world.note(name, engine.isDrained ? "has told everybody" : "stops unheard")
      self.engine = nil
      if startsAgain { world.schedule(.boot(self), at: now + .seconds(1)) }
    }
  }

  private static let fillsPerTurnMax = 1_000

  /// Enters what the server decided into the ledger.
  private func read(_ engine: ServerEngine, at now: Instant) {
    var records = engine.turn.output.takeLog()[...]
    let lines = records.count
    for (place, event, room, body) in told {
      while lines - records.count < place { read(records.removeFirst()) }
      world.ledger.read(event, body, in: world.ledger.log(of: room, beside: life))
    }
    told.removeAll()
    records.forEach(read)
    engine.turn.output.transcript.removeAll(keepingCapacity: true)
    let effects = engine.turn.output.effects
    engine.turn.output.effects.removeAll(keepingCapacity: true)
    for effect in effects {
      switch effect {
      case .commit(let batch): take(batch, at: now)
      case .ask(let id, let question):
        // One question is read after the other.
        readsUntil = max(readsUntil, now) + VirtualDisk.drawDelay(&random)
        let at = readsUntil
        world.schedule(.read(question, id, of: self, by: sender), at: at)
      case .savePicture: break
      }
    }
  }

  private func read(_ record: LogRecord) {
    var fields: [String: String] = [:]
    for case (let key, .text(let text)) in record.fields { fields[key] = text }
    switch record.event {
    case "joined":
      guard let address = fields["address"], let run = world.run(at: address) else {
        return world.ledger.violate("\(name) let in somebody who is nobody: \(fields)")
      }
      let given = fields["name"] ?? ""
      world.note(name, "lets \(world.ledger.runs[run].host) in as \(given) from \(address)")
      world.ledger.attach(run, to: life, as: given)
    case "entered":
      guard let run = world.run(at: fields["address"] ?? ""),
        let room = fields["room"].flatMap({ try? RoomName($0) })
      else { return world.ledger.violate("\(name) let somebody who is nobody into a room") }
      world.note(name, "lets \(world.ledger.runs[run].host) into \(room)")
      world.ledger.attach(run, to: world.ledger.log(of: room, beside: life))
    case "protocol-error":
      world.ledger.violate("\(name) says that a client broke the protocol: \(fields)")
    default: break
    }
  }

  private func send(_ engine: ServerEngine, at now: Instant) {
    let address = address
    for (target, bytes, isProbe) in engine.turn.output.outbox.takeAll() {
      world.transmit(
        Datagram(source: address, target: target, bytes: bytes), isProbe: isProbe, from: self)
    }
  }
}

/// What it keeps: a batch is on the disk after a while, and a moment later the server knows it.
extension ServerHost {
  private func take(_ batch: StoreBatch, at now: Instant) {
    if isWriting { world.ledger.violate("\(name) has two batches out") }
    isWriting = true
    let at = now + VirtualDisk.drawDelay(&random)
    world.schedule(.write(batch, of: self, by: sender), at: at)
  }

  /// The writer has come to a batch, if its program still runs.
  func write(_ batch: StoreBatch, by program: Int, at now: Instant) {
    guard engine != nil, program == sender else {
      return world.note(name, "lost \(batch.messages.count) messages before they were kept")
    }
    if isFrozen { return world.schedule(.write(batch, of: self, by: sender), at: frozenUntil) }
    let crashes = crashesAtWrite
    crashesAtWrite = nil
    defer { if crashes != nil { crash() } }
    if crashes == false { return }
    var failure: StoreFailure?
    if now < disk.fullUntil {
      failure = StoreFailure(VirtualDisk.fullWords)
      world.note(name, "has no room for \(batch.messages.count) messages")
      world.ledger.lose(batch, of: name)
    } else {
      disk.write(batch)
      world.note(name, "keeps \(batch.messages.count) messages")
      world.ledger.keep(batch, in: life)
    }
    let at = now + .microseconds(random.int(10...3_000))
    world.schedule(.written(failure, of: self, by: sender), at: at)
  }

  /// The writer tells what became of a batch.
  func settle(_ failure: StoreFailure?, by program: Int, at now: Instant) {
    guard engine != nil, program == sender else {
      return world.note(name, "was gone before it knew what is kept")
    }
    isWriting = false
    settlements.append(failure)
    wake(at: now + latency)
  }

  /// The reader has come to a question, if its program still runs.
  func answer(_ question: HistoryQuestion, _ id: UInt64, by program: Int, at now: Instant) {
    guard engine != nil, program == sender else { return }
    let answer = disk.answer(question, &random)
    switch answer {
    case .page(let page):
      world.note(name, "reads \(page.messages.count) messages, all: \(page.isComplete)")
    case .failure(let words): world.note(name, "does not read: \(words)")
    }
    answers.append((id, answer))
    wake(at: now + latency)
  }

  /// Nothing more finds room on its disk for a while.
  func fillDisk(milliseconds: Int, at now: Instant) {
    world.note(name, "has a full disk for \(milliseconds) ms")
    disk.fullUntil = max(disk.fullUntil, now + .milliseconds(milliseconds))
  }
}

extension Outbox {
  /// What waits, as somebody would have it who sends it; empties it.
  mutating func takeAll() -> [(target: PeerAddress, bytes: [UInt8], isProbe: Bool)] {
    if isEmpty { return [] }
    defer { removeAll() }
    return withWaiting { bytes, payloads, deliveries in
      deliveries.map { delivery in
        let payload = payloads[Int(delivery.payload.index)]
        let datagram = UnsafeBufferPointer(
          start: bytes + Int(payload.offset), count: Int(payload.length))
        return (delivery.address, Array(datagram), delivery.isProbe)
      }
    }
  }
}
