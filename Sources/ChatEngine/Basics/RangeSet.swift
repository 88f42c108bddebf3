/// A set of numbers as sorted ranges that neither overlap nor touch: packets that came, bytes of a
/// stream that are still to be sent.
///
/// A range is half-open, so that the largest number is `UInt64.max - 1`. What adds at the end costs
/// nothing but the addition; elsewhere it costs a binary search and a move of the ranges behind.
/// An empty set holds no memory. How many ranges there may be is for the owner to bound.
public struct RangeSet: Hashable, Sendable {
  /// From the lowest to the highest; none is empty.
  public private(set) var ranges: [Range<UInt64>] = []

  public init() {}

  public var isEmpty: Bool { ranges.isEmpty }
  /// How many ranges, not numbers, there are.
  public var count: Int { ranges.count }
  public var first: Range<UInt64>? { ranges.first }
  public var last: Range<UInt64>? { ranges.last }

  public mutating func insert(_ range: Range<UInt64>) {
    if range.isEmpty { return }
    guard let last = ranges.last, range.lowerBound <= last.upperBound else {
      ranges.append(range)
      return
    }
    if range.lowerBound >= last.lowerBound {
      if range.upperBound > last.upperBound {
        ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
      }
      return
    }
    // Ranges that only touch become one, too.
    let begin = index { $0.upperBound >= range.lowerBound }
    let end = index { $0.lowerBound > range.upperBound }
    if begin == end {
      ranges.insert(range, at: begin)
      return
    }
    let lower = min(ranges[begin].lowerBound, range.lowerBound)
    let upper = max(ranges[end - 1].upperBound, range.upperBound)
    ranges[begin] = lower..<upper
    ranges.removeSubrange((begin + 1)..<end)
  }

  public mutating func remove(_ range: Range<UInt64>) {
    if range.isEmpty { return }
    let begin = index { $0.upperBound > range.lowerBound }
    let end = index { $0.lowerBound >= range.upperBound }
    if begin >= end { return }
    let lower = ranges[begin].lowerBound
    let upper = ranges[end - 1].upperBound
    let keepsLower = lower < range.lowerBound
    let keepsUpper = upper > range.upperBound
    switch (keepsLower, keepsUpper) {
    case (true, true) where end - begin == 1:
      ranges[begin] = lower..<range.lowerBound
      ranges.insert(range.upperBound..<upper, at: end)
    default:
      if keepsLower { ranges[begin] = lower..<range.lowerBound }
      if keepsUpper { ranges[end - 1] = range.upperBound..<upper }
      ranges.removeSubrange((keepsLower ? begin + 1 : begin)..<(keepsUpper ? end - 1 : end))
      releaseIfEmpty()
    }
  }

  /// The range that `value` is in.
  public func range(holding value: UInt64) -> Range<UInt64>? {
    // What is asked for is most often the newest.
    if let last = ranges.last, value >= last.lowerBound {
      return value < last.upperBound ? last : nil
    }
    let found = index { $0.upperBound > value }
    return found < ranges.count && ranges[found].lowerBound <= value ? ranges[found] : nil
  }

  public func contains(_ value: UInt64) -> Bool { range(holding: value) != nil }

  /// Whether every number of `range` is in the set; true for an empty one.
  public func covers(_ range: Range<UInt64>) -> Bool {
    if range.isEmpty { return true }
    return self.range(holding: range.lowerBound).map { range.upperBound <= $0.upperBound } ?? false
  }

  /// Takes the lowest range out, or its first `max` numbers where it has more.
  ///
  /// - Returns: what was taken; nil where there is nothing or `max` is 0.
  public mutating func popFirst(atMost max: UInt64) -> Range<UInt64>? {
    guard max > 0, let first = ranges.first else { return nil }
    if first.upperBound - first.lowerBound > max {
      let middle = first.lowerBound + max
      ranges[0] = middle..<first.upperBound
      return first.lowerBound..<middle
    }
    ranges.removeFirst()
    releaseIfEmpty()
    return first
  }

  /// Empties the set and gives its memory back.
  public mutating func removeAll() { ranges = [] }

  private mutating func releaseIfEmpty() {
    if ranges.isEmpty { ranges = [] }
  }

  /// The index of the first range for which `isAtOrAfter` holds; it must hold for all behind it.
  @inline(__always)
  private func index(where isAtOrAfter: (Range<UInt64>) -> Bool) -> Int {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if isAtOrAfter(ranges[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
