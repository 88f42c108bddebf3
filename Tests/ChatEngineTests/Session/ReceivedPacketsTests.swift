import Testing

@testable import ChatEngine

@Suite("ReceivedPackets")
struct ReceivedPacketsTests {
  private func at(_ milliseconds: Int) -> Instant {
    Instant(nanoseconds: UInt64(milliseconds) * 1_000_000)
  }

  /// Packets that came, with shorter calls than the real ones; a class, so that an expectation can
  /// take an ACK from it.
  private final class Came {
    var packets = ReceivedPackets()

    func note(
      _ numbers: UInt64..., at now: Instant = Instant(nanoseconds: 0), isEliciting: Bool = true,
      wantsAck: Bool = false
    ) {
      for number in numbers {
        packets.note(number, isAckEliciting: isEliciting, wantsAckNow: wantsAck, at: now)
      }
    }

    /// The ACK that is written into so much room.
    func ack(at now: Instant = Instant(nanoseconds: 0), room: Int = 600) -> ReadAck? {
      let bytes = written(room: room) { writer in
        #expect(packets.writeAck(&writer, at: now) == (writer.count > 0))
      }
      guard bytes.first == 0x02 else { return nil }
      return ReadAck(Array(bytes.dropFirst()))
    }
  }

  @Test("In order, an ACK is due 50 ms after the first packet, and writing it settles that")
  func waitsInOrder() {
    let came = Came()
    #expect(came.packets.ackDeadline == nil && !came.packets.hasAck && came.ack() == nil)
    came.note(0, at: at(100))
    came.note(1, at: at(120))
    #expect(came.packets.ackDeadline == at(150) && came.packets.hasAck)
    #expect(came.ack(at: at(130)) == ReadAck([1, 0x80, 0, 0x27, 0x10, 0, 1]))
    #expect(came.packets.ackDeadline == nil && !came.packets.hasAck)
    came.note(2, at: at(200))
    #expect(came.packets.ackDeadline == at(250))
  }

  @Test("The last packet that may wait and ACK_NOW make it due at once")
  func isDueAtOnce() {
    let came = Came()
    let last = UInt64(Limits.ackElicitingPacketsMax) - 1
    for number in 0..<last { came.note(number, at: at(1)) }
    #expect(came.packets.ackDeadline == at(51))
    came.note(last, at: at(2))
    #expect(came.packets.ackDeadline == at(2))
    _ = came.ack()
    came.note(last + 1, at: at(3), wantsAck: true)
    came.note(last + 2, at: at(4))
    #expect(came.packets.ackDeadline == at(3))
  }

  @Test("A gap and a packet out of order call for an ACK once each; what follows in order does not")
  func tellsGapsOnce() {
    let came = Came()
    came.note(0, 1, 4, at: at(1))
    #expect(came.packets.ackDeadline == at(1))
    _ = came.ack()
    came.note(5, 6, at: at(2))
    #expect(came.packets.ackDeadline == at(52))
    came.note(3, at: at(3))
    #expect(came.packets.ackDeadline == at(3))
    #expect(came.ack()?.ranges == [3...6, 0...1])
    came.note(7, at: at(4))
    #expect(came.packets.ackDeadline == at(54))
    let late = Came()
    late.note(2, at: at(9))
    #expect(late.packets.ackDeadline == at(9), "packets are numbered from 0")
  }

  @Test("Packets that want no acknowledgment call for none, but fill gaps and are named")
  func ignoresOthers() {
    let came = Came()
    came.note(0, at: at(1))
    _ = came.ack()
    came.note(1, 3, 2, at: at(2), isEliciting: false)
    #expect(came.packets.ackDeadline == nil && came.packets.hasAck)
    came.note(4, at: at(3))
    #expect(came.packets.ackDeadline == at(53))
    came.note(6, at: at(4), isEliciting: false)
    came.note(7, at: at(5))
    #expect(came.packets.ackDeadline == at(5), "5 is missing")
    #expect(came.ack()?.ranges == [6...7, 0...4])
  }

  @Test("The delay is that of the largest number, not of the latest packet")
  func tellsDelay() {
    let came = Came()
    came.note(5, at: at(10))
    came.note(3, at: at(30))
    #expect(came.ack(at: at(40))?.delayMicroseconds == 30_000)
    came.note(6, at: at(50))
    #expect(came.ack(at: at(45))?.delayMicroseconds == 0)
  }

