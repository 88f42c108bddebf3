/// A room besides the lobby, as a client is in it.
struct ClientRoom {
  let name: RoomName
  /// Its channel in this session, once it was asked for.
  var channel: UInt64?
  /// Whether the list of who is there is complete, so that events can be told by their names.
  var isListed = false
  /// Whether the server was asked to take this client out of it.
  var isParting = false
  /// Whether the person was told that this client is in.
  var isTold = false
  var hearing = NativeHearing()
}

/// How a native client comes into rooms besides the lobby, and hears what is said there.
extension NativeClient {
  /// Asks to be let into a room; `.entered` or `.notEntered` follows.
  ///
  /// - Returns: false where it is there already, or in as many as may be.
  public func enter(_ room: RoomName, at now: Instant) -> Bool {
    guard room != .lobby, !rooms.contains(where: { $0.name == room }),
      rooms.count < Limits.roomsPerMemberMax
    else { return false }
    rooms.append(ClientRoom(name: room))
    if canSpeak {
      ask(for: rooms.count - 1, goesOn: false)
      flush(at: now)
    }
    return true
  }

  /// Leaves a room; `.parted` follows.
  ///
  /// - Returns: false where it is not there.
  public func part(_ room: RoomName, at now: Instant) -> Bool {
    guard let index = rooms.firstIndex(where: { $0.name == room }) else { return false }
    if rooms[index].isParting { return true }
    if canSpeak, let channel = rooms[index].channel {
      rooms[index].isParting = true
      say(.part(channel: channel))
      flush(at: now)
    } else {
      rooms.remove(at: index)
      events.append(.parted(room))
    }
    return true
  }

  /// Asks for the rooms in a new session. Those that were being left died with the last one.
  ///
  /// - Parameter goesOn: whether the log is the one that was heard before.
  func askForRooms(goesOn: Bool) {
    for room in rooms where room.isParting { events.append(.parted(room.name)) }
    rooms.removeAll(where: \.isParting)
    for index in rooms.indices { ask(for: index, goesOn: goesOn) }
  }

  /// Asks for a room.
  ///
  /// - Parameter goesOn: whether the log is the one that was heard before.
  func ask(for index: Int, goesOn: Bool) {
    rooms[index].channel = session?.expectSide()
    rooms[index].isListed = false
    guard let channel = rooms[index].channel else { return }
    let hearing = rooms[index].hearing
    let last = goesOn && hearing.log != 0 ? hearing.completeThrough : nil
    say(
      .enter(NativeRequest.Enter(channel: channel, room: rooms[index].name.text, last: last)))
  }

  func channel(of room: RoomName) -> UInt64? {
    if room == .lobby { return UInt64(Channel.talk.rawValue) }
    return rooms.first { $0.name == room }?.channel
  }

  func enter(_ entered: NativeReply.Entered) {
    guard let index = rooms.firstIndex(where: { $0.channel == entered.channel }) else { return }
    let name = rooms[index].name
    listing = entered.channel
    var told: [ClientEvent] = []
    let how = rooms[index].hearing.begin(
      NativeHearing.Beginning(
        log: hearing.log, isResumed: entered.isResumed, next: entered.next, name: self.name,
        member: ownMember, nextNumber: keepsHistory ? entered.nextNumber : nil), &told)
    if let missing = rooms[index].hearing.catchUpFrom { beginCatchUp(of: name, after: missing) }
    if rooms[index].isTold {
      if how != .whole { events.append(.inRoom(name, .restored(self.told(how)))) }
    } else {
      rooms[index].isTold = true
      events.append(.entered(name))
    }
    if !entered.isResumed, !entered.topic.isEmpty {
      told.append(.topic(from: nil, text: Array(entered.topic.utf8)))
    }
    tell(told, of: name)
  }

  /// The server says that this client is not in a room, or no longer.
  func leaveRoom(_ channel: UInt64, _ event: ClientRoomEnding, _ words: String) {
    guard let index = rooms.firstIndex(where: { $0.channel == channel }) else { return }
    let room = rooms.remove(at: index)
    session?.forgetSide(channel)
    events.append(event == .parted ? .parted(room.name) : .notEntered(room.name, Array(words.utf8)))
  }

  /// Takes a part of the list of who is in the room that was entered last.
  func note(_ present: [NativeReply.Present], at now: Instant) {
    guard let channel = listing else {
      hearing.note(present, &events)
      if present.isEmpty { beginToHear(at: now) }
      return
    }
    guard let index = rooms.firstIndex(where: { $0.channel == channel }) else { return }
    var told: [ClientEvent] = []
    rooms[index].hearing.note(present, &told)
    if present.isEmpty {
      rooms[index].isListed = true
      rooms[index].hearing.endList(&told)
    }
    tell(told, of: rooms[index].name)
  }

  func takeLog(ofRoom index: Int) {
    guard rooms[index].isListed, let channel = rooms[index].channel else { return }
    var told: [ClientEvent] = []
    if let event = rooms[index].hearing.takeHeld(), session != nil {
      rooms[index].hearing.take(event, ownRun: run, &session!, &told)
    }
    while isHearing, rooms[index].hearing.catchUpFrom == nil,
      let message = session?.takeMessage(side: channel)
    {
      guard let event = NativeEvent(message) else {
        session?.fail("an event of type \(message.first ?? 0)")
        return
      }
      rooms[index].hearing.take(event, ownRun: run, &session!, &told)
    }
    tell(told, of: rooms[index].name)
    if let missing = rooms[index].hearing.takeNewGap() {
      beginCatchUp(of: rooms[index].name, after: missing)
    }
  }

  func tellOfRooms(_ body: (inout NativeHearing, inout [ClientEvent]) -> Void) {
    for index in rooms.indices {
      var told: [ClientEvent] = []
      body(&rooms[index].hearing, &told)
      tell(told, of: rooms[index].name)
    }
  }

  func tell(_ told: [ClientEvent], of room: RoomName) {
    for event in told {
      // What became of this client's own messages is named by their tickets, wherever they are.
      if case .ownMessage = event {
        events.append(event)
      } else {
        events.append(.inRoom(room, event))
      }
    }
  }
}

/// How it ended that a client was in a room.
enum ClientRoomEnding {
  case notEntered
  case parted
}
