import Testing

@testable import ChatEngine

@Suite("ObjectLog")
struct ObjectLogTests {
  private static let key = [UInt8](repeating: 3, count: 32)

  private static func object(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 * 7 & 255) } }

  @Test("Positions go on from object to object, and lead back to them")
  func indexesPositions() {
    var log = ObjectLog()
    #expect(log.firstNumber == nil && log.end == 0)
    for number in 1...200 { log.append(Self.object(number), number: UInt64(number)) }
    var start: UInt64 = 0
    for number in UInt64(1)...200 {
      for position in [start, start + number - 1] {
        let object = log[log.index(at: position)]
        #expect(object.number == number && object.positions == start..<start + number)
      }
      start += number
    }
    #expect(log.end == start && log.count == Int(start))
  }

  @Test("The oldest objects are dropped, whole", arguments: 0..<10)
  func drops(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var log = ObjectLog()
    var kept: [(number: UInt64, start: UInt64, count: Int)] = []
    var end: UInt64 = 0
    for number in UInt64(1)...600 {
      let count = Int.random(in: 1...50, using: &random)
      log.append(Self.object(count), number: number)
      kept.append((number, end, count))
      end += UInt64(count)
      if random.chance(50) {
        log.drop(toBytes: 700)
        while end - kept[0].start > 700 { kept.removeFirst() }
      } else if random.chance(50) {
        let position = UInt64.random(in: kept[0].start...end, using: &random)
        log.drop(below: position)
        kept.removeAll { $0.start + UInt64($0.count) <= position }
      }
      #expect(log.base == kept.first?.start ?? end && log.end == end)
      #expect(log.firstNumber == kept.first?.number)
      guard let any = kept.randomElement(using: &random) else { continue }
      let found = log[log.index(at: any.start + UInt64(any.count / 2))]
      #expect(found.number == any.number && found.bytes == Self.object(any.count))
      #expect(found.start == any.start)
    }
  }

  @Test("Every piece of a shared object opens with its key, for paths of several sizes")
  func sealsPieces() throws {
    var log = ObjectLog()
    let bytes = Self.object(10_000)
    log.append([1], number: 4)
    log.append(bytes, number: 5, sharedKey: CipherKey(Self.key))
    #expect(!log.isShared(0) && log.isShared(1))
    // More sizes than are kept sealed, and each twice.
    for size in [1_104, 9_999, 300, 10_000, 65_411, 1_104, 777, 300, 1_104] {
      var whole: [UInt8] = []
      for piece in 0..<(bytes.count + size - 1) / size {
        let sealed = Self.piece(log, piece, size)
        let plain = try #require(Self.open(sealed, size: size, piece))
        #expect(sealed == Self.piece(log, piece, size), "the same piece twice")
        whole += plain
      }
      #expect(whole == bytes)
    }
    let sealed = Self.piece(log, 1, 300)
    #expect(Self.open(sealed, size: 300, 2) == nil, "a piece is good for its place only")
    #expect(Self.open(sealed, size: 301, 1) == nil)
  }

  private static func piece(_ log: ObjectLog, _ piece: Int, _ size: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: size + 16) { buffer, count in
      count = log.writePiece(piece, size: size, ofObjectAt: 1, to: buffer.baseAddress!)
    }
  }

  private static func open(_ sealed: [UInt8], size: Int, _ piece: Int) -> [UInt8]? {
    var plain = [UInt8](repeating: 0, count: sealed.count)
    let isOpened = sealed.withUnsafeBufferPointer { sealed in
      plain.withUnsafeMutableBufferPointer { plain in
        CipherKey(key)!.open(
          from: sealed.baseAddress!, count: sealed.count, into: plain.baseAddress!,
          header: sealed.baseAddress!, headerCount: 0,
          nonce: CipherNonce(UInt32(size), UInt64(piece)))
      }
    }
    return isOpened ? Array(plain.prefix(sealed.count - 16)) : nil
  }
}
