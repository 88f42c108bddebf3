import Testing

@testable import ChatEngine

@Suite("Session: when it speaks")
struct SessionTimingTests {
  @Test("Messages that are said together leave together")
  func bundles() {
    let pair = SessionPair()
    for number in 0..<32 { pair.a.say([UInt8](repeating: UInt8(number), count: 30)) }
    pair.run(.milliseconds(15))
    #expect(pair.a.sent.count == 1)
    #expect(pair.b.heard.count == 32)
  }

  @Test("One message is acknowledged after 50 ms, by nothing but an ACK")
  func delaysAck() throws {
    let pair = SessionPair()
    pair.a.say([1])
    pair.run(.seconds(1))
    let heard = try #require(pair.b.heard.first?.at)
    #expect(pair.b.sent.count == 1)
    let ack = try #require(pair.b.sent.first)
    #expect(ack.at - heard <= .milliseconds(50) && ack.at - heard >= .milliseconds(49))
    #expect(ack.bytes.count < 40)
    #expect(pair.a.sent.count == 1 && pair.a.isSettled)
  }

  @Test("An answer takes the ACK along")
  func acknowledgesWithAnswer() {
    let pair = SessionPair()
    pair.a.say([1])
    pair.run(.milliseconds(20)) { !pair.b.heard.isEmpty }
    pair.b.say([2])
    pair.run(.milliseconds(200))
    #expect(pair.b.sent.count == 1 && pair.a.isSettled)
  }

  @Test("After 256 packets an ACK goes at once, and where it was asked for")
  func acknowledgesMany() {
    let pair = SessionPair()
    let b = SessionPair.address(2)
    for number in UInt64(0)..<255 {
      pair.a.receive(SessionGuardTests.packet([1], number: number), from: b, at: pair.now)
      #expect(pair.a.flush(at: pair.now).isEmpty)
    }
    pair.a.receive(SessionGuardTests.packet([1], number: 255), from: b, at: pair.now)
    #expect(pair.a.flush(at: pair.now).count == 1)
    pair.a.receive(SessionGuardTests.packet([3], number: 256), from: b, at: pair.now)
    #expect(pair.a.flush(at: pair.now).count == 1)
    // A gap is told at once, too; an ACK and padding call for none.
    pair.a.receive(SessionGuardTests.packet([1], number: 258), from: b, at: pair.now)
    #expect(pair.a.flush(at: pair.now).count == 1)
    pair.a.receive(SessionGuardTests.packet([0, 0], number: 259), from: b, at: pair.now)
    pair.run(.seconds(1))
    #expect(pair.a.sent.count == 3)
  }

  @Test("A receiver that takes nothing stops its sender, and both hold no more than the credit")
  func holdsCredit() {
    let pair = SessionPair()
    pair.b.isReading = false
    for _ in 0..<1_000 { pair.a.say([UInt8](repeating: 1, count: 2_000)) }
    for _ in 0..<200 { pair.a.control([UInt8](repeating: 2, count: 2_000)) }
    pair.run(.seconds(30))
    #expect(pair.a.talkSettled == UInt64(Limits.talkCreditBytes))
    #expect(pair.a.controlSettled == UInt64(Limits.controlCreditBytes))
    #expect(pair.b.talkReceived == UInt64(Limits.talkCreditBytes))
    let before = pair.a.sent.count
    pair.run(.seconds(10))
    #expect(pair.a.sent.count == before + 1, "nothing is said but that it is there")
    pair.b.isReading = true
    pair.b.read(at: pair.now)
    #expect(pair.run(.seconds(30)) { pair.a.isSettled })
    #expect(pair.b.heard.count == 1_000 && pair.b.controls.count == 200)
  }

  @Test("Credit that is lost on its way is granted again")
  func repeatsCredit() {
    let pair = SessionPair(seed: 4)
    pair.b.link.lossPercent = 50
    for _ in 0..<600 { pair.a.say([UInt8](repeating: 1, count: 2_000)) }
    #expect(pair.run(.seconds(120)) { pair.b.heard.count == 600 && pair.a.isSettled })
  }

  @Test("A client shows every 10 s that it is there, and a server does not")
  func keepsAlive() {
    let pair = SessionPair()
    pair.run(.seconds(119))
    #expect(pair.a.sent.count == 11)
    #expect(pair.b.sent.count == 11, "an ACK of each")
    #expect(pair.a.ending == nil && pair.b.ending == nil)
  }

  @Test("After a minute of silence the other end is taken for gone")
  func endsInSilence() {
    let pair = SessionPair { $0.isDown = true }
    pair.run(.seconds(59))
    #expect(pair.a.ending == nil && pair.b.ending == nil)
    pair.run(.seconds(1))
    #expect(pair.a.ending == .silent && pair.b.ending == .silent)
  }

  @Test("After 20 s without a path everything arrives within seconds", arguments: [1, 200])
  func survivesOutage(messages: Int) {
    let pair = SessionPair()
    pair.a.say([0])
    pair.run(.seconds(1))
    for end in [pair.a, pair.b] { end.link.isDown = true }
    for _ in 0..<messages { pair.a.say([UInt8](repeating: 1, count: 500)) }
    pair.run(.seconds(20))
    let probes = pair.a.sent.count
    #expect(probes < 100, "\(probes) datagrams into nothing")
    #expect(pair.a.isPathSuspect)
    for end in [pair.a, pair.b] { end.link.isDown = false }
    #expect(pair.run(.seconds(5)) { pair.a.isSettled })
    #expect(pair.b.heard.count == messages + 1)
  }

  @Test("A message that is lost comes again after a probe timeout, a second one sooner")
  func probes() throws {
    let pair = SessionPair { $0.delay = .milliseconds(50) }
    for _ in 0..<5 {
      pair.a.say([0])
      pair.run(.seconds(1))
    }
    pair.a.link.isDown = true
    let said = pair.now
    pair.a.say([1])
    pair.run(.milliseconds(1))
    pair.a.link.isDown = false
    pair.run(.seconds(3)) { pair.b.heard.count == 6 }
    // One way, and a probe timeout: a round trip, its variation, the longest delay of an ACK.
    #expect(pair.now - said < .milliseconds(50 + 150 + 150 + 50))
  }
}
