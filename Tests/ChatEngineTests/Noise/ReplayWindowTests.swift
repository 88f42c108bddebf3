import Testing

@testable import ChatEngine

@Suite("The replay window")
struct ReplayWindowTests {
  private func window(_ numbers: [UInt64]) -> ReplayWindow {
    var window = ReplayWindow()
    for number in numbers { window.mark(number) }
    return window
  }

  @Test("Takes everything at first, and each number once")
  func takesOnce() {
    var window = ReplayWindow()
    #expect(window.greatest == nil)
    for number in [0, 63, 64, 1_023, 1_024, UInt64.max] { #expect(window.isFresh(number)) }
    window.mark(0)
    #expect(!window.isFresh(0))
    #expect(window.isFresh(1))
    #expect(window.greatest == 0)
  }

  @Test("Reaches 1,023 below the greatest", arguments: [1_023, 1_024, 1_087, 5_000, UInt64.max])
  func endsBelow(greatest: UInt64) {
    var seen = window([greatest])
    #expect(!seen.isFresh(greatest))
    #expect(seen.isFresh(greatest - 1))
    #expect(seen.isFresh(greatest - 63))
    #expect(seen.isFresh(greatest - 64))
    #expect(seen.isFresh(greatest - 1_022))
    #expect(seen.isFresh(greatest - 1_023))
    if greatest > 1_023 {
      #expect(!seen.isFresh(greatest - 1_024))
      #expect(!seen.isFresh(0))
      // Below the window nothing is marked: its bit belongs to another number.
      seen.mark(greatest - 1_024)
      #expect(!seen.isFresh(greatest))
    }
    for distance in [UInt64(1), 63, 64, 1_022, 1_023] {
      seen.mark(greatest - distance)
      #expect(!seen.isFresh(greatest - distance))
    }
    #expect(seen.isFresh(greatest - 2))
    seen.mark(greatest)
    #expect(seen.isFresh(greatest - 2) && !seen.isFresh(greatest))
    #expect(seen.greatest == greatest)
  }

  @Test("Forgets what it moves over, however far", arguments: [1, 63, 64, 65, 1_023, 1_024, 1_025])
  func moves(distance: UInt64) {
    // All of a window is seen, then it moves.
    var seen = window(Array(0..<1_024))
    let greatest = 1_023 + distance
    seen.mark(greatest)
    for number in 0...greatest {
      let isIn = number + 1_024 > greatest
      let wasSeen = number < 1_024 || number == greatest
      #expect(seen.isFresh(number) == (isIn && !wasSeen), "\(number)")
    }
    #expect(seen.isFresh(greatest + 1))
  }

  @Test("Jumps to the end of the numbers without overflow")
  func endsAtMax() {
    var seen = window([5, UInt64.max - 1_024])
    #expect(!seen.isFresh(5))
    seen.mark(.max - 1)
    #expect(seen.isFresh(.max))
    #expect(seen.isFresh(.max - 1_023))
    #expect(!seen.isFresh(.max - 1_025))
    seen.mark(.max)
    #expect(!seen.isFresh(.max))
    #expect(!seen.isFresh(.max - 1))
    #expect(seen.isFresh(.max - 2))
    #expect(!seen.isFresh(.max - 1_024))
    seen.mark(.max)
    #expect(seen.greatest == .max)
    #expect(window([0, .max]).isFresh(.max - 1))
  }

  @Test("Agrees with a set of all that was seen")
  func agreesWithModel() {
    var random = SplitMix64(seed: 20)
    for base in [0, 1_000_000, UInt64.max - 6_000] {
      var window = ReplayWindow()
      var seen: Set<UInt64> = []
      var greatest: UInt64?
      var middle = base
      for _ in 0..<5_000 {
        if random.chance(1) { middle = min(middle + 700, .max - 1_500) }
        let number = middle + UInt64.random(in: 0...1_500, using: &random)
        let isFresh =
          greatest.map { number > $0 || ($0 - number < 1_024 && !seen.contains(number)) } ?? true
        #expect(window.isFresh(number) == isFresh)
        guard isFresh else { continue }
        window.mark(number)
        seen.insert(number)
        greatest = max(greatest ?? 0, number)
      }
      #expect(window.greatest == greatest)
    }
  }
}
