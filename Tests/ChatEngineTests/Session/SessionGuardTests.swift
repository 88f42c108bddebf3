import Testing

@testable import ChatEngine

@Suite("Session: what is not authentic, not new or not allowed")
struct SessionGuardTests {
  /// A packet of B for A with these frames, as only B could have sealed it.
  static func packet(_ frames: [UInt8], number: UInt64) -> [UInt8] {
    let header = PacketHeader(phase: false, receiver: 11, number: number)
    let head = [UInt8](unsafeUninitializedCapacity: 13) { buffer, count in
      var writer = ByteWriter(buffer)
      header.write(to: &writer)
      count = writer.count
    }
    return head + SessionPair.key(2).sealed(frames, header: head, number: number)
  }

  private static func say(_ frames: [UInt8]) -> SessionPair {
    let pair = SessionPair()
    pair.a.receive(packet(frames, number: 0), from: SessionPair.address(2), at: pair.now)
    return pair
  }

  @Test("A datagram with any byte changed is dropped")
  func dropsChanged() {
    let pair = SessionPair()
    pair.b.control(bytes("hello"))
    let datagram = pair.b.flush(at: pair.now)[0].bytes
    for index in datagram.indices {
      for bit in 0..<8 {
        var changed = datagram
        changed[index] ^= 1 << bit
        pair.a.receive(changed, from: SessionPair.address(2), at: pair.now)
      }
    }
    for count in datagram.indices {
      pair.a.receive(Array(datagram[..<count]), from: SessionPair.address(2), at: pair.now)
    }
    pair.a.receive(datagram + [0], from: SessionPair.address(2), at: pair.now)
    // The receiver's id is for whoever looks the session up; its four bytes are sealed all the
    // same.
    #expect(pair.a.refused == datagram.count * 9 + 1)
    #expect(pair.a.controls.isEmpty && pair.a.ending == nil)
    pair.a.receive(datagram, from: SessionPair.address(2), at: pair.now)
    #expect(pair.a.controls == [[0x20] + bytes("hello")])
  }

  @Test("A shared packet with any byte changed is dropped")
  func dropsChangedPiece() throws {
    let pair = SessionPair()
    #expect(pair.a.expect(1, length: 300, sharedKey: SessionPair.key(9)))
    pair.b.sources.objects.append(
      [UInt8](repeating: 1, count: 300), number: 1, sharedKey: SessionPair.key(9))
    let datagram = pair.b.flush(at: pair.now)[0].bytes
    #expect(datagram[0] == 0x88)
    for index in datagram.indices {
      var changed = datagram
      changed[index] ^= 0x40
      pair.a.receive(changed, from: SessionPair.address(2), at: pair.now)
    }
    #expect(pair.a.refused == datagram.count && pair.a.objects.isEmpty && pair.a.ending == nil)
    pair.a.receive(datagram, from: SessionPair.address(2), at: pair.now)
    #expect(pair.a.objects.map(\.number) == [1])
  }

  @Test("A packet is taken once, however often it comes")
  func dropsReplays() {
    let pair = SessionPair(seed: 1) { $0.duplicatePercent = 100 }
    for _ in 0..<200 { pair.b.say([1]) }
    for _ in 0..<20 {
      pair.b.say([2])
      pair.run(.milliseconds(100))
    }
    #expect(pair.a.heard.count == 220)
    let again = pair.b.sent
    let refused = pair.a.refused
    for datagram in again {
      pair.a.receive(datagram.bytes, from: SessionPair.address(3), at: pair.now)
    }
    #expect(pair.a.refused == refused + again.count)
    #expect(pair.a.target == SessionPair.address(2), "a replay moves nobody")
  }

  @Test("An ACK of what was never sent closes the session")
  func refusesEarlyAck() {
    let pair = Self.say([0x02, 5, 0, 0, 0])
    #expect(pair.a.isClosing)
    pair.run(.seconds(1))
    #expect(pair.a.ending == .faulty("ACK"))
    #expect(pair.b.ending == .closed(.protocolError, text: "ACK"))
  }

  @Test(
    "Frames that break the protocol close the session",
    arguments: [
      [0x0c], [0xff], [0x02], [0x02, 0, 0, 0, 1], [0x04, 0, 0, 5, 1], [0x04, 2, 0, 1, 1],
      [0x04, 9, 0, 1, 1], [0x04, 0, 0x80, 1, 0, 0, 1, 7], [0x06, 0], [0x07, 0], [0x07, 9, 1],
      [0x08, 0, 5], [0x08, 1, 0xff, 255, 255, 255, 255, 255, 255, 255], [0x09, 1, 2], [0x0a, 1],
      [0x01, 0x0c], [0x04, 1, 0, 2, 0, 0], [0x05, 0, 0],
    ] as [[UInt8]])
  func refusesBadFrames(frames: [UInt8]) {
    let pair = Self.say(frames)
    pair.run(.seconds(1))
    guard case .faulty = pair.a.ending else {
      Issue.record("\(frames) was taken: \(String(describing: pair.a.ending))")
      return
    }
    #expect(pair.b.ending != nil, "the other end is told")
  }

  @Test("A skip to far ahead costs no memory and closes nothing")
  func skipsFar() {
    let pair = Self.say([0x08, 1, 0xc8, 0, 0, 0, 0, 0, 0, 0])
    #expect(pair.a.ending == nil && !pair.a.isClosing)
  }

  @Test("A CLOSE tells its reason; one that is malformed ends the session all the same")
  func takesClose() {
    #expect(Self.say([0x0b, 2, 2, 0x68, 0x69]).a.ending == .closed(.replaced, text: "hi"))
    #expect(Self.say([0x0b, 0x3f, 0]).a.ending == .closed(.protocolError, text: ""))
    #expect(Self.say([0x0b]).a.ending == .closed(.protocolError, text: ""))
    #expect(Self.say([0x0b, 1, 1, 0xff]).a.ending == .closed(.shuttingDown, text: ""))
  }

  @Test("The end says why, sends nothing after it, and has no deadline")
  func closes() {
    let pair = SessionPair()
    pair.a.say([1])
    pair.a.session.close(.refused, "no room")
    pair.run(.seconds(1))
    #expect(pair.a.ending == .closed(.refused, text: "no room"))
    #expect(pair.b.ending == .closed(.refused, text: "no room"))
    #expect(pair.a.sent.count == 1 && pair.b.sent.isEmpty)
    #expect(pair.a.deadline == nil && pair.b.deadline == nil)
    pair.a.receive(Self.packet([1], number: 0), from: SessionPair.address(2), at: pair.now)
    #expect(pair.a.refused == 1)
  }
}
