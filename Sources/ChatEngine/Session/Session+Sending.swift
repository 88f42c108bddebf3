/// How a packet is put together.
extension Session {
  /// Puts the next datagram into the outbox, if there is something to say and it may be said now.
  ///
  /// - Returns: whether it did; there may be more.
  public mutating func send(
    into outbox: inout Outbox, from sources: SendSources, at now: Instant
  ) -> Bool {
    guard ending == nil else { return false }
    if closing != nil { return sendClose(into: &outbox, at: now) }
    settleSkips(sources)
    pacedUntil = nil
    let mayProbe = owed.probes > 0
    if mayProbe || hasMore(sources) {
      if mayProbe || isWindowOpen, capacity > 0 {
        if mayProbe || pacer.canSend(bytes: capacity, at: now) {
          if !hasMore(sources) { owed.frames.insert(.ping) }
          return sendPacket(into: &outbox, sources, isElicitingAllowed: true, at: now)
        }
        pacedUntil = pacer.nextSend(bytes: capacity)
      }
    }
    if mayProbePath, let size = pathMTU.probeSize(at: now) {
      sendProbe(of: size, into: &outbox, at: now)
      return true
    }
    guard let due = received.ackDeadline, due <= now, capacity > 0 else { return false }
    return sendPacket(into: &outbox, sources, isElicitingAllowed: false, at: now)
  }

  /// What is left when a session has sent what it may.
  public enum SendState {
    case hasMore
    /// Nothing is to be done before that time, if nothing comes in.
    case waits(until: Instant)
    case ended
  }

  /// Puts datagrams into the outbox until there is nothing more to say now, the outbox is high, or
  /// there are `most` of them. For a fan-out: it is called once for each session.
  public mutating func sendAll(
    into outbox: inout Outbox, from sources: SendSources, at now: Instant, atMost most: Int
  ) -> SendState {
    var count = 0
    while send(into: &outbox, from: sources, at: now) {
      count += 1
      if count == most || outbox.isHigh { return ending == nil ? .hasMore : .ended }
    }
    return nextDeadline.map { .waits(until: $0) } ?? .ended
  }

  /// Whether there is something to say that only the window or the pace holds back.
  @inline(__always)
  mutating func hasMore(_ sources: SendSources) -> Bool {
    // Who may not be there is asked, and told nothing.
    if unprovenBytes != nil { return !owed.frames.isDisjoint(with: .aboutPath) }
    return !owed.frames.isEmpty || control.hasPiece(end: controlBytes.end)
      || talk.hasPiece(end: sources.talk.end) || objects.hasPiece(end: sources.objects.end)
      || $sides && sides.hasPiece(sources)
  }

  /// What was never sent and the other end would take now.
  private func waitingBytes(_ sources: SendSources) -> UInt64 {
    control.waitingBytes(end: controlBytes.end) + talk.waitingBytes(end: sources.talk.end)
      + objects.waitingBytes(end: sources.objects.end)
      + ($sides ? sides.waitingBytes(sources) : 0)
  }

  private var isWindowOpen: Bool {
    @inline(__always) mutating get { congestion.bytesInFlight < congestion.windowBytes }
  }

  /// The largest packet that may be sent to where the other end is now; 0 where none may be.
  var capacity: Int {
    @inline(__always) mutating get {
      let most = min(pathMTU.current, unprovenBytes ?? .max)
      return most >= Limits.smallPacketBytes ? most : 0
    }
  }

  /// Whether the path's MTU may be probed, if that is due.
  var mayProbePath: Bool {
    @inline(__always) mutating get { unprovenBytes == nil && isWindowOpen }
  }

  // MARK: One packet

  private mutating func sendPacket(
    into outbox: inout Outbox, _ sources: SendSources, isElicitingAllowed: Bool, at now: Instant
  ) -> Bool {
    let number = sent.next
    keys.turn(before: number, at: now)
    var packet = SentPackets.Packet(sentAt: now)
    var size = 0
    outbox.addDatagram(to: address, capacity: capacity) { buffer in
      size =
        isElicitingAllowed && isSharedNext(sources)
        ? fillShared(buffer, &packet, sources, number, at: now)
        : fillPlain(buffer, &packet, sources, number, isElicitingAllowed, at: now)
      return size
    }
    guard size > 0 else { return false }
    note(&packet, size, at: now)
    if size + Limits.smallPacketBytes > pathMTU.current {
      pathMTU.filled(bytes: size, waitingBytes: waitingBytes(sources))
    }
    if packet.contents.contains(.isAckEliciting),
      congestion.isSlowStart ? congestion.isHalfUsed : !isWindowOpen && hasMore(sources)
    {
      sent[number].contents.insert(.usedWindow)
    }
    return true
  }

  /// Enters a packet that is in the outbox into the books.
  private mutating func note(_ packet: inout SentPackets.Packet, _ size: Int, at now: Instant) {
    noteSent(packet, size)
    if let unproven = unprovenBytes { unprovenBytes = max(0, unproven - size) }
    if packet.contents.contains(.isAckEliciting) {
      packet.bytes = UInt16(size)
      lastElicitingAt = now
      if !packet.contents.contains(.isProbe) {
        congestion.onSent(bytes: size)
        pacer.onSent(bytes: size, at: now)
      }
      if owed.probes > 0 { owed.probes -= 1 }
    } else {
      packet.contents.insert(.isSettled)
    }
    sent.append(packet)
  }

