/// The figures of one end of a session: what it sent and what became of that, what it received, and
/// what it knows of the way. Counted since the session began.
public enum SessionFigure: Int, FigureName {
  /// Datagrams and their bytes, without IP and UDP headers.
  case datagramsSent
  case bytesSent
  /// Those of them that are to be acknowledged, and those of these that were taken for lost. Probes
  /// of the path's length count in neither.
  case datagramsTracked
  case datagramsLost
  /// Those that were taken for lost and acknowledged later, as far as that was noticed.
  case datagramsMisjudged
  /// Datagrams in which something was sent again, and the bytes that were.
  case datagramsRepeated
  case bytesRepeated
  /// Messages, and datagrams in which any part of any was.
  case messagesSent
  case messageDatagramsSent
  case datagramsReceived
  case bytesReceived
  /// Those of the other end's that did not come, or not yet.
  case datagramsMissing
  case messagesReceived
  case messageDatagramsReceived
  /// 0 before the first was measured.
  case roundTripMicroseconds
  case roundTripVariationMicroseconds
  case roundTripMinMicroseconds
  /// The longest datagram that the path is known to take.
  case pathBytes
  case windowBytes
  case inFlightBytes
  /// As `Cipher` numbers them.
  case cipher
}

public typealias SessionFigures = Figures<SessionFigure>

/// What a session counts besides what it needs for itself.
///
/// An idle session is small, so these are 32 bytes in all: numbers begin anew after 2^32, and what
/// bytes have beyond that is in `SessionLosses`.
struct SessionCounters {
  var bytesSent: UInt32 = 0
  var bytesReceived: UInt32 = 0
  fileprivate(set) var tracked: UInt32 = 0
  fileprivate(set) var messageDatagramsSent: UInt32 = 0
  fileprivate(set) var received: UInt32 = 0
  var controlMessages: UInt32 = 0
  var messagesReceived: UInt32 = 0
  var messageDatagramsReceived: UInt32 = 0
}

/// What only a session counts that lost or repeated something, or moved more than 4 GiB; on the
/// heap from then on.
struct SessionLosses: HasBeginning {
  /// Of all packets that were taken for lost.
  var bytesLost: UInt64 = 0
  fileprivate(set) var bytesRepeated: UInt64 = 0
  /// In units of 2^32 bytes.
  fileprivate var bytesSentHigh: UInt32 = 0
  fileprivate var bytesReceivedHigh: UInt32 = 0
  private(set) var lost: UInt32 = 0
  private(set) var misjudged: UInt32 = 0
  private(set) var repeated: UInt32 = 0
  /// The low half of the number of the packet that repeated something last.
  private var repeatedLast = Self.none
  /// The low halves of the numbers of packets that were lost last: one that only came late is
  /// acknowledged soon after.
  private var lostLast = SIMD4<UInt32>(repeating: Self.none)

  private static let none = UInt32.max

  mutating func noteLost(_ number: UInt64) {
    lost &+= 1
    lostLast = SIMD4(
      UInt32(truncatingIfNeeded: number), lostLast[0], lostLast[1], lostLast[2])
  }

  /// Packets of these numbers came.
  mutating func noteAcknowledged(_ range: ClosedRange<UInt64>) {
    if lost == 0 { return }
    let below = UInt32(truncatingIfNeeded: range.lowerBound)
    let count = UInt32(clamping: range.upperBound - range.lowerBound)
    for index in 0..<4 where lostLast[index] != Self.none && lostLast[index] &- below <= count {
      lostLast[index] = Self.none
      misjudged &+= 1
    }
  }

  /// The packet of this number carries bytes that were sent before; more than one channel may.
  mutating func noteRepeated(bytes: UInt64, in number: UInt64) {
    bytesRepeated &+= bytes
    let low = UInt32(truncatingIfNeeded: number)
    if repeatedLast != low { repeated &+= 1 }
    repeatedLast = low
  }
}

extension Session {
  /// A packet of `size` bytes goes out, which is the next.
  @inline(__always)
  mutating func noteSent(_ packet: SentPackets.Packet, _ size: Int) {
    let sum = counters.bytesSent.addingReportingOverflow(UInt32(size))
    counters.bytesSent = sum.partialValue
    if sum.overflow { losses.bytesSentHigh &+= 1 }
    if !packet.control.isEmpty || !packet.talk.isEmpty { counters.messageDatagramsSent &+= 1 }
    if packet.contents.contains(.isAckEliciting), !packet.contents.contains(.isProbe) {
      counters.tracked &+= 1
    }
  }

  /// So many bytes of a channel go into the next packet that were sent before.
  @inline(__always)
  mutating func noteRepeated(_ bytes: UInt64) {
    if bytes > 0 { losses.noteRepeated(bytes: bytes, in: sent.next) }
  }

  mutating func noteReceived(bytes: Int) {
    counters.received &+= 1
    let sum = counters.bytesReceived.addingReportingOverflow(UInt32(bytes))
    counters.bytesReceived = sum.partialValue
    if sum.overflow { losses.bytesReceivedHigh &+= 1 }
  }

  /// The bytes of all packets that were taken for lost.
  package var lostBytes: UInt64 { losses.bytesLost }

  /// What this end has counted and measured. `messagesSent` leaves out what lies in the sources,
  /// which whoever owns these knows to count.
  public var figures: SessionFigures {
    var figures = SessionFigures()
    let losses = self.losses
    figures[.datagramsSent] = sent.next
    figures[.bytesSent] = UInt64(losses.bytesSentHigh) << 32 | UInt64(counters.bytesSent)
    figures[.datagramsTracked] = UInt64(counters.tracked)
    figures[.datagramsLost] = UInt64(losses.lost)
    figures[.datagramsMisjudged] = UInt64(losses.misjudged)
    figures[.datagramsRepeated] = UInt64(losses.repeated)
    figures[.bytesRepeated] = losses.bytesRepeated
    figures[.messagesSent] = UInt64(counters.controlMessages)
    figures[.messageDatagramsSent] = UInt64(counters.messageDatagramsSent)
    figures[.datagramsReceived] = UInt64(counters.received)
    figures[.bytesReceived] =
      UInt64(losses.bytesReceivedHigh) << 32 | UInt64(counters.bytesReceived)
    if counters.received > 0 {
      figures[.datagramsMissing] = UInt64(
        UInt32(truncatingIfNeeded: keys.greatest &+ 1) &- counters.received)
    }
    figures[.messagesReceived] = UInt64(counters.messagesReceived)
    figures[.messageDatagramsReceived] = UInt64(counters.messageDatagramsReceived)
    if roundTrip.hasSample {
      figures[.roundTripMicroseconds] = UInt64(roundTrip.smoothed / 1_000)
      figures[.roundTripVariationMicroseconds] = UInt64(roundTrip.variation / 1_000)
      figures[.roundTripMinMicroseconds] = UInt64(roundTrip.minimum / 1_000)
    }
    figures[.pathBytes] = UInt64(pathMTU.current)
    figures[.windowBytes] = UInt64(congestion.windowBytes)
    figures[.inFlightBytes] = UInt64(congestion.bytesInFlight)
    figures[.cipher] = UInt64(keys.cipher.rawValue)
    return figures
  }
}
