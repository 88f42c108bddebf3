/// What a native client says and hears once it has a session.
extension NativeClient {
  func hear(_ bytes: UnsafeBufferPointer<UInt8>, at now: Instant) {
    let isTaken = session?.receive(
      bytes, from: address, at: now, scratch: scratch, random: &random)
    guard isTaken == true else { return }
    resetDeadline = nil
    takeReplies(at: now)
    takeWhatIsHeard(at: now)
    leaveIfDone(at: now)
    if !isEnded { flush(at: now) }
  }

  /// Stops, or goes on, to hear what others say: meanwhile it waits at the server.
  public func setHearing(_ isHearing: Bool, at now: Instant) {
    if isHearing == self.isHearing { return }
    self.isHearing = isHearing
    guard isHearing, session != nil else { return }
    takeWhatIsHeard(at: now)
    flush(at: now)
  }

  private func takeWhatIsHeard(at now: Instant) {
    if isHearing, phase == .joined || phase == .leaving { takeLog(at: now) }
    session?.dropTaken()
  }

  // MARK: Saying

  func say(_ request: NativeRequest) {
    if request.isTalk {
      sources.talk.append { request.append(to: &$0) }
      talkSaid += 1
    } else {
      session?.sendControl { request.append(to: &$0) }
    }
  }

  /// Says something that waits, in the session as it is now. Of a room that was left in between the
  /// server says that this client is not there.
  func utter(_ pending: Pending) {
    let channel = channel(of: pending.room) ?? SideChannels.none
    switch pending.kind {
    case .text(let text, let kind):
      say(
        .say(
          NativeRequest.Say(
            number: pending.number, channel: channel, kind: kind, text: text[...])))
    case .picture(let jpeg):
      say(
        .offer(
          NativeRequest.Offer(
            number: pending.number, object: pending.number, length: UInt64(jpeg.count),
            hash: Blake2b.hash256(jpeg.span), channel: channel)))
    }
  }

  // MARK: Replies

  private func takeReplies(at now: Instant) {
    while let message = session?.takeMessage(.control) {
      guard let reply = NativeReply(message) else {
        session?.fail("a control message of type \(message.first ?? 0)")
        return
      }
      switch reply {
      case .welcome(let welcome): enter(welcome, at: now)
      case .refused(_, let words): refuse(words, at: now)
      case .receipt(let kind, let number, let failure):
        settle(kind, number, failure, at: now)
      case .want(let number): upload(number)
      case .present(let present): note(present, at: now)
      case .figures(let theirs):
        asksFigures = false
        if let figures { events.append(.figures(ours: figures, theirs: theirs)) }
      case .sessions(let page): take(page)
      case .entered(let entered): enter(entered)
      case .notEntered(let channel, let words): leaveRoom(channel, .notEntered, words)
      case .parted(let channel): leaveRoom(channel, .parted, "")
      }
      if isEnded { return }
    }
  }

  func enter(_ welcome: NativeReply.Welcome, at now: Instant) {
    guard phase == .joining else { return }
    let isSameLog = welcome.log == hearing.log
    (ownMember, listing, isWelcomed) = (welcome.member, nil, true)
    let how = hearing.begin(
      NativeHearing.Beginning(
        log: welcome.log, isResumed: welcome.isResumed, next: welcome.next, name: welcome.name,
        member: welcome.member, nextNumber: welcome.keepsHistory ? welcome.nextNumber : nil),
      &events)
    keepsHistory = welcome.keepsHistory
    giveUpAt = nil
    lastProgress = now
    progressSeen = 0
    settleBefore(.say, welcome.said)
    settleBefore(.offer, welcome.shown)
    for index in said.indices { said[index].position = nil }
    askForRooms(goesOn: isSameLog)
    askAgain()
    if let missing = hearing.catchUpFrom { beginCatchUp(of: .lobby, after: missing) }
    for pending in said { utter(pending) }
    if !wasJoined {
      if let metKey, metKey != configuration.serverKey { events.append(.met(metKey)) }
      events.append(.joined)
    } else {
      events.append(.restored(told(how)))
      if how == .restarted { awaitingEnd = now + .seconds(Limits.returnSecondsMax) }
    }
    if welcome.name != name {
      name = welcome.name
      events.append(.renamed(name))
    }
    if !welcome.isResumed, !welcome.topic.isEmpty {
      events.append(.topic(from: nil, text: Array(welcome.topic.utf8)))
    }
    (wasJoined, isLost, attempts) = (true, false, 0)
  }

