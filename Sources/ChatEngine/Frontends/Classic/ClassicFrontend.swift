/// The front end of dialects A and B: unmodified classroom clients in one lobby.
///
/// Owns who is at which address and in which dialect. In come datagrams, unreachable addresses and
/// the time; out go commands to the hub, and each of the hub's events rendered once for each
/// dialect. What always holds: a peer is one member, an address is one peer, and whoever speaks
/// from an address is who that address joined as.
public struct ClassicFrontend {
  private var peers: ClassicPeers
  private let policy: ClassicPolicy
  private let idleTimeout: Duration
  /// The last member that joined again under another name, and the one that its address is now.
  private var renewed: (old: MemberID, new: MemberID)?

  public init(_ configuration: ServerConfiguration) {
    peers = ClassicPeers(capacity: configuration.clientsMax)
    policy = configuration.classicPolicy
    idleTimeout = configuration.idleTimeout
  }

  /// When the peer that was silent the longest has been so for the idle time.
  public var nextDeadline: Instant? { peers.oldestHeard.map { $0 + idleTimeout } }

  // MARK: In

  /// Handles one datagram.
  public mutating func receive(_ bytes: Span<UInt8>, from address: PeerAddress, _ turn: inout Turn)
  {
    guard policy.admits(address) else {
      turn.output.drop(policy == .off ? .classicOff : .notPrivate, from: address, at: turn.now)
      return
    }
    if let slot = peers.slot(at: address) {
      peers.touch(slot, at: turn.now)
      hear(bytes, from: slot, &turn)
    } else {
      meet(bytes, at: address, &turn)
    }
  }

  /// Somebody at `address` is there, whatever was said.
  public mutating func noteHeard(_ address: PeerAddress, at now: Instant) {
    if let slot = peers.slot(at: address) { peers.touch(slot, at: now) }
  }

  /// The network says that nobody is at `address`.
  public mutating func handleUnreachable(_ address: PeerAddress, _ turn: inout Turn) {
    if let slot = peers.slot(at: address) { part(slot, .unreachable, &turn) }
  }

  /// Lets go the peer that was silent the longest, if it was so for the idle time.
  ///
  /// - Returns: whether there was one.
  public mutating func expireOne(_ turn: inout Turn) -> Bool {
    guard let deadline = nextDeadline, deadline <= turn.now, let slot = peers.oldest else {
      return false
    }
    tell(peers[slot].address, ClassicText.idle, &turn)
    part(slot, .idle, &turn)
    return true
  }

  // MARK: Out

  /// Renders an event of the lobby for everyone but the member it is about.
  ///
  /// - Parameter body: its text or JPEG.
  public mutating func deliver(_ event: HubEvent, _ body: Span<UInt8>, _ turn: inout Turn) {
    if let failure = event.failure { return tellFailure(failure, of: event.member, &turn) }
    guard event.room == .lobby else { return }
    // Who joined again under another name knows that its old one left.
    let author = event.member
    let skipped = if let renewed, renewed.old == author { renewed.new } else { author }
    var isTooLong = false
    for dialect in ClassicDialect.allCases where !peers.lane(dialect).isEmpty {
      guard let payload = render(event, body, dialect, &turn.output.outbox) else {
        isTooLong = true
        continue
      }
      for destination in peers.lane(dialect) where destination.member != skipped {
        turn.output.outbox.deliver(payload, to: destination.address)
      }
    }
    if isTooLong { refuseTooLong(event.member, &turn) }
  }

  /// Tells everyone that the server stops.
  public func announceShutdown(_ turn: inout Turn) {
    for dialect in ClassicDialect.allCases {
      let text = dialect == .a ? ClassicText.serverShutdownA : ClassicText.serverShutdownB
      guard let payload = turn.output.outbox.addPayload(text) else { continue }
      for destination in peers.lane(dialect) {
        turn.output.outbox.deliver(payload, to: destination.address)
      }
    }
  }

  private func render(
    _ event: HubEvent, _ body: Span<UInt8>, _ dialect: ClassicDialect, _ outbox: inout Outbox
  ) -> Outbox.PayloadID? {
    let name = event.name.text
    switch (event.kind, dialect) {
    case (.joined, .a): return outbox.addPayload(name, dialect.joinSuffix)
    case (.joined, .b): return outbox.addPayload(name, ClassicText.joinedNoticeB)
    case (.said(isAction: false), _):
      return outbox.addPayload(name, dialect.separator, body: body)
    case (.said(isAction: true), _):
      return outbox.addPayload(name, dialect.separator, ClassicText.action, body: body)
    case (.topic, _):
      return outbox.addPayload(name, dialect.separator, ClassicText.topic, body: body)
    case (.showed, .a):
      return outbox.addPayload(ClassicText.picturePrefix, name, ":", body: body)
    case (.showed, .b): return outbox.addPayload(name, ClassicText.pictureNotice)
    case (.left, .a): return outbox.addPayload(name, dialect.leaveSuffix)
    case (.left, .b):
      let notice = ClassicText.leftNoticeB
      return outbox.addPayload(notice.head, name, notice.tail)
    }
  }

