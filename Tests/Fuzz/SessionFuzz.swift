/// Frames that only the other end could have sealed, and the other end's silence and haste, never
/// trap a session; what it hands out is bounded, and it ends once.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSession(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  var input = FuzzInput(start, count)
  let run = SessionRun(settings: input.byte())
  while !input.isEmpty { run.step(&input) }
  run.finish()
  return 0
}

private func key(_ byte: UInt8) -> CipherKey {
  CipherKey(copying: [UInt8](repeating: byte, count: 32).span)!
}

private final class SessionRun {
  private static let home = PeerAddress(v4: 10, 0, 0, 2, port: 4_000)

  private var session: Session
  private var sources = Session.SendSources()
  private var outbox = Outbox()
  private var random = SecretRandom(seed: [UInt8](repeating: 1, count: 32))
  private let scratch = PacketScratch()
  private var now = Instant(nanoseconds: 1_000_000_000_000)
  /// The next number of the other end, and its key with its phase.
  private var number: UInt64 = 0
  private var sealing = key(2)
  private var phase = false
  private let objectKey = key(9)
  private var source = home
  /// What went to an address and came from it, since the session moved there.
  private var isReading = true
  /// The side channels that are listened to.
  private var expected: [UInt64] = []

  init(settings: UInt8) {
    session = Session(
      localID: 11, remoteID: 22, remoteKey: PublicKey([UInt8](repeating: 5, count: 32))!,
      address: Self.home, keys: (key(1), key(2)), cipher: .chaChaPoly,
      keepsAlive: settings & 1 == 0, at: now)
    sources.rooms = [ByteLog(), ByteLog(), ByteLog()]
    if settings & 2 != 0 {
      say(4_000)
      session.follow(talkFrom: sources.talk.end, objectsFrom: 0)
    }
    if settings & 4 != 0 { _ = session.expectObject(3, length: 5_000, sharedKey: objectKey) }
    if settings & 8 != 0 { _ = session.expectObject(4, length: 300) }
    if settings & 16 != 0 { session.objectAuthor = 7 }
  }

  /// One byte says what happens, one how much later.
  func step(_ input: inout FuzzInput) {
    let choice = input.byte()
    let pause = Int(input.byte())
    now = now + (pause < 200 ? .milliseconds(pause) : .seconds((pause - 199) / 2))
    switch choice % 12 {
    case 0: say(Int(input.byte()) * 40)
    case 1: session.sendControl(0x20) { $0 += [UInt8](repeating: 1, count: pause * 4) }
    case 2:
      sources.objects.append(
        [UInt8](repeating: 3, count: pause * 100 + 1), number: UInt64(pause),
        author: choice & 16 == 0 ? nil : 7, sharedKey: choice & 32 == 0 ? nil : objectKey)
    case 3: drop(pause)
    case 4: source = PeerAddress(v4: 10, 0, 0, choice >> 4, port: 4_000)
    case 5: isReading.toggle()
    case 6 where choice > 200: session.close(.done, "enough")
    case 6 where choice & 64 != 0: side(pause)
    case 6: number += UInt64(pause)
    case 7: receiveShared(input.chunk(), piece: input.chunk())
    case 8: receiveRaw(input.chunk())
    case 9: acknowledge(input.byte(), input.byte())
    default: receive(input.chunk())
    }
    turn()
  }

  /// Left alone, it ends in silence.
  func finish() {
    for _ in 0..<2_000 where session.ending == nil {
      now = max(now, session.nextDeadline ?? now)
      turn()
    }
    hold(session.ending != nil, "a session that never ends")
    hold(session.nextDeadline == nil, "a deadline after the end")
    let hasSaid = session.send(into: &outbox, from: sources, at: now)
    hold(!hasSaid, "something said after the end")
  }

  private func say(_ count: Int) {
    sources.talk.append { bytes in
      Session.appendMessage(0x10, { $0 += [UInt8](repeating: 2, count: count) }, to: &bytes)
    }
  }

  /// Something that is done with a side channel.
  private func side(_ choice: Int) {
    let room = choice >> 3 & 3
    switch choice & 7 {
    case 0:
      _ = session.open(session.sides.next, room: room == 3 ? nil : UInt32(room), from: 0)
    case 1: session.closeSide(UInt64(choice >> 3 & 7) + SideChannels.firstNumber)
    case 2: if let number = session.expectSide() { expected.append(number) }
    case 3: if !expected.isEmpty { session.forgetSide(expected.removeFirst()) }
    case 4:
      session.append(to: UInt64(choice >> 3 & 7) + SideChannels.firstNumber) { bytes in
        Session.appendMessage(0x30, { $0 += [UInt8](repeating: 3, count: choice * 20) }, to: &bytes)
      }
    case 5: _ = session.open(UInt64(choice >> 3), room: nil, from: 0)
    default:
      sources.rooms[min(room, 2)].append { bytes in
        Session.appendMessage(0x30, { $0 += [UInt8](repeating: 4, count: choice * 20) }, to: &bytes)
      }
    }
  }

