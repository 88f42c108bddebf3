/// One client of a plain-text dialect.
struct ClassicPeer {
  let address: PeerAddress
  let member: MemberID
  /// The name that it puts in front of what it says; the hub may know it under another.
  let claimed: String
  let dialect: ClassicDialect
  var heard: Instant
  var warnings = RateLimiter()
  /// Its place in its dialect's lane.
  fileprivate var place: UInt32 = 0
  /// Its neighbours in the order of `heard`.
  fileprivate var older: UInt32?
  fileprivate var newer: UInt32?

  init(
    address: PeerAddress, member: MemberID, claimed: String, dialect: ClassicDialect,
    heard: Instant
  ) {
    self.address = address
    self.member = member
    self.claimed = claimed
    self.dialect = dialect
    self.heard = heard
  }

  /// Where the text lies in a message in this peer's own form, or nil when it is none.
  func ownText(_ bytes: Span<UInt8>) -> Range<Int>? {
    guard bytes.hasBytes(claimed) else { return nil }
    let nameEnd = claimed.utf8.count
    guard bytes.hasBytes(dialect.separator, at: nameEnd) else { return nil }
    if dialect == .b {
      let rest = bytes.extracting(nameEnd..<bytes.count)
      if rest.equals(dialect.joinSuffix) || rest.equals(dialect.leaveSuffix) { return nil }
    }
    let text = nameEnd + dialect.separator.utf8.count..<bytes.count
    return UTF8Text.isValid(bytes.extracting(text)) ? text : nil
  }
}

/// The peers, by address, by dialect, and by how long they were not heard.
///
/// The lanes hold what a fan-out reads, side by side and trivially copied: one walk over them is
/// all that a message costs before the system call.
struct ClassicPeers {
  struct Destination {
    var address: PeerAddress
    var member: MemberID
  }

  private var slab: Slab<ClassicPeer>
  private var slots: [PeerAddress: UInt32] = [:]
  /// One for each dialect, by its raw value.
  private var lanes = [[Destination]](repeating: [], count: ClassicDialect.allCases.count)
  private(set) var oldest: UInt32?
  private var newest: UInt32?

  init(capacity: Int) {
    slab = Slab(capacity: capacity)
  }

  var oldestHeard: Instant? { oldest.map { slab[$0].heard } }

  subscript(_ slot: UInt32) -> ClassicPeer {
    @inline(__always) get { slab[slot] }
    @inline(__always) _modify { yield &slab[slot] }
  }

  func slot(at address: PeerAddress) -> UInt32? { slots[address] }

  /// The peer of a member; a search, for what is rare.
  func slot(of member: MemberID) -> UInt32? {
    for lane in lanes {
      for destination in lane where destination.member == member {
        return slots[destination.address]
      }
    }
    return nil
  }

  func lane(_ dialect: ClassicDialect) -> [Destination] {
    lanes[Int(dialect.rawValue)]
  }

  /// Adds a peer at an address where none is. There is room for as many as the hub has members.
  mutating func insert(_ peer: ClassicPeer) -> UInt32 {
    guard let slot = slab.insert(peer) else { preconditionFailure("more peers than members") }
    precondition(slots.updateValue(slot, forKey: peer.address) == nil, "an address is one peer")
    let lane = Int(peer.dialect.rawValue)
    slab[slot].place = UInt32(lanes[lane].count)
    lanes[lane].append(Destination(address: peer.address, member: peer.member))
    appendNewest(slot)
    return slot
  }

  mutating func remove(_ slot: UInt32) -> ClassicPeer {
    unlink(slot)
    let peer = slab.remove(slot)
    slots[peer.address] = nil
    vacate(peer.place, in: Int(peer.dialect.rawValue))
    return peer
  }

  /// Notes that a peer was heard.
  mutating func touch(_ slot: UInt32, at now: Instant) {
    slab[slot].heard = now
    if newest == slot { return }
    unlink(slot)
    appendNewest(slot)
  }

  /// Takes a destination out of a lane; the last one takes its place.
  private mutating func vacate(_ place: UInt32, in lane: Int) {
    let last = lanes[lane].removeLast()
    guard Int(place) < lanes[lane].count else { return }
    lanes[lane][Int(place)] = last
    guard let slot = slots[last.address] else { preconditionFailure("a lane holds peers") }
    slab[slot].place = place
  }

  private mutating func appendNewest(_ slot: UInt32) {
    slab[slot].older = newest
    slab[slot].newer = nil
    if let newest { slab[newest].newer = slot } else { oldest = slot }
    newest = slot
  }

  private mutating func unlink(_ slot: UInt32) {
    let (older, newer) = (slab[slot].older, slab[slot].newer)
    if let older { slab[older].newer = newer } else { oldest = newer }
    if let newer { slab[newer].older = older } else { newest = older }
  }
}
