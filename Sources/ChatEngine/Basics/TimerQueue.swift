/// Which of many deadlines comes first: a binary heap of instants and the numbers they belong to.
///
/// An entry is never changed or taken out before it is due. Who moves a deadline inserts it again,
/// and looks, when a number comes out, whether something is really due there: an entry may be
/// stale, and a number may stand in the queue more than once. Owners that keep one entry for each
/// number (and insert it again when a deadline that was moved back comes out) bound the queue by
/// the numbers there are. Deadlines that are equal come out in no promised order.
public struct TimerQueue: Sendable {
  private struct Entry {
    var deadline: Instant
    var id: UInt32
  }

  private var heap: [Entry] = []

  public init() {}

  /// With room for so many.
  init(room: Int) { heap.reserveCapacity(room) }

  public var count: Int { heap.count }
  /// How many there is room for.
  var room: Int { heap.capacity }
  /// The earliest deadline.
  public var first: Instant? { heap.first?.deadline }

  public mutating func insert(_ deadline: Instant, _ id: UInt32) {
    heap.append(Entry(deadline: deadline, id: id))
    var index = heap.count - 1
    let entry = heap[index]
    while index > 0 {
      let parent = (index - 1) / 2
      if heap[parent].deadline <= deadline { break }
      heap[index] = heap[parent]
      index = parent
    }
    heap[index] = entry
  }

  /// Takes out the earliest entry if its deadline is not after `now`.
  public mutating func popDue(_ now: Instant) -> UInt32? {
    guard let top = heap.first, top.deadline <= now else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty { sink(last) }
    return top.id
  }

  /// Puts `entry` where the top was, and lets it down to its place.
  private mutating func sink(_ entry: Entry) {
    var index = 0
    while true {
      var child = 2 * index + 1
      if child >= heap.count { break }
      if child + 1 < heap.count, heap[child + 1].deadline < heap[child].deadline { child += 1 }
      if entry.deadline <= heap[child].deadline { break }
      heap[index] = heap[child]
      index = child
    }
    heap[index] = entry
  }
}
