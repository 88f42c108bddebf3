/// The chat itself: who is here, in which rooms, under which name, and what happened.
///
/// Owns the members and their names, the rooms, and what was said until every front end was told.
/// In come commands from front ends, out go events, in the order in which they happened, and
/// batches of messages to be kept; a front end renders each event for its clients. The hub knows no
/// address, no socket and no dialect. What always holds: every member has one name, no two members
/// have the same, each member's leaving is one event in each of its rooms, a name that belongs to a
/// key is nobody else's, and the messages of a room are numbered from 1 without gaps.
public struct Hub {
  private struct Member {
    var name: MemberName
    /// The key by which it can be present more than once.
    var owner: PublicKey?
    var speech = RateLimiter()
    var generation: UInt32
    /// Where it stands among those in the lobby, where everybody is.
    var lobbyPlace: UInt32 = 0
    /// Where it is besides, in the order in which it entered.
    var rooms: [Stay] = []

    struct Stay {
      var room: RoomID
      /// Where it stands among the room's members.
      var place: UInt32
    }

    func isIn(_ room: RoomID) -> Bool {
      room == .lobby || rooms.contains { $0.room == room }
    }
  }

  public enum Refusal: Error, Equatable {
    case nameTaken
    /// It belongs to a key that is not the newcomer's.
    case nameOwned
    case badName(MemberName.Fault)
    case full
  }

  /// Why somebody is not let into a room.
  public enum RoomRefusal: Error, Equatable {
    /// There are as many rooms as may be.
    case tooManyRooms
    /// The member is in as many rooms as it may be.
    case tooManyOwn

    /// One line for a person.
    public var text: String {
      switch self {
      case .tooManyRooms: "there are \(Limits.roomsMax) rooms, and no more are made"
      case .tooManyOwn: "you are in \(Limits.roomsPerMemberMax) rooms, and no more may be entered"
      }
    }
  }

  /// Why something that a member said is not passed on.
  public enum SpeechRefusal: Error, Equatable {
    /// More than the member's budget allows.
    case tooFast
    case notInRoom
    case topicTooLong
    case picture(JPEGHeader.Fault)

