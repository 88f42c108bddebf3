/// Keeps what arrived in order while a picture is being looked at beside the loop: what came after
/// it waits for it.
struct ArrivalOrder {
  private enum Slot {
    case event(JoinEvent)
    case picture
  }

  private var slots: [Slot] = []

  /// How much waits.
  var count: Int { slots.count }

  /// Something arrived that can be shown at once.
  ///
  /// - Returns: what is to be shown now.
  mutating func add(_ event: JoinEvent) -> [JoinEvent] {
    if slots.isEmpty { return [event] }
    slots.append(.event(event))
    return []
  }

  /// A picture arrived; `finish` follows.
  mutating func addPicture() { slots.append(.picture) }

  /// The picture that arrived first is ready.
  ///
  /// - Returns: what is to be shown now.
  mutating func finish(_ picture: JoinEvent) -> [JoinEvent] {
    var ready = [picture]
    slots.removeFirst()
    while case .event(let event)? = slots.first {
      ready.append(event)
      slots.removeFirst()
    }
    return ready
  }
}
