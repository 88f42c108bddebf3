/// The channels of a session besides control, talk and objects: one for each room but the lobby,
/// and one for history. The receiver chooses their numbers, from `firstNumber` on and each time a
/// greater one, and expects a channel before it asks for it.
enum SideChannels {
  /// Below are the channels that every session has.
  static let firstNumber: UInt64 = 4
  /// No channel has this number.
  static let none: UInt64 = 3
}

/// What a session sends on its side channels.
///
/// What always holds: a channel's index stays the same while it is open, and a packet under way
/// names no channel that is closed.
struct SendingSides: HasBeginning {
  struct Channel {
    let number: UInt64
    /// Which of the sources' rooms it follows; nil where it has bytes of its own.
    let room: UInt32?
    var bytes = ByteLog()
    /// The position that is offset 0.
    let base: UInt64
    var stream: SendStream
    /// Up to where it was given up: the beginning of a message.
    var skipped: UInt64
    var owesSkip = false

    init(_ number: UInt64, room: UInt32?, from position: UInt64) {
      (self.number, self.room, base, skipped) = (number, room, position, position)
      stream = SendStream(from: position, credit: UInt64(Limits.talkCreditBytes))
    }

    func source(_ sources: Session.SendSources) -> ByteLog {
      room.map { sources.rooms[Int($0)] } ?? bytes
    }

    func hasPiece(_ sources: Session.SendSources) -> Bool {
      stream.hasPiece(end: source(sources).end)
    }
  }

  private(set) var channels: [Channel?] = []
  /// Which was sent last; the others come first.
  private var last = 0
  /// Numbers below may have been used, but for those of `skipped`: what asks for channels comes on
  /// several of them, and may overtake.
  private(set) var next = SideChannels.firstNumber
  private var skipped = RangeSet()

  /// Opens a channel.
  ///
  /// - Returns: false where there are as many as may be, or one has the number already.
  mutating func open(_ channel: Channel) -> Bool {
    guard channels.count(where: { $0 != nil }) < Limits.sideChannelsMax, use(channel.number)
    else { return false }
    if let vacant = channels.firstIndex(where: { $0 == nil }) {
      channels[vacant] = channel
    } else {
      channels.append(channel)
    }
    return true
  }

  /// - Returns: whether a number was not used before.
  private mutating func use(_ number: UInt64) -> Bool {
    if number >= next, number < .max {
      skipped.insert(next..<number)
      if skipped.count > Limits.sideChannelsMax { skipped.remove(skipped.first!) }
      next = number + 1
      return true
    }
    guard skipped.ranges.contains(where: { $0.contains(number) }) else { return false }
    skipped.remove(number..<number + 1)
    return true
  }

  func index(of number: UInt64) -> Int? {
    channels.firstIndex { $0?.number == number }
  }

  mutating func close(at index: Int) { channels[index] = nil }

  subscript(_ index: Int) -> Channel? {
    get { channels[index] }
    _modify { yield &channels[index] }
  }

  func hasPiece(_ sources: Session.SendSources) -> Bool {
    channels.contains { $0?.hasPiece(sources) == true }
  }

  /// The next channel that has something to send, each in its turn.
  mutating func nextToSend(_ sources: Session.SendSources) -> Int? {
    for step in 1...max(channels.count, 1) where !channels.isEmpty {
      let index = (last + step) % channels.count
      if channels[index]?.hasPiece(sources) == true {
        last = index
        return index
      }
    }
    return nil
  }

  func waitingBytes(_ sources: Session.SendSources) -> UInt64 {
    channels.reduce(0) { sum, channel in
      guard let channel else { return sum }
      return sum + channel.stream.waitingBytes(end: channel.source(sources).end)
    }
  }

  /// Whether all that was said is acknowledged.
  func isSettled(_ sources: Session.SendSources) -> Bool {
    channels.allSatisfy { channel in
      guard let channel else { return true }
      return channel.stream.settled >= channel.source(sources).end
    }
  }

