/// A room: its name, what it is about, and who is in it.
struct Room {
  let name: RoomName
  var generation: UInt32
  var topic = ""
  /// The number of the next message.
  var nextNumber: UInt64 = 1
  /// Events of it that were not told yet, and the messages among them that have their numbers.
  var untoldEvents = 0
  var untoldNumbers: UInt64 = 0
  /// In no order that means anything.
  private(set) var members: [MemberID] = []

  init(name: RoomName, generation: UInt32) { (self.name, self.generation) = (name, generation) }

  /// Adds a member that is not in the room.
  ///
  /// - Returns: where it stands.
  mutating func add(_ member: MemberID) -> UInt32 {
    members.append(member)
    return UInt32(members.count - 1)
  }

  /// Takes away the member that stands at `place`.
  ///
  /// - Returns: who stands there now, if anybody does.
  mutating func remove(at place: UInt32) -> MemberID? {
    let last = members.removeLast()
    if Int(place) == members.count { return nil }
    members[Int(place)] = last
    return last
  }
}

/// All rooms that the server knows.
///
/// What always holds: the lobby is there, in slot 0; no two rooms have the same name; a room that
/// nobody is in, in which nothing was ever said, is forgotten.
struct Rooms {
  private var rooms: Slab<Room>
  private var ids: [RoomName: RoomID] = [:]
  private var nextGeneration: UInt32 = 1

  init() {
    rooms = Slab(capacity: Limits.roomsMax)
    _ = rooms.insert(Room(name: .lobby, generation: RoomID.lobby.generation))
    ids[.lobby] = .lobby
  }

  func id(of name: RoomName) -> RoomID? { ids[name] }

  /// The room of a name, made where there is none; nil where there are as many as may be.
  mutating func make(_ name: RoomName) -> RoomID? {
    if let known = ids[name] { return known }
    guard let slot = rooms.insert(Room(name: name, generation: nextGeneration)) else { return nil }
    let id = RoomID(slot: slot, generation: nextGeneration)
    nextGeneration &+= 1
    ids[name] = id
    return id
  }

  subscript(_ id: RoomID) -> Room {
    get {
      precondition(rooms[id.slot].generation == id.generation, "a room that is gone")
      return rooms[id.slot]
    }
    _modify {
      precondition(rooms[id.slot].generation == id.generation, "a room that is gone")
      yield &rooms[id.slot]
    }
  }

  /// Forgets a room of which nothing is to be remembered.
  mutating func forgetIfUnused(_ id: RoomID) {
    let room = self[id]
    guard id != .lobby, room.members.isEmpty, room.nextNumber == 1, room.untoldEvents == 0
    else { return }
    rooms.remove(id.slot)
    ids[room.name] = nil
  }

  func forEachRoom(_ body: (RoomID, Room) -> Void) {
    rooms.forEachSlot { slot, room in body(RoomID(slot: slot, generation: room.generation), room) }
  }
}
