/// Which packet numbers were taken: the greatest, and of the 1,023 below it each by itself.
///
/// Holds the numbers of the window that were not taken yet: none as long as packets come in order,
/// and a range for each gap that loss leaves behind. What always holds: `missing` lies within the
/// window and below `greatest`.
public struct ReplayWindow: Sendable {
  /// The greatest number that was taken; nil before the first.
  public private(set) var greatest: UInt64?
  private var missing = RangeSet()

  public init() {}

  /// Whether `number` may be taken: it is in the window or above it, and was not taken before.
  public func isFresh(_ number: UInt64) -> Bool {
    guard let greatest, number <= greatest else { return true }
    return !missing.isEmpty && missing.contains(number)
  }

  /// Takes a number that is fresh.
  public mutating func mark(_ number: UInt64) {
    if let greatest, number <= greatest {
      if number < greatest { missing.remove(number..<number + 1) }
      return
    }
    let begin = number - min(number, UInt64(Limits.replayWindowNumbers) - 1)
    let next = greatest.map { $0 + 1 } ?? 0
    greatest = number
    // What the window leaves behind is not fresh any more.
    while let first = missing.first, first.lowerBound < begin {
      _ = missing.popFirst(atMost: begin - first.lowerBound)
    }
    missing.insert(max(next, begin)..<number)
  }
}
