import Testing

@testable import ChatEngine

@Suite("Session: side channels")
struct SessionSideTests {
  private static func texts(_ count: Int, _ tag: String = "") -> [[UInt8]] {
    (0..<count).map { bytes("\(tag) \($0) ") + [UInt8](repeating: 65, count: $0 * 37 % 2_000) }
  }

  private static func heard(_ texts: [[UInt8]]) -> [[UInt8]] { texts.map { [0x10] + $0 } }

  /// A expects a channel, and B sends one of its rooms on it.
  private static func open(_ pair: SessionPair, room: UInt32) -> UInt64 {
    let number = pair.a.expectSide()!
    while pair.b.sources.rooms.count <= Int(room) { pair.b.sources.rooms.append(ByteLog()) }
    #expect(pair.b.open(number, room: room, from: pair.b.sources.rooms[Int(room)].end))
    return number
  }

  @Test("Rooms, bytes of its own and talk arrive, each in order, over a bad way", arguments: 0..<10)
  func arrives(seed: UInt64) {
    let pair = SessionPair(seed: seed, cipher: seed % 2 == 0 ? .chaChaPoly : .aesGCM) { link in
      link.lossPercent = seed == 0 ? 0 : 15
      link.duplicatePercent = 10
      link.jitter = .milliseconds(30)
    }
    let rooms = [Self.open(pair, room: 0), Self.open(pair, room: 1)]
    let own = pair.a.expectSide()!
    #expect(pair.b.open(own, room: nil))
    #expect(rooms + [own] == [4, 5, 6])
    var random = SplitMix64(seed: seed)
    let said = [Self.texts(120, "first"), Self.texts(90, "second")]
    let talk = Self.texts(150, "talk")
    for index in 0..<150 {
      for room in 0..<2 where index < said[room].count {
        pair.b.say(said[room][index], inRoom: room)
      }
      pair.b.say(talk[index])
      pair.b.say(talk[index], side: own)
      if random.chance(20) { pair.run(.milliseconds(20)) }
    }
    #expect(!pair.b.isSettled)
    #expect(pair.run(.seconds(120)) { pair.b.isSettled })
    pair.run(.seconds(1))
    #expect(pair.a.talks == Self.heard(talk))
    #expect(pair.a.sides[own] == Self.heard(talk))
    for room in 0..<2 { #expect(pair.a.sides[rooms[room]] == Self.heard(said[room])) }
    #expect(pair.a.ending == nil && pair.b.ending == nil)
    #expect(pair.b.session.backlogBytes(of: own) == 0, "its own bytes are dropped once they came")
  }

  @Test("Who follows a room from its middle gets it from there, and each its own rooms")
  func followsFromMiddle() {
    let pair = SessionPair()
    pair.b.say(bytes("before"), inRoom: 0)
    pair.b.say(bytes("elsewhere"), inRoom: 1)
    let number = Self.open(pair, room: 0)
    let texts = Self.texts(300)
    for text in texts {
      pair.b.say(text, inRoom: 0)
      pair.b.say(text, inRoom: 1)
    }
    #expect(pair.run(.seconds(20)) { pair.b.isSettled })
    pair.run(.seconds(1))
    #expect(pair.a.sides == [number: Self.heard(texts)])
  }

  @Test("A channel that is not read stands still within its credit; the others go on")
  func credit() {
    let pair = SessionPair()
    let slow = Self.open(pair, room: 0)
    pair.a.readSides.remove(slow)
    let fast = Self.open(pair, room: 1)
    let piece = [UInt8](repeating: 7, count: 1_000)
    for _ in 0..<600 { for room in 0..<2 { pair.b.say(piece, inRoom: room) } }
    pair.b.say(bytes("talk"))
    pair.run(.seconds(20))
    #expect(pair.a.sides[fast]?.count == 600)
    #expect(pair.a.talks.count == 1)
    let next = pair.a.session.sidesIn.channels[0].stream.next
    #expect(next == UInt64(Limits.talkCreditBytes))
    pair.a.readSides.insert(slow)
    pair.a.read(at: pair.now)
    #expect(pair.run(.seconds(20)) { pair.b.isSettled })
    pair.run(.seconds(1))
    #expect(pair.a.sides[slow]?.count == 600)
  }

  @Test("Credit that was lost is told again, of no channel that the sender does not know yet")
  func repeatsCredit() {
    let pair = SessionPair(seed: 3) { $0.lossPercent = 10 }
    pair.a.link.lossPercent = 40
    let number = Self.open(pair, room: 0)
    let unasked = pair.a.expectSide()!
    let texts = Self.texts(1_500)
    for text in texts { pair.b.say(text, inRoom: 0) }
    #expect(pair.run(.seconds(300)) { pair.b.isSettled })
    #expect(pair.b.ending == nil)
    #expect(pair.a.sides[number]?.count == texts.count)
    #expect(pair.b.open(unasked, room: nil))
  }

  @Test("What a room dropped is skipped, also where that word is lost, and what follows arrives")
  func skips() {
    let pair = SessionPair(seed: 1)
    let number = Self.open(pair, room: 0)
    pair.b.link.isDown = true
    for text in Self.texts(20) { pair.b.say(text, inRoom: 0) }
    pair.run(.milliseconds(50))
    for text in Self.texts(300) { pair.b.say(text, inRoom: 0) }
    pair.b.sources.rooms[0].drop(below: pair.b.sources.rooms[0].end)
    let rest = Self.texts(5, "rest")
    for text in rest { pair.b.say(text, inRoom: 0) }
    pair.b.say(bytes("talk"))
    pair.run(.seconds(2))
    pair.b.link.isDown = false
    #expect(pair.run(.seconds(30)) { pair.b.isSettled })
    pair.run(.seconds(1))
    #expect(pair.a.sides[number] == Self.heard(rest))
    #expect(pair.a.talks == Self.heard([bytes("talk")]))
  }

  @Test("A channel that is closed leaves nothing behind for the next in its place")
  func closes() {
    let pair = SessionPair(seed: 2)
    var last = UInt64(0)
    for round in 0..<20 {
      let number = Self.open(pair, room: UInt32(round % 3))
      #expect(number > last)
      last = number
      for text in Self.texts(30, "lost") { pair.b.say(text, inRoom: round % 3) }
      // Some of it is on its way, is lost, or is acknowledged after the end.
      pair.b.link.isDown = round % 2 == 0
      pair.run(.milliseconds(15))
      pair.b.link.isDown = false
      pair.b.session.closeSide(number)
      pair.a.session.forgetSide(number)
      pair.a.readSides.remove(number)
      let next = Self.open(pair, room: UInt32((round + 1) % 3))
      #expect(pair.b.session.sides.channels.count == 1, "the place is used again")
      let texts = Self.texts(40, "kept \(round)")
      for text in texts { pair.b.say(text, inRoom: (round + 1) % 3) }
      #expect(pair.run(.seconds(30)) { pair.b.isSettled })
      pair.run(.milliseconds(200))
      #expect(pair.a.sides[next] == Self.heard(texts))
      pair.b.session.closeSide(next)
      pair.a.session.forgetSide(next)
      last = next
    }
    #expect(pair.a.ending == nil && pair.b.ending == nil)
  }

  @Test("What still comes of a channel that is closed is passed over, credit for it, too")
  func passesOver() {
    let pair = SessionPair()
    let number = Self.open(pair, room: 0)
    for text in Self.texts(100) { pair.b.say(text, inRoom: 0) }
    pair.run(.milliseconds(25))
    pair.a.session.forgetSide(number)
    pair.run(.milliseconds(100))
    pair.b.session.closeSide(number)
    pair.b.say(bytes("on"))
    pair.run(.seconds(5))
    #expect(pair.a.talks == Self.heard([bytes("on")]))
    #expect(pair.b.isSettled && pair.a.ending == nil && pair.b.ending == nil)
    let isKnown = pair.b.session.raiseSide(number, limit: 1 << 30)
    let isUnknown = pair.b.session.raiseSide(number + 1, limit: 1 << 30)
    #expect(isKnown && !isUnknown)
  }

  @Test("A channel that nobody asked for is an error", arguments: [3, 4, 6, 1 << 40] as [UInt64])
  func unasked(number: UInt64) {
    let pair = SessionPair()
    pair.b.sources.rooms = [ByteLog()]
    // One that was asked for does not let in another.
    if number > 4 { _ = pair.a.expectSide() }
    let isOpen = pair.b.open(number, room: 0)
    #expect(isOpen == (number >= 4))
    if !isOpen { return }
    pair.b.say(bytes("hello"), inRoom: 0)
    pair.run(.seconds(1))
    #expect(pair.a.ending == .faulty("STREAM"))
  }

  @Test("A number is used once, in whatever order, and there are so many channels and no more")
  func bounds() {
    let pair = SessionPair()
    pair.b.sources.rooms = [ByteLog()]
    #expect(!pair.b.open(0, room: 0) && !pair.b.open(1, room: 0) && !pair.b.open(2, room: 0))
    #expect(pair.b.open(9, room: 0))
    #expect(!pair.b.open(9, room: 0) && pair.b.open(8, room: 0))
    pair.b.session.closeSide(9)
    pair.b.session.closeSide(8)
    #expect(!pair.b.open(9, room: 0) && !pair.b.open(8, room: 0))
    for number in 0..<UInt64(Limits.sideChannelsMax) {
      #expect(pair.b.open(10 + number, room: 0))
      #expect(pair.a.expectSide() != nil)
    }
    #expect(!pair.b.open(1_000, room: 0) && pair.a.expectSide() == nil)
    pair.b.session.closeSide(11)
    pair.a.session.forgetSide(5)
    #expect(pair.b.open(1_000, room: 0) && pair.a.expectSide() != nil)
  }

  @Test("Talk and side channels share the way alike")
  func isFair() {
    let pair = SessionPair { $0.bytesPerSecond = 200_000 }
    let numbers = [Self.open(pair, room: 0), Self.open(pair, room: 1)]
    let piece = [UInt8](repeating: 7, count: 500)
    for _ in 0..<2_000 {
      pair.b.say(piece)
      for room in 0..<2 { pair.b.say(piece, inRoom: room) }
    }
    let isDone = pair.run(.seconds(30)) { pair.a.talks.count >= 800 }
    #expect(isDone)
    // Packets go to the talk and to one of the sides by turns.
    let counts = numbers.map { pair.a.sides[$0]?.count ?? 0 }
    for count in counts { #expect((250...700).contains(count), "\(counts)") }
    #expect(abs(counts[0] - counts[1]) < 150)
  }

  @Test("Channels may be opened in any order, each number once")
  func opensInAnyOrder() {
    var sides = SendingSides()
    var opened: [UInt64] = []
    for number in [UInt64(5), 4, 9, 7, 6, 8, 3, 4, 5, 9, .max, 10] {
      let isOpen = sides.open(SendingSides.Channel(number, room: nil, from: 0))
      if isOpen { opened.append(number) }
    }
    #expect(opened == [5, 4, 9, 7, 6, 8, 10])
  }
}
