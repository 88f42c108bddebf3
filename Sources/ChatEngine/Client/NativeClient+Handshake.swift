/// How a native client gets a session, and another when the first is lost.
extension NativeClient {
  /// Begins with a Hello.
  func ask(at now: Instant) {
    phase = .asking
    isPathSuspect = wasJoined
    helloNonce = random.uint64()
    noise = nil
    session = nil
    (repeats, repeatGap) = (0, .milliseconds(Limits.questionGapMilliseconds))
    put(Handshake.hello(nonce: helloNonce))
    nextRepeat = now + repeatGap
  }

  func repeatQuestion(at now: Instant) {
    repeats += 1
    repeatGap = min(repeatGap * 2, .seconds(Limits.questionGapSecondsMax))
    nextRepeat = now + repeatGap
    switch phase {
    case .asking:
      // For as long as a server is away this machine may get another address, or none for a while.
      isPathSuspect = wasJoined && repeatGap == .seconds(Limits.questionGapSecondsMax)
      put(Handshake.hello(nonce: helloNonce))
    case .initiating where repeats <= Limits.initiationRepeatsMax: put(initiation)
    case .initiating: ask(at: now)
    default: nextRepeat = nil
    }
  }

  func isAnswer(_ bytes: UnsafeBufferPointer<UInt8>) -> DatagramType? {
    bytes.first.flatMap(DatagramType.init(rawValue:))
  }

  /// Handles a datagram of the server.
  public func receive(_ bytes: Span<UInt8>, at now: Instant) {
    // Who has ended hears nothing more, though the other end may not know it yet.
    if isEnded { return }
    bytes.withUnsafeBufferPointer { bytes in
      switch (isAnswer(bytes), phase) {
      case (.helloAnswer?, .asking): takeHelloAnswer(bytes, at: now)
      case (.accept?, .initiating): takeAccept(bytes, at: now)
      case (.refusal?, .initiating): takeRefusal(bytes, at: now)
      case (.reset?, _): takeReset(bytes, at: now)
      case (.data?, _), (.dataNextPhase?, _), (.shared?, _), (.sharedNextPhase?, _):
        hear(bytes, at: now)
      default: break
      }
    }
  }

  private func takeHelloAnswer(
    _ bytes: UnsafeBufferPointer<UInt8>, at now: Instant
  ) {
    guard let (version, nonce, answer) = Handshake.HelloAnswer.read(bytes), nonce == helloNonce
    else { return }
    guard version == Handshake.version else { return suspect(.otherVersion(version)) }
    guard let answer else { return }
    if let known = configuration.serverKey ?? metKey, known != answer.serverKey {
      return suspect(.keyChanged(answer.serverKey))
    }
    var psk: SecretKey?
    if let salt = answer.salt {
      guard let key = passwordKey(salt) else { return suspect(.passwordNeeded) }
      psk = key
    } else if configuration.password != nil {
      return suspect(.passwordNotAsked)
    }
    initiate(answer, psk, at: now)
  }

  /// Nothing shows that an answer came as it was sent, so one that ends the client is believed when
  /// the next Hello is answered alike.
  private func suspect(_ ending: ClientEnding) {
    if suspicion == ending { return end(ending) }
    suspicion = ending
    helloNonce = random.uint64()
  }

  /// The password's key; it takes a tenth of a second, so it is worked out once.
  private func passwordKey(_ salt: [UInt8]) -> SecretKey? {
    if let passwordKey, passwordKey.salt == salt { return passwordKey.key }
    guard let password = configuration.password,
      let key = PasswordKey.derive(password: password, salt: salt)
    else { return nil }
    passwordKey = (salt, key)
    return key
  }

  private func initiate(
    _ answer: Handshake.HelloAnswer, _ psk: SecretKey?, at now: Instant
  ) {
    var noise = NoiseHandshake(
      initiator: configuration.keyPair, remote: answer.serverKey,
      ephemeral: KeyPair.make(&random), psk: psk, prologue: Handshake.prologue)
    localID = UInt32(truncatingIfNeeded: random.uint64())
    var wish = Handshake.Wish(clientID: localID, offersAES: configuration.offersAES)
    let message = try? noise.write { hash in
      if let psk { wish.proof = Handshake.proof(of: psk, hash: hash) }
      return wish.bytes
    }
    // A key with which no secret can be agreed on is no server's, so that was not its answer.
    guard let message else { return }
    claimedKey = answer.serverKey
    refusalKey = Handshake.refusalKey(&noise)
    self.noise = consume noise
    initiation = Handshake.initiation(cookie: answer.cookie, message: message)
    phase = .initiating
    (repeats, repeatGap) = (0, .milliseconds(Limits.questionGapMilliseconds))
    put(initiation)
    nextRepeat = now + repeatGap
  }

