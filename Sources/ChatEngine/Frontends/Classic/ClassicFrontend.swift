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
  public mutating func receive(
    _ bytes: Span<UInt8>, from address: PeerAddress, at now: Instant,
    hub: inout Hub, joins: inout JoinBudgets, output: inout ServerOutput
  ) {
    guard policy.admits(address) else {
      output.drop(policy == .off ? .classicOff : .notPrivate, from: address, at: now)
      return
    }
    if let slot = peers.slot(at: address) {
      peers.touch(slot, at: now)
      hear(bytes, from: slot, at: now, &hub, &joins, &output)
    } else {
      meet(bytes, at: address, now, &hub, &joins, &output)
    }
  }

  /// Somebody at `address` is there, whatever was said.
  public mutating func noteHeard(_ address: PeerAddress, at now: Instant) {
    if let slot = peers.slot(at: address) { peers.touch(slot, at: now) }
  }

  /// The network says that nobody is at `address`.
  public mutating func handleUnreachable(_ address: PeerAddress, hub: inout Hub) {
    if let slot = peers.slot(at: address) { part(slot, .unreachable, &hub) }
  }

  /// Lets go the peer that was silent the longest, if it was so for the idle time.
  ///
  /// - Returns: whether there was one.
  public mutating func expireOne(
    at now: Instant, hub: inout Hub, output: inout ServerOutput
  ) -> Bool {
    guard let deadline = nextDeadline, deadline <= now, let slot = peers.oldest else {
      return false
    }
    tell(peers[slot].address, ClassicText.idle, &output)
    part(slot, .idle, &hub)
    return true
  }

  // MARK: Out

  /// Renders an event for everyone but the member it is about.
  ///
  /// - Parameter bytes: those of the hub, which the event's ranges are positions in.
  public mutating func deliver(
    _ event: HubEvent, of bytes: Span<UInt8>, at now: Instant, output: inout ServerOutput
  ) {
    // Who joined again under another name knows that its old one left.
    let author = event.member
    let skipped = if let renewed, renewed.old == author { renewed.new } else { author }
    var isTooLong = false
    for dialect in ClassicDialect.allCases where !peers.lane(dialect).isEmpty {
      guard let payload = render(event, of: bytes, dialect, &output.outbox) else {
        isTooLong = true
        continue
      }
      for destination in peers.lane(dialect) where destination.member != skipped {
        output.outbox.deliver(payload, to: destination.address)
      }
    }
    if isTooLong { refuseTooLong(event.member, at: now, &output) }
  }

  /// Tells everyone that the server stops.
  public func announceShutdown(_ output: inout ServerOutput) {
    for dialect in ClassicDialect.allCases {
      let text = dialect == .a ? ClassicText.serverShutdownA : ClassicText.serverShutdownB
      guard let payload = output.outbox.addPayload(text) else { continue }
      for destination in peers.lane(dialect) {
        output.outbox.deliver(payload, to: destination.address)
      }
    }
  }

  private func render(
    _ event: HubEvent, of bytes: Span<UInt8>, _ dialect: ClassicDialect, _ outbox: inout Outbox
  ) -> Outbox.PayloadID? {
    let name = event.name.text
    switch (event.kind, dialect) {
    case (.joined, .a): return outbox.addPayload(name, dialect.joinSuffix)
    case (.joined, .b): return outbox.addPayload(name, ClassicText.joinedNoticeB)
    case (.said(let text, _), _):
      return outbox.addPayload(name, dialect.separator, body: bytes.extracting(text))
    case (.showed(let jpeg, _, _), .a):
      return outbox.addPayload(
        ClassicText.picturePrefix, name, ":", body: bytes.extracting(jpeg))
    case (.showed, .b): return outbox.addPayload(name, ClassicText.pictureNotice)
    case (.left, .a): return outbox.addPayload(name, dialect.leaveSuffix)
    case (.left, .b):
      let notice = ClassicText.leftNoticeB
      return outbox.addPayload(notice.head, name, notice.tail)
    }
  }

  private mutating func refuseTooLong(
    _ member: MemberID, at now: Instant, _ output: inout ServerOutput
  ) {
    let slot = peers.slot(of: member)
    output.drop(.tooLong, from: slot.map { peers[$0].address }, at: now)
    guard let slot else { return }
    warn(slot, "it is too long for some", at: now, &output)
  }

  /// Sends a line to one address.
  private func tell(_ address: PeerAddress, _ text: String, _ output: inout ServerOutput) {
    if let payload = output.outbox.addPayload(text) {
      output.outbox.deliver(payload, to: address)
    }
  }

  /// Tells a peer why its datagram was not passed on, at most once a second.
  private mutating func warn(
    _ slot: UInt32, _ reason: String, at now: Instant, _ output: inout ServerOutput
  ) {
    let rate = Rate(perSecond: Limits.reportsPerSecond, burst: 1)
    if peers[slot].warnings.take(rate, at: now) {
      tell(peers[slot].address, "\(ClassicText.notPassedOn)\(reason).", &output)
    }
  }
}

