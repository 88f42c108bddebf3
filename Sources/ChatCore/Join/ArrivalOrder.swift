import ChatEngine

/// Something that a person who joined is shown: where it happened, and when.
struct Arrival {
  /// Nil for what is about the session, or this program, and no room.
  var room: RoomName?
  /// In milliseconds since 1970: by the server's clock where that is known.
  var time: Int64
  var event: JoinEvent
}

/// Keeps what arrived in order: an event waits for a picture before it that is still being looked
/// at beside the loop, and for a screen that takes no more.
struct ArrivalOrder {
  private enum Slot {
    case arrival(Arrival)
    case picture(RoomName)
  }

  private var slots: [Slot] = []
  private var slotsTaken = 0

  /// How much waits.
  var count: Int { slots.count - slotsTaken }

  /// Something arrived that can be shown.
  mutating func add(_ arrival: Arrival) { slots.append(.arrival(arrival)) }

  /// A picture arrived; `finish` follows.
  mutating func addPicture(in room: RoomName) { slots.append(.picture(room)) }

  /// The picture that arrived first, of those that were not finished, is ready.
  mutating func finish(_ picture: JoinEvent, at time: Int64) {
    for index in slots.indices.dropFirst(slotsTaken) {
      guard case .picture(let room) = slots[index] else { continue }
      slots[index] = .arrival(Arrival(room: room, time: time, event: picture))
      return
    }
    preconditionFailure("a picture that never arrived")
  }

  /// Takes what is to be shown next; nil while that is not ready, or where nothing waits.
  mutating func next() -> Arrival? {
    guard slotsTaken < slots.count, case .arrival(let arrival) = slots[slotsTaken] else {
      return nil
    }
    slotsTaken += 1
    if slotsTaken == slots.count {
      slots.removeAll(keepingCapacity: true)
      slotsTaken = 0
    }
    return arrival
  }
}
