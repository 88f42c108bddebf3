/// What happened, as front ends are told of it, and what of it is kept before.
extension Hub {
  /// The oldest event that may be told and was not yet. When there is none, the bodies of those
  /// that were told go.
  public mutating func nextEvent() -> HubEvent? {
    if keepsHistory { queue.releaseNotices() } else { queue.releaseAll() }
    // What it was told of could be looked up until now.
    if let room = lastTold.take() { rooms.forgetIfUnused(room) }
    guard let event = queue.next() else { return nil }
    rooms[event.room].untoldEvents -= 1
    if event.number > 0 { rooms[event.room].untoldNumbers -= 1 }
    if event.kind == .topic, event.failure == nil {
      rooms[event.room].topic = String(decoding: bytes[place(of: event)], as: UTF8.self)
    }
    lastTold = event.room
    return event
  }

  mutating func number(_ event: inout HubEvent) {
    latest = max(latest, event.time.unixMilliseconds)
    event.time.unixMilliseconds = latest
    event.number = rooms[event.room].nextNumber
    rooms[event.room].nextNumber += 1
    rooms[event.room].untoldNumbers += 1
  }

  /// What `place` names parts of: texts and JPEGs that are not told yet, each copied once. What its
  /// caller commands before it takes the events, and how much it lets wait, bounds it.
  public var bytes: [UInt8] { queue.bytes }

  /// Where the body of an event that was taken last lies in `bytes`.
  public func place(of event: HubEvent) -> Range<Int> { queue.place(of: event) }

  /// Calls `body` with each event that was not told yet, in order.
  public func forEachWaiting(_ body: (HubEvent) -> Void) { queue.forEachWaiting(body) }

  /// How many events there were, and how many of them were told.
  public var eventCount: UInt64 { queue.count }
  public var toldCount: UInt64 { queue.toldCount }

  // MARK: Keeping

  /// How many bytes of messages wait to be kept.
  public var waitingBytes: Int { queue.waitingBytes }

  /// What is to be kept next, if no batch is out: all messages that wait, which get their numbers,
  /// and the names that were claimed or used.
  public mutating func takeBatch(at now: Instant) -> StoreBatch? {
    // It is asked for in every turn, and must cost nothing where nothing is kept.
    if isBatchOut || !keepsHistory && !hasClaims { return nil }
    var batch = StoreBatch(id: nextBatch)
    if keepsHistory { addMessages(to: &batch) }
    if now >= claimsHeldUntil || !batch.isEmpty {
      claims += owners.takeClaims()
      claims.removeFirst(max(0, claims.count - Limits.claimsWaitingMax))
      batch.names = claims
    }
    if batch.isEmpty { return nil }
    nextBatch += 1
    isBatchOut = true
    return batch
  }

  private var hasClaims: Bool { !claims.isEmpty || owners.hasClaims }

  private mutating func addMessages(to batch: inout StoreBatch) {
    var senders: [ClientProgram: Int] = [:]
    for index in queue.beginBatch() where queue[index].isToBeKept {
      var event = queue[index]
      number(&event)
      queue[index] = event
      batch.add(
        event, in: rooms[event.room].name, bytes.span.array(queue.place(of: event)))
      guard let sender = StoreBatch.Sender(of: event) else { continue }
      let place = senders[sender.program, default: batch.senders.count]
      senders[sender.program] = place
      if place == batch.senders.count { batch.senders.append(sender) }
      batch.senders[place].merge(sender)
    }
  }

  /// The batch that is out is kept, and its messages may be told; or it is not, and they have
  /// failed: their numbers are given again.
  public mutating func settleBatch(_ failure: StoreFailure? = nil, at now: Instant) {
    precondition(isBatchOut, "no batch is out")
    isBatchOut = false
    if failure == nil {
      claims = []
    } else {
      claimsHeldUntil = now + .seconds(Limits.claimsGapSeconds)
      for index in queue.batch.reversed() where queue[index].isToBeKept {
        rooms[queue[index].room].nextNumber = queue[index].number
        rooms[queue[index].room].untoldNumbers -= 1
      }
    }
    if !queue.batch.isEmpty { queue.endBatch(failure) }
  }

  /// Whether all that was said is kept.
  public var isKept: Bool { !isBatchOut && queue.waitingBytes == 0 }

  /// Whether all was told that happened, and all is kept that is to be.
  public var isSettled: Bool { !isBatchOut && queue.isEmpty }
}
