import ChatEngine

/// What is going to happen, and when: the virtual clock of a simulation.
///
/// A binary heap. What is due at the same instant happens in the order in which it was put in, so
/// that a run depends on nothing but its seed.
struct EventQueue<Event> {
  private struct Entry {
    var at: Instant
    var order: UInt64
    var event: Event

    func precedes(_ other: Entry) -> Bool { (at, order) < (other.at, other.order) }
  }

  private var heap: [Entry] = []
  private var nextOrder: UInt64 = 0
  /// When the last event that was taken happened.
  private(set) var now: Instant

  init(from start: Instant) { now = start }

  var isEmpty: Bool { heap.isEmpty }
  var nextAt: Instant? { heap.first?.at }

  /// Puts in an event; one of the past happens now.
  mutating func insert(_ event: Event, at instant: Instant) {
    heap.append(Entry(at: max(instant, now), order: nextOrder, event: event))
    nextOrder += 1
    var index = heap.count - 1
    while index > 0 {
      let parent = (index - 1) / 2
      guard heap[index].precedes(heap[parent]) else { break }
      heap.swapAt(index, parent)
      index = parent
    }
  }

  /// Moves the clock to the next event and takes it.
  mutating func next() -> Event? {
    guard let first = heap.first else { return nil }
    now = first.at
    let last = heap.removeLast()
    if heap.isEmpty { return first.event }
    heap[0] = last
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < heap.count && heap[child].precedes(heap[least]) {
        least = child
      }
      if least == index { return first.event }
      heap.swapAt(index, least)
      index = least
    }
  }
}
