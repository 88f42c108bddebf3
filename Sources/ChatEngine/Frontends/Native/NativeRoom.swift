/// A room as native clients follow it.
///
/// Owns its log, the list of who is in it, and which sessions follow it. What always holds: a
/// session that is in the room stands in `joined` once, at the place that its peer knows.
struct NativeRoom {
  let id: RoomID
  var log = NativeLog()
  /// Who is here, as newcomers are told.
  var roster = NativeRoster()
  /// The slots of the peers in it, side by side for the fan-out.
  private(set) var joined: [UInt32] = []
  /// How many sessions of each member are in it, of a room besides the lobby.
  private var sessionCounts: [MemberID: UInt32] = [:]
  /// Whether the log has news for everybody, and when notices that nobody was told of yet are told.
  private(set) var hasNews = false
  private(set) var noticesDue: Instant?
  private var noticesTold: Instant?

  init(_ id: RoomID) { self.id = id }

  // MARK: News

  /// Makes an event of the hub an entry of the log.
  ///
  /// - Parameter objectsEnd: the position behind the newest object.
  mutating func append(
    _ event: HubEvent, _ kind: NativeEvent.Kind, objectsEnd: UInt64, at now: Instant
  ) {
    let message = event.isMessage ? NativeEvent.Message(event) : nil
    log.append(
      NativeEvent(
        seq: log.nextSeq, member: NativeFrontend.number(of: event.member), kind: kind,
        message: message),
      objectsEnd: objectsEnd)
    if event.isMessage { hasNews = true } else { noteNotice(at: now) }
  }

  /// What is in the log is news, though nothing was added.
  mutating func noteMessage() { hasNews = true }

  /// Notices wait for each other when many come, so that a crowd that joins is told of itself in
  /// few datagrams. Talk never waits.
  private mutating func noteNotice(at now: Instant) {
    if log.waitingBytes >= Limits.noticeBytesHigh { hasNews = true }
    if hasNews || noticesDue != nil { return }
    // Each time costs something for each client, so a large crowd is told more rarely.
    let gap =
      Duration.milliseconds(Limits.noticeGapMilliseconds)
      + .microseconds(Limits.noticeGapMicrosecondsPerClient * joined.count)
    if let noticesTold, noticesTold + gap > now {
      noticesDue = noticesTold + gap
    } else {
      hasNews = true
    }
  }

  /// Notices that waited are news, once they are due.
  mutating func advance(to now: Instant) {
    guard let due = noticesDue, due <= now else { return }
    noticesDue = nil
    hasNews = true
  }

  /// Lets the sessions see what is new.
  mutating func release(into bytes: inout ByteLog, bytesMax: Int, at now: Instant) {
    hasNews = false
    log.release(into: &bytes, bytesMax: bytesMax)
    noticesTold = now
    noticesDue = nil
  }

  // MARK: Sessions

  /// Adds a session that is not in the room.
  ///
  /// - Returns: where it stands.
  mutating func add(_ slot: UInt32) -> UInt32 {
    joined.append(slot)
    return UInt32(joined.count - 1)
  }

  /// Takes away the session that stands at `place`.
  ///
  /// - Returns: the slot that stands there now, if any does.
  mutating func remove(at place: UInt32) -> UInt32? {
    let last = joined.removeLast()
    if Int(place) == joined.count { return nil }
    joined[Int(place)] = last
    return last
  }

  /// Counts a session of a member.
  ///
  /// - Returns: whether it is the member's first here.
  mutating func count(_ member: MemberID) -> Bool {
    sessionCounts[member, default: 0] += 1
    return sessionCounts[member] == 1
  }

  /// - Returns: whether it was the member's last session here.
  mutating func uncount(_ member: MemberID) -> Bool {
    let count = sessionCounts[member, default: 1] - 1
    sessionCounts[member] = count == 0 ? nil : count
    return count == 0
  }
}
