/// The receiving side of one channel: puts its bytes in order and cuts them into messages.
///
/// Bytes that come early wait in their place; the credit that was granted bounds how far ahead that
/// may be. What always holds: `start` ≤ `next` ≤ `limit`, and all between `start` and `next` is in
/// `bytes`, whole and in order.
struct ReceiveStream {
  enum Fault: Error {
    /// More came than the credit allows, or in too many pieces.
    case beyondCredit
    /// A message is longer than may be, or its length is not written as a varint.
    case message
  }

  /// From position `start` on.
  private var bytes: [UInt8] = []
  /// How many of `bytes` were taken as messages.
  private var taken = 0
  private var start: UInt64 = 0
  /// All below came.
  private(set) var next: UInt64 = 0
  private var early = RangeSet()
  private(set) var limit: UInt64
  private let window: UInt64

  init(window: Int) {
    self.window = UInt64(window)
    limit = self.window
  }

  /// Notes bytes that came for `offset` on. What came before is ignored.
  mutating func receive(
    _ piece: UnsafeBufferPointer<UInt8>, at offset: UInt64
  ) throws(Fault) {
    let (end, overflow) = offset.addingReportingOverflow(UInt64(piece.count))
    guard !overflow, end <= limit else { throw .beyondCredit }
    // Nothing is noted of a piece without bytes, wherever it says that it belongs.
    guard end > next, !piece.isEmpty else { return }
    if offset <= next && early.isEmpty {
      bytes.append(contentsOf: piece[Int(next - offset)...])
      next = end
      return
    }
    try place(piece, offset, end)
  }

  private mutating func place(
    _ piece: UnsafeBufferPointer<UInt8>, _ offset: UInt64, _ end: UInt64
  ) throws(Fault) {
    guard early.count < Limits.earlyRangesMax else { throw .beyondCredit }
    let from = max(offset, next)
    let (low, high) = (Int(from - start), Int(end - start))
    if bytes.count < high {
      bytes.append(contentsOf: repeatElement(0, count: high - bytes.count))
    }
    bytes.withUnsafeMutableBufferPointer { kept in
      _ = kept[low..<high].update(fromContentsOf: piece[Int(from - offset)...])
    }
    early.insert(from..<end)
    if let first = early.first, first.lowerBound <= next {
      next = first.upperBound
      early.remove(first)
    }
  }

  /// The sender will never send what is below `offset`.
  mutating func skip(to offset: UInt64) {
    guard offset > next else { return }
    // Whatever is left of a message that was begun has lost its end. What is kept reaches as far as
    // the last that came early, however far the skip goes.
    let kept = early.ranges.filter { $0.upperBound > offset }
    let gone = offset - start
    if gone < UInt64(bytes.count) { bytes.removeFirst(Int(gone)) } else { bytes = [] }
    (start, next, taken) = (offset, offset, 0)
    early.removeAll()
    for range in kept { early.insert(max(range.lowerBound, offset)..<range.upperBound) }
    if let first = early.first, first.lowerBound <= next {
      next = first.upperBound
      early.remove(first)
    }
  }

  /// The next whole message, type byte first, or nil until more comes.
  ///
  /// The slice must be let go before anything else is received.
  mutating func takeMessage() throws(Fault) -> ArraySlice<UInt8>? {
    let whole = Int(next - start)
    let (length, head) = bytes.withUnsafeBufferPointer { kept in
      var reader = ByteReader(UnsafeBufferPointer(rebasing: kept[taken..<whole]))
      return (reader.varint(), reader.offset)
    }
    guard let length else { return nil }
    guard length >= 1, length <= UInt64(Limits.streamMessageBytesMax) else { throw .message }
    let from = taken + head
    guard from + Int(length) <= whole else { return nil }
    taken = from + Int(length)
    return bytes[from..<taken]
  }

  /// Drops the messages that were taken.
  mutating func dropTaken() {
    guard taken > 0 else { return }
    if taken == bytes.count {
      bytes = []
    } else if taken >= bytes.count / 2 {
      bytes.removeFirst(taken)
    } else {
      return
    }
    start += UInt64(taken)
    taken = 0
  }

  /// The credit to grant now: nil while the one that was granted is good for half a window.
  mutating func newLimit() -> UInt64? {
    let wanted = start + UInt64(taken) + window
    guard wanted >= limit + window / 2 else { return nil }
    limit = wanted
    return limit
  }
}
