/// What was sent and is not yet known to have arrived, by packet number.
///
/// Numbers follow each other without a gap, so a packet is found by its number less that of the
/// oldest. An entry says which bytes of which channel the packet carried: these, and not the
/// packet, are sent again when it is lost (RFC 9002 §2).
struct SentPackets {
  struct Packet {
    struct Contents: OptionSet {
      let rawValue: UInt8

      static let isAckEliciting = Contents(rawValue: 1)
      /// A probe of the path's MTU, whose loss says nothing about congestion.
      static let isProbe = Contents(rawValue: 2)
      static let hasCredit = Contents(rawValue: 4)
      static let hasSkip = Contents(rawValue: 8)
      static let hasChallenge = Contents(rawValue: 16)
      /// Arrived, or given up.
      static let isSettled = Contents(rawValue: 32)
      /// With it the window was used so far that it may grow.
      static let usedWindow = Contents(rawValue: 64)
    }

    var sentAt: Instant
    var bytes: UInt32 = 0
    var contents: Contents = []
    var controlStart: UInt64 = 0
    var talkStart: UInt64 = 0
    var objectStart: UInt64 = 0
    var controlCount: UInt32 = 0
    var talkCount: UInt32 = 0
    var objectCount: UInt32 = 0

    var isInFlight: Bool { contents.isDisjoint(with: .isSettled) && bytes > 0 }
    var control: Range<UInt64> { controlStart..<controlStart + UInt64(controlCount) }
    var talk: Range<UInt64> { talkStart..<talkStart + UInt64(talkCount) }
    var object: Range<UInt64> { objectStart..<objectStart + UInt64(objectCount) }
  }

  private var packets: [Packet] = []
  private var head = 0
  /// The number of the oldest packet that is kept.
  private(set) var first: UInt64 = 0

  /// The number that the next packet gets.
  var next: UInt64 { first + UInt64(packets.count - head) }
  var isEmpty: Bool { head == packets.count }

  @inline(__always)
  mutating func append(_ packet: Packet) { packets.append(packet) }

  /// The packet of a number from `first` up to `next`.
  subscript(_ number: UInt64) -> Packet {
    @inline(__always) get { packets[head + Int(number - first)] }
    @inline(__always) _modify { yield &packets[head + Int(number - first)] }
  }

  /// Forgets the oldest packets as far as they are settled.
  mutating func dropSettled() {
    while head < packets.count, !packets[head].isInFlight {
      head += 1
      first += 1
    }
    if head == packets.count {
      packets.removeAll(keepingCapacity: packets.capacity <= Limits.sentPacketsKeptMax)
      head = 0
    } else if head >= 64, head >= packets.count - head {
      packets.removeFirst(head)
      head = 0
    }
  }

  /// Gives back the room of a session that has nothing under way.
  mutating func releaseRoom() {
    if isEmpty {
      packets = []
      head = 0
    }
  }
}