  private mutating func fillPlain(
    _ buffer: UnsafeMutableBufferPointer<UInt8>, _ packet: inout SentPackets.Packet,
    _ sources: SendSources, _ number: UInt64, _ isElicitingAllowed: Bool, at now: Instant
  ) -> Int {
    let header = PacketHeader(phase: keys.sendingPhase, receiver: remoteID, number: number)
    // A byte is kept for ACK_NOW.
    var writer = ByteWriter(
      UnsafeMutableBufferPointer(
        rebasing: buffer[PacketHeader.plainBytes..<buffer.count - PacketHeader.tagBytes - 1]))
    // There may be little room, and the question comes first.
    if isElicitingAllowed, unprovenBytes != nil { writePathFrames(&writer, &packet) }
    let tells = received.hasAck && received.writeAck(&writer, at: now)
    if isElicitingAllowed, unprovenBytes == nil {
      let before = writer.count
      writeOwed(&writer, &packet)
      if let range = Self.writeStream(
        UInt64(Channel.control.rawValue), control, 0, controlBytes, &writer)
      {
        noteRepeated(control.onSent(range))
        packet.control = range
      }
      // The lobby and the side channels take turns where both have more than a packet holds.
      if $sides, isSideNext { writeSide(sources, &writer, &packet) }
      if packet.talk.isEmpty, packet.side == nil,
        let range = Self.writeStream(
          UInt64(Channel.talk.rawValue), talk, talkBase, sources.talk, &writer)
      {
        noteRepeated(talk.onSent(range))
        packet.talk = range
      }
      if $sides, packet.talk.isEmpty, packet.side == nil {
        writeSide(sources, &writer, &packet)
      }
      isSideNext = packet.side == nil
      if packet.control.isEmpty { writeObject(sources, &writer, &packet) }
      if writer.count > before { packet.contents.insert(.isAckEliciting) }
      if tells, writer.count > before { received.noteTold(in: number) }
    }
    guard writer.count > 0 else { return 0 }
    var count = writer.count
    let size = PacketHeader.plainBytes + count + 1 + PacketHeader.tagBytes
    if packet.contents.contains(.isAckEliciting), asksAckNow(after: size) {
      buffer[PacketHeader.plainBytes + count] = FrameType.ackNow.rawValue
      count += 1
    }
    return seal(buffer, header, count)
  }

  /// Writes the header, and seals `count` bytes of frames behind it.
  mutating func seal(
    _ buffer: UnsafeMutableBufferPointer<UInt8>, _ header: PacketHeader, _ count: Int
  ) -> Int {
    var writer = ByteWriter(buffer)
    header.write(to: &writer)
    keys.seal(
      buffer.baseAddress! + header.byteCount, count: count,
      header: UnsafePointer(buffer.baseAddress!), headerCount: header.byteCount,
      number: header.number)
    return header.byteCount + count + PacketHeader.tagBytes
  }

  /// Whether the packet should ask to be acknowledged at once: the window is half used since it was
  /// last asked, or this is the last that it lets through, or a probe.
  mutating func asksAckNow(after size: Int) -> Bool {
    bytesSinceAckNow += size
    let isLast = congestion.bytesInFlight + size >= congestion.windowBytes
    guard owed.probes > 0 || isLast || bytesSinceAckNow >= congestion.windowBytes / 2 else {
      return false
    }
    bytesSinceAckNow = 0
    return true
  }

  // MARK: Frames

  @inline(__always)
  static func writeStream(
    _ channel: UInt64, _ stream: SendStream, _ base: UInt64, _ bytes: ByteLog,
    _ writer: inout ByteWriter
  ) -> Range<UInt64>? {
    let room = writer.room - streamHeadBytesMax
    guard room > 0, let range = stream.piece(end: bytes.end, atMost: room) else { return nil }
    writer.u8(FrameType.stream.rawValue)
    writer.varint(channel)
    writer.varint(range.lowerBound - base)
    writer.varint(UInt64(range.count))
    bytes.write(range, to: &writer)
    return range
  }

  /// Type, channel, offset and length.
  private static let streamHeadBytesMax = 1 + 8 + 8 + 4

  private mutating func writeOwed(_ writer: inout ByteWriter, _ packet: inout SentPackets.Packet) {
    guard !owed.frames.isEmpty, writer.room >= Limits.owedFramesBytesMax else { return }
    writePathFrames(&writer, &packet)
    for (frame, channel, limit) in [
      (OwedFrames.controlCredit, Channel.control, controlIn.limit),
      (.talkCredit, .talk, talkIn.limit), (.objectCredit, .objects, objectLimit),
    ] where owed.frames.contains(frame) {
      writer.u8(FrameType.credit.rawValue)
      writer.u8(channel.rawValue)
      writer.varint(limit)
      packet.contents.insert(.hasCredit)
    }
    if owed.frames.contains(.talkSkip) {
      writeSkip(UInt64(Channel.talk.rawValue), skippedTalk - talkBase, &writer, &packet)
    }
    if owed.frames.contains(.objectSkip), let skippedObjects {
      writeSkip(UInt64(Channel.objects.rawValue), skippedObjects, &writer, &packet)
    }
    owed.frames.subtract(.aboutChannels)
    if !owed.frames.isEmpty { writeOwedOfSides(&writer, &packet) }
  }

