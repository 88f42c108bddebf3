/// Room to open datagrams in, shared by all sessions of a loop.
public final class PacketScratch {
  let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 16)
  let piece = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 16)

  public init() {}

  deinit {
    bytes.deallocate()
    piece.deallocate()
  }
}

extension Session {
  /// Takes a Data datagram whose header names this session.
  ///
  /// - Parameter random: for the challenge to a new address.
  /// - Returns: whether it was authentic and new; what came with it is then to be taken.
  public mutating func receive(
    _ datagram: UnsafeBufferPointer<UInt8>, from source: PeerAddress, at now: Instant,
    scratch: PacketScratch, random: inout SecretRandom
  ) -> Bool {
    guard ending == nil, let header = PacketHeader(datagram) else { return false }
    let start = header.byteCount
    let sealedEnd = header.sealedCount.map { start + $0 } ?? datagram.count
    let sealed = UnsafeBufferPointer(rebasing: datagram[start..<sealedEnd])
    guard
      keys.open(sealed, header, headerBytes: datagram.baseAddress!, to: scratch.bytes)
    else { return false }
    let frames = UnsafeBufferPointer(
      start: UnsafePointer(scratch.bytes), count: sealed.count - PacketHeader.tagBytes)
    let tail = UnsafeBufferPointer(rebasing: datagram[sealedEnd...])
    if header.sealedCount != nil {
      guard openPiece(tail, toldBy: frames, scratch) else { return false }
    }
    let isNewest = header.number >= keys.greatest
    keys.confirm(header)
    noteReceived(bytes: datagram.count)
    lastHeard = now
    if source != address, isNewest { move(to: source, datagram.count, &random) }
    if let unproven = unprovenBytes, source == address {
      unprovenBytes = unproven + Limits.unprovenAddressFactor * datagram.count
    }
    take(frames, number: header.number, at: now)
    return true
  }

  // MARK: Shared pieces

  /// Opens the piece behind the sealed part and puts it into its object. A piece of an object that
  /// was not told of yet makes the packet one that did not arrive.
  private mutating func openPiece(
    _ tail: UnsafeBufferPointer<UInt8>, toldBy frames: UnsafeBufferPointer<UInt8>,
    _ scratch: PacketScratch
  ) -> Bool {
    guard let told = SharedPiece(lastOf: frames), told.count == tail.count,
      tail.count > PacketHeader.tagBytes
    else { return false }
    switch objectsIn.state(of: told.object) {
    case .unknown: return false
    case .stale:
      // Its sender counts it, whether anybody waits for it or not.
      objectsIn.noteStale(tail.count - PacketHeader.tagBytes)
      grantObjectCredit()
      return true
    case .taken: break
    }
    guard let key = objectsIn.key(of: told.object),
      let size = UInt32(exactly: told.size),
      key.open(
        from: tail.baseAddress!, count: tail.count, into: scratch.piece,
        header: tail.baseAddress!, headerCount: 0, nonce: CipherNonce(size, UInt64(told.index)))
    else { return false }
    let (offset, overflow) = told.index.multipliedReportingOverflow(by: told.size)
    guard !overflow else { return false }
    let piece = UnsafeBufferPointer(
      start: UnsafePointer(scratch.piece), count: tail.count - PacketHeader.tagBytes)
    guard objectsIn.receive(piece, of: told.object, at: UInt64(offset)) else { return false }
    grantObjectCredit()
    return true
  }

  // MARK: Frames

  private mutating func take(_ frames: UnsafeBufferPointer<UInt8>, number: UInt64, at now: Instant)
  {
    var reader = ByteReader(frames)
    var isEliciting = false
    var wantsAckNow = false
    var hasMessages = false
    while let raw = reader.u8() {
      guard let type = FrameType(rawValue: raw) else { return fail("frame type \(raw)") }
      switch type {
      case .padding: continue
      case .ack:
        guard takeAck(&reader, at: now) else { return fail("ACK") }
        continue
      case .close:
        takeClose(&reader)
        return
      case .ackNow: wantsAckNow = true
      case .ping: break
      case .stream:
        guard takeStream(&reader) else { return fail("STREAM") }
        hasMessages = true
      case .object: guard takeObject(&reader) else { return fail("OBJECT") }
      case .shared: guard SharedPiece(&reader) != nil else { return fail("SHARED") }
      case .credit: guard takeCredit(&reader) else { return fail("CREDIT") }
      case .skip: guard takeSkip(&reader) else { return fail("SKIP") }
      case .pathChallenge:
        guard let value = reader.u64() else { return fail("PATH_CHALLENGE") }
        pathAnswer = value
        owed.frames.insert(.pathResponse)
      case .pathResponse:
        guard let value = reader.u64() else { return fail("PATH_RESPONSE") }
        if unprovenBytes != nil, value == challenge {
          unprovenBytes = nil
          owed.frames.remove(.challenge)
        }
      }
      isEliciting = true
    }
    if hasMessages { counters.messageDatagramsReceived &+= 1 }
    received.note(
      number, isAckEliciting: isEliciting, wantsAckNow: wantsAckNow, at: now)
  }