// MARK: - Strangers

extension ClassicFrontend {
  /// A datagram from an address that nobody joined from.
  private mutating func meet(
    _ bytes: Span<UInt8>, at address: PeerAddress, _ now: Instant,
    _ hub: inout Hub, _ joins: inout JoinBudgets, _ output: inout ServerOutput
  ) {
    switch ClassicDatagram(bytes) {
    case .join(let dialect, let name):
      _ = admit(dialect, bytes.string(name), at: address, now, &hub, &joins, &output)
    case .message(let dialect, let name, let text):
      // The server was started again, and this is somebody whom it knew.
      if let slot = admit(dialect, bytes.string(name), at: address, now, &hub, &joins, &output) {
        say(bytes.extracting(text), from: slot, at: now, &hub, &output)
      }
    case .picture(let name, let jpeg):
      guard UTF8Text.isValid(bytes.extracting(name)) else {
        output.drop(.badName, from: address, at: now)
        return
      }
      if let slot = admit(.a, bytes.string(name), at: address, now, &hub, &joins, &output) {
        show(bytes.extracting(jpeg), from: slot, at: now, &hub, &output)
      }
    case .leave:
      // Said twice, or by somebody who is gone already: nothing is left to do.
      break
    case .text:
      output.drop(.noName, from: address, at: now)
    case .notText:
      output.drop(.notText, from: address, at: now)
    }
  }

  /// Lets a newcomer in.
  ///
  /// - Returns: its peer, or nil when it was refused.
  private mutating func admit(
    _ dialect: ClassicDialect, _ wanted: String, at address: PeerAddress, _ now: Instant,
    _ hub: inout Hub, _ joins: inout JoinBudgets, _ output: inout ServerOutput
  ) -> UInt32? {
    guard takeJoin(address, at: now, &joins, &output) else { return nil }
    guard let name = acceptName(wanted, at: address, now, &output) else { return nil }
    do throws(Hub.Refusal) {
      let member = try hub.join(name, ifTaken: dialect == .a ? .number : .refuse)
      let slot = peers.insert(
        ClassicPeer(
          address: address, member: member, claimed: wanted, dialect: dialect, heard: now))
      let given = hub.name(of: member).text
      welcome(slot, given, &output)
      output.record(
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
        tell(address, ClassicText.nameTaken, &output)
      case .badName(let fault):
        refuse(address, fault.text, &output)
      case .full:
        output.drop(.clientsMax, from: address, at: now)
        refuse(address, "the chat is full", &output)
      }
      return nil
    }
  }

  /// The name that was asked for, or nil after its owner-to-be was told what is wrong with it.
  private func acceptName(
    _ wanted: String, at address: PeerAddress, _ now: Instant, _ output: inout ServerOutput
  ) -> MemberName? {
    do throws(MemberName.Fault) {
      return try MemberName(wanted)
    } catch {
      output.drop(.badName, from: address, at: now)
      refuse(address, error.text, &output)
      return nil
    }
  }

  private func refuse(
    _ address: PeerAddress, _ reason: String, _ output: inout ServerOutput
  ) {
    tell(address, "\(ClassicText.notLetIn)\(reason).", &output)
  }

  /// Takes a join from the budget of an address.
  private func takeJoin(
    _ address: PeerAddress, at now: Instant, _ joins: inout JoinBudgets,
    _ output: inout ServerOutput
  ) -> Bool {
    let verdict = joins.take(address, at: now)
    if verdict == .granted { return true }
    output.drop(.joinsPerSecond, from: address, at: now)
    if verdict == .refused {
      refuse(address, "too many joined from your address just now", &output)
    }
    return false
  }

