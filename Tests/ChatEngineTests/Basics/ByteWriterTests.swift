import Testing

@testable import ChatEngine

/// What `body` writes into `room` bytes.
func written(room: Int = 200, _ body: (inout ByteWriter) -> Void) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
    var writer = ByteWriter(UnsafeMutableBufferPointer(rebasing: buffer[..<room]))
    body(&writer)
    count = writer.count
  }
}

@Suite("ByteWriter")
struct ByteWriterTests {
  @Test(
    "Varints are as short as can be",
    arguments: [
      (151_288_809_941_952_652, [0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c]),
      (494_878_333, [0x9d, 0x7f, 0x3e, 0x7d]), (15_293, [0x7b, 0xbd]), (37, [0x25]),
      (0, [0]), (63, [0x3f]), (64, [0x40, 0x40]), (16_383, [0x7f, 0xff]),
      (16_384, [0x80, 0, 0x40, 0]), ((1 << 30) - 1, [0xbf, 0xff, 0xff, 0xff]),
      (1 << 30, [0xc0, 0, 0, 0, 0x40, 0, 0, 0]),
      ((1 << 62) - 1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ] as [(UInt64, [UInt8])])
  func writesVarints(value: UInt64, bytes: [UInt8]) {
    #expect(written { $0.varint(value) } == bytes)
    #expect(ByteWriter.varintBytes(value) == bytes.count)
    var array: [UInt8] = [9]
    array.appendVarint(value)
    #expect(array == [9] + bytes)
    #expect(written(room: bytes.count) { $0.varint(value) } == bytes)
  }

  @Test("Integers are big-endian, in a buffer and in an array")
  func writesIntegers() {
    let expected: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    let buffer = written {
      $0.u8(1)
      $0.u16(0x0203)
      $0.u32(0x0405_0607)
      $0.u64(0x0809_0a0b_0c0d_0e0f)
    }
    #expect(buffer == expected)
    var array: [UInt8] = [1]
    array.appendU16(0x0203)
    array.appendU32(0x0405_0607)
    array.appendU64(0x0809_0a0b_0c0d_0e0f)
    #expect(array == expected)
  }

  @Test("Texts and bytes, to the last byte of the room; a copy goes back")
  func writesRuns() {
    let all = written(room: 12) { writer in
      writer.text("né")
      writer.vtext("né")
      let mark = writer
      writer.bytes([1, 2])
      writer = mark
      #expect(writer.room == 5)
      writer.bytes([9, 8, 7], 2)
      writer.bytes([])
      [UInt8]([5, 6, 7]).withUnsafeBufferPointer { writer.bytes($0) }
      #expect(writer.room == 0 && writer.count == 12)
      writer.text("")
    }
    #expect(all == bytes("né") + [3] + bytes("né") + [9, 8, 5, 6, 7])
    var array: [UInt8] = []
    array.appendVText("né")
    #expect(array == [3] + bytes("né"))
  }

  @Test("What is written is read")
  func isReadBack() {
    var random = SplitMix64(seed: 41)
    for _ in 0..<2_000 {
      let value = random.next() >> UInt64.random(in: 2...63, using: &random)
      let bytes = written { $0.varint(value) }
      let (read, left) = reading(bytes) { ($0.varint(), $0.remaining) }
      #expect(read == value && left == 0)
    }
  }
}
