/// Which packet numbers were taken: the greatest, and of the 1,023 below it each by itself.
///
/// A ring of 1,024 bits: number `n` has bit `n mod 1,024` (in the manner of RFC 6479). When the
/// window moves up, the bits of the numbers that enter it are cleared.
public struct ReplayWindow: Sendable {
  private static let count = UInt64(Limits.replayWindowNumbers)

  /// As many bits as the window has numbers.
  private var bits = InlineArray<16, UInt64>(repeating: 0)
  /// The greatest number that was taken; nil before the first.
  public private(set) var greatest: UInt64?

  public init() {}

  /// Whether `number` may be taken: it is in the window or above it, and was not taken before.
  public func isFresh(_ number: UInt64) -> Bool {
    guard let greatest, number <= greatest else { return true }
    guard greatest - number < Self.count else { return false }
    return bits[Self.word(number)] & Self.bit(number) == 0
  }

  /// Takes a number that is fresh.
  public mutating func mark(_ number: UInt64) {
    if let greatest {
      if number > greatest {
        clear(above: greatest, count: number - greatest)
        self.greatest = number
      } else if greatest - number >= Self.count {
        return
      }
    } else {
      greatest = number
    }
    bits[Self.word(number)] |= Self.bit(number)
  }

  private static func word(_ number: UInt64) -> Int { Int(number % count / 64) }
  private static func bit(_ number: UInt64) -> UInt64 { 1 << (number % 64) }

  /// Clears the bits of the `count` numbers above `number`.
  private mutating func clear(above number: UInt64, count: UInt64) {
    if count >= Self.count {
      bits = InlineArray(repeating: 0)
      return
    }
    var (next, left) = (number + 1, count)
    while left > 0 {
      // As many as lie in one word.
      let length = min(left, 64 - next % 64)
      let ones = length == 64 ? UInt64.max : (1 << length) - 1
      bits[Self.word(next)] &= ~(ones << (next % 64))
      // The last number may be the greatest there is, and none comes after it.
      next &+= length
      left -= length
    }
  }
}
