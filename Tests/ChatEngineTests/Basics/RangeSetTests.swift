import Testing

@testable import ChatEngine

@Suite("RangeSet")
struct RangeSetTests {
  private typealias Ranges = ChatEngine.RangeSet

  private func set(_ ranges: Range<UInt64>...) -> Ranges {
    var set = Ranges()
    for range in ranges { set.insert(range) }
    return set
  }

  @Test("Ranges that overlap or touch become one, wherever they come")
  func joins() {
    #expect(set(0..<5, 5..<9).ranges == [0..<9])
    #expect(set(5..<9, 0..<5).ranges == [0..<9])
    #expect(set(0..<2, 4..<6, 8..<9, 2..<8).ranges == [0..<9])
    #expect(set(0..<2, 4..<6, 8..<9, 3..<7).ranges == [0..<2, 3..<7, 8..<9])
    #expect(set(4..<6, 0..<2, 2..<3).ranges == [0..<3, 4..<6])
    #expect(set(4..<6, 8..<9, 1..<20).ranges == [1..<20])
    #expect(set(4..<6, 4..<6, 5..<5, 4..<5).ranges == [4..<6])
    #expect(set(4..<6, 9..<9).ranges == [4..<6])
    #expect(set(0..<UInt64.max).contains(.max - 1))
  }

  @Test("What is removed leaves what lies beside it")
  func removes() {
    func rest(_ range: Range<UInt64>) -> [Range<UInt64>] {
      var set = set(0..<4, 6..<10, 12..<16)
      set.remove(range)
      return set.ranges
    }
    #expect(rest(7..<8) == [0..<4, 6..<7, 8..<10, 12..<16])
    #expect(rest(6..<10) == [0..<4, 12..<16])
    #expect(rest(2..<14) == [0..<2, 14..<16])
    #expect(rest(4..<6) == [0..<4, 6..<10, 12..<16])
    #expect(rest(3..<7) == [0..<3, 7..<10, 12..<16])
    #expect(rest(0..<6) == [6..<10, 12..<16])
    #expect(rest(12..<99) == [0..<4, 6..<10])
    #expect(rest(5..<5) == [0..<4, 6..<10, 12..<16])
    #expect(rest(0..<99) == [])
  }

  @Test("Numbers and ranges are found")
  func finds() {
    let set = set(2..<4, 6..<10)
    #expect((0..<12).filter { set.contains($0) } == [2, 3, 6, 7, 8, 9])
    #expect(set.range(holding: 3) == 2..<4 && set.range(holding: 5) == nil)
    #expect(set.covers(6..<10) && set.covers(7..<9) && set.covers(2..<3) && set.covers(4..<4))
    #expect(!set.covers(2..<7) && !set.covers(4..<5) && !set.covers(9..<11))
    #expect(set.first == 2..<4 && set.last == 6..<10 && set.count == 2 && !set.isEmpty)
    #expect(!Ranges().contains(0) && Ranges().first == nil && !Ranges().covers(0..<1))
  }

  @Test("The lowest comes out first, in pieces where they are asked for")
  func pops() {
    var set = set(2..<4, 6..<10)
    #expect(set.popFirst(atMost: 0) == nil)
    #expect(set.popFirst(atMost: 5) == 2..<4)
    #expect(set.popFirst(atMost: 3) == 6..<9)
    #expect(set.popFirst(atMost: 1) == 9..<10)
    #expect(set.popFirst(atMost: 1) == nil)
  }

  @Test("An empty set holds no memory")
  func releases() {
    var sets = [set(0..<9), set(0..<9, 10..<11), set(0..<9, 10..<11)]
    sets[0].remove(0..<9)
    _ = sets[1].popFirst(atMost: .max)
    _ = sets[1].popFirst(atMost: .max)
    sets[2].removeAll()
    for set in sets { #expect(set.isEmpty && set.ranges.capacity == 0) }
  }

  @Test("It holds what a set of numbers holds", arguments: [1, 2, 3])
  func isASet(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var ranges = Ranges()
    var model: Set<UInt64> = []
    for _ in 0..<3_000 {
      let start = UInt64.random(in: 0..<60, using: &random)
      let range = start..<(start + UInt64.random(in: 0..<9, using: &random))
      switch Int.random(in: 0..<5, using: &random) {
      case 0, 1:
        ranges.insert(range)
        model.formUnion(range)
      case 2, 3:
        ranges.remove(range)
        model.subtract(range)
      default:
        let most = UInt64.random(in: 0..<6, using: &random)
        if let popped = ranges.popFirst(atMost: most) {
          #expect(popped.lowerBound == model.min() && popped.count <= Int(most))
          #expect(popped.allSatisfy(model.contains))
          model.subtract(popped)
        } else {
          #expect(model.isEmpty || most == 0)
        }
      }
      #expect(ranges.ranges.flatMap { $0 } == model.sorted())
      // None is empty, and none touches the next.
      #expect(ranges.ranges.allSatisfy { !$0.isEmpty })
      #expect(
        zip(ranges.ranges, ranges.ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
      #expect(ranges.covers(range) == range.allSatisfy(model.contains))
      #expect(ranges.contains(start) == model.contains(start))
    }
  }
}