  private func welcome(_ slot: UInt32, _ name: String, _ output: inout ServerOutput) {
    let peer = peers[slot]
    if peer.dialect == .b {
      tell(peer.address, ClassicText.welcome, &output)
    } else if name != peer.claimed {
      tell(
        peer.address, ClassicText.renamed.head + name + ClassicText.renamed.tail, &output)
    }
  }
}

// MARK: - Peers

extension ClassicFrontend {
  /// A datagram from somebody who joined.
  private mutating func hear(
    _ bytes: Span<UInt8>, from slot: UInt32, at now: Instant,
    _ hub: inout Hub, _ joins: inout JoinBudgets, _ output: inout ServerOutput
  ) {
    if let text = peers[slot].ownText(bytes) {
      say(bytes.extracting(text), from: slot, at: now, &hub, &output)
      return
    }
    switch ClassicDatagram(bytes) {
    case .join(let dialect, let name):
      joinAgain(dialect, bytes.string(name), from: slot, at: now, &hub, &joins, &output)
    case .leave(let dialect, let name)
    where dialect == peers[slot].dialect && bytes.extracting(name).equals(peers[slot].claimed):
      part(slot, .said, &hub)
    case .picture(_, let jpeg):
      show(bytes.extracting(jpeg), from: slot, at: now, &hub, &output)
    case .text where bytes.isEmpty:
      output.drop(.noName, from: peers[slot].address, at: now)
    case .leave, .message, .text:
      // It claims no name, or another's: it is text like any other.
      say(bytes, from: slot, at: now, &hub, &output)
    case .notText:
      output.drop(.notText, from: peers[slot].address, at: now)
    }
  }

  /// The same join again is a datagram that came twice, or whose answer was lost. Another is a new
  /// client at an old one's address.
  private mutating func joinAgain(
    _ dialect: ClassicDialect, _ wanted: String, from slot: UInt32, at now: Instant,
    _ hub: inout Hub, _ joins: inout JoinBudgets, _ output: inout ServerOutput
  ) {
    let peer = peers[slot]
    if dialect == peer.dialect && wanted == peer.claimed {
      welcome(slot, hub.name(of: peer.member).text, &output)
      return
    }
    part(slot, .said, &hub)
    if let slot = admit(dialect, wanted, at: peer.address, now, &hub, &joins, &output) {
      renewed = (old: peer.member, new: peers[slot].member)
    }
  }

  private mutating func say(
    _ text: Span<UInt8>, from slot: UInt32, at now: Instant,
    _ hub: inout Hub, _ output: inout ServerOutput
  ) {
    do throws(Hub.SpeechRefusal) {
      try hub.say(peers[slot].member, text, at: now)
    } catch {
      refuse(error, slot, at: now, &output)
    }
  }

  private mutating func show(
    _ jpeg: Span<UInt8>, from slot: UInt32, at now: Instant,
    _ hub: inout Hub, _ output: inout ServerOutput
  ) {
    // With the name that the server knows in front, which may be longer than the one that came.
    let name = hub.name(of: peers[slot].member).text
    guard
      ClassicText.picturePrefix.utf8.count + name.utf8.count + 1 + jpeg.count
        <= Limits.datagramBytesMax
    else {
      output.drop(.tooLong, from: peers[slot].address, at: now)
      warn(slot, "it is too long with your name in front", at: now, &output)
      return
    }
    do throws(Hub.SpeechRefusal) {
      try hub.show(peers[slot].member, jpeg, at: now)
    } catch {
      refuse(error, slot, at: now, &output)
    }
  }

  private mutating func refuse(
    _ refusal: Hub.SpeechRefusal, _ slot: UInt32, at now: Instant, _ output: inout ServerOutput
  ) {
    switch refusal {
    case .tooFast:
      output.drop(.messagesPerSecond, from: peers[slot].address, at: now)
      warn(slot, "you are sending too fast", at: now, &output)
    case .picture(let fault):
      output.drop(.badPicture, from: peers[slot].address, at: now)
      warn(slot, fault.text, at: now, &output)
    }
  }

  private mutating func part(_ slot: UInt32, _ reason: DepartureReason, _ hub: inout Hub) {
    hub.leave(peers.remove(slot).member, reason)
  }
}
