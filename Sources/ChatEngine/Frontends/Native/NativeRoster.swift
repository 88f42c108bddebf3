/// Who is here, as PRESENT messages: written once, and copied for each newcomer.
///
/// Follows the hub's events, so that a crowd that joins costs no walk over all members for each of
/// them. Who leaves makes the list stale; it is then written anew for the next newcomer. What
/// always holds: with `isStale` false everybody is in it once whose joining was told and whose
/// leaving was not, and besides those that are `early`.
struct NativeRoster {
  /// Messages of `Limits.presentPerMessage` people.
  private var messages: [UInt8] = []
  private var fullMessages = 0
  /// The people of the last message, which is not full.
  private var people: [UInt8] = []
  private var count = 0
  /// Those on the list whose joining is not told yet.
  private var early: Set<MemberID> = []
  private var isStale = false

  /// Takes notice of who came and went.
  mutating func note(_ event: HubEvent) {
    switch event.kind {
    case .joined: if early.remove(event.member) == nil { append(event.member, event.name) }
    case .left: isStale = true
    case .said, .showed, .topic: break
    }
  }

  /// Adds a newcomer, whose joining is told after this.
  mutating func add(_ member: MemberID, _ name: MemberName) {
    append(member, name)
    early.insert(member)
  }

  /// Writes the list anew where that is needed; to be called before it is copied.
  mutating func refresh(from hub: borrowing Hub, room: RoomID = .lobby) {
    if !isStale { return }
    self = NativeRoster()
    hub.forEachMember(of: room) { append($0, $1) }
    // Who is heard of yet is on the list: also who has left, and whose leaving waits to be told.
    hub.forEachWaiting { event in
      guard event.room == room else { return }
      switch event.kind {
      case .joined: early.insert(event.member)
      case .left: append(event.member, event.name)
      case .said, .showed, .topic: break
      }
    }
  }

  private mutating func append(_ member: MemberID, _ name: MemberName) {
    if isStale { return }
    NativeReply.Present(member: NativeFrontend.number(of: member), name: name.text)
      .append(to: &people)
    count += 1
    if count == Limits.presentPerMessage {
      NativeReply.appendPresent(count, people, to: &messages)
      people.removeAll(keepingCapacity: true)
      fullMessages += 1
      count = 0
    }
  }

  /// How many messages `append` appends.
  var messageCount: Int { fullMessages + (count > 0 ? 2 : 1) }

  /// Appends the messages, the empty one that ends the list among them.
  func append(to bytes: inout [UInt8]) {
    bytes += messages
    if count > 0 { NativeReply.appendPresent(count, people, to: &bytes) }
    NativeReply.appendPresent(0, [], to: &bytes)
  }
}