  /// Gives up what the sources no longer hold.
  ///
  /// - Returns: whether a receiver is to be told.
  mutating func settleSkips(_ sources: Session.SendSources) -> Bool {
    var owes = false
    for index in channels.indices {
      guard let channel = channels[index] else { continue }
      let base = channel.source(sources).base
      guard channel.stream.settled < base, channel.stream.next < base || channel.stream.hasLost
      else { continue }
      channels[index]?.stream.skip(to: base)
      channels[index]?.skipped = base
      channels[index]?.owesSkip = true
      owes = true
    }
    return owes
  }

  /// Whatever was given up is told once more.
  ///
  /// - Returns: whether there is something.
  mutating func repeatSkips() -> Bool {
    var owes = false
    for index in channels.indices {
      guard let channel = channels[index], channel.skipped > channel.base else { continue }
      channels[index]?.owesSkip = true
      owes = true
    }
    return owes
  }

  /// Drops bytes of its own that were acknowledged.
  mutating func dropSettled() {
    for index in channels.indices {
      guard let channel = channels[index], channel.room == nil else { continue }
      channels[index]?.bytes.drop(below: channel.stream.settled)
    }
  }
}

/// What a session hears on its side channels.
struct ReceivingSides: HasBeginning {
  struct Channel {
    let number: UInt64
    var stream = ReceiveStream(window: Limits.talkCreditBytes)
    var owesCredit = false
  }

  private(set) var channels: [Channel] = []
  /// Numbers below were used.
  private(set) var next = SideChannels.firstNumber

  /// Expects a channel.
  ///
  /// - Returns: its number; nil where there are as many as may be.
  mutating func expect() -> UInt64? {
    guard channels.count < Limits.sideChannelsMax else { return nil }
    channels.append(Channel(number: next))
    defer { next += 1 }
    return next
  }

  mutating func close(_ number: UInt64) { channels.removeAll { $0.number == number } }

  func index(of number: UInt64) -> Int? { channels.firstIndex { $0.number == number } }

  /// Whether there was a channel of this number, of which something may still be under way.
  func wasExpected(_ number: UInt64) -> Bool { number >= SideChannels.firstNumber && number < next }

  subscript(_ index: Int) -> Channel {
    get { channels[index] }
    _modify { yield &channels[index] }
  }

  /// Drops the messages that were taken.
  ///
  /// - Returns: whether that frees credit to be granted.
  mutating func dropTaken() -> Bool {
    var owes = false
    for index in channels.indices {
      channels[index].stream.dropTaken()
      guard channels[index].stream.newLimit() != nil else { continue }
      channels[index].owesCredit = true
      owes = true
    }
    return owes
  }

  /// All limits that were ever raised are told once more. Of another channel the sender may not
  /// know yet that it was asked for.
  mutating func repeatCredit() {
    for index in channels.indices where channels[index].stream.limit > Self.firstLimit {
      channels[index].owesCredit = true
    }
  }

  private static let firstLimit = UInt64(Limits.talkCreditBytes)
}

extension Session {
  /// Whether it follows one of the sources' rooms.
  func isIn(_ room: UInt32) -> Bool {
    $sides && sides.channels.contains { $0?.room == room }
  }

  /// Begins to send what happens in one of the sources' rooms, or bytes of its own, on a channel
  /// whose number the other end chose.
  ///
  /// - Returns: false where the number is taken or none, or there are as many as may be.
  public mutating func open(_ number: UInt64, room: UInt32?, from position: UInt64) -> Bool {
    sides.open(SendingSides.Channel(number, room: room, from: position))
  }

  /// Sends no more on a side channel, not even again what was lost.
  public mutating func closeSide(_ number: UInt64) {
    guard $sides, let index = sides.index(of: number) else { return }
    sides.close(at: index)
    sent.forgetSide(index)
  }

  /// Appends to the bytes of a side channel that has its own.
  public mutating func append(to number: UInt64, _ body: (inout [UInt8]) -> Void) {
    guard let index = sides.index(of: number) else { return }
    sides[index]?.bytes.append(body)
  }

  /// How much of a side channel with bytes of its own is not acknowledged.
  public func backlogBytes(of number: UInt64) -> Int {
    guard $sides, let index = sides.index(of: number) else { return 0 }
    return sides[index]?.bytes.count ?? 0
  }

