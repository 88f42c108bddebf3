import Testing

@testable import ChatEngine

@Suite("Session: the path")
struct SessionPathTests {
  private static let object = (0..<3_000_000).map { UInt8($0 % 251) }

  private static func transfer(_ pair: SessionPair) -> Bool {
    let number = UInt64(pair.b.objects.count + 1)
    pair.a.sources.objects.append(object, number: number)
    #expect(pair.b.expect(number, length: object.count))
    return pair.run(.seconds(120)) { pair.b.objects.count == Int(number) && pair.a.isSettled }
  }

  @Test("On a path that lets everything through, datagrams grow to the longest there are")
  func growsToLongest() {
    let pair = SessionPair { $0.delay = .milliseconds(1) }
    for _ in 0..<4 { #expect(Self.transfer(pair)) }
    #expect(pair.a.datagramBytes == 65_507)
    #expect(pair.b.objects[0].bytes == Self.object)
    #expect(pair.b.datagramBytes == 1_200, "who says little need not know")
  }

  @Test("On Ethernet they stay at what fits, and the probes that did not cost no throughput")
  func staysOnEthernet() {
    let pair = SessionPair { $0.mtu = 1_472 }
    #expect(Self.transfer(pair))
    #expect(pair.a.datagramBytes == 1_472)
    #expect(pair.b.objects[0].bytes == Self.object)
    #expect(pair.a.isSlowStart, "a lost probe is no congestion")
  }

  @Test("When a path swallows what it let through, datagrams are short again, and all arrives")
  func fallsBack() {
    let pair = SessionPair { $0.mtu = 9_000 }
    #expect(Self.transfer(pair))
    #expect(pair.a.datagramBytes == 8_952)
    pair.a.link.mtu = 1_400
    #expect(Self.transfer(pair))
    #expect(pair.a.datagramBytes < 1_400)
    pair.run(.seconds(70))
    #expect(Self.transfer(pair))
    #expect(pair.a.datagramBytes == 1_372)
  }

  // MARK: Addresses

  @Test("The server answers to where the newest packet came from")
  func followsAddress() {
    let pair = SessionPair()
    pair.a.say([1])
    pair.run(.seconds(1))
    pair.a.ownAddress = SessionPair.address(7)
    pair.a.say([2])
    for _ in 0..<100 { pair.b.say([UInt8](repeating: 3, count: 500)) }
    #expect(pair.run(.seconds(20)) { pair.b.isSettled && pair.a.isSettled })
    #expect(pair.b.target == SessionPair.address(7))
    #expect(pair.b.isProven, "the challenge was answered")
    #expect(pair.a.heard.count == 100)
  }

  @Test("An older packet that comes late from elsewhere moves nobody")
  func ignoresOldPackets() {
    let pair = SessionPair()
    pair.a.say([1])
    let held = pair.a.flush(at: pair.now)
    pair.a.say([2])
    pair.run(.milliseconds(30))
    pair.b.receive(held[0].bytes, from: SessionPair.address(8), at: pair.now)
    #expect(pair.b.refused == 0 && pair.b.target == SessionPair.address(1))
    #expect(pair.b.heard.count == 2)
  }

  @Test("To an address that has not shown that it receives goes three times what came from there")
  func boundsAmplification() {
    let pair = SessionPair()
    pair.a.say([1])
    pair.run(.seconds(1))
    for _ in 0..<1_000 { pair.b.say([UInt8](repeating: 3, count: 500)) }
    // Somebody between them takes a packet and sends it on from elsewhere, and nothing comes back.
    pair.a.say([2])
    let stolen = pair.a.flush(at: pair.now)[0].bytes
    let victim = SessionPair.address(9)
    pair.b.receive(stolen, from: victim, at: pair.now)
    pair.a.link.isDown = true
    pair.b.link.isDown = true
    pair.run(.seconds(30))
    let sent = pair.b.sent.filter { $0.to == victim }.reduce(0) { $0 + $1.bytes.count }
    #expect(sent > 0 && sent <= 3 * stolen.count)
    // The right end speaks again, and is answered where it is.
    pair.a.link.isDown = false
    pair.b.link.isDown = false
    #expect(pair.run(.seconds(30)) { pair.a.heard.count == 1_000 })
    #expect(pair.b.target == SessionPair.address(1))
  }

  @Test("A shared object in the middle of its way goes on at the new address")
  func movesUnderWay() {
    let pair = SessionPair(seed: 3) { $0.bytesPerSecond = 1_000_000 }
    let key = SessionPair.key(9)
    pair.b.sources.objects.append(Self.object, number: 1, sharedKey: key)
    #expect(pair.a.expect(1, length: Self.object.count, sharedKey: key))
    for round in UInt8(10)..<14 {
      pair.run(.milliseconds(400))
      pair.a.ownAddress = SessionPair.address(round)
      pair.a.say([round])
    }
    #expect(pair.run(.seconds(60)) { !pair.a.objects.isEmpty && pair.b.isSettled })
    #expect(pair.b.target == SessionPair.address(13))
  }

  // MARK: Talk beside pictures

  /// One-way delays of talk that is said ten times a second, in milliseconds.
  private static func delays(_ pair: SessionPair, count: Int) -> [Double] {
    var said: [Instant] = []
    let before = pair.b.heard.count
    for _ in 0..<count {
      said.append(pair.now)
      pair.a.say([UInt8](repeating: 1, count: 100))
      pair.run(.milliseconds(100))
    }
    pair.run(.seconds(5)) { pair.b.heard.count == before + count }
    return zip(pair.b.heard[before...], said).map {
      Double(($0.at - $1) / .microseconds(1)) / 1_000
    }
  }

  @Test("A large object under way holds talk back by at most two round trips", arguments: 0..<4)
  func talkPassesObjects(seed: UInt64) {
    let pair = SessionPair(seed: seed) { link in
      link.bytesPerSecond = 10e6 / 8
      link.delay = .milliseconds(50)
      link.queue = .milliseconds(100)
      link.jitter = .microseconds(Int64(seed) * 100)
    }
    let idle = Self.delays(pair, count: 10)
    #expect(idle.count == 10 && idle.max()! < 55)
    for number in UInt64(1)...2 {
      pair.a.sources.objects.append(
        (0..<4_000_000).map { UInt8($0 % 251) }, number: number)
      #expect(pair.b.expect(number, length: 4_000_000))
    }
    let busy = Self.delays(pair, count: 50)
    #expect(busy.count == 50)
    #expect(pair.b.objects.count < 2, "the objects are still under way at the end of the talk")
    #expect(busy.max()! <= idle.max()! + 200, "\(busy.map { $0.rounded() })")
    #expect(pair.run(.seconds(20)) { pair.b.objects.count == 2 })
  }
}
