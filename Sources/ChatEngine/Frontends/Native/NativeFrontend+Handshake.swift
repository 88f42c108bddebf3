/// How a native client gets a session.
extension NativeFrontend {
  /// Tells a stranger who this server is. Nothing is kept, and the answer is no longer than the
  /// question.
  mutating func answerHello(
    _ bytes: UnsafeBufferPointer<UInt8>, from address: PeerAddress, _ turn: inout Turn
  ) {
    guard let nonce = Handshake.helloNonce(bytes) else {
      turn.output.drop(.notNative, from: address, at: turn.now)
      return
    }
    let rate = Rate(perSecond: Limits.helloAnswersPerSecond, burst: Limits.helloAnswersBurst)
    guard helloAnswers.take(rate, at: turn.now) else {
      turn.output.drop(.handshakes, from: address, at: turn.now)
      return
    }
    let answer = Handshake.HelloAnswer(
      nonce: nonce, cookie: cookies.make(for: address, at: turn.now), serverKey: publicKey,
      salt: password?.salt, peoplePresent: UInt32(turn.hub.memberCount), serverName: serverName,
      unixSeconds: UInt64(clamping: turn.time.wall.unixSeconds), isFull: turn.hub.isFull)
    let length = answerLength(bytes, at: turn.now)
    turn.output.outbox.addDatagram(
      to: address, capacity: max(length.bytes, Limits.helloBytesMin), isProbe: length.isWhole
    ) { buffer in
      var writer = ByteWriter(buffer)
      answer.write(to: &writer)
      let rest = max(length.bytes - writer.count, 0)
      buffer[writer.count..<writer.count + rest].initialize(repeating: 0)
      return writer.count + rest
    }
  }

  /// How long the answer to a Hello is to be. Long ones are dear, so few are made as long as was
  /// wished; the others are as short as they can be, by which who asks knows them.
  private mutating func answerLength(
    _ hello: UnsafeBufferPointer<UInt8>, at now: Instant
  ) -> Handshake.AnswerLength {
    let wish = Handshake.answerLength(hello)
    if wish.bytes <= Limits.helloBytesMin { return wish }
    let rate = Rate(perSecond: Limits.longAnswersPerSecond, burst: Limits.longAnswersPerSecond)
    return longAnswers.take(rate, at: now) ? wish : .usual
  }

  /// Goes on with a handshake whose cookie shows that the client receives where it says it is.
  mutating func answerInitiation(
    _ bytes: UnsafeBufferPointer<UInt8>, from address: PeerAddress, _ turn: inout Turn
  ) {
    guard let (cookie, message) = Handshake.readInitiation(bytes),
      cookies.accepts(cookie, from: address, at: turn.now),
      let ephemeral = PublicKey(message.prefix(32))
    else {
      turn.output.drop(.badHandshake, from: address, at: turn.now)
      return
    }
    if let slot = unconfirmed[ephemeral], let known = peers[slot].initiation {
      known.sentAt = nil
      send(known.accept, to: address, &turn)
      return
    }
    guard turn.joins.admitsHandshake(of: address, at: turn.now, &random) else {
      turn.output.drop(.handshakes, from: address, at: turn.now)
      return
    }
    var noise = NoiseHandshake(
      responder: keyPair, ephemeral: KeyPair.make(&random), psk: password?.key,
      prologue: Handshake.prologue)
    guard let read = try? noise.read(message.span), let remoteKey = noise.remoteKey,
      let wish = Handshake.Wish(read.payload, hasProof: password != nil)
    else {
      turn.joins.noteFailedHandshake(of: address, at: turn.now)
      turn.output.drop(.badHandshake, from: address, at: turn.now)
      return
    }
    let refusal = refusal(proof: wish.proof, read.hash, address, &turn)
    if let refusal {
      let datagram = Handshake.refusal(
        refusal, clientID: wish.clientID, key: Handshake.refusalKey(&noise))
      send(datagram, to: address, &turn)
      return
    }
    accept(noise, remoteKey, ephemeral, wish, address, &turn)
  }

