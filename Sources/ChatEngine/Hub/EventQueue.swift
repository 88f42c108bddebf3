/// What happened and was not told yet, in order, and what of it still has to be kept.
///
/// A message goes three ways one after the other: it waits, it is put into a batch that is written
/// to disk, and it is let go to be told. One batch is out at a time, so what comes meanwhile makes
/// up the next, and the busier the server, the more is written at once. What always holds: events
/// are told in the order in which they happened; no message is told before it is kept, where
/// messages are kept; bodies lie side by side and are copied once.
struct EventQueue {
  private var events: [HubEvent] = []
  /// How many of `events` were told, may be told, and were put into a batch or need none.
  private var told = 0
  private var free = 0
  private var batched = 0
  /// How many that were told are no longer in `events`.
  private var droppedCount: UInt64 = 0
  /// Whether a batch is out.
  private var isOut = false

  /// The texts and JPEGs of the events that are not told yet.
  private(set) var bytes: [UInt8] = []
  /// The position of the first of them.
  private var base: UInt64 = 0

  var isEmpty: Bool { told == events.count }
  /// How many events were told in all, and how many there were.
  var toldCount: UInt64 { droppedCount + UInt64(told) }
  var count: UInt64 { droppedCount + UInt64(events.count) }

  /// How much waits to be kept: what its caller bounds.
  var waitingBytes: Int { free == events.count ? 0 : bytes.count }

  /// Where an event's body lies in `bytes`.
  func place(of event: HubEvent) -> Range<Int> {
    Int(event.body.lowerBound - base)..<Int(event.body.upperBound - base)
  }

  /// Copies a body.
  mutating func keep(_ body: Span<UInt8>) -> Range<UInt64> {
    let start = base + UInt64(bytes.count)
    body.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    return start..<start + UInt64(body.count)
  }

  mutating func append(_ event: HubEvent) { events.append(event) }

  /// The oldest event that may be told and was not yet. When there is none, its caller has told all
  /// that it was given, and bodies that nobody needs any more go.
  mutating func next() -> HubEvent? {
    if told < free {
      told += 1
      return events[told - 1]
    }
    dropTold()
    return nil
  }

  private mutating func dropTold() {
    if told == 0 { return }
    let before = events.count
    defer { droppedCount += UInt64(before - events.count) }
    if told == events.count {
      base += UInt64(bytes.count)
      events.removeAll(keepingCapacity: true)
      bytes.removeAll(keepingCapacity: true)
    } else if told >= events.count / 2 {
      let start = events[told].body.lowerBound
      bytes.removeFirst(Int(start - base))
      base = start
      events.removeFirst(told)
    } else {
      return
    }
    free -= told
    batched -= told
    told = 0
  }

  /// Lets everything go at once: nothing is kept.
  mutating func releaseAll() {
    (free, batched) = (events.count, events.count)
  }

  /// Lets notices go that wait for no message.
  mutating func releaseNotices() {
    if isOut { return }
    while free < events.count, !events[free].isToBeKept { free += 1 }
    batched = max(batched, free)
  }

  /// Puts what waits into a batch, if none is out. What comes before the first message needs no
  /// keeping, and is let go.
  ///
  /// - Returns: where the batch's events stand, notices among them; empty where there is no batch.
  mutating func beginBatch() -> Range<Int> {
    if isOut { return 0..<0 }
    releaseNotices()
    batched = events.count
    isOut = free < batched
    return free..<batched
  }

  /// The batch that was out is kept, or it is not: then its messages have failed.
  mutating func endBatch(_ failure: StoreFailure?) {
    precondition(isOut, "no batch is out")
    isOut = false
    if let failure {
      for index in free..<batched where events[index].isToBeKept {
        events[index].number = 0
        events[index].failure = failure
      }
    }
    free = batched
  }

  /// Where the events of the batch that is out stand.
  var batch: Range<Int> { isOut ? free..<batched : 0..<0 }

  subscript(_ index: Int) -> HubEvent {
    get { events[index] }
    _modify { yield &events[index] }
  }

  /// Calls `body` with each event that was not told yet, in order.
  func forEachWaiting(_ body: (HubEvent) -> Void) { events[told...].forEach(body) }
}
