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
/// An idle session is small, so numbers take four bytes, and begin anew after 2^32; only bytes,
/// which get there in minutes, take eight.
struct SessionCounters {
  var bytesSent: UInt64 = 0
  var bytesReceived: UInt64 = 0
  var bytesRepeated: UInt64 = 0
  var tracked: UInt32 = 0
  var lost: UInt32 = 0
  var misjudged: UInt32 = 0
  var repeated: UInt32 = 0
  var controlMessages: UInt32 = 0
  var messageDatagramsSent: UInt32 = 0
  var received: UInt32 = 0
  var messagesReceived: UInt32 = 0
  var messageDatagramsReceived: UInt32 = 0
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
  @inline(__always)
  mutating func noteAcknowledged(_ range: ClosedRange<UInt64>) {
    if lost == 0 { return }
    let below = UInt32(truncatingIfNeeded: range.lowerBound)
    let count = UInt32(clamping: range.upperBound - range.lowerBound)
    for index in 0..<4 where lostLast[index] != Self.none && lostLast[index] &- below <= count {
      lostLast[index] = Self.none
      misjudged &+= 1
    }
  }
}

extension Session {
  /// What this end has counted and measured. `messagesSent` leaves out what lies in the sources,
  /// which whoever owns these knows to count.
  public var figures: SessionFigures {
    var figures = SessionFigures()
    figures[.datagramsSent] = sent.next
    figures[.bytesSent] = counters.bytesSent
    figures[.datagramsTracked] = UInt64(counters.tracked)
    figures[.datagramsLost] = UInt64(counters.lost)
    figures[.datagramsMisjudged] = UInt64(counters.misjudged)
    figures[.datagramsRepeated] = UInt64(counters.repeated)
    figures[.bytesRepeated] = counters.bytesRepeated
    figures[.messagesSent] = UInt64(counters.controlMessages)
    figures[.messageDatagramsSent] = UInt64(counters.messageDatagramsSent)
    figures[.datagramsReceived] = UInt64(counters.received)
    figures[.bytesReceived] = counters.bytesReceived
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
    figures[.cipher] = UInt64(keys.sending.cipher.rawValue)
    return figures
  }
}