  /// Tells a peer that what it said could not be kept, and that nobody hears it.
  private mutating func tellFailure(
    _ failure: StoreFailure, of member: MemberID, _ turn: inout Turn
  ) {
    guard let slot = peers.slot(of: member) else { return }
    turn.output.drop(.notKept, from: peers[slot].address, at: turn.now)
    warn(slot, failure.text, &turn)
  }

  private mutating func refuseTooLong(_ member: MemberID, _ turn: inout Turn) {
    let slot = peers.slot(of: member)
    turn.output.drop(.tooLong, from: slot.map { peers[$0].address }, at: turn.now)
    guard let slot else { return }
    warn(slot, "it is too long for some", &turn)
  }

  /// Sends a line to one address.
  private func tell(_ address: PeerAddress, _ text: String, _ turn: inout Turn) {
    if let payload = turn.output.outbox.addPayload(text) {
      turn.output.outbox.deliver(payload, to: address)
    }
  }

  /// Tells a peer why its datagram was not passed on, at most once a second.
  private mutating func warn(_ slot: UInt32, _ reason: String, _ turn: inout Turn) {
    let rate = Rate(perSecond: Limits.reportsPerSecond, burst: 1)
    if peers[slot].warnings.take(rate, at: turn.now) {
      tell(peers[slot].address, "\(ClassicText.notPassedOn)\(reason).", &turn)
    }
  }
}

// MARK: - Strangers

extension ClassicFrontend {
  /// A datagram from an address that nobody joined from.
  private mutating func meet(_ bytes: Span<UInt8>, at address: PeerAddress, _ turn: inout Turn) {
    switch ClassicDatagram(bytes) {
    case .join(let dialect, let name):
      _ = admit(dialect, bytes.string(name), at: address, &turn)
    case .message(let dialect, let name, let text):
      // The server was started again, and this is somebody whom it knew.
      if let slot = admit(dialect, bytes.string(name), at: address, &turn) {
        say(bytes.extracting(text), from: slot, &turn)
      }
    case .picture(let name, let jpeg):
      guard UTF8Text.isValid(bytes.extracting(name)) else {
        turn.output.drop(.badName, from: address, at: turn.now)
        return
      }
      if let slot = admit(.a, bytes.string(name), at: address, &turn) {
        show(bytes.extracting(jpeg), from: slot, &turn)
      }
    case .leave:
      // Said twice, or by somebody who is gone already: nothing is left to do.
      break
    case .text:
      turn.output.drop(.noName, from: address, at: turn.now)
    case .notText:
      turn.output.drop(.notText, from: address, at: turn.now)
    }
  }

  /// Lets a newcomer in.
  ///
  /// - Returns: its peer, or nil when it was refused.
  private mutating func admit(
    _ dialect: ClassicDialect, _ wanted: String, at address: PeerAddress, _ turn: inout Turn
  ) -> UInt32? {
    guard takeJoin(address, &turn) else { return nil }
    guard let name = acceptName(wanted, at: address, &turn) else { return nil }
    do throws(Hub.Refusal) {
      let member = try turn.hub.join(
        name, ifTaken: dialect == .a ? .number : .refuse, at: turn.time)
      let slot = peers.insert(
        ClassicPeer(
          address: address, member: member, claimed: wanted, dialect: dialect, heard: turn.now))
      let given = turn.hub.name(of: member).text
      welcome(slot, given, &turn)
      turn.output.record(
        LogRecord(
          .debug, "joined",
          [
            ("name", .text(given)), ("address", .text(address.description)),
            ("dialect", .text("\(dialect)")),
          ]))
      return slot
    } catch {
      switch error {
      case .nameTaken, .nameOwned:
        tell(address, ClassicText.nameTaken, &turn)
      case .badName(let fault):
        refuse(address, fault.text, &turn)
      case .full:
        turn.output.drop(.clientsMax, from: address, at: turn.now)
        refuse(address, "the chat is full", &turn)
      }
      return nil
    }
  }

  /// The name that was asked for, or nil after its owner-to-be was told what is wrong with it.
  private func acceptName(_ wanted: String, at address: PeerAddress, _ turn: inout Turn)
    -> MemberName?
  {
    do throws(MemberName.Fault) {
      return try MemberName(wanted)
    } catch {
      turn.output.drop(.badName, from: address, at: turn.now)
      refuse(address, error.text, &turn)
      return nil
    }
  }

  private func refuse(_ address: PeerAddress, _ reason: String, _ turn: inout Turn) {
    tell(address, "\(ClassicText.notLetIn)\(reason).", &turn)
  }

