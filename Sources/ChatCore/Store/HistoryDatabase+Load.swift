import ChatEngine

/// What a server must know of its database when it starts.
public struct StoredState: Sendable {
  public struct Room: Hashable, Sendable {
    public var key: RoomKey
    /// The number of its next message.
    public var next: UInt64
    /// Milliseconds since 1970.
    public var created: Int64
    /// Nil where there is none.
    public var topic: StoreBatch.Topic?
  }

  /// Rooms, without inboxes, in the order in which they were made.
  public var rooms: [Room] = []
  /// The one used longest ago first, at most `Limits.ownedNamesMax`: for `NameOwners(replaying:)`.
  public var names: [NameOwners.Owned] = []
  /// The latest `Limits.sendersKeptMax` programs, the one used longest ago first.
  public var senders: [StoreBatch.Sender] = []
  public var bans: [StoredBan] = []
  public var settings: [String: [UInt8]] = [:]
}

/// Someone's inbox.
public struct InboxState: Hashable, Sendable {
  /// The number of its next message; 1 where there is no inbox yet.
  public var next: UInt64
  /// All up to this number were seen.
  public var seen: UInt64
}

extension HistoryDatabase {
  /// Reads what a server must know when it starts. Messages are not read, however many there are.
  public func load() throws(StoreError) -> StoredState {
    try storing(files.database) { () throws(SQLiteError) in
      var state = StoredState()
      state.rooms = try loadRooms()
      state.names = try loadNames()
      state.senders = try loadSenders()
      state.bans = try loadBans()
      let settings = try connection.prepared("SELECT name, value FROM settings")
      while try settings.step() { state.settings[settings.text(0)] = settings.bytes(1) }
      return state
    }
  }

  /// How far somebody's inbox is.
  public func inbox(_ key: PublicKey) throws(StoreError) -> InboxState {
    try storing(files.database) { () throws(SQLiteError) in
      try InboxState.read(key, on: connection)
    }
  }

  /// Takes over the names that another file held, the one used longest ago first. Names that the
  /// database has stay as they are.
  public func importNames(_ owned: [NameOwners.Owned]) throws(StoreError) {
    let use = nextUse
    do {
      try storing(files.database) { () throws(SQLiteError) in
        try connection.transaction { () throws(SQLiteError) in
          let insert = try connection.prepared(
            """
            INSERT INTO names(folded, name, owner, used) VALUES (?, ?, ?, ?)
            ON CONFLICT(folded) DO UPDATE SET used = excluded.used WHERE owner = excluded.owner
            """)
          // A name that comes again was used again.
          for (name, owner) in NameOwners(replaying: owned).all {
            insert.bindText(1, name.key)
            insert.bindText(2, name.text)
            insert.bindBlob(3, owner.bytes)
            insert.bind(4, nextUse)
            nextUse += 1
            try insert.finish()
          }
        }
      }
    } catch {
      nextUse = use
      throw error
    }
  }

  private func loadRooms() throws(SQLiteError) -> [StoredState.Room] {
    var rooms: [StoredState.Room] = []
    // Texts come before blobs, so the inboxes are not walked.
    let select = try connection.prepared(
      """
      SELECT room, kind, next, created, topic, topic_author, topic_time, id FROM rooms
      WHERE room < x'' ORDER BY room
      """)
    var ids: [RoomKey: Int64] = [:]
    while try select.step() {
      guard let key = select.roomKey(0) else { continue }
      let topic = StoreBatch.Topic(
        room: key, text: select.text(4), author: select.text(5), time: select.int(6))
      rooms.append(
        StoredState.Room(
          key: key, next: UInt64(max(1, select.int(2))), created: select.int(3),
          topic: topic.text.isEmpty ? nil : topic))
      ids[key] = select.int(7)
    }
    return rooms.sorted { ids[$0.key, default: 0] < ids[$1.key, default: 0] }
  }

  private func loadNames() throws(SQLiteError) -> [NameOwners.Owned] {
    let select = try connection.prepared(
      "SELECT name, owner FROM names ORDER BY used DESC LIMIT ?")
    select.bind(1, Int64(Limits.ownedNamesMax))
    var names: [NameOwners.Owned] = []
    // Texts that are the same without being the same bytes are one name; the last use counts.
    var known: Set<MemberName> = []
    while try select.step() {
      guard let name = try? MemberName(select.text(0)), let owner = select.publicKey(1),
        known.insert(name).inserted
      else { continue }
      names.append((name, owner))
    }
    return names.reversed()
  }

  private func loadSenders() throws(SQLiteError) -> [StoreBatch.Sender] {
    let select = try connection.prepared(
      "SELECT key, run, said, shown FROM senders ORDER BY used DESC LIMIT ?")
    select.bind(1, Int64(Limits.sendersKeptMax))
    var senders: [StoreBatch.Sender] = []
    while try select.step() {
      guard let key = select.publicKey(0) else { continue }
      senders.append(
        StoreBatch.Sender(
          key: key, run: UInt64(bitPattern: select.int(1)), said: UInt64(max(0, select.int(2))),
          shown: UInt64(max(0, select.int(3)))))
    }
    return senders.reversed()
  }

  private func loadBans() throws(SQLiteError) -> [StoredBan] {
    let select = try connection.prepared(
      """
      SELECT kind, subject, mute, until, reason, author, time FROM bans ORDER BY id DESC LIMIT ?
      """)
    select.bind(1, Int64(Limits.storedBansMax))
    var bans: [StoredBan] = []
    while try select.step() {
      let subject: StoredBan.Subject? =
        switch select.int(0) {
        case 0: select.publicKey(1).map { .key($0) }
        case 1: .name(select.text(1))
        default: .address(select.text(1))
        }
      guard let subject else { continue }
      bans.append(
        StoredBan(
          subject: subject, isMute: select.int(2) != 0,
          until: select.isNull(3) ? nil : select.int(3), reason: select.text(4),
          author: select.text(5), time: select.int(6)))
    }
    return bans.reversed()
  }
}

extension InboxState {
  static func read(
    _ key: PublicKey, on connection: SQLiteConnection
  ) throws(SQLiteError) -> InboxState {
    let find = try connection.prepared("SELECT next, seen FROM rooms WHERE room = ? AND kind = ?")
    find.bind(.inbox(key), at: 1)
    guard try find.step() else { return InboxState(next: 1, seen: 0) }
    defer { find.reset() }
    return InboxState(next: UInt64(max(1, find.int(0))), seen: UInt64(max(0, find.int(1))))
  }
}
