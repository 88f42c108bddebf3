/// The chat itself: who is here, under which name, and what happened.
///
/// Owns the members and their names, and what was said until all events were taken. In come
/// commands from front ends, out go events, in the order in which they happened; a front end
/// renders each for its own clients. The hub knows no address, no socket and no dialect. What
/// always holds: every member has one name, no two members have the same, each member's leaving is
/// one event, and a name that belongs to a key is nobody else's.
public struct Hub {
  private struct Member {
    var name: MemberName
    /// The key by which it can be present more than once.
    var owner: PublicKey?
    var speech = RateLimiter()
    var generation: UInt32
  }

  public enum Refusal: Error, Equatable {
    case nameTaken
    /// It belongs to a key that is not the newcomer's.
    case nameOwned
    case badName(MemberName.Fault)
    case full
  }

  /// Why something that a member said is not passed on.
  public enum SpeechRefusal: Error, Equatable {
    /// More than the member's budget allows.
    case tooFast
    case picture(JPEGHeader.Fault)

    /// One line for a person.
    public var text: String {
      switch self {
      case .tooFast: "you are sending too fast"
      case .picture(let fault): fault.text
      }
    }
  }

  /// What to do with a newcomer whose name someone has.
  public enum TakenName: Sendable {
    case refuse
    /// Let in as `NAME-2`, `NAME-3` …
    case number
  }

  private var members: Slab<Member>
  /// By `MemberName.key`.
  private var names: [String: MemberID] = [:]
  private var owners = NameOwners()
  private var nextGeneration: UInt32 = 0
  private var events: [HubEvent] = []
  private var eventsTaken = 0
  /// What the ranges of the events that were not yet taken are positions in: texts and JPEGs, each
  /// copied once. What its caller commands before it takes the events bounds it.
  public private(set) var bytes: [UInt8] = []
  private let speechRate: Rate

  public init(clientsMax: Int, speechRate: Rate) {
    members = Slab(capacity: clientsMax)
    self.speechRate = speechRate
  }

  public var memberCount: Int { members.count }

  public func name(of member: MemberID) -> MemberName {
    check(member)
    return members[member.slot].name
  }

  // MARK: Commands

  /// Lets someone in.
  ///
  /// - Parameters:
  ///   - owner: the newcomer's key. Where a member of this name and key is here already, the
  ///     newcomer is that member, too.
  ///   - isBack: whether the newcomer says that it was here before.
  public mutating func join(
    _ wanted: MemberName, owner: PublicKey? = nil, isBack: Bool = false, ifTaken: TakenName
  ) throws(Refusal) -> MemberID {
    if let owner, let here = names[wanted.key], members[here.slot].owner == owner { return here }
    if members.isFull { throw .full }
    guard let name = freeName(wanted, owner, ifTaken) else {
      throw owners.admits(owner, to: wanted) ? .nameTaken : .nameOwned
    }
    if let owner, let here = names[name.key], members[here.slot].owner == owner { return here }
    nextGeneration &+= 1
    guard
      let slot = members.insert(
        Member(name: name, owner: owner, generation: nextGeneration))
    else {
      preconditionFailure("there was room")
    }
    let id = MemberID(slot: slot, generation: nextGeneration)
    names[name.key] = id
    events.append(HubEvent(member: id, name: name, kind: .joined(isBack: isBack)))
    return id
  }

  /// A member says a text.
  ///
  /// - Parameter id: by which its author's program knows it.
  public mutating func say(
    _ member: MemberID, _ text: Span<UInt8>, id: MessageID? = nil, at now: Instant
  ) throws(SpeechRefusal) {
    try takeSpeech(of: member, at: now)
    events.append(HubEvent(member: member, name: name(of: member), kind: .said(keep(text), id)))
  }

  /// When a member may next say something; not after now where it may at once.
  public func nextSpeech(of member: MemberID) -> Instant {
    check(member)
    return members[member.slot].speech.nextTake(speechRate)
  }

  /// A member shows a picture. One that may not be passed on costs as much of the member's budget
  /// as one that may.
  public mutating func show(
    _ member: MemberID, _ jpeg: Span<UInt8>, id: MessageID? = nil, at now: Instant
  ) throws(SpeechRefusal) {
    try takeSpeech(of: member, at: now)
    do throws(JPEGHeader.Fault) {
      let header = try JPEGHeader.relayable(jpeg)
      events.append(
        HubEvent(member: member, name: name(of: member), kind: .showed(keep(jpeg), header, id)))
    } catch {
      throw .picture(error)
    }
  }

