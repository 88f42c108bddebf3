import Testing

@testable import ChatEngine

@Suite("SentPackets")
struct SentPacketsTests {
  private static func packet(_ bytes: Int) -> SentPackets.Packet {
    SentPackets.Packet(sentAt: Instant(nanoseconds: 0), bytes: UInt32(bytes))
  }

  @Test("A packet is found by its number until it and all before it are settled")
  func findsByNumber() {
    var packets = SentPackets()
    for bytes in 1...5 { packets.append(Self.packet(bytes)) }
    packets[2].contents.insert(.isSettled)
    packets.dropSettled()
    #expect((packets.first, packets.next) == (0, 5))
    packets[0].contents.insert(.isSettled)
    packets[1].contents.insert(.isSettled)
    packets.dropSettled()
    #expect((packets.first, packets.next) == (3, 5))
    #expect(packets[3].bytes == 4 && packets[4].bytes == 5)
    #expect(!packets[2 + 1].contents.contains(.isSettled))
  }

  @Test("Packets that nobody acknowledges do not stay")
  func dropsPlain() {
    var packets = SentPackets()
    packets.append(Self.packet(0))
    packets.dropSettled()
    #expect(packets.isEmpty && packets.first == 1 && packets.next == 1)
  }

  @Test("Numbers go on over any order of settling", arguments: 0..<10)
  func numbersGoOn(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var packets = SentPackets()
    var open: [UInt64: UInt32] = [:]
    var count: UInt64 = 0
    for _ in 0..<3_000 {
      if random.chance(52) || open.isEmpty {
        #expect(packets.next == count)
        let bytes = UInt32.random(in: 1...1_500, using: &random)
        packets.append(Self.packet(Int(bytes)))
        open[count] = bytes
        count += 1
      } else {
        let number = random.pick(open.keys.sorted())
        #expect(packets[number].bytes == open.removeValue(forKey: number))
        packets[number].contents.insert(.isSettled)
        packets.dropSettled()
      }
      #expect(packets.first == open.keys.min() ?? count)
      #expect(packets.isEmpty == open.isEmpty)
      if random.chance(5) { packets.releaseRoom() }
    }
  }
}