  /// What this client is told of its return: what was said is asked for where the server keeps it.
  func told(_ how: ClientReturn) -> ClientReturn {
    keepsHistory && how != .whole ? .caughtUp(isRestarted: how == .restarted) : how
  }

  /// The list of who is here is complete, so that events can be told by their names.
  func beginToHear(at now: Instant) {
    guard phase == .joining, wasJoined else { return }
    phase = .joined
    hearing.endList(&events)
  }

  private func refuse(_ words: String, at now: Instant) {
    session?.close(.done)
    _ = session?.send(into: &outbox, from: sources, at: now)
    session = nil
    // Its own ghost may stand in the way for a moment; a first join is simply refused.
    end(.notLetIn(Array(words.utf8)))
  }

  /// What has a number up to `number` was accepted before the session was lost.
  private func settleBefore(_ kind: NativeReply.Kind, _ number: UInt64) {
    for pending in said where pending.receipt == kind && pending.number <= number {
      events.append(.accepted(pending.ticket))
    }
    said.removeAll { $0.receipt == kind && $0.number <= number }
  }

  private func settle(
    _ kind: NativeReply.Kind, _ number: UInt64, _ failure: String?, at now: Instant
  ) {
    guard let index = said.firstIndex(where: { $0.receipt == kind && $0.number == number })
    else { return }
    let pending = said.remove(at: index)
    lastProgress = now
    if let failure {
      events.append(.failed(pending.ticket, Array(failure.utf8)))
    } else {
      events.append(.accepted(pending.ticket))
    }
    if let settled = session?.talkSettled { sources.talk.drop(below: settled) }
    if let settled = session?.objectsSettled { sources.objects.drop(below: settled) }
  }

  /// The server is ready for a picture.
  private func upload(_ number: UInt64) {
    let index = said.firstIndex { $0.receipt == .offer && $0.number == number }
    guard let index, said[index].position == nil, case .picture(let jpeg) = said[index].kind
    else { return }
    let start = sources.objects.end
    sources.objects.append(jpeg, number: number)
    said[index].position = start..<sources.objects.end
  }

  // MARK: The log

  func takeLog(at now: Instant) {
    takePast(at: now)
    if session != nil, let event = hearing.takeHeld() {
      hearing.take(event, ownRun: run, &session!, &events)
    }
    while isHearing, hearing.catchUpFrom == nil, let message = session?.takeMessage(.talk) {
      guard let event = NativeEvent(message) else {
        session?.fail("an event of type \(message.first ?? 0)")
        return
      }
      hearing.take(event, ownRun: run, &session!, &events)
    }
    if let missing = hearing.takeNewGap() { beginCatchUp(of: .lobby, after: missing) }
    for index in rooms.indices { takeLog(ofRoom: index) }
    for object in session?.takeObjects() ?? [] {
      hearing.finish(object.number, object.bytes, &events)
      tellOfRooms { $0.finish(object.number, object.bytes, &$1) }
    }
    for object in session?.takeLostObjects() ?? [] {
      hearing.lose(object, &events)
      tellOfRooms { $0.lose(object, &$1) }
    }
  }

  /// Whether, since this was last asked, the way to the server seemed once more not to work, so
  /// that another socket may be better: a machine that got a new address cannot send from its old
  /// one.
  public func takePathSuspicion() -> Bool {
    let probes = Int(session?.probeCount ?? 0)
    if probes >= Limits.suspectProbeTimeouts, probes > probesSuspected { isPathSuspect = true }
    probesSuspected = probes
    defer { isPathSuspect = false }
    return isPathSuspect
  }
}