  /// Expects a side channel, on which the other end is then asked to send.
  ///
  /// - Returns: its number; nil where there are as many as may be.
  public mutating func expectSide() -> UInt64? {
    // Objects are told of on each of them, and these are not in step.
    objectsIn.takeAnyOrder()
    return sidesIn.expect()
  }

  /// What still comes on a side channel is passed over.
  public mutating func forgetSide(_ number: UInt64) {
    if $sidesIn { sidesIn.close(number) }
  }

  /// The next message of a side channel, type byte first; nil when there is none yet.
  public mutating func takeMessage(side number: UInt64) -> ArraySlice<UInt8>? {
    guard $sidesIn, let index = sidesIn.index(of: number) else { return nil }
    do throws(ReceiveStream.Fault) {
      let message = try sidesIn[index].stream.takeMessage()
      if message != nil { counters.messagesReceived &+= 1 }
      return message
    } catch {
      fail("a message on channel \(number)")
      return nil
    }
  }

  // MARK: Frames

  /// - Returns: nil where nothing fits or nothing is to be sent.
  mutating func writeSide(
    _ sources: SendSources, _ writer: inout ByteWriter, _ packet: inout SentPackets.Packet
  ) {
    guard let index = sides.nextToSend(sources), let channel = sides[index],
      let range = Self.writeStream(
        channel.number, channel.stream, channel.base, channel.source(sources), &writer)
    else { return }
    noteRepeated(sides[index]!.stream.onSent(range))
    packet.setSide(index, range)
  }

  /// Writes what the other end is to be told of the side channels, as far as there is room.
  mutating func writeOwedOfSides(_ writer: inout ByteWriter, _ packet: inout SentPackets.Packet) {
    if owed.frames.contains(.sideCredit) {
      owed.frames.remove(.sideCredit)
      for index in sidesIn.channels.indices where sidesIn[index].owesCredit {
        guard writer.room >= Self.sideFrameBytesMax else {
          owed.frames.insert(.sideCredit)
          break
        }
        writer.u8(FrameType.credit.rawValue)
        writer.varint(sidesIn[index].number)
        writer.varint(sidesIn[index].stream.limit)
        sidesIn[index].owesCredit = false
        packet.contents.insert(.hasCredit)
      }
    }
    if owed.frames.contains(.sideSkip) {
      owed.frames.remove(.sideSkip)
      for index in sides.channels.indices where sides[index]?.owesSkip == true {
        guard writer.room >= Self.sideFrameBytesMax, let channel = sides[index] else {
          owed.frames.insert(.sideSkip)
          break
        }
        writeSkip(channel.number, channel.skipped - channel.base, &writer, &packet)
        sides[index]?.owesSkip = false
      }
    }
  }

  /// Type, number, and a position.
  private static let sideFrameBytesMax = 1 + 8 + 8

  /// Takes a STREAM frame of a side channel; what comes on one that is closed is passed over.
  mutating func takeSide(
    _ number: UInt64, _ bytes: UnsafeBufferPointer<UInt8>, at offset: UInt64
  ) throws(ReceiveStream.Fault) {
    guard $sidesIn, sidesIn.wasExpected(number) else { throw .beyondCredit }
    guard let index = sidesIn.index(of: number) else { return }
    try sidesIn[index].stream.receive(bytes, at: offset)
  }

  /// - Returns: false for a channel that was never open.
  mutating func raiseSide(_ number: UInt64, limit: UInt64) -> Bool {
    guard $sides, number >= SideChannels.firstNumber, number < sides.next else { return false }
    if let index = sides.index(of: number), let base = sides[index]?.base {
      sides[index]?.stream.raise(limit: base &+ limit)
    }
    return true
  }

  /// - Returns: false for a channel that was never expected.
  mutating func skipSide(_ number: UInt64, to offset: UInt64) -> Bool {
    guard $sidesIn, sidesIn.wasExpected(number) else { return false }
    if let index = sidesIn.index(of: number) { sidesIn[index].stream.skip(to: offset) }
    return true
  }
}