    /// One line for a person.
    public var text: String {
      switch self {
      case .tooFast: "you are sending too fast"
      case .notInRoom: "you are not in that room"
      case .topicTooLong: "a topic has at most \(Limits.topicBytesMax) bytes"
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
  var owners = NameOwners()
  private var nextGeneration: UInt32 = 0
  var rooms = Rooms()
  var queue = EventQueue()
  /// The room of the event that was told last.
  var lastTold: RoomID?
  var nextBatch: UInt64 = 1
  var isBatchOut = false
  /// Names that are not kept yet, and until when that is not tried again.
  var claims: [NameOwners.Owned] = []
  var claimsHeldUntil = Instant(nanoseconds: 0)
  /// The time of the latest message: times do not go back in a room.
  var latest: Int64 = 0
  private let speechRate: Rate
  let keepsHistory: Bool

  /// - Parameter keepsHistory: whether messages are told only once they are kept.
  public init(clientsMax: Int, speechRate: Rate, keepsHistory: Bool = false) {
    members = Slab(capacity: clientsMax)
    (self.speechRate, self.keepsHistory) = (speechRate, keepsHistory)
  }

  public var memberCount: Int { members.count }
  /// Whether there are as many members as may be.
  public var isFull: Bool { members.isFull }

  public func name(of member: MemberID) -> MemberName {
    check(member)
    return members[member.slot].name
  }

  // MARK: Coming and going

  /// Lets someone in, into the lobby.
  ///
  /// - Parameters:
  ///   - owner: the newcomer's key. Where a member of this name and key is here already, the
  ///     newcomer is that member, too.
  ///   - isBack: whether the newcomer says that it was here before.
  public mutating func join(
    _ wanted: MemberName, owner: PublicKey? = nil, isBack: Bool = false, ifTaken: TakenName,
    at time: TurnTime
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
    members[slot].lobbyPlace = rooms[.lobby].add(id)
    add(.joined(isBack: isBack), in: .lobby, by: id, at: time)
    return id
  }

  /// Takes a member out of all its rooms.
  public mutating func leave(_ member: MemberID, _ reason: DepartureReason, at time: TurnTime) {
    check(member)
    for stay in members[member.slot].rooms { part(member, from: stay.room, reason, at: time) }
    add(.left(reason), in: .lobby, by: member, at: time)
    let place = members[member.slot].lobbyPlace
    if let moved = rooms[.lobby].remove(at: place) { members[moved.slot].lobbyPlace = place }
    names[members.remove(member.slot).name.key] = nil
  }

  /// Lets a member into a room, which is made where there is none. Who is in it already stays.
  public mutating func enter(
    _ member: MemberID, _ name: RoomName, at time: TurnTime
  ) throws(RoomRefusal) -> RoomID {
    check(member)
    if let known = rooms.id(of: name), members[member.slot].isIn(known) { return known }
    guard members[member.slot].rooms.count < Limits.roomsPerMemberMax else { throw .tooManyOwn }
    guard let room = rooms.make(name) else { throw .tooManyRooms }
    let place = rooms[room].add(member)
    members[member.slot].rooms.append(Member.Stay(room: room, place: place))
    add(.joined(isBack: false), in: room, by: member, at: time)
    return room
  }

  /// Takes a member out of a room that it is in, and that is not the lobby.
  public mutating func part(
    _ member: MemberID, from room: RoomID, _ reason: DepartureReason, at time: TurnTime
  ) {
    check(member)
    let stays = members[member.slot].rooms
    guard let index = stays.firstIndex(where: { $0.room == room }) else { return }
    members[member.slot].rooms.remove(at: index)
    if let moved = rooms[room].remove(at: stays[index].place) {
      setPlace(of: moved, in: room, stays[index].place)
    }
    add(.left(reason), in: room, by: member, at: time)
  }

  /// A member stands elsewhere among a room's members, since another has gone.
  private mutating func setPlace(of member: MemberID, in room: RoomID, _ place: UInt32) {
    let index = members[member.slot].rooms.firstIndex { $0.room == room }!
    members[member.slot].rooms[index].place = place
  }

  // MARK: Rooms

  public func name(of room: RoomID) -> RoomName { rooms[room].name }
  public func topic(of room: RoomID) -> String { rooms[room].topic }
  public func room(_ name: RoomName) -> RoomID? { rooms.id(of: name) }

  /// The number of the room's next message that is told.
  public func nextNumber(in room: RoomID) -> UInt64 {
    rooms[room].nextNumber - rooms[room].untoldNumbers
  }

  /// Calls `body` with every room that there is, its topic and how many are in it, in no order.
  public func forEachRoom(_ body: (RoomName, _ topic: String, _ memberCount: Int) -> Void) {
    rooms.forEachRoom { body($1.name, $1.topic, $1.members.count) }
  }

  // MARK: Saying

  /// A member says a text in a room.
  ///
  /// - Parameter id: by which its author's program knows it.
  public mutating func say(
    _ member: MemberID, in room: RoomID = .lobby, _ text: Span<UInt8>, isAction: Bool = false,
    id: MessageID? = nil, at time: TurnTime
  ) throws(SpeechRefusal) {
    try takeSpeech(of: member, in: room, at: time)
    add(.said(isAction: isAction), in: room, by: member, text, id: id, at: time)
  }

  /// A member says what a room is about from now on; an empty text takes that away.
  public mutating func setTopic(
    _ member: MemberID, of room: RoomID, _ text: Span<UInt8>, id: MessageID? = nil,
    at time: TurnTime
  ) throws(SpeechRefusal) {
    guard text.count <= Limits.topicBytesMax else { throw .topicTooLong }
    try takeSpeech(of: member, in: room, at: time)
    add(.topic, in: room, by: member, text, id: id, at: time)
  }

  /// When a member may next say something; not after now where it may at once.
  public func nextSpeech(of member: MemberID) -> Instant {
    check(member)
    return members[member.slot].speech.nextTake(speechRate)
  }

  /// A member shows a picture. One that may not be passed on costs as much of the member's budget
  /// as one that may.
  ///
  /// - Parameter hash: its BLAKE2b-256, where that is known already.
  public mutating func show(
    _ member: MemberID, in room: RoomID = .lobby, _ jpeg: Span<UInt8>, hash: [UInt8]? = nil,
    id: MessageID? = nil, at time: TurnTime
  ) throws(SpeechRefusal) {
    try takeSpeech(of: member, in: room, at: time)
    do throws(JPEGHeader.Fault) {
      let header = try JPEGHeader.relayable(jpeg)
      add(.showed(header, hash: hash), in: room, by: member, jpeg, id: id, at: time)
    } catch {
      throw .picture(error)
    }
  }

  /// What a member said cannot be passed on; its author is told so when all is told that it said
  /// before.
  public mutating func refuse(
    _ member: MemberID, id: MessageID, _ reason: String, at time: TurnTime
  ) {
    check(member)
    add(
      .said(isAction: false), in: .lobby, by: member, id: id, failure: StoreFailure(reason),
      at: time)
  }

  private mutating func takeSpeech(
    of member: MemberID, in room: RoomID, at time: TurnTime
  ) throws(SpeechRefusal) {
    check(member)
    guard members[member.slot].isIn(room) else { throw .notInRoom }
    guard members[member.slot].speech.take(speechRate, at: time.instant) else { throw .tooFast }
  }

  private mutating func add(
    _ kind: HubEvent.Kind, in room: RoomID, by member: MemberID,
    _ body: Span<UInt8> = Span(), id: MessageID? = nil, failure: StoreFailure? = nil,
    at time: TurnTime
  ) {
    let author = members[member.slot]
    var event = HubEvent(
      kind: kind, room: room, member: member, name: author.name, owner: author.owner,
      time: time.wall, id: id, failure: failure, body: queue.keep(body))
    if !keepsHistory, event.isToBeKept { number(&event) }
    rooms[room].untoldEvents += 1
    queue.append(event)
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

  /// Calls `body` with every member of a room and its name.
  public func forEachMember(of room: RoomID = .lobby, _ body: (MemberID, MemberName) -> Void) {
    for member in rooms[room].members { body(member, members[member.slot].name) }
  }

  // MARK: Owned names

  /// Remembers a room that was there before the server was started.
  public mutating func restore(_ kept: KeptRoom) {
    guard let id = rooms.make(kept.name) else { return }
    rooms[id].topic = kept.topic
    rooms[id].nextNumber = kept.nextNumber
  }

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
}
