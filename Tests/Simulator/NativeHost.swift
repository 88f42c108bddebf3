import ChatEngine

/// A machine with a native client.
final class NativeHost: ClientHost {
  private var client: NativeClient?
  private var isLeaving = false
  private var ending: ClientEnding?
  /// Whether its address is of no use any more, until it takes another.
  private var isStranded = false

  /// The bound of a loop that ends when there is nothing more to send.
  private static let flushesPerTurnMax = 1_000

  override var nextDeadline: Instant? { client?.nextDeadline }

  override func launch(at now: Instant) {
    var configuration = NativeClient.Configuration(
      name: plan.memberName, keyPair: plan.keyPair, seed: random.bytes(32))
    configuration.acceptsNumber = plan.acceptsNumber
    configuration.password = plan.password
    configuration.deliveryTimeout = plan.deliveryTimeout
    if plan.knowsServer { configuration.serverKey = server.plan.keyPair.publicKey }
    runID = world.ledger.newRun(of: name, name: plan.memberName.text, isNative: true)
    (isLeaving, ending) = (false, nil)
    presences.removeAll()
    ownNames.removeAll()
    let client = NativeClient(configuration, to: server.address)
    client.start(at: local(now))
    self.client = client
    for room in wanted { ask(for: room, at: now) }
  }

  override func kill() { client = nil }

  // MARK: The person

  override func say(
    _ count: Int, isSound: Bool, as kind: NativeRequest.Say.Kind, in room: RoomName,
    at now: Instant
  ) {
    guard let runID, let client, !isLeaving, !isFrozen else { return }
    let room = place(meant: room)
    let count = kind == .topic ? min(count, Limits.topicBytesMax) : count
    let text = world.ledger.utter(false, by: runID, isSound: isSound, as: kind, in: room) { id in
      isSound ? Wording.text(id, count: count) : [0xc3, 0x28]
    }
    let ticket = client.say(text, as: kind, in: room, at: local(now))
    world.note(name, "says \(ticket.number) in \(room), \(kind), \(text.count) B")
    act(at: now)
  }

  override func show(_ count: Int, isSound: Bool, in room: RoomName, at now: Instant) {
    guard let runID, let client, !isLeaving, !isFrozen else { return }
    let room = place(meant: room)
    let jpeg = world.ledger.utter(true, by: runID, isSound: isSound, in: room) { id in
      let picture = Wording.picture(id, count: count)
      return isSound ? picture : Array(picture.dropFirst())
    }
    let ticket = client.show(jpeg, in: room, at: local(now))
    world.note(name, "shows \(ticket.number) in \(room), \(jpeg.count) B")
    act(at: now)
  }

  // MARK: Rooms

  /// Where the person says what was meant for a room: few forget that they are not there.
  private func place(meant room: RoomName) -> RoomName {
    if room == .lobby || wanted.contains(room) || random.chance(perMille: 100) { return room }
    return wanted.first ?? .lobby
  }

  override var rooms: [RoomName] { [.lobby] + wanted }

  override func enter(_ room: RoomName, at now: Instant) {
    guard runID != nil, !isLeaving, !isFrozen, !wanted.contains(room) else { return }
    wanted.append(room)
    ask(for: room, at: now)
    act(at: now)
  }

  /// What a person does who wants to be in a room: once its client says so, it is on its way.
  private func ask(for room: RoomName, at now: Instant) {
    guard let runID, let client else { return }
    // It may still be leaving it.
    guard client.enter(room, at: local(now)) else { return }
    world.note(name, "enters \(room)")
    world.ledger.runs[runID].stays[room, default: 0] += 1
    world.ledger.runs[runID].wanted.insert(room)
  }

  override func part(_ room: RoomName, at now: Instant) {
    guard let runID, let client, !isLeaving, !isFrozen, wanted.contains(room) else { return }
    world.note(name, "leaves \(room)")
    wanted.removeAll { $0 == room }
    world.ledger.runs[runID].wanted.remove(room)
    if !client.part(room, at: local(now)) {
      world.ledger.violate("\(name) cannot leave \(room)")
    }
    act(at: now)
  }

  override func leave(isPatient: Bool, at now: Instant) {
    isLeaving = true
    if let runID { world.ledger.runs[runID].isLeaving = isPatient }
    if isPatient {
      client?.leave(at: local(now))
    } else {
      client?.leaveNow(at: local(now))
    }
  }