  private mutating func takeStream(_ reader: inout ByteReader) -> Bool {
    guard let channel = reader.varint(), let offset = reader.varint(),
      let bytes = reader.vbytes(max: Limits.datagramBytesMax)
    else { return false }
    do throws(ReceiveStream.Fault) {
      switch Channel(number: channel) {
      case .control: try controlIn.receive(bytes, at: offset)
      case .talk: try talkIn.receive(bytes, at: offset)
      case .objects: return false
      case nil: try takeSide(channel, bytes, at: offset)
      }
      return true
    } catch {
      return false
    }
  }

  private mutating func takeObject(_ reader: inout ByteReader) -> Bool {
    guard let object = reader.varint(), let offset = reader.varint(),
      let bytes = reader.vbytes(max: Limits.datagramBytesMax)
    else { return false }
    guard objectsIn.receive(bytes, of: object, at: offset) else { return false }
    grantObjectCredit()
    return true
  }

  /// Raises the credit for objects when half of the last one is used.
  private mutating func grantObjectCredit() {
    let wanted = objectsIn.bytesTaken + UInt64(Limits.objectCreditBytes)
    if wanted >= objectLimit + UInt64(Limits.objectCreditBytes / 2) {
      objectLimit = wanted
      owed.frames.insert(.objectCredit)
    }
  }

  private mutating func takeCredit(_ reader: inout ByteReader) -> Bool {
    guard let channel = reader.varint(), let limit = reader.varint() else { return false }
    // Offsets on the wire begin at 0, positions of the sources do not.
    switch Channel(number: channel) {
    case .control: control.raise(limit: limit)
    case .talk: talk.raise(limit: talkBase &+ limit)
    case .objects: objects.raise(limit: objectBase &+ limit)
    case nil: return raiseSide(channel, limit: limit)
    }
    return true
  }

  private mutating func takeSkip(_ reader: inout ByteReader) -> Bool {
    // No further than what a receiver could be asked to hold.
    guard let channel = reader.varint(), let offset = reader.varint(), offset < UInt64(1) << 60
    else { return false }
    switch Channel(number: channel) {
    case .control: return false
    case .talk: talkIn.skip(to: offset)
    case .objects: objectsIn.forget(below: offset)
    case nil: return skipSide(channel, to: offset)
    }
    return true
  }

  private mutating func takeClose(_ reader: inout ByteReader) {
    let reason = reader.varint().flatMap(CloseReason.init(rawValue:)) ?? .protocolError
    let text = reader.vtext(max: Limits.closeTextBytesMax) ?? ""
    ending = .closed(reason, text: text)
  }

  // MARK: The other end's address

  /// The other end speaks from a new address: it is answered there, carefully at first.
  private mutating func move(to source: PeerAddress, _ count: Int, _ random: inout SecretRandom) {
    address = source
    pathMTU.reset()
    congestion.reset(datagramBytes: pathMTU.current)
    roundTrip.forgetMinimum()
    pacer = Pacer()
    unprovenBytes = 0
    challenge = random.uint64()
    owed.frames.insert(.challenge)
  }
}

/// What a SHARED frame says of the piece behind the sealed part.
struct SharedPiece {
  let object: UInt64
  let size: Int
  let index: Int
  /// The piece with its tag.
  let count: Int

  init?(_ reader: inout ByteReader) {
    guard let object = reader.varint(), let size = reader.varint(), let index = reader.varint(),
      let count = reader.varint(), (1...65_535).contains(size), index <= UInt64(UInt32.max),
      count <= size + UInt64(PacketHeader.tagBytes)
    else { return nil }
    self.object = object
    (self.size, self.index, self.count) = (Int(size), Int(index), Int(count))
  }

  /// The SHARED frame that ends `frames`; before it stand ACK and PADDING at most.
  init?(lastOf frames: UnsafeBufferPointer<UInt8>) {
    var reader = ByteReader(frames)
    while let type = reader.u8().flatMap(FrameType.init(rawValue:)) {
      switch type {
      case .padding, .ackNow: continue
      case .ack: guard AckFrame.read(&reader, { _ in }) != nil else { return nil }
      case .shared:
        guard let piece = SharedPiece(&reader), reader.remaining == 0 else { return nil }
        self = piece
        return
      default: return nil
      }
    }
    return nil
  }
}
