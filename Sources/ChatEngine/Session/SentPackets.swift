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
      /// What it carried beside talk is of an object, not of the control channel.
      static let hasObject = Contents(rawValue: 128)
    }

    // 32 bytes in all: a fan-out writes one for each delivery.
    let sentAt: Instant
    private var talkStart: UInt64 = 0
    private var otherStart: UInt64 = 0
    private var talkCount: UInt16 = 0
    private var otherCount: UInt16 = 0
    var bytes: UInt16 = 0
    var contents: Contents = []
    /// Which channel `talkStart` belongs to: 0 the talk channel, else the side channel whose index
    /// is one less.
    private var talkChannel: UInt8 = 0

    init(sentAt: Instant, bytes: UInt16 = 0) { (self.sentAt, self.bytes) = (sentAt, bytes) }

    var isInFlight: Bool { contents.isDisjoint(with: .isSettled) && bytes > 0 }

    /// What it carried of each channel; control bytes and an object are never in one packet.
    var talk: Range<UInt64> {
      get { talkChannel == 0 ? stretch : 0..<0 }
      set { stretch = newValue }
    }
    /// What it carried of a side channel; then it carried no talk.
    var side: (index: Int, range: Range<UInt64>)? {
      talkChannel == 0 ? nil : (Int(talkChannel) - 1, stretch)
    }

    mutating func setSide(_ index: Int, _ range: Range<UInt64>) {
      (talkChannel, stretch) = (UInt8(index + 1), range)
    }

    fileprivate mutating func forgetSide(_ index: Int) {
      if Int(talkChannel) == index + 1 { (talkChannel, talkCount) = (0, 0) }
    }

    private var stretch: Range<UInt64> {
      get { talkStart..<talkStart + UInt64(talkCount) }
      set { (talkStart, talkCount) = (newValue.lowerBound, UInt16(newValue.count)) }
    }
    var control: Range<UInt64> {
      get { contents.contains(.hasObject) ? 0..<0 : other }
      set { other = newValue }
    }
    var object: Range<UInt64> {
      get { contents.contains(.hasObject) ? other : 0..<0 }
      set {
        other = newValue
        contents.insert(.hasObject)
      }
    }

    private var other: Range<UInt64> {
      get { otherStart..<otherStart + UInt64(otherCount) }
      set {
        precondition(otherCount == 0, "control bytes and an object in one packet")
        (otherStart, otherCount) = (newValue.lowerBound, UInt16(newValue.count))
      }
    }
  }

  private var packets: [Packet] = []
  private var head = 0
  /// The number of the oldest packet that is kept.
  private(set) var first: UInt64 = 0

  /// The number that the next packet gets.
  var next: UInt64 { first + UInt64(packets.count - head) }
  var isEmpty: Bool { head == packets.count }

  @inline(__always)
  mutating func append(_ packet: Packet) {
    if isEmpty, !packet.isInFlight {
      // Nobody acknowledges it, so nothing is to be known of it.
      first += 1
    } else {
      packets.append(packet)
    }
  }

  /// The packet of a number from `first` up to `next`.
  subscript(_ number: UInt64) -> Packet {
    @inline(__always) get { packets[head + Int(number - first)] }
    @inline(__always) _modify { yield &packets[head + Int(number - first)] }
  }

  /// A side channel is closed: what was sent of it need not arrive any more.
  mutating func forgetSide(_ index: Int) {
    for place in head..<packets.count { packets[place].forgetSide(index) }
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
    } else if head >= Limits.sentPacketsMoved, head >= packets.count - head {
      packets.removeFirst(head)
      head = 0
    }
  }

  /// Whether there is room that nothing is in.
  var hasSpareRoom: Bool { isEmpty && packets.capacity > 0 }

  /// Gives back the room of a session that has nothing under way.
  mutating func releaseRoom() {
    if isEmpty {
      packets = []
      head = 0
    }
  }
}
