/// Keeps what arrived in order: an event waits for a picture before it that is still being looked
/// at beside the loop, and for a screen that takes no more.
struct ArrivalOrder {
  private enum Slot {
    case event(JoinEvent)
    case picture
  }

  private var slots: [Slot] = []
  private var slotsTaken = 0

  /// How much waits.
  var count: Int { slots.count - slotsTaken }

  /// Something arrived that can be shown.
  mutating func add(_ event: JoinEvent) { slots.append(.event(event)) }

  /// A picture arrived; `finish` follows.
  mutating func addPicture() { slots.append(.picture) }

  /// The picture that arrived first, of those that were not finished, is ready.
  mutating func finish(_ picture: JoinEvent) {
    let first = slots.indices.dropFirst(slotsTaken).first { index in
      if case .picture = slots[index] { return true }
      return false
    }
    guard let first else { preconditionFailure("a picture that never arrived") }
    slots[first] = .event(picture)
  }

  /// Takes what is to be shown next; nil while that is not ready, or where nothing waits.
  mutating func next() -> JoinEvent? {
    guard slotsTaken < slots.count, case .event(let event) = slots[slotsTaken] else { return nil }
    slotsTaken += 1
    if slotsTaken == slots.count {
      slots.removeAll(keepingCapacity: true)
      slotsTaken = 0
    }
    return event
  }
}