  func writeSkip(
    _ channel: UInt64, _ offset: UInt64, _ writer: inout ByteWriter,
    _ packet: inout SentPackets.Packet
  ) {
    writer.u8(FrameType.skip.rawValue)
    writer.varint(channel)
    writer.varint(offset)
    packet.contents.insert(.hasSkip)
  }

  /// What asks whether the other end is there, and what answers.
  private mutating func writePathFrames(
    _ writer: inout ByteWriter, _ packet: inout SentPackets.Packet
  ) {
    let frames = owed.frames.intersection(.aboutPath)
    guard !frames.isEmpty, writer.room >= Limits.pathFramesBytesMax else { return }
    if frames.contains(.ping) { writer.u8(FrameType.ping.rawValue) }
    if frames.contains(.pathResponse) {
      writer.u8(FrameType.pathResponse.rawValue)
      writer.u64(pathAnswer)
    }
    if frames.contains(.challenge) {
      writer.u8(FrameType.pathChallenge.rawValue)
      writer.u64(challenge)
      packet.contents.insert(.hasChallenge)
    }
    packet.contents.insert(.isAckEliciting)
    owed.frames.subtract(.aboutPath)
  }

  /// Gives up what the sources no longer hold, and what this session need not get.
  private mutating func settleSkips(_ sources: SendSources) {
    if talk.settled < sources.talk.base, talk.next < sources.talk.base || talk.hasLost {
      talk.skip(to: sources.talk.base)
      skippedTalk = sources.talk.base
      owed.frames.insert(.talkSkip)
    }
    if $sides, sides.settleSkips(sources) { owed.frames.insert(.sideSkip) }
    guard objects.next < sources.objects.end || objects.hasLost else { return }
    if objects.settled < sources.objects.base {
      objects.pass(objects.settled..<sources.objects.base)
      skippedObjects = sources.objects.firstNumber
      if skippedObjects != nil { owed.frames.insert(.objectSkip) }
    }
    while objects.next < sources.objects.end {
      let object = sources.objects[sources.objects.index(at: objects.next)]
      let isOwn = object.author != nil && object.author == objectAuthor
      guard isOwn || object.room.map({ !isIn($0) }) ?? false else { return }
      objects.pass(object.positions)
    }
  }

  // MARK: Probes and the end

  private mutating func sendProbe(of size: Int, into outbox: inout Outbox, at now: Instant) {
    let number = sent.next
    keys.turn(before: number, at: now)
    outbox.addDatagram(to: address, capacity: size, isProbe: true) { buffer in
      let count = size - PacketHeader.plainBytes - PacketHeader.tagBytes
      let frames = UnsafeMutableBufferPointer(
        rebasing: buffer[PacketHeader.plainBytes..<PacketHeader.plainBytes + count])
      frames.update(repeating: FrameType.padding.rawValue)
      frames[0] = FrameType.ping.rawValue
      frames[1] = FrameType.ackNow.rawValue
      let header = PacketHeader(phase: keys.sendingPhase, receiver: remoteID, number: number)
      return seal(buffer, header, count)
    }
    var packet = SentPackets.Packet(sentAt: now)
    packet.contents = [.isAckEliciting, .isProbe]
    note(&packet, size, at: now)
    pathMTU.probeSent(number: number, at: now)
  }

  private mutating func sendClose(into outbox: inout Outbox, at now: Instant) -> Bool {
    guard let closing else { return false }
    let (reason, text) = (closing.reason, closing.text)
    ending = closing.isFault ? .faulty(text) : .closed(reason, text: text)
    // An address that may not be there is told if that is not too much.
    let words = unprovenBytes == nil ? Array(text.utf8.prefix(Limits.closeTextBytesMax)) : []
    guard capacity > 0 else { return false }
    let number = sent.next
    outbox.addDatagram(to: address, capacity: min(capacity, Limits.sessionDatagramBytesMin)) {
      buffer in
      var writer = ByteWriter(
        UnsafeMutableBufferPointer(
          rebasing: buffer[PacketHeader.plainBytes..<buffer.count - PacketHeader.tagBytes]))
      if unprovenBytes == nil, received.hasAck { _ = received.writeAck(&writer, at: now) }
      writer.u8(FrameType.close.rawValue)
      writer.varint(reason.rawValue)
      writer.varint(UInt64(words.count))
      writer.bytes(words)
      let header = PacketHeader(phase: keys.sendingPhase, receiver: remoteID, number: number)
      return seal(buffer, header, writer.count)
    }
    return true
  }
}
