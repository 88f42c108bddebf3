/// What native clients say, as commands to the hub.
extension NativeFrontend {
  /// Takes what came on a peer's channels, as far as its budget goes.
  mutating func serve(_ peer: NativePeer, _ turn: inout Turn) {
    while !peer.session.isClosing, let message = peer.session.takeMessage(.control) {
      guard let request = NativeRequest(message) else {
        peer.session.fail("a control message of type \(message.first ?? 0)")
        break
      }
      switch request {
      case .join(let join): admit(peer, join, &turn)
      case .leave: peer.session.close(.done)
      case .offer(let offer): take(offer, from: peer)
      case .ownFigures: tellFigures(to: peer, &turn)
      case .allFigures(let first): tellSessions(from: first, to: peer, &turn)
      case .history(let question): take(question, from: peer, &turn)
      case .say, .enter, .part: peer.session.fail("talk on the control channel")
      }
    }
    for object in peer.session.takeObjects() where object.number == peer.uploads.current?.object {
      peer.uploads.finished = object.bytes
    }
    noteUpload(of: peer, at: turn.now)
    // What is said while the server stops could be heard by those only who are still told; not
    // accepted, it is kept by its sender and said again to the next server.
    if !isClosing {
      hearTalk(of: peer, &turn)
      servePictures(of: peer, &turn)
      askNext(peer, &turn)
    }
    peer.session.dropTaken()
  }

  // MARK: Joining

  private mutating func admit(_ peer: NativePeer, _ join: NativeRequest.Join, _ turn: inout Turn) {
    if peer.member != nil { return peer.session.fail("a second JOIN") }
    if isClosing { return peer.session.close(.shuttingDown) }
    let member: MemberID
    do throws(Hub.Refusal) {
      let name = try acceptName(join.name)
      member = try turn.hub.join(
        name, owner: peer.session.remoteKey, isBack: join.log != 0,
        ifTaken: join.acceptsNumber ? .number : .refuse, at: turn.time)
      if !join.isPassing, turn.hub.name(of: member) == name {
        own(member, peer.session.address, &turn)
      }
    } catch {
      refuse(peer, error, join.name, &turn)
      return
    }
    attach(peer, join, as: member, &turn)
  }

  /// Lets a member's key own the name that it chose, where it still can; it is in anyway.
  private func own(_ member: MemberID, _ address: PeerAddress, _ turn: inout Turn) {
    let isAllowed =
      turn.hub.isOwned(turn.hub.name(of: member)) || turn.joins.takeName(address, at: turn.now)
    if !isAllowed || !turn.hub.own(member, at: turn.now) {
      turn.output.drop(.nameNotOwned, from: address, at: turn.now)
    }
  }

  private func acceptName(_ text: String) throws(Hub.Refusal) -> MemberName {
    do throws(MemberName.Fault) {
      return try MemberName(text)
    } catch {
      throw .badName(error)
    }
  }

  private func refuse(
    _ peer: NativePeer, _ refusal: Hub.Refusal, _ name: String, _ turn: inout Turn
  ) {
    let (reason, words): (NativeReply.RefusalReason, String) =
      switch refusal {
      case .nameOwned: (.nameOwned, "the name \(name) belongs to somebody else's key")
      case .nameTaken: (.nameInUse, "somebody here has the name \(name)")
      case .badName(let fault): (.badName, fault.text)
      case .full: (.full, "the chat is full")
      }
    if refusal == .full { turn.output.drop(.clientsMax, from: peer.session.address, at: turn.now) }
    NativeReply.refused(reason, words: words).send(on: &peer.session)
    // The client goes when it has read that; who does not is let go.
    peer.joinDeadline = turn.now + .seconds(Limits.joinSecondsMax)
  }

