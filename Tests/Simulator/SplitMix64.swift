/// A small random source that a seed determines (Steele, Lea, Flood: splittable generators, 2014).
package struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Another source, so that what one part of a world draws does not change what others draw.
  mutating func fork() -> SplitMix64 { SplitMix64(seed: next()) }

  /// True so many times in a thousand.
  mutating func chance(perMille: Int) -> Bool {
    perMille > 0 && Int.random(in: 0..<1_000, using: &self) < perMille
  }

  mutating func pick<Value>(_ values: [Value]) -> Value {
    values[Int.random(in: 0..<values.count, using: &self)]
  }

  mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  /// A time within a range of milliseconds, to the microsecond.
  mutating func time(milliseconds range: ClosedRange<Int>) -> Duration {
    .microseconds(int(range.lowerBound * 1_000...range.upperBound * 1_000))
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}
