import Testing

@testable import ChatEngine

@Suite("IncomingObjects")
struct IncomingObjectsTests {
  @Test("Parts in any order, double and overlapping, become the object", arguments: 0..<20)
  func putsTogether(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let bytes = (0..<5_000).map { UInt8($0 * 13 & 255) }
    let objects = Waiting()
    #expect(objects.expect(7, length: bytes.count))
    var parts = stride(from: 0, to: bytes.count, by: 97).map { from in
      max(0, from - 20)..<min(bytes.count, from + 97)
    }
    parts += parts.prefix(20)
    parts.shuffle(using: &random)
    var covered = Set<Int>()
    for part in parts {
      let isDone = covered.count == bytes.count
      #expect(objects.take(Array(bytes[part]), of: 7, at: part.lowerBound))
      covered.formUnion(part)
      if !isDone, covered.count < bytes.count {
        #expect(objects.progress(of: 7) == covered.count)
      }
    }
    #expect(objects.progress(of: 7) == nil)
    let whole = objects.takeCompleted()
    #expect(whole.map(\.number) == [7] && whole.first?.bytes == bytes)
    #expect(objects.takeCompleted().isEmpty && objects.isEmpty)
    #expect(objects.bytesTaken >= UInt64(bytes.count))
  }

  @Test("A part never reaches beyond the length that was told")
  func refusesBeyond() {
    let objects = Waiting()
    #expect(objects.expect(1, length: 10))
    #expect(!objects.take([1, 2], of: 1, at: 9))
    #expect(!objects.take([1], of: 1, at: 10))
    #expect(!objects.take([1], of: 1, position: .max))
    #expect(objects.take([], of: 1, at: 10))
    #expect(objects.take([1], of: 1, at: 9))
    #expect(objects.progress(of: 1) == 1)
  }

  @Test("Too many holes are refused")
  func boundsHoles() {
    let objects = Waiting()
    #expect(objects.expect(1, length: 100_000))
    for hole in 0..<UInt64(Limits.earlyRangesMax) {
      #expect(objects.take([1], of: 1, position: hole * 2))
    }
    #expect(!objects.take([1], of: 1, at: 90_000))
  }

  @Test("No more is waited for than may be, until something is taken or given up")
  func boundsExpected() {
    let objects = Waiting()
    #expect(!objects.expect(0, length: 0) && !objects.expect(0, length: -1))
    #expect(!objects.expect(0, length: .max))
    for number in 1...UInt64(Limits.objectsExpectedMax) {
      #expect(objects.expect(number, length: 2))
    }
    #expect(!objects.expect(1_000, length: 2))
    #expect(objects.take([1, 2], of: 5, at: 0))
    #expect(objects.forget(below: 4) == [1, 2, 3])
    #expect(objects.expect(1_001, length: 2))
    #expect(objects.forget(below: 2_000).count == Limits.objectsExpectedMax - 3)

    let large = Waiting()
    #expect(large.expect(1, length: Limits.objectsExpectedBytesMax - 1))
    #expect(!large.hasRoom(2) && large.hasRoom(1))
    #expect(!large.expect(2, length: 2))
    #expect(large.forget(below: 2) == [1])
    #expect(large.hasRoom(Limits.objectsExpectedBytesMax))
  }

  @Test("What was not told of yet differs from what nobody waits for any more")
  func knowsNumbers() {
    let objects = Waiting()
    #expect(objects.state(of: 3) == .unknown)
    objects.know(below: 4)
    #expect(objects.state(of: 3) == .stale && objects.state(of: 4) == .unknown)
    #expect(objects.expect(6, length: 1))
    #expect(objects.state(of: 6) == .taken && objects.state(of: 5) == .stale)
    #expect(objects.take([9], of: 6, at: 0))
    #expect(objects.state(of: 6) == .stale && objects.state(of: 7) == .unknown)
    #expect(objects.expect(6, length: 1), "the same may be told of again")
    objects.know(below: 2)
    #expect(objects.state(of: 5) == .stale)
    #expect(!objects.expect(.max, length: 0))
  }

  @Test("Bytes that nobody keeps count for the credit, as their sender counts them")
  func countsStale() {
    let objects = Waiting()
    objects.know(below: 10)
    #expect(objects.take([1, 2, 3], of: 2, at: 0))
    #expect(objects.bytesTaken == 3)
  }
}

/// As with all that an expectation calls, held where it can be changed.
private final class Waiting {
  private var objects = IncomingObjects()

  var isEmpty: Bool { objects.isEmpty }
  var bytesTaken: UInt64 { objects.bytesTaken }

  func expect(_ number: UInt64, length: Int) -> Bool { objects.expect(number, length: length) }
  func hasRoom(_ length: Int) -> Bool { objects.hasRoom(length) }
  func know(below number: UInt64) { objects.know(below: number) }
  func state(of number: UInt64) -> IncomingObjects.Arrival { objects.state(of: number) }
  func progress(of number: UInt64) -> Int? { objects.progress(of: number) }
  func forget(below number: UInt64) -> [UInt64] { objects.forget(below: number) }
  func takeCompleted() -> [(number: UInt64, bytes: [UInt8])] { objects.takeCompleted() }

  func take(_ bytes: [UInt8], of number: UInt64, at offset: Int) -> Bool {
    take(bytes, of: number, position: UInt64(offset))
  }

  func take(_ bytes: [UInt8], of number: UInt64, position: UInt64) -> Bool {
    bytes.withUnsafeBufferPointer { objects.receive($0, of: number, at: position) }
  }
}
