import Testing

@testable import ChatEngine

@Suite("Compact and Seldom")
struct CompactTests {
  private struct Deadlines {
    @Compact var first: Instant?
    @Compact var second: Instant? = Instant(nanoseconds: 3)
  }

  @Test("A value that may not be there takes no more room than one that is")
  func isCompact() {
    var deadlines = Deadlines()
    #expect(deadlines.first == nil && deadlines.second == Instant(nanoseconds: 3))
    deadlines.first = Instant(nanoseconds: 0)
    deadlines.second = nil
    #expect(deadlines.first == Instant(nanoseconds: 0) && deadlines.second == nil)
    #expect(MemoryLayout<Deadlines>.size == 16)
  }

  private struct Numbers: HasBeginning {
    var numbers = [1, 2, 3]
    var sum: Int { numbers.reduce(0, +) }
  }

  private struct Owner {
    @Seldom var numbers: Numbers
    var isMade: Bool { $numbers }
    mutating func drop() { _numbers.drop() }
  }

  @Test("A value that is seldom needed is made by the first change, and dropped")
  func isMadeByChange() {
    var owner = Owner()
    #expect(owner.numbers.sum == 6 && !owner.isMade && MemoryLayout<Owner>.size == 8)
    owner.numbers.numbers.append(4)
    #expect(owner.numbers.sum == 10 && owner.isMade)
    owner.drop()
    #expect(owner.numbers.sum == 6 && !owner.isMade)
  }

  @Test("A copy is a value of its own")
  func isCopied() {
    var owner = Owner()
    owner.numbers.numbers = [7]
    var copy = owner
    copy.numbers.numbers.append(1)
    #expect(owner.numbers.sum == 7 && copy.numbers.sum == 8)
    owner.drop()
    #expect(copy.numbers.sum == 8)
  }
}
