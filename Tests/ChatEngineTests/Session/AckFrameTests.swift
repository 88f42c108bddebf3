import Testing

@testable import ChatEngine

/// An ACK frame as it was read.
struct ReadAck: Equatable {
  var largest: UInt64
  var delayMicroseconds: UInt64
  var ranges: [ClosedRange<UInt64>]

  /// What follows the type byte; nil where it is refused, which must move nothing.
  init?(_ reader: inout ByteReader) {
    let start = reader.offset
    var ranges: [ClosedRange<UInt64>] = []
    guard let ack = AckFrame.read(&reader, { ranges.append($0) }) else {
      #expect(reader.offset == start && ranges.isEmpty)
      return nil
    }
    (largest, delayMicroseconds) = ack
    self.ranges = ranges
  }

  init?(_ bytes: [UInt8]) {
    guard let ack = reading(bytes, { ReadAck(&$0) }) else { return nil }
    self = ack
  }
}

@Suite("AckFrame")
struct AckFrameTests {
  @Test("One range, and ranges with gaps between them")
  func readsRanges() {
    #expect(ReadAck([9, 5, 0, 9])?.ranges == [0...9])
    #expect(ReadAck([9, 5, 0, 0])?.ranges == [9...9])
    #expect(ReadAck([9, 5, 0, 3])?.largest == 9)
    #expect(ReadAck([9, 5, 0, 3])?.delayMicroseconds == 5)
    // 20…18; 17 and 16 are missing; 15…13; 12 is missing; 11; 10 to 8 are missing; 7…0.
    #expect(
      ReadAck([20, 0, 3, 2, 1, 2, 0, 0, 2, 7])?.ranges == [18...20, 13...15, 11...11, 0...7])
  }

  @Test("What follows the frame is left alone")
  func stopsAtItsEnd() {
    reading([3, 0, 1, 0, 0, 1, 0xaa, 0xbb]) { reader in
      #expect(ReadAck(&reader)?.ranges == [3...3, 0...1])
      #expect(reader.remaining == 2 && reader.u8() == 0xaa)
    }
  }

  @Test(
    "Ranges that go below 0 are refused",
    arguments: [
      [4, 0, 0, 5], [4, 0, 1, 4, 0, 0], [4, 0, 1, 3, 0, 0], [4, 0, 1, 2, 0, 1], [4, 0, 1, 1, 2, 0],
      [4, 0, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0],
      [4, 0, 1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ] as [[UInt8]])
  func refusesUnderflow(bytes: [UInt8]) {
    #expect(ReadAck(bytes) == nil)
  }

  @Test("A frame that is cut anywhere is refused, and so are more ranges than 33")
  func refusesOthers() {
    let whole: [UInt8] = [20, 0x40, 0x40, 3, 2, 1, 2, 0, 0, 2, 7]
    #expect(ReadAck(whole) != nil)
    for count in 0..<whole.count { #expect(ReadAck(Array(whole[..<count])) == nil) }
    func ack(more: UInt8) -> [UInt8] {
      [0x40, 200, 0, more, 0] + [UInt8](repeating: 0, count: 2 * Int(more))
    }
    #expect(ReadAck(ack(more: 32))?.ranges.count == 33)
    #expect(ReadAck(ack(more: 33)) == nil)
  }

  @Test("A delay is cut to what can be counted with, and the largest number is good")
  func boundsNumbers() {
    let most = [UInt8](repeating: 0xff, count: 8)
    let ack = ReadAck(most + most + [0] + most)
    #expect(ack?.delayMicroseconds == 60_000_000)
    #expect(ack?.ranges == [0...ByteWriter.varintMax])
  }

  @Test("Noise is read or refused, and never more")
  func survivesNoise() {
    var random = SplitMix64(seed: 77)
    var good = 0
    for _ in 0..<20_000 {
      let count = Int.random(in: 0..<24, using: &random)
      let bytes = (0..<count).map { index in
        UInt8.random(in: 0...(index == 0 ? 255 : 8), using: &random)
      }
      guard let ack = ReadAck(bytes) else { continue }
      good += 1
      #expect(ack.ranges.first?.upperBound == ack.largest)
      #expect(
        zip(ack.ranges, ack.ranges.dropFirst()).allSatisfy { $1.upperBound + 1 < $0.lowerBound })
    }
    #expect(good > 1_000)
  }
}
