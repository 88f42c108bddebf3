import Testing

@testable import ChatEngine

@Suite("SessionKeys")
struct SessionKeysTests {
  /// Both ends of one direction, with packets as they travel.
  private final class Direction {
    struct Packet {
      var header: PacketHeader
      var bytes: [UInt8]
    }

    var sender: SessionKeys
    var receiver: SessionKeys
    var now = Instant(nanoseconds: 0)

    init() {
      func key(_ byte: UInt8) -> CipherKey { CipherKey([UInt8](repeating: byte, count: 32))! }
      sender = SessionKeys(sending: key(1), receiving: key(2), for: .chaChaPoly, at: now)
      receiver = SessionKeys(sending: key(2), receiving: key(1), for: .chaChaPoly, at: now)
    }

    func packet(_ number: UInt64) -> Packet {
      sender.turn(before: number, at: now)
      let header = PacketHeader(phase: sender.sendingPhase, receiver: 5, number: number)
      let head = [UInt8](unsafeUninitializedCapacity: 13) { buffer, count in
        var writer = ByteWriter(buffer)
        header.write(to: &writer)
        count = writer.count
      }
      var bytes = head + [7] + [UInt8](repeating: 0, count: PacketHeader.tagBytes)
      bytes.withUnsafeMutableBufferPointer {
        sender.seal(
          $0.baseAddress! + head.count, count: 1, header: $0.baseAddress!, headerCount: head.count,
          number: number)
      }
      return Packet(header: header, bytes: bytes)
    }

    /// Whether it was opened, and so is taken.
    func take(_ packet: Packet) -> Bool {
      var target: UInt8 = 0
      let isOpened = packet.bytes.withUnsafeBufferPointer { bytes in
        receiver.open(
          UnsafeBufferPointer(rebasing: bytes[13...]), packet.header,
          headerBytes: bytes.baseAddress!, to: &target)
      }
      if isOpened { receiver.confirm(packet.header) }
      return isOpened && target == 7
    }
  }

  @Test("A key turns after 2^20 packets, once one of its packets was acknowledged")
  func turnsByCount() {
    let direction = Direction()
    let last = Limits.keyPhasePackets - 1
    let before = direction.packet(last)
    let unacknowledged = direction.packet(last + 1)
    #expect(!before.header.phase && !unacknowledged.header.phase)
    direction.sender.onAcknowledged(3)
    let after = direction.packet(last + 2)
    #expect(after.header.phase)
    for packet in [before, after, unacknowledged] { #expect(direction.take(packet)) }
    // The next turn asks for as much again.
    direction.sender.onAcknowledged(last + 1)
    #expect(direction.packet(last + 2 + Limits.keyPhasePackets).header.phase)
    direction.sender.onAcknowledged(last + 2)
    let third = direction.packet(last + 3 + Limits.keyPhasePackets)
    #expect(!third.header.phase)
    #expect(direction.take(third))
    #expect(!direction.take(before), "two phases ago")
  }

  @Test("A key turns after an hour")
  func turnsByTime() {
    let direction = Direction()
    direction.sender.onAcknowledged(0)
    direction.now = direction.now + .seconds(3_599)
    #expect(!direction.packet(5).header.phase)
    direction.now = direction.now + .seconds(1)
    #expect(direction.packet(6).header.phase)
    direction.now = direction.now + .seconds(7_200)
    #expect(direction.packet(7).header.phase, "nobody has shown to know this key")
  }

  @Test("Packets that pass each other across many turns are all taken, once", arguments: 0..<10)
  func takesAcrossTurns(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let direction = Direction()
    var underWay: [Direction.Packet] = []
    var number: UInt64 = 0
    var taken = 0
    var phases = 0
    var wasPhase = false
    for _ in 0..<1_000 {
      let packet = direction.packet(number)
      if packet.header.phase != wasPhase {
        // An honest network does not hold a packet back over two turns of an hour.
        underWay.removeAll { $0.header.phase == packet.header.phase }
        (phases, wasPhase) = (phases + 1, packet.header.phase)
      }
      underWay.append(packet)
      number += UInt64.random(in: 1...3, using: &random)
      if underWay.count > 20 || random.chance(30) {
        let packet = underWay.remove(at: Int.random(in: 0..<underWay.count, using: &random))
        #expect(direction.take(packet), "\(packet.header)")
        #expect(!direction.take(packet), "a replay")
        taken += 1
        direction.sender.onAcknowledged(packet.header.number)
      }
      direction.now = direction.now + .seconds(60)
    }
    #expect(taken > 200 && phases > 10)
  }

  @Test("The window of numbers ends 1,023 below the greatest")
  func boundsReplay() {
    let direction = Direction()
    let early = (0...3).map { direction.packet($0) }
    #expect(direction.take(early[0]) && !direction.take(early[0]))
    let late = direction.packet(1_025)
    #expect(direction.take(late))
    #expect(direction.take(early[2]), "1,023 below")
    #expect(!direction.take(early[1]), "1,024 below")
    #expect(direction.take(early[3]) && !direction.take(early[3]))
    #expect(direction.receiver.greatest == 1_025)
  }

  @Test("A forged packet of the next phase changes nothing")
  func survivesForgery() {
    let direction = Direction()
    #expect(direction.take(direction.packet(0)))
    for number in UInt64(1)...50 {
      var forged = direction.packet(number)
      forged.header.phase = true
      forged.bytes[0] |= 1
      #expect(!direction.take(forged))
    }
    #expect(direction.take(direction.packet(60)))
    #expect(direction.receiver.greatest == 60)
  }
}
