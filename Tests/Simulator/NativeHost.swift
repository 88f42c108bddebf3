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
    told.removeAll()
    awaited.removeAll()
    let client = NativeClient(configuration, to: server.address)
    client.start(at: local(now))
    self.client = client
  }

  override func kill() { client = nil }

  // MARK: The person

  override func say(_ count: Int, isSound: Bool, at now: Instant) {
    guard let runID, let client, !isLeaving, !isFrozen else { return }
    let text = world.ledger.utter(false, by: runID, isSound: isSound) { id in
      isSound ? Wording.text(id, count: count) : [0xc3, 0x28]
    }
    let ticket = client.say(text, at: local(now))
    world.note(name, "says \(ticket.number), \(text.count) B")
    act(at: now)
  }

  override func show(_ count: Int, isSound: Bool, at now: Instant) {
    guard let runID, let client, !isLeaving, !isFrozen else { return }
    let jpeg = world.ledger.utter(true, by: runID, isSound: isSound) { id in
      let picture = Wording.picture(id, count: count)
      return isSound ? picture : Array(picture.dropFirst())
    }
    let ticket = client.show(jpeg, at: local(now))
    world.note(name, "shows \(ticket.number), \(jpeg.count) B")
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
    guard let client, client.pendingCount == 0, !isLeaving else { return false }
    return world.ledger.isUpToDate(runID) && world.ledger.runs[runID].hearing.life == server.life
  }

  /// Who it thinks is here, and who its person was told is.
  var roster: [String]? { client?.roster.sorted() }
  var givenName: String? { client?.givenName }
  private(set) var told: Set<String> = []
  /// Who was here before the server was started again, and was not told of since.
  private var awaited: Set<String> = []

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
    let events = client.takeEvents()
    if events.isEmpty { return }
    let life = world.ledger.life(ofLog: client.logID)
    for event in events {
      world.mix(event)
      hear(event, by: runID, in: life)
    }
  }

  private func hear(_ event: ClientEvent, by run: Ledger.RunID, in life: Ledger.LifeID?) {
    switch event {
    case .joined:
      world.note(name, "is in")
      world.ledger.enter(run, life, isWhole: nil)
    case .restored(let how):
      world.note(name, "is in again, \(how)")
      // What was missed may have been somebody's leaving; the list begins anew.
      if how == .restarted { awaited.formUnion(told) }
      if how != .whole { told.removeAll() }
      world.ledger.enter(run, life, isWhole: how == .whole)
    case .connectionLost(let isShutDown):
      world.note(name, "lost its connection\(isShutDown ? ", the server stops" : "")")
    case .message(let heard):
      let (from, text) = (heard.from, heard.text)
      world.note(name, "hears \(text.count) B from \(from)")
      world.ledger.hear(text: text, from: from, by: run)
    case .ownMessage(let ticket):
      world.note(name, "hears its own \(ticket.number)")
      world.ledger.hear(own: ticket, by: run)
    case .picture(let from, let jpeg):
      world.note(name, "is shown \(jpeg.count) B by \(from)")
      world.ledger.hear(picture: jpeg, from: from, by: run)
    case .pictureLost(let from):
      world.note(name, "lost a picture of \(from)")
      world.ledger.losePicture(by: run)
    case .missed(let count):
      world.note(name, "missed \(count)")
      world.ledger.miss(count, by: run)
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
    case .present(let name):
      world.note(self.name, "is told that \(name) is here")
      told.insert(name)
      awaited.remove(name)
    case .arrived(let name):
      world.note(self.name, "is told that \(name) has come")
      if told.contains(name) || awaited.contains(name) {
        world.ledger.violate("\(self.name) is told that \(name) has come, who was there")
      }
      told.insert(name)
    case .departed(let name):
      world.note(self.name, "is told that \(name) has gone")
      if told.remove(name) == nil, awaited.remove(name) == nil {
        world.ledger.violate("\(self.name) is told that \(name) has gone, who was not there")
      }
    case .met, .notice, .renamed, .listed, .figures, .sessions, .figuresUnknown, .topic, .inRoom,
      .entered, .notEntered, .parted, .past, .pastEnd, .attachment:
      break
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
