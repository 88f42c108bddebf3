import Testing

@testable import ChatEngine

@Suite("SentPackets")
struct SentPacketsTests {
  private static func packet(_ bytes: Int) -> SentPackets.Packet {
    SentPackets.Packet(sentAt: Instant(nanoseconds: 0), bytes: UInt16(bytes))
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
    #expect(!packets.hasSpareRoom, "it took room")
  }

  @Test("Room that nothing is in is given back, and a packet is found all the same")
  func releasesRoom() {
    var packets = SentPackets()
    packets.append(Self.packet(7))
    packets.releaseRoom()
    #expect(packets[0].bytes == 7 && !packets.hasSpareRoom)
    packets[0].contents.insert(.isSettled)
    packets.dropSettled()
    #expect(packets.hasSpareRoom)
    packets.releaseRoom()
    #expect(!packets.hasSpareRoom && packets.next == 1)
  }

  @Test("What a packet carried is kept by its channel, in 32 bytes")
  func keepsRanges() {
    var packet = Self.packet(100)
    #expect(packet.talk.isEmpty && packet.control.isEmpty && packet.object.isEmpty)
    packet.talk = 5..<65_000
    packet.control = 1 << 40..<(1 << 40) + 3
    #expect(packet.talk == 5..<65_000 && packet.control.count == 3 && packet.object.isEmpty)
    var other = Self.packet(100)
    other.object = 9..<10
    #expect(other.object == 9..<10 && other.control.isEmpty && other.talk.isEmpty)
    #expect(MemoryLayout<SentPackets.Packet>.stride == 32)
  }

  @Test("Numbers go on over any order of settling", arguments: 0..<10)
  func numbersGoOn(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var packets = SentPackets()
    var open: [UInt64: UInt16] = [:]
    var count: UInt64 = 0
    for _ in 0..<3_000 {
      if random.chance(52) || open.isEmpty {
        #expect(packets.next == count)
        let bytes = UInt16.random(in: 1...1_500, using: &random)
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
