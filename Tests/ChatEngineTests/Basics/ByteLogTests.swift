import Testing

@testable import ChatEngine

@Suite("ByteLog")
struct ByteLogTests {
  @Test("Bytes keep their positions while older ones are dropped")
  func keepsPositions() {
    var log = ByteLog()
    log.append([0, 1, 2, 3])
    log.append { $0 += [4, 5] }
    log.drop(below: 3)
    #expect((log.base, log.end, log.count) == (3, 6, 3))
    #expect(log.copied(3..<6) == [3, 4, 5])
    log.drop(below: 1)
    #expect(log.base == 3, "what is dropped does not come back")
    log.drop(below: 6)
    #expect((log.base, log.end, log.count) == (6, 6, 0))
    log.append([6])
    #expect(log.copied(6..<7) == [6])
  }

  @Test("Any order of appending and dropping keeps what a plain array keeps", arguments: 0..<20)
  func equalsArray(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var log = ByteLog()
    var all: [UInt8] = []
    var base = 0
    for _ in 0..<500 {
      if random.chance(60) {
        let new = (0..<Int.random(in: 0...40, using: &random)).map { UInt8($0 & 255) }
        log.append(new)
        all += new
      } else {
        base = Int.random(in: base...all.count, using: &random)
        log.drop(below: UInt64(base))
      }
      #expect(log.base == UInt64(base) && log.end == UInt64(all.count))
      let low = Int.random(in: base...all.count, using: &random)
      let high = Int.random(in: low...all.count, using: &random)
      #expect(log.copied(UInt64(low)..<UInt64(high)) == Array(all[low..<high]))
    }
  }
}

extension ByteLog {
  fileprivate func copied(_ range: Range<UInt64>) -> [UInt8] {
    // An empty log has nowhere to copy from.
    if range.isEmpty { return [] }
    return [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      var writer = ByteWriter(buffer)
      write(range, to: &writer)
      count = writer.count
    }
  }
}