  private func refusal(proof: [UInt8], _ hash: [UInt8], _ address: PeerAddress, _ turn: inout Turn)
    -> Handshake.Refusal?
  {
    // A wrong password costs the address's joins nothing, or who guesses would keep out others.
    if let password,
      !Blake2b.areEqual(proof.span, Handshake.proof(of: password.key, hash: hash).span)
    {
      turn.joins.noteFailedHandshake(of: address, at: turn.now)
      turn.output.drop(.wrongPassword, from: address, at: turn.now)
      return .wrongPassword
    }
    guard turn.joins.take(address, at: turn.now) == .granted else {
      turn.joins.noteFailedHandshake(of: address, at: turn.now)
      turn.output.drop(.joinsPerSecond, from: address, at: turn.now)
      return .tooMany
    }
    if peers.isFull || unconfirmed.count >= Limits.unconfirmedMax {
      turn.joins.noteFailedHandshake(of: address, at: turn.now)
      turn.output.drop(.clientsMax, from: address, at: turn.now)
      return .full
    }
    return nil
  }

  private mutating func accept(
    _ noise: consuming NoiseHandshake, _ remoteKey: PublicKey, _ ephemeral: PublicKey,
    _ wish: Handshake.Wish, _ address: PeerAddress, _ turn: inout Turn
  ) {
    let (slot, id) = nextID()
    let cipher = wish.offersAES && takesAES ? Cipher.aesGCM : .chaChaPoly
    var payload: [UInt8] = []
    payload.appendU32(id)
    payload += resetToken(of: id)
    payload.append(cipher.rawValue)
    guard let message = try? noise.write(payload: payload) else { return }
    var session = Session(
      localID: id, remoteID: wish.clientID, remoteKey: remoteKey, address: address,
      keys: noise.split(), cipher: cipher, keepsAlive: false, at: turn.now)
    // What is said here is for those who have joined.
    session.holdBack()
    let accept = Handshake.accept(clientID: wish.clientID, message: message)
    let peer = NativePeer(
      session: session, slot: slot,
      initiation: NativePeer.Initiation(accept: accept, ephemeral: ephemeral, sentAt: turn.now))
    peer.joinDeadline = turn.now + .seconds(Limits.joinSecondsMax)
    let inserted = peers.insert(peer)
    precondition(inserted == slot, "the slot that was announced")
    unconfirmed[ephemeral] = slot
    schedule(peer)
    send(accept, to: address, &turn)
  }

  /// The slot that the next peer gets, and its id.
  private mutating func nextID() -> (slot: UInt32, id: UInt32) {
    let slot = peers.nextSlot
    if Int(slot) == generations.count {
      generations.append(firstGeneration)
      isQueued.append(false)
    }
    generations[Int(slot)] &+= 1
    return (slot, slot | generations[Int(slot)] << Self.slotBits)
  }

  /// The client has shown that it heard the Accept, and so that it knows its keys.
  mutating func confirm(_ peer: NativePeer, at now: Instant) {
    if let initiation = peer.initiation {
      unconfirmed[initiation.ephemeral] = nil
      if let sentAt = initiation.sentAt { peer.session.noteHandshake(sentAt: sentAt, heardAt: now) }
    }
    peer.initiation = nil
  }

  // MARK: Sessions that are gone

  /// Tells a client that its session is not known here, as after a restart.
  mutating func reset(_ id: UInt32, at address: PeerAddress, _ turn: inout Turn) {
    turn.output.drop(.noSession, from: address, at: turn.now)
    guard resets.take(Rate(perSecond: Limits.resetsPerSecond, burstSeconds: 1), at: turn.now) else {
      return
    }
    send(Handshake.reset(sessionID: id, token: resetToken(of: id)), to: address, &turn)
  }

  private func resetToken(of id: UInt32) -> [UInt8] {
    var text: [UInt8] = []
    text.appendU32(id)
    return Blake2b.keyed128(key: resetKey.span, text)
  }

  private func send(_ datagram: [UInt8], to address: PeerAddress, _ turn: inout Turn) {
    turn.output.outbox.addDatagram(to: address, capacity: datagram.count) { buffer in
      buffer.initialize(fromContentsOf: datagram)
    }
  }
}
