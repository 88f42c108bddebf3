/// The chat itself: who is here, under which name, and what happened.
///
/// Owns the members and their names, and what was said until all events were taken. In come
/// commands from front ends, out go events, in the order in which they happened; a front end
/// renders each for its own clients. The hub knows no address, no socket and no dialect. What
/// always holds: every member has one name, no two members have the same, and each member's leaving
/// is one event.
public struct Hub {
  private struct Member {
    var name: MemberName
    var speech = RateLimiter()
    var generation: UInt32
  }

  public enum Refusal: Error, Equatable {
    case nameTaken
    case full
  }

  /// Why something that a member said is not passed on.
  public enum SpeechRefusal: Error, Equatable {
    /// More than the member's budget allows.
    case tooFast
    case picture(JPEGHeader.Fault)
  }

  /// What to do with a newcomer whose name someone has.
  public enum TakenName: Sendable {
    case refuse
    /// Let in as `NAME-2`, `NAME-3` …
    case number
  }

  private var members: Slab<Member>
  private var names: [MemberName: MemberID] = [:]
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
  public mutating func join(
    _ wanted: MemberName, ifTaken: TakenName
  ) throws(Refusal) -> MemberID {
    if members.isFull { throw .full }
    guard let name = names[wanted] == nil ? wanted : number(wanted, ifTaken) else {
      throw .nameTaken
    }
    nextGeneration &+= 1
    guard let slot = members.insert(Member(name: name, generation: nextGeneration)) else {
      preconditionFailure("there was room")
    }
    let id = MemberID(slot: slot, generation: nextGeneration)
    names[name] = id
    events.append(HubEvent(member: id, name: name, kind: .joined))
    return id
  }

  /// A member says a text.
  public mutating func say(
    _ member: MemberID, _ text: Span<UInt8>, at now: Instant
  ) throws(SpeechRefusal) {
    try takeSpeech(of: member, at: now)
    events.append(HubEvent(member: member, name: name(of: member), kind: .said(keep(text))))
  }

  /// A member shows a picture. One that may not be passed on costs as much of the member's budget
  /// as one that may.
  public mutating func show(
    _ member: MemberID, _ jpeg: Span<UInt8>, at now: Instant
  ) throws(SpeechRefusal) {
    try takeSpeech(of: member, at: now)
    do throws(JPEGHeader.Fault) {
      let header = try JPEGHeader.relayable(jpeg)
      events.append(
        HubEvent(member: member, name: name(of: member), kind: .showed(keep(jpeg), header)))
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
    names[name] = nil
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

  private func number(_ wanted: MemberName, _ ifTaken: TakenName) -> MemberName? {
    guard ifTaken == .number else { return nil }
    for number in 2...Limits.nameNumberMax {
      if let name = wanted.numbered(number), names[name] == nil { return name }
    }
    return nil
  }
}

/// A member for as long as it stays; a slot that is used again has another generation.
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
    case joined
    case said(Range<Int>)
    case showed(Range<Int>, JPEGHeader)
    case left(DepartureReason)
  }

  public var member: MemberID
  public var name: MemberName
  public var kind: Kind
}