  private mutating func keep(_ text: Span<UInt8>) -> Range<Int> {
    let start = bytes.count
    text.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    return start..<bytes.count
  }

  private mutating func takeSpeech(
    of member: MemberID, at now: Instant
  ) throws(SpeechRefusal) {
    check(member)
    guard members[member.slot].speech.take(speechRate, at: now) else { throw .tooFast }
  }

  public mutating func leave(_ member: MemberID, _ reason: DepartureReason) {
    check(member)
    let name = members.remove(member.slot).name
    names[name.key] = nil
    events.append(HubEvent(member: member, name: name, kind: .left(reason)))
  }

  // MARK: Events

  /// The oldest event that was not yet taken. When there is none, `bytes` is emptied.
  public mutating func nextEvent() -> HubEvent? {
    if eventsTaken == events.count {
      events.removeAll(keepingCapacity: true)
      bytes.removeAll(keepingCapacity: true)
      eventsTaken = 0
      return nil
    }
    eventsTaken += 1
    return events[eventsTaken - 1]
  }

  /// Who left must not be spoken for: its slot may be another's.
  private func check(_ member: MemberID) {
    precondition(members[member.slot].generation == member.generation, "a member that left")
  }

  /// The name that was wanted, or one with a number that the newcomer may have.
  private func freeName(
    _ wanted: MemberName, _ owner: PublicKey?, _ ifTaken: TakenName
  ) -> MemberName? {
    if isFree(wanted, for: owner) { return wanted }
    guard ifTaken == .number else { return nil }
    for number in 2...Limits.nameNumberMax {
      if let name = wanted.numbered(number), isFree(name, for: owner) { return name }
    }
    return nil
  }

  private func isFree(_ name: MemberName, for owner: PublicKey?) -> Bool {
    guard owners.admits(owner, to: name) else { return false }
    guard let here = names[name.key] else { return true }
    return owner != nil && members[here.slot].owner == owner
  }

  /// Calls `body` with every member and its name.
  public func forEachMember(_ body: (MemberID, MemberName) -> Void) {
    members.forEachSlot { slot, member in
      body(MemberID(slot: slot, generation: member.generation), member.name)
    }
  }

  // MARK: Owned names

  /// Remembers a name that a key owned before the server was started.
  public mutating func restore(_ name: MemberName, ownedBy owner: PublicKey) {
    owners.restore(name, for: owner)
  }

  /// Whether a name belongs to a key.
  public func isOwned(_ name: MemberName) -> Bool { owners.isOwned(name) }

  /// Makes a member's name its key's, or notes that its owner uses it. It is for names that were
  /// chosen: one that was given, with a number, should not be kept from all others.
  ///
  /// - Returns: whether it is its key's now; else it is used without being owned.
  public mutating func own(_ member: MemberID, at now: Instant) -> Bool {
    check(member)
    guard let owner = members[member.slot].owner else { return false }
    let here = names
    return owners.use(members[member.slot].name, by: owner, at: now) { here[$0.key] != nil }
  }

  /// The names that got an owner, or were used by theirs, since this was last asked.
  public mutating func takeClaims() -> [(name: MemberName, owner: PublicKey)] {
    owners.takeClaims()
  }
}

/// A member for as long as it stays. The generation counts everybody who ever joined, modulo 2^32,
/// so it is no other member's, whatever the slot.
public struct MemberID: Hashable, Sendable {
  public var slot: UInt32
  public var generation: UInt32
}

/// Why somebody left. The raw value stands in the log.
public enum DepartureReason: String, Sendable, CaseIterable {
  /// It said so.
  case said
  /// The network says that nobody is there.
  case unreachable
  /// It was not heard for the idle time.
  case idle
}

/// Something that happened. Ranges are positions in the hub's `bytes`.
public struct HubEvent: Sendable {
  public enum Kind: Sendable {
    /// Whether it says that it was here before.
    case joined(isBack: Bool)
    case said(Range<Int>, MessageID?)
    case showed(Range<Int>, JPEGHeader, MessageID?)
    case left(DepartureReason)
  }

  public var member: MemberID
  public var name: MemberName
  public var kind: Kind
}
