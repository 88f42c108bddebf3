import Testing

@testable import ChatEngine

@Suite("PacketHeader")
struct PacketHeaderTests {
  private static func bytes(_ header: PacketHeader, rest: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 15) { buffer, count in
      var writer = ByteWriter(buffer)
      header.write(to: &writer)
      count = writer.count
    } + [UInt8](repeating: 0, count: rest)
  }

  @Test("What is written is read", arguments: [false, true], [nil, 17, 40, 1_000])
  func roundTrips(phase: Bool, sealedCount: Int?) throws {
    let header = PacketHeader(
      phase: phase, receiver: 0xfedc_ba98, number: 0x0123_4567_89ab_cdef & ByteWriter.varintMax,
      sealedCount: sealedCount)
    let written = Self.bytes(header, rest: 1_000)
    #expect(written[0] == (sealedCount == nil ? 0x86 : 0x88) | (phase ? 1 : 0))
    let read = try #require(PacketHeader(copying: written))
    #expect(read.phase == phase && read.receiver == header.receiver)
    #expect(read.number == header.number && read.sealedCount == sealedCount)
    #expect(read.byteCount == (sealedCount == nil ? 13 : 15))
  }

  @Test("Nothing shorter than a header, a byte and a tag is a packet")
  func refusesShort() {
    let plain = Self.bytes(PacketHeader(phase: false, receiver: 1, number: 2), rest: 17)
    let shared = Self.bytes(
      PacketHeader(phase: false, receiver: 1, number: 2, sealedCount: 17), rest: 17)
    for whole in [plain, shared] {
      #expect(PacketHeader(copying: whole) != nil)
      for count in whole.indices { #expect(PacketHeader(copying: Array(whole[..<count])) == nil) }
    }
  }

  @Test("A sealed part that is longer than the datagram, or no longer than its tag, is none")
  func checksSealedCount() {
    for count in [0, 1, 16, 101, 65_535] {
      let header = PacketHeader(phase: true, receiver: 1, number: 2, sealedCount: count)
      #expect(PacketHeader(copying: Self.bytes(header, rest: 100)) == nil)
    }
  }

  @Test("Other types, and numbers that no ACK could name, are not read")
  func refusesOthers() {
    let good = Self.bytes(PacketHeader(phase: false, receiver: 1, number: 2), rest: 100)
    for type in UInt8.min...UInt8.max where !(0x86...0x89).contains(type) {
      #expect(PacketHeader(copying: [type] + good.dropFirst()) == nil)
    }
    var beyond = good
    beyond[5] = 0x40
    #expect(PacketHeader(copying: beyond) == nil)
  }

  @Test("No text begins like a native datagram")
  func knowsNative() {
    for byte in UInt8.min...UInt8.max {
      let isNative = [byte].isNativeDatagram
      #expect(isNative == (0x80...0x8f).contains(byte))
      let rest: [UInt8] = [0x80, 0x80, 0x80]
      for count in 0...3 where isNative {
        #expect(![byte].appending(rest.prefix(count)).isUTF8)
      }
    }
    #expect(![UInt8]().isNativeDatagram)
  }
}

extension PacketHeader {
  fileprivate init?(copying bytes: [UInt8]) {
    let header = bytes.withUnsafeBufferPointer { PacketHeader($0) }
    guard let header else { return nil }
    self = header
  }
}

extension [UInt8] {
  fileprivate var isNativeDatagram: Bool { DatagramType.isNative(span) }
  fileprivate func appending(_ more: ArraySlice<UInt8>) -> [UInt8] { self + more }
}
