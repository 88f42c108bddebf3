/// How native clients come into rooms besides the lobby, and leave them.
extension NativeFrontend {
  /// Lets a session follow a room on a channel that it chose.
  mutating func enter(_ enter: NativeRequest.Enter, _ peer: NativePeer, _ turn: inout Turn) {
    guard let member = peer.member else { return peer.session.fail("ENTER before JOIN") }
    let name: RoomName
    do throws(RoomName.Fault) {
      name = try RoomName(enter.room)
    } catch {
      return refuse(enter, error.text, peer)
    }
    if name == .lobby { return refuse(enter, "everybody is in the lobby", peer) }
    if let known = turn.hub.room(name), peer.stay(in: known) != nil {
      return refuse(enter, "you are in \(name) already", peer)
    }
    do throws(Hub.RoomRefusal) {
      let room = try turn.hub.enter(member, name, at: turn.time)
      attach(peer, member, to: room, enter, turn.hub)
      turn.output.record(
        LogRecord(
          .debug, "entered",
          [
            ("name", .text(turn.hub.name(of: member).text)), ("room", .text(name.text)),
            ("address", .text(peer.session.address.description)),
          ]))
    } catch {
      refuse(enter, error.text, peer)
    }
  }

  private func refuse(_ enter: NativeRequest.Enter, _ words: String, _ peer: NativePeer) {
    NativeReply.notEntered(channel: enter.channel, words: words).send(on: &peer.session)
  }

  private mutating func attach(
    _ peer: NativePeer, _ member: MemberID, to id: RoomID, _ enter: NativeRequest.Enter,
    _ hub: borrowing Hub
  ) {
    var room = follow(id)
    if room.count(member) { room.roster.add(member, hub.name(of: member)) }
    let objectsEnd = sources.objects.end
    let resumed = enter.last.flatMap { room.log.position(after: $0, objectsEnd: objectsEnd) }
    let from = room.log.end(objectsEnd: objectsEnd)
    let next = resumed == nil ? from.seq : enter.last! + 1
    guard
      peer.session.open(
        enter.channel, room: id.slot, from: resumed?.talk ?? from.place.talk)
    else { return peer.session.fail("channel \(enter.channel)") }
    peer.stays.list.append(
      NativePeer.Stay(room: id, channel: enter.channel, place: room.add(peer.slot)))
    NativeReply.entered(
      NativeReply.Entered(
        channel: enter.channel, isResumed: resumed != nil, next: next,
        nextNumber: hub.nextNumber(in: id), topic: hub.topic(of: id))
    ).send(on: &peer.session)
    room.roster.refresh(from: hub, room: id)
    let roster = room.roster
    peer.session.sendControl(messages: roster.messageCount) { roster.append(to: &$0) }
    rooms[Int(id.slot)] = room
  }

  /// The room as native clients follow it, which begins with the first of them.
  private mutating func follow(_ id: RoomID) -> NativeRoom {
    let slot = Int(id.slot)
    if rooms.count <= slot {
      rooms += repeatElement(nil, count: slot + 1 - rooms.count)
      sources.rooms += repeatElement(ByteLog(), count: rooms.count - sources.rooms.count)
    }
    if let known = rooms[slot], known.id == id { return known }
    sources.rooms[slot] = ByteLog()
    return NativeRoom(id)
  }

  /// Takes a session out of a room, as it asked for.
  mutating func part(_ channel: UInt64, _ peer: NativePeer, _ turn: inout Turn) {
    guard let member = peer.member,
      let index = peer.stays.list.firstIndex(where: { $0.channel == channel })
    else { return }
    let stay = peer.stays.list.remove(at: index)
    leave(stay, peer, member, .said, &turn)
    peer.session.closeSide(channel)
    NativeReply.parted(channel: channel).send(on: &peer.session)
  }

  /// Takes a session that ends out of all its rooms.
  mutating func leaveRooms(
    _ peer: NativePeer, _ member: MemberID, _ reason: DepartureReason, _ turn: inout Turn
  ) {
    guard peer.$stays else { return }
    for stay in peer.stays.list { leave(stay, peer, member, reason, &turn) }
    peer.stays.list.removeAll()
  }

  private mutating func leave(
    _ stay: NativePeer.Stay, _ peer: NativePeer, _ member: MemberID, _ reason: DepartureReason,
    _ turn: inout Turn
  ) {
    let slot = Int(stay.room.slot)
    if let moved = rooms[slot]?.remove(at: stay.place), let other = peers.existing(moved) {
      other.setPlace(in: stay.room, stay.place)
    }
    if rooms[slot]?.uncount(member) == true {
      turn.hub.part(member, from: stay.room, reason, at: turn.time)
    }
  }
}
