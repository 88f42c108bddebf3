import Testing

@testable import ChatEngine

/// Runs `body` with a reader over `bytes`.
func reading<Result>(_ bytes: [UInt8], _ body: (inout ByteReader) -> Result) -> Result {
  bytes.withUnsafeBufferPointer { buffer in
    var reader = ByteReader(buffer)
    return body(&reader)
  }
}

@Suite("ByteReader")
struct ByteReaderTests {
  @Test(
    "The examples of RFC 9000, A.1, and a form that is longer than needed",
    arguments: [
      ([0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c], 151_288_809_941_952_652),
      ([0x9d, 0x7f, 0x3e, 0x7d], 494_878_333), ([0x7b, 0xbd], 15_293), ([0x25], 37),
      ([0x40, 0x25], 37), ([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], (1 << 62) - 1),
    ] as [([UInt8], UInt64)])
  func readsVarints(bytes: [UInt8], value: UInt64) {
    #expect(reading(bytes) { $0.varint() } == value)
    #expect(reading(bytes + [7]) { reader in [reader.varint(), reader.varint()] } == [value, 7])
    for count in 0..<bytes.count {
      let (cut, offset) = reading(Array(bytes[..<count])) { ($0.varint(), $0.offset) }
      #expect(cut == nil && offset == 0)
    }
  }

  @Test("Integers are big-endian and need not be aligned")
  func readsIntegers() {
    let bytes: [UInt8] = Array(1...15)
    reading(bytes) { reader in
      #expect(reader.u8() == 0x01)
      #expect(reader.u16() == 0x0203)
      #expect(reader.u32() == 0x0405_0607)
      #expect(reader.u64() == 0x0809_0a0b_0c0d_0e0f)
      #expect(reader.remaining == 0 && reader.offset == 15)
      #expect(reader.u8() == nil)
    }
  }

  @Test("What is cut is nil and moves nothing")
  func refusesCutOnes() {
    reading([1, 2, 3]) { reader in
      #expect(reader.u64() == nil && reader.u32() == nil && reader.bytes(4) == nil)
      #expect(reader.bytes(-1) == nil && reader.bytes(.max) == nil)
      #expect(reader.offset == 0)
      #expect(reader.u16() == 0x0102 && reader.u16() == nil && reader.u8() == 3)
    }
    reading([]) { reader in
      #expect(reader.u8() == nil && reader.varint() == nil && reader.vtext(max: 9) == nil)
      #expect(reader.rest().isEmpty && reader.bytes(0)?.isEmpty == true)
    }
  }

  @Test("Bytes come in runs, and the rest at the end")
  func readsBytes() {
    reading(bytes("abcdef")) { reader in
      #expect(reader.bytes(2).map(Array.init) == bytes("ab"))
      let mark = reader
      #expect(Array(reader.rest()) == bytes("cdef"))
      #expect(reader.remaining == 0 && reader.rest().isEmpty)
      reader = mark
      #expect(reader.remaining == 4)
    }
  }

  @Test("A count from outside that is too large is refused, however large")
  func refusesLargeCounts() {
    let huge: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]
    reading(huge) { reader in
      #expect(reader.vbytes(max: .max) == nil && reader.vtext(max: .max) == nil)
      #expect(reader.varint(max: 1_000) == nil)
      #expect(reader.offset == 0)
      #expect(reader.varint(max: .max) == 1 << 62 - 1)
    }
    reading([3, 1, 2, 3]) { reader in
      #expect(reader.vbytes(max: 2) == nil && reader.offset == 0)
      #expect(reader.vbytes(max: 3).map(Array.init) == [1, 2, 3])
    }
    reading([4, 1, 2, 3]) { #expect($0.vbytes(max: 9) == nil && $0.offset == 0) }
  }

  @Test("A text must be UTF-8")
  func readsTexts() {
    #expect(reading([3] + bytes("né")) { $0.vtext(max: 3) } == "né")
    #expect(reading([0, 1]) { ($0.vtext(max: 0)) } == "")
    reading([2, 0xc3, 0x28]) { #expect($0.vtext(max: 9) == nil && $0.offset == 0) }
    #expect(reading([1, 0xc3]) { $0.vtext(max: 9) } == nil)
  }
}