  private func drop(_ share: Int) {
    // What a session follows from its beginning may be gone before it is sent.
    for room in sources.rooms.indices where room != share & 3 {
      sources.rooms[room].drop(
        below: sources.rooms[room].base
          + UInt64(sources.rooms[room].count * min(share, 200) / 200))
    }
    sources.talk.drop(
      below: sources.talk.base + UInt64(sources.talk.count * min(share, 200) / 200))
    sources.objects.drop(toBytes: sources.objects.count * (200 - min(share, 200)) / 200)
  }

  // MARK: The other end

  /// Frames in a packet as the other end seals it.
  private func receive(_ frames: [UInt8]) {
    if frames.isEmpty { return }
    take(packet(frames, sealedCount: nil))
  }

  /// A packet with a piece that is sealed, or is not.
  private func receiveShared(_ frames: [UInt8], piece: [UInt8]) {
    if frames.isEmpty { return }
    var sealed = piece + [UInt8](repeating: 0, count: 16)
    sealed.withUnsafeMutableBufferPointer { bytes in
      objectKey.seal(
        bytes.baseAddress!, count: piece.count, header: bytes.baseAddress!, headerCount: 0,
        nonce: CipherNonce(UInt32(frames.last!) * 4 + 100, UInt64(frames.count & 3)))
    }
    var told: [UInt8] = [FrameType.shared.rawValue]
    told.appendVarint(3)
    told.appendVarint(UInt64(frames.last!) * 4 + 100)
    told.appendVarint(UInt64(frames.count & 3))
    told.appendVarint(UInt64(sealed.count))
    let isOwn = frames.count & 4 == 0
    take(packet(isOwn ? told : frames, sealedCount: (isOwn ? told : frames).count + 16) + sealed)
  }

  /// An ACK of what was sent: the newest, and less and less of it.
  private func acknowledge(_ behind: UInt8, _ length: UInt8) {
    let next = session.sent.next
    guard next > 0 else { return }
    let largest = next - 1 - min(next - 1, UInt64(behind & 15))
    var frame: [UInt8] = [FrameType.ack.rawValue]
    frame.appendVarint(largest)
    frame.appendVarint(UInt64(length) * 100)
    frame.appendVarint(0)
    frame.appendVarint(min(largest, UInt64(length)))
    receive(frame)
  }

  private func receiveRaw(_ bytes: [UInt8]) { take(bytes) }

  private func packet(_ frames: [UInt8], sealedCount: Int?) -> [UInt8] {
    let header = PacketHeader(
      phase: phase, receiver: 11, number: number, sealedCount: sealedCount)
    number += 1
    var bytes = [UInt8](repeating: 0, count: header.byteCount) + frames
    bytes += [UInt8](repeating: 0, count: 16)
    bytes.withUnsafeMutableBufferPointer { buffer in
      var writer = ByteWriter(buffer)
      header.write(to: &writer)
      sealing.seal(
        buffer.baseAddress! + header.byteCount, count: frames.count,
        header: UnsafePointer(buffer.baseAddress!), headerCount: header.byteCount,
        number: header.number)
    }
    if number % 64 == 0 { (sealing, phase) = (sealing.next(), !phase) }
    return bytes
  }

  private func take(_ datagram: [UInt8]) {
    _ = datagram.withUnsafeBufferPointer {
      session.receive($0, from: source, at: now, scratch: scratch, random: &random)
    }
  }

  // MARK: This end

  private func turn() {
    session.advance(to: now)
    if isReading {
      while session.takeMessage(.control) != nil {}
      while session.takeMessage(.talk) != nil {}
      for number in expected { while session.takeMessage(side: number) != nil {} }
      _ = session.takeObjects()
      _ = session.takeLostObjects()
      session.dropTaken()
    }
    var count = 0
    while !outbox.isHigh, session.send(into: &outbox, from: sources, at: now) {
      count += 1
      hold(count < 3_000, "a session that always has more to say")
    }
    for (_, datagram) in takeDatagrams(&outbox) {
      hold(datagram.count <= Limits.datagramBytesMax, "longer than a datagram")
      hold(datagram.count > 29, "shorter than a packet")
    }
    hold(session.controlIn.next <= session.controlIn.limit, "beyond the credit")
    for channel in session.sidesIn.channels {
      hold(channel.stream.next <= channel.stream.limit, "beyond the credit of a side")
    }
    hold(session.sidesIn.channels.count <= Limits.sideChannelsMax, "more sides than may be")
    hold(session.sides.channels.count <= Limits.sideChannelsMax, "more sides than may be")
    hold(session.congestion.bytesInFlight >= 0, "less than nothing in flight")
    if let due = session.nextDeadline, !outbox.isHigh {
      hold(due > now || session.pathMTU.nextProbe != nil, "a deadline that does not move on")
    }
  }
}
