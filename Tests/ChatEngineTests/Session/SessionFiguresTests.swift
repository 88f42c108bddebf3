import Testing

@testable import ChatEngine

@Suite("Session: figures")
struct SessionFiguresTests {
  /// What `count` messages from a to b, one every 20 ms, come to.
  private static func talk(_ pair: SessionPair, _ count: Int) {
    for number in 0..<count {
      pair.a.session.sendControl(9) { $0.append(UInt8(truncatingIfNeeded: number)) }
      pair.run(.milliseconds(20))
    }
    pair.run(.seconds(20)) { pair.b.controls.count == count }
    pair.run(.seconds(1))
  }

  @Test("On a good path nothing is lost, and both ends count the same")
  func goodPath() {
    let pair = SessionPair()
    Self.talk(pair, 50)
    let (a, b) = (pair.a.session.figures, pair.b.session.figures)
    #expect(a[.messagesSent] == 50 && b[.messagesReceived] == 50)
    #expect(a[.datagramsSent] == UInt64(pair.a.sent.count))
    #expect(a[.bytesSent] == pair.a.sent.reduce(0) { $0 + UInt64($1.bytes.count) })
    #expect(b[.datagramsReceived] == a[.datagramsSent] && b[.bytesReceived] == a[.bytesSent])
    #expect(b[.messageDatagramsReceived] == a[.messageDatagramsSent])
    #expect(b[.datagramsMissing] == 0)
    for figures in [a, b] {
      #expect(figures[.datagramsLost] == 0 && figures[.bytesRepeated] == 0)
      #expect(figures[.datagramsRepeated] == 0 && figures[.datagramsMisjudged] == 0)
    }
    #expect(a[.roundTripMicroseconds] > 0 && a[.roundTripMinMicroseconds] > 0)
  }

  @Test("Several messages in one datagram are counted as such on both sides")
  func bundles() {
    let pair = SessionPair()
    for number in UInt8(0)..<10 { pair.a.session.sendControl(9) { $0.append(number) } }
    pair.run(.seconds(1))
    let (a, b) = (pair.a.session.figures, pair.b.session.figures)
    #expect(a[.messagesSent] == 10 && a[.messageDatagramsSent] == 1)
    #expect(b[.messagesReceived] == 10 && b[.messageDatagramsReceived] == 1)
  }

  @Test("What is dropped on the way is counted by both ends, each datagram once")
  func loss() {
    let pair = SessionPair()
    var count = 0
    var dropped = 0
    pair.change = { datagram, toB in
      guard toB, datagram[0] == DatagramType.data.rawValue else { return datagram }
      count += 1
      if count % 5 != 0 { return datagram }
      dropped += 1
      return nil
    }
    Self.talk(pair, 200)
    let (a, b) = (pair.a.session.figures, pair.b.session.figures)
    #expect(dropped > 20)
    #expect(b[.datagramsMissing] <= UInt64(dropped))
    #expect(b[.datagramsMissing] + 2 >= UInt64(dropped))
    #expect(b[.datagramsReceived] == a[.datagramsSent] - UInt64(dropped))
    // An ACK that is dropped is not missed by its sender, and a probe may come before the verdict.
    #expect(a[.datagramsLost] > UInt64(dropped) / 2 && a[.datagramsLost] <= UInt64(dropped))
    #expect(a[.datagramsRepeated] >= a[.datagramsLost] / 2 && a[.bytesRepeated] > 0)
    #expect(a[.datagramsMisjudged] == 0)
    #expect(b[.messagesReceived] == 200)
  }

  @Test("A datagram that only came late is counted as misjudged once it is acknowledged")
  func misjudged() {
    var losses = SessionLosses()
    losses.noteAcknowledged(0...9)
    for number: UInt64 in [10, 12, 15, (1 << 33) + 50] { losses.noteLost(number) }
    losses.noteAcknowledged(0...9)
    losses.noteAcknowledged(16...20)
    #expect(losses.misjudged == 0)
    losses.noteAcknowledged(11...15)
    #expect(losses.misjudged == 2)
    losses.noteAcknowledged(11...20)
    #expect(losses.misjudged == 2)
    losses.noteAcknowledged((1 << 33) + 40...(1 << 33) + 60)
    #expect(losses.misjudged == 3 && losses.lost == 4)
  }

  @Test("Bytes go on after 2^32, on both sides")
  func moreThan32Bits() {
    let pair = SessionPair()
    pair.a.session.counters.bytesSent = .max - 100
    pair.b.session.counters.bytesReceived = .max - 100
    Self.talk(pair, 10)
    let (a, b) = (pair.a.session.figures, pair.b.session.figures)
    let bytes = pair.a.sent.reduce(0) { $0 + UInt64($1.bytes.count) }
    #expect(a[.bytesSent] == UInt64(UInt32.max) - 100 + bytes)
    #expect(b[.bytesReceived] == a[.bytesSent])
    #expect(a[.datagramsLost] == 0 && a[.bytesRepeated] == 0)
  }

  @Test("What two channels repeat in one datagram is one datagram")
  func repeatedTogether() {
    var losses = SessionLosses()
    losses.noteRepeated(bytes: 10, in: 7)
    losses.noteRepeated(bytes: 5, in: 7)
    losses.noteRepeated(bytes: 1, in: 8)
    #expect(losses.repeated == 2 && losses.bytesRepeated == 16)
  }

  @Test("A session that loses nothing counts in 32 bytes, and has nothing on the heap for it")
  func isSmall() {
    #expect(MemoryLayout<SessionCounters>.size <= 32)
    let pair = SessionPair()
    Self.talk(pair, 50)
    #expect(!pair.a.session.$losses && !pair.b.session.$losses)
  }
}