  /// Takes a join from the budget of an address.
  private func takeJoin(_ address: PeerAddress, _ turn: inout Turn) -> Bool {
    let verdict = turn.joins.take(address, at: turn.now)
    if verdict == .granted { return true }
    turn.output.drop(.joinsPerSecond, from: address, at: turn.now)
    if verdict == .refused {
      refuse(address, "too many joined from your address just now", &turn)
    }
    return false
  }

  private func welcome(_ slot: UInt32, _ name: String, _ turn: inout Turn) {
    let peer = peers[slot]
    if peer.dialect == .b {
      tell(peer.address, ClassicText.welcome, &turn)
    } else if name != peer.claimed {
      tell(peer.address, ClassicText.renamed.head + name + ClassicText.renamed.tail, &turn)
    }
  }
}

// MARK: - Peers

extension ClassicFrontend {
  /// A datagram from somebody who joined.
  private mutating func hear(_ bytes: Span<UInt8>, from slot: UInt32, _ turn: inout Turn) {
    if let text = peers[slot].ownText(bytes) {
      say(bytes.extracting(text), from: slot, &turn)
      return
    }
    switch ClassicDatagram(bytes) {
    case .join(let dialect, let name):
      joinAgain(dialect, bytes.string(name), from: slot, &turn)
    case .leave(let dialect, let name)
    where dialect == peers[slot].dialect && bytes.extracting(name).equals(peers[slot].claimed):
      part(slot, .said, &turn)
    case .picture(_, let jpeg):
      show(bytes.extracting(jpeg), from: slot, &turn)
    case .text where bytes.isEmpty:
      turn.output.drop(.noName, from: peers[slot].address, at: turn.now)
    case .leave, .message, .text:
      // It claims no name, or another's: it is text like any other.
      say(bytes, from: slot, &turn)
    case .notText:
      turn.output.drop(.notText, from: peers[slot].address, at: turn.now)
    }
  }

  /// The same join again is a datagram that came twice, or whose answer was lost. Another is a new
  /// client at an old one's address.
  private mutating func joinAgain(
    _ dialect: ClassicDialect, _ wanted: String, from slot: UInt32, _ turn: inout Turn
  ) {
    let peer = peers[slot]
    if dialect == peer.dialect && wanted == peer.claimed {
      welcome(slot, turn.hub.name(of: peer.member).text, &turn)
      return
    }
    part(slot, .said, &turn)
    if let slot = admit(dialect, wanted, at: peer.address, &turn) {
      renewed = (old: peer.member, new: peers[slot].member)
    }
  }

  private mutating func say(_ text: Span<UInt8>, from slot: UInt32, _ turn: inout Turn) {
    if isHeldUp(slot, &turn) { return }
    do throws(Hub.SpeechRefusal) {
      try turn.hub.say(peers[slot].member, text, at: turn.time)
    } catch {
      refuse(error, slot, &turn)
    }
  }

  /// Whether nothing is taken until what waits is kept: a datagram cannot wait.
  private mutating func isHeldUp(_ slot: UInt32, _ turn: inout Turn) -> Bool {
    guard turn.hub.waitingBytes >= Limits.keepingBytesHigh else { return false }
    turn.output.drop(.notKept, from: peers[slot].address, at: turn.now)
    warn(slot, "too much waits to be written to the disk; say it again in a moment", &turn)
    return true
  }

  private mutating func show(_ jpeg: Span<UInt8>, from slot: UInt32, _ turn: inout Turn) {
    // With the name that the server knows in front, which may be longer than the one that came.
    let name = turn.hub.name(of: peers[slot].member).text
    guard
      ClassicText.picturePrefix.utf8.count + name.utf8.count + 1 + jpeg.count
        <= Limits.datagramBytesMax
    else {
      turn.output.drop(.tooLong, from: peers[slot].address, at: turn.now)
      warn(slot, "it is too long with your name in front", &turn)
      return
    }
    if isHeldUp(slot, &turn) { return }
    do throws(Hub.SpeechRefusal) {
      try turn.hub.show(peers[slot].member, jpeg, at: turn.time)
    } catch {
      refuse(error, slot, &turn)
    }
  }

  private mutating func refuse(_ refusal: Hub.SpeechRefusal, _ slot: UInt32, _ turn: inout Turn) {
    switch refusal {
    case .notInRoom, .topicTooLong: preconditionFailure("who is in the lobby only says texts")
    case .tooFast:
      turn.output.drop(.messagesPerSecond, from: peers[slot].address, at: turn.now)
      warn(slot, "you are sending too fast", &turn)
    case .picture(let fault):
      turn.output.drop(.badPicture, from: peers[slot].address, at: turn.now)
      warn(slot, fault.text, &turn)
    }
  }

  private mutating func part(_ slot: UInt32, _ reason: DepartureReason, _ turn: inout Turn) {
    turn.hub.leave(peers.remove(slot).member, reason, at: turn.time)
  }
}