  private func takeAccept(_ bytes: UnsafeBufferPointer<UInt8>, at now: Instant) {
    guard let (id, message) = Handshake.readAccept(bytes), id == localID else { return }
    guard var noise = noise.take(), let payload = try? noise.read(message.span).payload,
      let grant = Handshake.Grant(payload)
    else {
      // Whoever could write it saw the Init; the handshake cannot go on from here.
      return ask(at: now)
    }
    let keys = noise.split()
    suspicion = nil
    session = Session(
      localID: localID, remoteID: grant.sessionID, remoteKey: claimedKey!, address: address,
      keys: keys, cipher: grant.cipher, keepsAlive: true, resetToken: grant.resetToken, at: now)
    metKey = claimedKey
    sources = Session.SendSources()
    talkSaid = 0
    nextRepeat = nil
    if configuration.isOnlooker { return lookOn(at: now) }
    (phase, isWelcomed) = (.joining, false)
    var join = NativeRequest.Join(
      name: configuration.name.text, acceptsNumber: configuration.acceptsNumber, run: run)
    join.isPassing = configuration.isPassing
    (join.log, join.last) = (hearing.log, hearing.completeThrough)
    say(.join(join))
    flush(at: now)
  }

  private func takeRefusal(_ bytes: UnsafeBufferPointer<UInt8>, at now: Instant) {
    let reason = Handshake.readRefusal(bytes, clientID: localID, key: refusalKey)
    switch reason {
    // After a restart many come back at once, from one address maybe, and all have their turn.
    case .full where wasJoined, .tooMany where wasJoined: wait(at: now)
    case .wrongPassword: end(.wrongPassword)
    case .full: end(.notLetIn(Array("the chat is full".utf8)))
    case .tooMany:
      end(.notLetIn(Array("too many joined from your address just now".utf8)))
    case nil: break
    }
  }

  private func takeReset(_ bytes: UnsafeBufferPointer<UInt8>, at now: Instant) {
    guard let (id, token) = Handshake.readReset(bytes), id == session?.remoteID,
      let expected = session?.resetToken
    else { return }
    // Tokens can be collected, and a server that has another key by now makes others. So it is only
    // a reason to ask: who is there answers in time.
    let isOurs = Blake2b.areEqual(token.span, expected.span)
    let due =
      now
      + .milliseconds(
        isOurs ? Limits.resetDoubtMilliseconds : Limits.foreignResetDoubtMilliseconds)
    if let resetDeadline, resetDeadline <= due { return }
    resetDeadline = due
    session?.ping()
    flush(at: now)
  }

  // MARK: Losing a session

  /// The network's word that nobody is at the server's address.
  ///
  /// - Parameter isRefused: whether the machine is there and the port is closed.
  public func handleUnreachable(isRefused: Bool, at now: Instant) {
    switch phase {
    case .ended, .waiting: break
    // No way leads there, so that there is nothing to begin with.
    case .idle: end(.unreachable)
    case .joined, .joining, .leaving:
      // A cable that is out comes back; a closed port is a server that has gone.
      if isRefused { lose(.reset, at: now) }
    case .asking, .initiating:
      if wasJoined { wait(at: now) } else { end(.unreachable) }
    }
  }

  /// The session has ended.
  func lose(_ ending: Session.Ending, at now: Instant) {
    guard phase != .ended else { return }
    session = nil
    resetDeadline = nil
    defer { asksFigures = false }
    switch ending {
    case .closed(.done, _), .closed(.idle, _):
      if phase == .leaving { return end(.left) }
    case .closed(.refused, let text): return end(.notLetIn(Array(text.utf8)))
    case .closed(.protocolError, let text):
      if !takeFiguresRefused(at: now) { return end(.faulty(text)) }
      if phase == .ended { return }
    case .faulty(let text): return end(.faulty(text))
    case .closed(.replaced, _): return end(.lost)
    case .closed(.shuttingDown, _):
      if phase == .leaving { return end(.left) }
      if !isLost { events.append(.connectionLost(isShutDown: true)) }
      isLost = true
    case .silent, .reset:
      // All was accepted, and who leaves is not missed.
      if phase == .leaving { return end(.left) }
    }
    if wasJoined, !isLost {
      isLost = true
      events.append(.connectionLost(isShutDown: false))
    }
    wait(at: now)
  }

  /// Waits before it begins again: longer each time, and not all clients at once.
  private func wait(at now: Instant) {
    session = nil
    nextRepeat = nil
    noise = nil
    let first = Int64(Limits.reconnectMillisecondsMin)
    let most = min(first << Int64(min(attempts, 16)), Int64(Limits.reconnectMillisecondsMax))
    attempts += 1
    let jitter = Int64(random.uint64() % UInt64(most))
    phase = .waiting(until: now + .milliseconds(most / 2 + jitter / 2))
  }

  func put(_ datagram: [UInt8]) {
    outbox.addDatagram(to: address, capacity: datagram.count) { buffer in
      buffer.initialize(fromContentsOf: datagram)
    }
  }
}
