/// The sending side of one channel: which of its bytes are sent, lost and acknowledged.
///
/// Holds positions only; the bytes are in a `ByteLog` or an `ObjectLog`, which many sessions may
/// share. What always holds: nothing is sent beyond `limit` or again without having been lost.
struct SendStream {
  /// The first position that was never sent.
  private(set) var next: UInt64
  /// All below is acknowledged, or will never be sent.
  private(set) var settled: UInt64
  /// Acknowledged above `settled`.
  private var acknowledged = RangeSet()
  private var lost = RangeSet()
  /// How far the receiver lets the sender go.
  private(set) var limit: UInt64
  /// What was left out: the receiver, which counts what it gets, grants nothing for it.
  private var passed: UInt64 = 0

  init(from start: UInt64, credit: UInt64) {
    (next, settled) = (start, start)
    limit = start + credit
  }

  /// Whether all that was sent is acknowledged.
  var isSettled: Bool { settled == next }

  /// Whether something that was sent is to be sent again.
  var hasLost: Bool { !lost.isEmpty }

  /// Raises the limit; a lower one is an old one.
  mutating func raise(limit new: UInt64) { limit = max(limit, new &+ passed) }

  /// Whether something can be sent of what reaches to `end`.
  @inline(__always)
  func hasPiece(end: UInt64) -> Bool { !lost.isEmpty || next < min(end, limit) }

  /// How much of what reaches to `end` was never sent and may be.
  func waitingBytes(end: UInt64) -> UInt64 {
    let stop = min(end, limit)
    return next < stop ? stop - next : 0
  }

  /// What to send next: what was lost first.
  @inline(__always)
  func piece(end: UInt64, atMost count: Int) -> Range<UInt64>? {
    if let first = lost.first {
      return first.lowerBound..<min(first.upperBound, first.lowerBound + UInt64(count))
    }
    let stop = min(end, limit, next &+ UInt64(count))
    return next < stop ? next..<stop : nil
  }

  /// Notes that `range`, as `piece` gave it or larger, is on its way.
  ///
  /// - Returns: how many bytes of it were sent before.
  @inline(__always) @discardableResult
  mutating func onSent(_ range: Range<UInt64>) -> UInt64 {
    if !lost.isEmpty { lost.remove(range) }
    defer { next = max(next, range.upperBound) }
    return next > range.lowerBound ? min(next, range.upperBound) - range.lowerBound : 0
  }

  mutating func onAcknowledged(_ range: Range<UInt64>) {
    if !lost.isEmpty { lost.remove(range) }
    if range.lowerBound > settled {
      acknowledged.insert(range)
      return
    }
    settled = max(settled, range.upperBound)
    while let first = acknowledged.first, first.lowerBound <= settled {
      settled = max(settled, first.upperBound)
      acknowledged.remove(first)
    }
  }

  /// Notes that `range` is to be sent again, less what was acknowledged since.
  mutating func onLost(_ range: Range<UInt64>) {
    guard range.upperBound > settled else { return }
    lost.insert(max(range.lowerBound, settled)..<range.upperBound)
    for known in acknowledged.ranges where known.overlaps(range) { lost.remove(known) }
  }

  /// Leaves out `range`, which begins at `next`: the receiver need not get it.
  mutating func pass(_ range: Range<UInt64>) {
    next = max(next, range.upperBound)
    limit += UInt64(range.count)
    passed += UInt64(range.count)
    onAcknowledged(range)
  }

  /// Gives up all below `position`.
  mutating func skip(to position: UInt64) {
    guard position > settled else { return }
    next = max(next, position)
    limit = max(limit, position)
    onAcknowledged(settled..<position)
  }
}