  @Test("33 ranges are kept, and the lowest falls out")
  func keepsNewestRanges() {
    let came = Came()
    for number in 0..<40 as Range<UInt64> { came.note(number * 2) }
    let ranges = (7..<40).reversed().map { UInt64($0 * 2)...UInt64($0 * 2) }
    #expect(came.ack()?.ranges == ranges)
    // One that is lower than all of them is not kept either, but it is out of order.
    came.note(1, at: at(5))
    #expect(came.ack()?.ranges == ranges)
  }

  @Test("Where room is short the highest ranges are named, or nothing is written")
  func fitsRoom() {
    let came = Came()
    for number in 0..<5 as Range<UInt64> { came.note(number * 2) }
    for room in 0..<5 {
      #expect(came.ack(room: room) == nil && came.packets.hasAck)
    }
    #expect(came.ack(room: 5)?.ranges == [8...8])
    #expect(!came.packets.hasAck)
    #expect(came.ack(room: 6)?.ranges == [8...8])
    #expect(came.ack(room: 7)?.ranges == [8...8, 6...6])
    #expect(came.ack(room: 13)?.ranges == [8...8, 6...6, 4...4, 2...2, 0...0])
  }

  @Test("What the peer knows is forgotten, but never the highest range")
  func forgets() {
    let came = Came()
    came.note(0, 2, 3)
    _ = came.ack()
    came.packets.noteTold(in: 70)
    came.note(6, 8)
    _ = came.ack()
    came.packets.noteTold(in: 71)
    came.packets.peerHas(60...69)
    #expect(came.ack()?.ranges == [8...8, 6...6, 2...3, 0...0], "70 is kept in mind")
    came.packets.peerHas(70...71)
    #expect(came.ack()?.ranges == [8...8, 6...6])
    came.packets.noteTold(in: 72)
    came.packets.peerHas(72...72)
    #expect(came.ack()?.ranges == [8...8])
    came.note(9, at: at(1))
    #expect(came.packets.ackDeadline == at(51), "it follows in order")
    #expect(came.packets.numbers.ranges == [8..<10])
  }

  @Test("A packet that was passed by a later one makes room for the next, and tells nothing")
  func passesOver() {
    let came = Came()
    came.note(0, 2)
    _ = came.ack()
    came.packets.noteTold(in: 70)
    came.packets.peerHas(71...75)
    came.packets.settleTold(through: 75)
    came.packets.peerHas(70...70)
    #expect(came.ack()?.ranges == [2...2, 0...0])
    came.packets.noteTold(in: 76)
    came.packets.settleTold(through: 76)
    came.packets.peerHas(76...76)
    #expect(came.ack()?.ranges == [2...2])
  }

  @Test("A number that no ACK can name is not noted")
  func ignoresHugeNumbers() {
    let came = Came()
    came.note(1 << 62, .max)
    #expect(came.packets.numbers.isEmpty && came.ack() == nil)
    came.note(1 << 62 - 1)
    #expect(came.ack()?.ranges == [ByteWriter.varintMax...ByteWriter.varintMax])
  }

  /// Numbers as ranges, from the highest.
  private func ranges(_ numbers: Set<UInt64>) -> [ClosedRange<UInt64>] {
    numbers.sorted(by: >).reduce(into: []) { ranges, number in
      if let last = ranges.last, last.lowerBound == number + 1 {
        ranges[ranges.count - 1] = number...last.upperBound
      } else {
        ranges.append(number...number)
      }
    }
  }

  @Test("An ACK names what came and nothing else, whatever the order", arguments: [1, 2, 3])
  func agreesWithModel(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let came = Came()
    var noted: Set<UInt64> = []
    var model: Set<UInt64> = []
    var base: UInt64 = 1 << UInt64.random(in: 0..<40, using: &random)
    for step in 0..<1_000 {
      base += UInt64.random(in: 0..<3, using: &random)
      let number = base - UInt64.random(in: 0..<min(base, 12), using: &random)
      guard noted.insert(number).inserted else { continue }
      came.note(number, at: at(step))
      model.insert(number)
      let kept = ranges(model)
      if kept.count > 33 { model.subtract(kept[33]) }
      if random.chance(20) { #expect(came.ack(at: at(step))?.ranges == Array(kept.prefix(33))) }
    }
  }
}