  private mutating func attach(
    _ peer: NativePeer, _ join: NativeRequest.Join, as member: MemberID, _ turn: inout Turn
  ) {
    let key = ClientProgram(client: peer.session.remoteKey, run: join.run)
    let missing = Int(member.slot) + 1 - sessionCounts.count
    if missing > 0 { sessionCounts += repeatElement(0, count: missing) }
    if sessionCounts[Int(member.slot)] == 0 { lobby.roster.add(member, turn.hub.name(of: member)) }
    sessionCounts[Int(member.slot)] += 1
    let wasHere = runs.knows(key)
    if let old = runs[key].slot, let other = peers.existing(old), other !== peer {
      other.session.close(.replaced)
      detach(other, .said, &turn)
      enqueue(other)
    }
    (peer.member, peer.run, peer.joinDeadline) = (member, join.run, nil)
    stopLookingOn(peer)
    runs[key].slot = peer.slot
    peer.place = lobby.add(peer.slot)
    let objectsEnd = sources.objects.end
    let resumed =
      wasHere && join.log == logID
      ? lobby.log.position(after: join.last, objectsEnd: objectsEnd) : nil
    // Who was here before, in this life of the server or another, missed what is kept; who was not
    // is told what happens from now on, and of its own joining by the list of who is here.
    let isBack = join.log != 0 && (wasHere || join.log != logID)
    let from =
      isBack
      ? lobby.log.beginning(objectsEnd: objectsEnd) : lobby.log.end(objectsEnd: objectsEnd)
    let place = resumed ?? from.place
    peer.session.follow(talkFrom: place.talk, objectsFrom: place.objects)
    peer.firstSeq = UInt32(truncatingIfNeeded: resumed == nil ? from.seq : join.last + 1)
    peer.session.objectAuthor = Self.author(member, join.run)
    let run = runs[key]
    let name = turn.hub.name(of: member)
    NativeReply.welcome(
      NativeReply.Welcome(
        name: name.text, member: Self.number(of: member), log: logID,
        isResumed: resumed != nil, keepsHistory: keepsHistory,
        next: resumed == nil ? from.seq : join.last + 1,
        said: run.said.taken, shown: run.shown.taken,
        messageBytesMax: UInt64(Limits.messageBytesMax),
        pictureBytesMax: UInt64(Limits.nativePictureBytesMax), serverName: serverName,
        nextNumber: turn.hub.nextNumber(in: .lobby), topic: turn.hub.topic(of: .lobby))
    ).send(on: &peer.session)
    lobby.roster.refresh(from: turn.hub)
    let roster = lobby.roster
    peer.session.sendControl(messages: roster.messageCount) { roster.append(to: &$0) }
    record(name, peer, &turn)
  }

  private func record(_ name: MemberName, _ peer: NativePeer, _ turn: inout Turn) {
    turn.output.record(
      LogRecord(
        .debug, "joined",
        [
          ("name", .text(name.text)), ("address", .text(peer.session.address.description)),
          ("dialect", .text("native")),
          ("key", .text(KeyWords.text(of: peer.session.remoteKey))),
        ]))
  }

  /// A program of a member: others may claim the same run, but not under the same key.
  static func author(_ member: MemberID, _ run: UInt64) -> UInt64 {
    UInt64(member.slot) << 32 | run & 0xffff_ffff
  }

  /// What a member is called in the log: a number that is short, since everybody is told of it.
  static func number(of member: MemberID) -> UInt64 {
    UInt64(member.generation)
  }

  // MARK: Talk

  private mutating func hearTalk(of peer: NativePeer, _ turn: inout Turn) {
    var heard = 0
    while !peer.session.isClosing {
      if heard == Limits.messagesPerTurnMax {
        // One datagram can hold thousands, and what each brings about must fit into the outbox.
        peer.heldUntil = turn.now
        return
      }
      heard += 1
      if let member = peer.member {
        // What is beyond the budget waits where it is, and its sender for credit.
        let next = turn.hub.nextSpeech(of: member)
        if next > turn.now {
          peer.heldUntil = next
          return
        }
        if peer.session.controlBacklogBytes > Limits.controlBacklogBytesHigh { return }
        if isHeldUp(peer, turn.hub) { return }
      }
      guard let message = peer.session.takeMessage(.talk) else { return }
      guard let member = peer.member, let request = NativeRequest(message), request.isTalk else {
        return peer.session.fail("talk of type \(message.first ?? 0)")
      }
      switch request {
      case .say(let words): say(words, peer, member, &turn)
      case .enter(let wanted): enter(wanted, peer, &turn)
      case .part(let channel): part(channel, peer, &turn)
      case .join, .leave, .offer, .ownFigures, .allFigures, .history: break
      }
    }
  }

