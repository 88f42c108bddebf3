/// Which packets of the peer came, and when that must be said (RFC 9000 §13.2).
///
/// In: each packet that was opened and is no replay. Out: ACK frames. At most `Limits.ackRangesMax`
/// ranges are kept; the lowest falls out, and what was in it is not acknowledged any more.
struct ReceivedPackets {
  /// The type byte of an ACK frame.
  static let ackFrameType: UInt8 = 0x02

  /// When an ACK must be sent at the latest, even if there is nothing else to send; nil while no
  /// ack-eliciting packet waits for one.
  @Compact private(set) var ackDeadline: Instant?
  /// Whether a packet came, ack-eliciting or not, since the last ACK. That alone calls for no
  /// packet, but a packet that is sent anyway may take an ACK along.
  private(set) var hasAck = false
  /// Ack-eliciting packets that came since the last ACK.
  private var waiting: UInt32 = 0
  /// What came. The highest range is most often the only one, so it takes no memory of its own; it
  /// is empty before the first, and touches none of those below.
  private var highest: Range<UInt64> = 0..<0
  private var lower = RangeSet()
  /// One more than the largest ack-eliciting number that came.
  private var nextInOrder: UInt64 = 0
  /// When the packet with the largest number came.
  private var largestAt = Instant(nanoseconds: 0)

  /// Notes a packet that came for the first time.
  ///
  /// An ACK is due at once when an ack-eliciting packet comes out of order or leaves a gap behind
  /// the ack-eliciting one before it (§13.2.1), but not for those that follow in order behind an
  /// old gap. A number above 2^62 − 1 is not noted: no ACK could name it.
  mutating func note(_ number: UInt64, isAckEliciting: Bool, wantsAckNow: Bool, at now: Instant) {
    guard number <= ByteWriter.varintMax else { return }
    if number >= highest.upperBound { largestAt = now }
    insert(number)
    hasAck = true
    if isAckEliciting {
      let holding = highest.contains(number) ? highest : lower.range(holding: number)
      let begin = holding?.lowerBound ?? number
      let isInOrder = number >= nextInOrder && begin <= nextInOrder
      nextInOrder = max(nextInOrder, number + 1)
      waiting += 1
      if !isInOrder || wantsAckNow || waiting >= Limits.ackElicitingPacketsMax {
        ackDeadline = min(ackDeadline ?? now, now)
      } else if ackDeadline == nil {
        ackDeadline = now.advanced(byNanoseconds: Int64(Limits.ackDelayMilliseconds) * 1_000_000)
      }
    }
    if lower.count >= Limits.ackRangesMax { _ = lower.popFirst(atMost: .max) }
  }

  private mutating func insert(_ number: UInt64) {
    if highest.isEmpty {
      highest = number..<number + 1
    } else if number == highest.upperBound {
      highest = highest.lowerBound..<number + 1
    } else if number > highest.upperBound {
      lower.insert(highest)
      highest = number..<number + 1
    } else if number < highest.lowerBound {
      lower.insert(number..<number + 1)
      guard let next = lower.last, next.upperBound == highest.lowerBound else { return }
      lower.remove(next)
      highest = next.lowerBound..<highest.upperBound
    }
  }

  /// Forgets the ranges that lie wholly below `number`, except the highest: to be called when the
  /// peer has acknowledged a packet whose ACK named `number` as the largest (§13.2.4). What it
  /// knows need not be said again, so that old gaps do not make every ACK longer.
  mutating func forget(below number: UInt64) {
    while let first = lower.first, first.upperBound <= number {
      _ = lower.popFirst(atMost: .max)
    }
  }

  /// The largest number that came: what the next ACK names.
  var largest: UInt64? { highest.isEmpty ? nil : highest.upperBound - 1 }

  /// More than the next ACK frame will take, its type byte included; 0 where there is none.
  func ackFrameBytesMax() -> Int {
    guard let largest else { return 0 }
    // No number of the frame but the delay, of at most 8 bytes, is greater than the largest.
    return 10 + ByteWriter.varintBytes(largest) * 2 * (lower.count + 1)
  }

  /// Writes an ACK frame, type byte and all, with as many ranges as there is room for, the highest
  /// first. Nothing waits for an ACK after that.
  ///
  /// - Returns: false, with nothing written or changed, where no packet came or not even one range
  ///   fits.
  mutating func writeAck(_ writer: inout ByteWriter, at now: Instant) -> Bool {
    guard let largest else { return false }
    let delay = UInt64(max(0, now.nanoseconds(since: largestAt))) / 1_000
    let length = largest - highest.lowerBound
    let headBytes =
      2 + ByteWriter.varintBytes(largest) + ByteWriter.varintBytes(delay)
      + ByteWriter.varintBytes(length)
    guard headBytes <= writer.room else { return false }
    let more = rangesThatFit(in: writer.room - headBytes)
    writer.u8(Self.ackFrameType)
    writer.varint(largest)
    writer.varint(delay)
    writer.varint(UInt64(more))
    writer.varint(length)
    forEachGap(atMost: more) { gap, length in
      writer.varint(gap)
      writer.varint(length)
      return true
    }
    waiting = 0
    hasAck = false
    ackDeadline = nil
    return true
  }

  /// How many of the ranges below the highest fit into `room` bytes.
  private func rangesThatFit(in room: Int) -> Int {
    var (count, left) = (0, room)
    forEachGap(atMost: Limits.ackRangesMax - 1) { gap, length in
      left -= ByteWriter.varintBytes(gap) + ByteWriter.varintBytes(length)
      if left >= 0 { count += 1 }
      return left >= 0
    }
    return count
  }

  /// Calls `body` with the gap and length fields of the ranges below the highest, going down,
  /// until it returns false.
  private func forEachGap(atMost most: Int, _ body: (_ gap: UInt64, _ length: UInt64) -> Bool) {
    var above = highest.lowerBound
    for below in lower.ranges.suffix(most).reversed() {
      let gap = above - below.upperBound - 1
      guard body(gap, below.upperBound - below.lowerBound - 1) else { return }
      above = below.lowerBound
    }
  }
}
