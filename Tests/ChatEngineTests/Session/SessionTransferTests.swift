import Testing

@testable import ChatEngine

@Suite("Session: what is said arrives")
struct SessionTransferTests {
  private static func texts(_ count: Int) -> [[UInt8]] {
    (0..<count).map { bytes("message \($0) ") + [UInt8](repeating: 65, count: $0 * 37 % 3_000) }
  }

  private static func object(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 % 251) } }

  @Test("Messages go both ways, on both channels, in order")
  func bothWays() {
    let pair = SessionPair()
    let texts = Self.texts(200)
    for text in texts {
      for end in [pair.a, pair.b] {
        end.say(text)
        end.control(text)
      }
    }
    #expect(pair.run(.seconds(5)) { pair.a.isSettled && pair.b.isSettled })
    for end in [pair.a, pair.b] {
      #expect(end.talks == texts.map { [0x10] + $0 })
      #expect(end.controls == texts.map { [0x20] + $0 })
      #expect(end.refused == 0)
    }
  }

  @Test("Loss, reordering and doubling lose nothing and double nothing", arguments: 0..<12)
  func badLink(seed: UInt64) {
    let pair = SessionPair(seed: seed, cipher: seed % 2 == 0 ? .chaChaPoly : .aesGCM) { link in
      link.lossPercent = 15
      link.duplicatePercent = 10
      link.jitter = .milliseconds(30)
    }
    let texts = Self.texts(150)
    let object = Self.object(60_000)
    #expect(pair.b.expect(3, length: object.count))
    pair.a.sources.objects.append(object, number: 3)
    var random = SplitMix64(seed: seed)
    for text in texts {
      pair.a.say(text)
      pair.b.say(text)
      if random.chance(20) { pair.a.control(text) }
      if random.chance(30) { pair.run(.milliseconds(20)) }
    }
    let isDone = pair.run(.seconds(120)) {
      pair.a.isSettled && pair.b.isSettled && !pair.b.objects.isEmpty
    }
    #expect(isDone)
    for end in [pair.a, pair.b] { #expect(end.talks == texts.map { [0x10] + $0 }) }
    #expect(pair.b.objects.map(\.bytes) == [object])
    #expect(pair.a.ending == nil && pair.b.ending == nil)
  }

  @Test("Gaps of long ago are not told in every ACK for ever", arguments: 0..<4)
  func forgetsGaps(seed: UInt64) {
    let pair = SessionPair(seed: seed) { $0.lossPercent = 20 }
    for text in Self.texts(150) {
      pair.a.say(text)
      pair.b.say(text)
      pair.run(.milliseconds(5))
    }
    #expect(pair.run(.seconds(60)) { pair.a.isSettled && pair.b.isSettled })
    #expect(pair.a.ackRanges > 1 || pair.b.ackRanges > 1)
    (pair.a.link.lossPercent, pair.b.link.lossPercent) = (0, 0)
    for text in Self.texts(6) {
      pair.a.say(text)
      pair.b.say(text)
      pair.run(.milliseconds(200))
    }
    #expect(pair.a.ackRanges == 1 && pair.b.ackRanges == 1)
  }

  @Test(
    "A shared object arrives as it is, for paths of several MTUs", arguments: [1_200, 1_472, 9_000])
  func sharedObject(mtu: Int) {
    let pair = SessionPair(seed: 5) { link in
      link.mtu = mtu
      link.lossPercent = 3
    }
    let objects = [Self.object(300_000), Self.object(1), Self.object(77_777)]
    for (index, object) in objects.enumerated() {
      let number = UInt64(index + 1)
      pair.b.sources.objects.append(object, number: number, sharedKey: SessionPair.key(9))
      #expect(
        pair.a.expect(
          number, length: object.count, sharedKey: SessionPair.key(9)))
    }
    #expect(pair.run(.seconds(60)) { pair.b.isSettled && pair.a.objects.count == 3 })
    let arrived = pair.a.objects.sorted { $0.number < $1.number }
    #expect(arrived.map(\.bytes) == objects)
  }

  @Test("A shared piece that comes before its object was told of comes again")
  func pieceBeforeWord() {
    let pair = SessionPair()
    let object = Self.object(20_000)
    pair.b.sources.objects.append(object, number: 1, sharedKey: SessionPair.key(9))
    pair.run(.milliseconds(100))
    #expect(pair.a.refused > 0)
    #expect(pair.a.expect(1, length: object.count, sharedKey: SessionPair.key(9)))
    #expect(pair.run(.seconds(10)) { !pair.a.objects.isEmpty })
    #expect(pair.a.objects.first?.bytes == object)
  }

  @Test("Objects that nobody waits for, and that need not be sent, use up no credit")
  func creditOverStaleObjects() {
    let pair = SessionPair()
    pair.a.session.knowObjects(through: 60)
    pair.b.session.objectAuthor = 5
    let key = SessionPair.key(9)
    // Together far more than the credit: a third stale, a third the receiver's own.
    for number in UInt64(1)...90 {
      let author: UInt64? = (61...75).contains(number) ? 5 : nil
      pair.b.sources.objects.append(
        Self.object(300_000), number: number, author: author, sharedKey: key)
      if number > 75 {
        #expect(pair.a.expect(number, length: 300_000, sharedKey: key))
      }
    }
    #expect(pair.run(.seconds(120)) { pair.a.objects.count == 15 && pair.b.isSettled })
  }

  @Test("Own objects between those of others use up no credit either")
  func creditOverOwnObjects() {
    let pair = SessionPair()
    pair.b.session.objectAuthor = 5
    let key = SessionPair.key(9)
    var expected = 0
    for round in UInt64(0)..<12 {
      pair.b.sources.objects.append(
        Self.object(1_000_000), number: round * 2 + 1, author: 5, sharedKey: key)
      pair.b.sources.objects.append(
        Self.object(500_000), number: round * 2 + 2, sharedKey: key)
      #expect(pair.a.expect(round * 2 + 2, length: 500_000, sharedKey: key))
      expected += 1
      #expect(pair.run(.seconds(30)) { pair.a.objects.count == expected && pair.b.isSettled })
    }
  }

  @Test("What the sources dropped is skipped, and what comes after it arrives")
  func skipsDropped() {
    let pair = SessionPair()
    pair.b.link.isDown = true
    for text in Self.texts(20) { pair.b.say(text) }
    pair.run(.milliseconds(50))
    for text in Self.texts(300) { pair.b.say(text) }
    let from = pair.b.sources.talk.end
    pair.b.sources.talk.drop(below: from)
    pair.b.sources.objects.append(Self.object(50_000), number: 1, sharedKey: SessionPair.key(9))
    pair.b.sources.objects.drop(toBytes: 0)
    pair.b.sources.objects.append(Self.object(5_000), number: 2, sharedKey: SessionPair.key(9))
    #expect(pair.a.expect(1, length: 50_000, sharedKey: SessionPair.key(9)))
    #expect(pair.a.expect(2, length: 5_000, sharedKey: SessionPair.key(9)))
    for text in Self.texts(3) { pair.b.say(text) }
    pair.b.link.isDown = false
    #expect(pair.run(.seconds(20)) { pair.b.isSettled && !pair.a.objects.isEmpty })
    #expect(pair.a.talks == Self.texts(3).map { [0x10] + $0 })
    #expect(pair.a.objects.map(\.number) == [2])
    #expect(pair.a.takeLost() == [1])
  }

  @Test("Who follows a log from its middle gets it from there")
  func followsFromMiddle() {
    let pair = SessionPair()
    pair.b.say(bytes("before"))
    let from = pair.b.sources.talk.end
    pair.b.session.follow(talkFrom: from, objectsFrom: 0)
    for text in Self.texts(400) { pair.b.say(text) }
    #expect(pair.run(.seconds(20)) { pair.b.isSettled })
    #expect(pair.a.talks == Self.texts(400).map { [0x10] + $0 })
  }
}