  /// Its address leads nowhere from now on, and it takes another when it finds that out.
  func strand() {
    isStranded = true
    (up.isCut, down.isCut) = (true, true)
    world.note(name, "is stranded at \(address)")
  }

  override func heal() {
    super.heal()
    isStranded = false
  }

  override var isSettled: Bool {
    guard let runID else { return !wantsIn }
    guard let client, client.pendingCount == 0, !isLeaving, !isFrozen else { return false }
    return world.ledger.runs[runID].wanted.count == rooms.count
      && world.ledger.isUpToDate(runID, in: server.life)
  }

  /// Who it thinks is in a room, and who its person was told is.
  func roster(in room: RoomName) -> [String]? {
    room == .lobby ? client?.roster.sorted() : client?.roster(in: room)?.sorted()
  }
  func presence(in room: RoomName) -> Presence { presences[room] ?? Presence() }
  /// The names that it went by.
  private(set) var ownNames: Set<String> = []
  var givenName: String? { client?.givenName }
  private var presences: [RoomName: Presence] = [:]
  /// The rooms besides the lobby that the person wants to be in.
  private var wanted: [RoomName] = []

  // MARK: A turn

  override func work(at now: Instant) {
    guard let client else { return }
    for datagram in inbox {
      client.receive(datagram.bytes.span, at: local(now))
      hear(client)
    }
    if !refusals.isEmpty { client.handleUnreachable(isRefused: true, at: local(now)) }
    client.advance(to: local(now))
    for _ in 0..<Self.flushesPerTurnMax {
      hear(client)
      if client.outbox.isEmpty { break }
      transmit(&client.outbox)
      client.flush(at: local(now))
    }
    if isStranded, client.takePathSuspicion() {
      isStranded = false
      (up.isCut, down.isCut) = (false, false)
      moveAddress(at: now)
    }
    if let ending {
      self.client = nil
      var isRefused = false
      if case .notLetIn = ending { isRefused = true }
      ended("\(ending)", isRefused: isRefused, at: now)
    }
  }

  /// Enters what the client was told into the ledger.
  private func hear(_ client: NativeClient) {
    guard let runID else { return }
    ownNames.insert(client.givenName)
    let events = client.takeEvents()
    if events.isEmpty { return }
    let life = world.ledger.life(ofLog: client.logID)
    for event in events {
      world.mix(event)
      hear(event, by: runID, in: life)
    }
    // Whoever leaves a room and wants to be back asks again when it is out.
    for room in wanted where !world.ledger.runs[runID].wanted.contains(room) {
      ask(for: room, at: world.now)
    }
  }

  private func hear(_ event: ClientEvent, by run: Ledger.RunID, in life: Ledger.LifeID?) {
    switch event {
    case .joined: enter(.lobby, run, life, isWhole: nil)
    case .restored(let how): comeBack(.lobby, how, run, life)
    case .connectionLost(let isShutDown):
      world.note(name, "lost its connection\(isShutDown ? ", the server stops" : "")")
    case .ownMessage(let ticket):
      world.note(name, "hears its own \(ticket.number)")
      world.ledger.hear(own: ticket, by: run)
    case .accepted(let ticket):
      world.note(name, "knows that \(describe(ticket)) was accepted")
      world.ledger.settle(ticket, by: run, in: life, isAccepted: true, "")
    case .failed(let ticket, let words):
      let words = String(decoding: words, as: UTF8.self)
      world.note(name, "knows that \(describe(ticket)) failed: \(words)")
      world.ledger.settle(ticket, by: run, in: life, isAccepted: false, words)
    case .ended(let ending):
      self.ending = ending
      judge(ending, of: run)
    case .progress(let ticket, let bytes, let total):
      world.ledger.noteProgress(ticket, by: run, bytes: bytes, of: total)
    case .entered(let room): enter(room, run, life, isWhole: nil)
    case .notEntered(let room, let words):
      world.ledger.violate(
        "\(name) was not let into \(room): \(String(decoding: words, as: UTF8.self))")
    case .parted(let room):
      world.note(name, "is no longer in \(room)")
      presences[room] = nil
      world.ledger.part(run, from: room)
    case .inRoom(let room, .restored(let how)): comeBack(room, how, run, life)
    case .inRoom(let room, let event): hear(event, in: room, by: run)
    case .message, .picture, .pictureLost, .missed, .present, .arrived, .departed, .topic,
      .attachment:
      hear(event, in: .lobby, by: run)
    case .met, .notice, .renamed, .listed, .figures, .sessions, .figuresUnknown, .past,
      .pastEnd:
      break
    }
  }

