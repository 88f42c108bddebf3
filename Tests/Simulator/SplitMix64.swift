import ChatEngine

/// What a world draws.
extension SplitMix64 {
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