  private mutating func say(
    _ words: NativeRequest.Say, _ peer: NativePeer, _ member: MemberID, _ turn: inout Turn
  ) {
    let (number, text) = (words.number, words.text)
    let key = peer.program
    if number <= runs[key].said.accepted {
      answerAgain(.say, number, runs[key].said, peer)
      return
    }
    var failure: String?
    if text.isEmpty, words.kind != .topic {
      failure = "it is empty"
    } else if text.count > Limits.messageBytesMax {
      failure = "it is longer than \(Limits.messageBytesMax) bytes"
    } else if !UTF8Text.isValid(text.span) {
      failure = "it is not UTF-8"
    } else {
      failure = pass(words, peer, member, &turn)
    }
    runs[key].said.accepted = number
    if let failure {
      turn.hub.refuse(
        member, id: MessageID(run: peer.run, number: number), failure, at: turn.time)
    }
  }

  /// - Returns: why it is not passed on; nil where it is.
  private func pass(
    _ words: NativeRequest.Say, _ peer: NativePeer, _ member: MemberID, _ turn: inout Turn
  ) -> String? {
    let id = MessageID(run: peer.run, number: words.number)
    let text = words.text.span
    do throws(Hub.SpeechRefusal) {
      guard let room = peer.room(on: words.channel) else { throw .notInRoom }
      switch words.kind {
      case .topic: try turn.hub.setTopic(member, of: room, text, id: id, at: turn.time)
      case .text, .action:
        try turn.hub.say(
          member, in: room, text, isAction: words.kind == .action, id: id, at: turn.time)
      }
      return nil
    } catch {
      return error.text
    }
  }

  /// Whether nothing more is taken of a peer until what waits is kept.
  private mutating func isHeldUp(_ peer: NativePeer, _ hub: borrowing Hub) -> Bool {
    guard hub.waitingBytes >= Limits.keepingBytesHigh else { return false }
    heldUp.append(peer.slot)
    return true
  }

  /// Somebody says again what was dealt with. What is not kept yet is answered when it is.
  func answerAgain(
    _ kind: NativeReply.Kind, _ number: UInt64, _ known: NativeRun.Numbers, _ peer: NativePeer
  ) {
    guard number <= known.settled else { return }
    let failure = known.isRefused(number) ? "it was not passed on before" : nil
    NativeReply.receipt(kind, number: number, failure: failure).send(on: &peer.session)
  }

  /// Tells the author of a message what became of it, if its program is here.
  mutating func settle(
    _ kind: NativeReply.Kind, _ number: UInt64, _ failure: String?, of program: ClientProgram
  ) {
    let way = kind == .say ? \NativeRun.said : \NativeRun.shown
    runs[program][keyPath: way].settled = max(number, runs[program][keyPath: way].settled)
    if failure != nil { runs[program][keyPath: way].refuse(number) }
    guard let slot = runs[program].slot, let peer = peers.existing(slot) else { return }
    NativeReply.receipt(kind, number: number, failure: failure).send(on: &peer.session)
    enqueue(peer)
  }

  // MARK: The end

  /// Takes away a peer whose session has ended.
  mutating func end(_ peer: NativePeer, _ turn: inout Turn) {
    guard peers.existing(peer.slot) === peer else { return }
    peers.remove(peer.slot)
    if let initiation = peer.initiation { unconfirmed[initiation.ephemeral] = nil }
    if let upload = peer.uploads.current { uploadBytes -= Int(upload.length) }
    stopLookingOn(peer)
    let reason: DepartureReason
    switch peer.session.ending {
    case .silent: reason = .idle
    default: reason = .said
    }
    detach(peer, reason, &turn)
    if case .faulty(let what) = peer.session.ending {
      turn.output.record(
        LogRecord(
          .info, "protocol-error",
          [
            ("address", .text(peer.session.address.description)), ("what", .text(what)),
          ]))
    }
  }

  /// Takes a peer out of the lobby; its member goes with the last of its sessions.
  private mutating func detach(_ peer: NativePeer, _ reason: DepartureReason, _ turn: inout Turn) {
    guard let member = peer.member else { return }
    peer.member = nil
    let key = peer.program
    if runs[key].slot == peer.slot { runs[key].slot = nil }
    leaveRooms(peer, member, reason, &turn)
    if let moved = lobby.remove(at: peer.place) { peers[moved].place = peer.place }
    sessionCounts[Int(member.slot)] -= 1
    if sessionCounts[Int(member.slot)] == 0 { turn.hub.leave(member, reason, at: turn.time) }
  }
}