  private func enter(
    _ room: RoomName, _ run: Ledger.RunID, _ life: Ledger.LifeID?, isWhole: Bool?
  ) {
    if isWhole == nil { world.note(name, "is in \(room)") }
    let log = life.flatMap { world.ledger.existingLog(of: room, beside: $0) }
    world.ledger.enter(run, log, isWhole: isWhole)
  }

  private func comeBack(
    _ room: RoomName, _ how: ClientReturn, _ run: Ledger.RunID, _ life: Ledger.LifeID?
  ) {
    world.note(name, "is in \(room) again, \(how)")
    if how != .whole {
      let isRestarted = how == .restarted || how == .caughtUp(isRestarted: true)
      presences[room, default: Presence()].beginAnew(isRestarted: isRestarted)
      if how.isWhole != server.plan.keepsHistory {
        world.ledger.violate("\(name) is back in \(room), \(how), which its server cannot do")
      }
    }
    enter(room, run, life, isWhole: how == .whole)
  }

  /// What is told of a room.
  private func hear(_ event: ClientEvent, in room: RoomName, by run: Ledger.RunID) {
    switch event {
    case .message(let heard):
      world.note(name, "hears \(heard.text.count) B from \(heard.from) in \(room)")
      world.ledger.hear(heard, in: room, by: run)
    case .topic(let from, let text):
      world.note(name, "hears that \(room) is about \(text.count) B, from \(from ?? "before")")
      world.ledger.hear(topic: text, in: room, from: from, by: run)
    case .picture(let from, let jpeg):
      world.note(name, "is shown \(jpeg.count) B by \(from) in \(room)")
      world.ledger.hear(picture: jpeg, in: room, from: from, by: run)
    case .attachment(let from, let attachment, let number, _):
      world.note(name, "hears of a picture by \(from) in \(room)")
      world.ledger.hear(attachment: attachment, number, in: room, from: from, by: run)
    case .pictureLost(let from):
      world.note(name, "lost a picture of \(from) in \(room)")
      world.ledger.losePicture(in: room, by: run)
    case .missed(let count):
      world.note(name, "missed \(count) in \(room)")
      world.ledger.miss(count, in: room, by: run)
    case .present(let other):
      world.note(name, "is told that \(other) is in \(room)")
      presences[room, default: Presence()].isHere(other)
    case .arrived(let other):
      world.note(name, "is told that \(other) has come to \(room)")
      if !presences[room, default: Presence()].comes(other) {
        world.ledger.violate("\(name) is told that \(other) has come to \(room), who was there")
      }
    case .departed(let other):
      world.note(name, "is told that \(other) has left \(room)")
      if !presences[room, default: Presence()].goes(other) {
        world.ledger.violate("\(name) is told that \(other) left \(room), who was not there")
      }
    case .listed: break
    default: world.ledger.violate("\(name) is told \(event) of \(room)")
    }
  }

  private func describe(_ ticket: MessageTicket) -> String {
    "\(ticket.isPicture ? "picture" : "text") \(ticket.number)"
  }

  /// Whether the program may end so.
  private func judge(_ ending: ClientEnding, of run: Ledger.RunID) {
    let told = world.ledger.runs[run]
    let wasIn = told.hearing.life != nil
    let isFair =
      switch ending {
      case .left: isLeaving && (!told.isLeaving || !world.ledger.hasPending(run))
      case .unreachable, .notAnswered: !wasIn
      case .notConfirmed: plan.deliveryTimeout != nil || told.isLeaving
      case .notLetIn: plan.isRival
      case .lost, .keyChanged, .passwordNeeded, .passwordNotAsked, .wrongPassword,
        .otherVersion, .figuresUnknown, .faulty:
        false
      }
    if !isFair { world.ledger.violate("\(name) ended: \(ending)") }
  }
}
