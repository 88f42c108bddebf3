import ChatEngine

/// How a batch becomes rows.
extension HistoryDatabase {
  /// Commits a batch: all of it is on the disk when this returns, or nothing of it is there.
  ///
  /// - Throws: `StoreError`; the database can be used as before, except after `.damaged` (`mend`).
  ///   `.notNext` where a message's number is not its room's next one.
  public func commit(_ batch: StoreBatch) throws(StoreError) {
    try requireOpen()
    if batch.isEmpty { return }
    let touched = try rooms(of: batch)
    let rows = Self.rows(batch.messages, touched)
    let use = nextUse
    do {
      try storing(files.database) { () throws(SQLiteError) in
        try connection.transaction { () throws(SQLiteError) in
          try write(touched)
          try insert(batch.messages, rows)
          try write(batch.topics, touched)
          try write(batch.seen, touched)
          try write(batch.names)
          try write(batch.senders)
          try write(batch.bans)
          try write(batch.settings)
        }
      }
    } catch {
      nextUse = use
      throw error
    }
    if rooms.count + touched.count > Limits.storedRoomsCachedMax { rooms = [:] }
    for (key, room) in touched {
      rooms[key] = Room(id: room.id, next: room.next)
      nextRoomID = max(nextRoomID, room.id + 1)
    }
    senderCount += batch.senders.count
    nameCount += batch.names.count
    trim("senders", &senderCount, to: Limits.sendersKeptMax)
    trim("names", &nameCount, to: Limits.ownedNamesMax)
  }

  // MARK: Rooms

  /// The rooms that a batch is about, as they are after it.
  private func rooms(of batch: StoreBatch) throws(StoreError) -> [RoomKey: Room] {
    var touched: [RoomKey: Room] = [:]
    var nextID = nextRoomID
    func add(_ key: RoomKey, _ time: Int64) throws(StoreError) {
      if touched[key] != nil { return }
      if let room = try room(key) {
        touched[key] = room
        return
      }
      guard nextID <= Limits.storedRoomsMax else { throw .tooManyRooms }
      touched[key] = Room(id: nextID, next: 1, isNew: true, created: time)
      nextID += 1
    }
    for (key, time) in batch.rooms { try add(key, time) }
    for topic in batch.topics { try add(topic.room, topic.time) }
    for seen in batch.seen { try add(.inbox(seen.key), 0) }
    for message in batch.messages {
      try add(message.room, message.time)
      guard var room = touched[message.room] else { continue }
      let isNext = message.number == room.next || (isMended && message.number > room.next)
      guard isNext, message.number <= Limits.messageNumberMax else {
        throw .notNext(message.room, expected: room.next, got: message.number)
      }
      guard message.body.count <= Limits.storedBodyBytesMax else {
        throw .other("a message of \(message.body.count) bytes")
      }
      room.next = message.number + 1
      touched[message.room] = room
    }
    return touched
  }

  /// A room that is there.
  func room(_ key: RoomKey) throws(StoreError) -> Room? {
    if let room = rooms[key] { return room }
    return try storing(files.database) { () throws(SQLiteError) in
      let find = try connection.prepared("SELECT id, next FROM rooms WHERE room = ? AND kind = ?")
      find.bind(key, at: 1)
      guard try find.step() else { return nil }
      defer { find.reset() }
      return Room(id: find.int(0), next: UInt64(max(1, find.int(1))))
    }
  }

  private func write(_ touched: [RoomKey: Room]) throws(SQLiteError) {
    let insert = try connection.prepared(
      """
      INSERT INTO rooms(id, room, kind, created, next, seen, topic, topic_author, topic_time)
      VALUES (?, ?, ?, ?, ?, 0, '', '', 0)
      """)
    let update = try connection.prepared("UPDATE rooms SET next = ? WHERE id = ?")
    for (key, room) in touched {
      if room.isNew {
        insert.bind(1, room.id)
        insert.bind(key, at: 2)
        insert.bind(4, room.created)
        insert.bind(5, Int64(room.next))
        try insert.finish()
      } else if rooms[key]?.next != room.next {
        update.bind(1, Int64(room.next))
        update.bind(2, room.id)
        try update.finish()
      }
    }
  }

  private func write(
    _ topics: [StoreBatch.Topic], _ touched: [RoomKey: Room]
  ) throws(SQLiteError) {
    if topics.isEmpty { return }
    let update = try connection.prepared(
      "UPDATE rooms SET topic = ?, topic_author = ?, topic_time = ? WHERE id = ?")
    for topic in topics {
      guard let room = touched[topic.room] else { continue }
      update.bindText(1, topic.text)
      update.bindText(2, topic.author)
      update.bind(3, topic.time)
      update.bind(4, room.id)
      try update.finish()
    }
  }

  private func write(_ seen: [StoreBatch.Seen], _ touched: [RoomKey: Room]) throws(SQLiteError) {
    if seen.isEmpty { return }
    let update = try connection.prepared("UPDATE rooms SET seen = max(seen, ?) WHERE id = ?")
    for mark in seen {
      guard let room = touched[.inbox(mark.key)] else { continue }
      update.bind(1, Int64(min(mark.number, Limits.messageNumberMax)))
      update.bind(2, room.id)
      try update.finish()
    }
  }

  // MARK: Messages

  /// The row ids of messages.
  private static func rows(_ messages: [StoredMessage], _ rooms: [RoomKey: Room]) -> [Int64] {
    messages.map { message in
      guard let room = rooms[message.room] else { preconditionFailure("a room nobody looked up") }
      return MessageRow.id(room: room.id, number: message.number)
    }
  }

  /// Inserts messages, in the order of their rows: the index of words writes what it has gathered
  /// to the disk whenever a row comes before the last one.
  func insert(_ messages: [StoredMessage], _ rows: [Int64]) throws(SQLiteError) {
    if messages.isEmpty { return }
    let isSorted = zip(rows, rows.dropFirst()).allSatisfy { $0 < $1 }
    let order = isSorted ? Array(rows.indices) : rows.indices.sorted { rows[$0] < rows[$1] }
    let insert = try connection.prepared(
      "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
    let index = try connection.prepared("INSERT INTO words(rowid, text) VALUES (?, ?)")
    for place in order {
      let message = messages[place]
      insert.bind(1, rows[place])
      insert.bind(message)
      try insert.finish()
      index.bind(1, rows[place])
      index.bindText(2, message.searchText)
      try index.finish()
    }
  }

  // MARK: The rest

  private func write(_ names: [NameOwners.Owned]) throws(SQLiteError) {
    if names.isEmpty { return }
    let upsert = try connection.prepared(
      """
      INSERT INTO names(folded, name, owner, used) VALUES (?, ?, ?, ?) ON CONFLICT(folded)
      DO UPDATE SET name = excluded.name, owner = excluded.owner, used = excluded.used
      """)
    for (name, owner) in names {
      upsert.bindText(1, name.key)
      upsert.bindText(2, name.text)
      upsert.bindBlob(3, owner.bytes)
      upsert.bind(4, nextUse)
      nextUse += 1
      try upsert.finish()
    }
  }

  private func write(_ senders: [StoreBatch.Sender]) throws(SQLiteError) {
    if senders.isEmpty { return }
    let upsert = try connection.prepared(
      """
      INSERT INTO senders(key, run, said, shown, used) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT(key, run) DO UPDATE SET said = max(said, excluded.said),
        shown = max(shown, excluded.shown), used = excluded.used
      """)
    for sender in senders {
      upsert.bindBlob(1, sender.key.bytes)
      upsert.bind(2, Int64(bitPattern: sender.run))
      upsert.bind(3, Int64(clamping: sender.said))
      upsert.bind(4, Int64(clamping: sender.shown))
      upsert.bind(5, nextUse)
      nextUse += 1
      try upsert.finish()
    }
  }

  /// Takes away the rows that were used longest ago, where there are too many. What goes wrong
  /// there does so again the next time, and nothing of the batch is lost by it.
  private func trim(_ table: String, _ count: inout Int, to max: Int) {
    guard count > max + Limits.sendersExcess else { return }
    let rows = try? storing(files.database) { () throws(SQLiteError) in
      try connection.run(
        """
        DELETE FROM \(table) WHERE used <= (
          SELECT used FROM \(table) ORDER BY used DESC LIMIT 1 OFFSET \(max))
        """)
      return try connection.number("SELECT count(*) FROM \(table)")
    }
    count = rows.flatMap { $0 }.map { Int($0) } ?? max
  }

  private func write(_ bans: [StoredBan.Change]) throws(SQLiteError) {
    for change in bans {
      switch change {
      case .set(let ban):
        let upsert = try connection.prepared(
          """
          INSERT INTO bans(kind, subject, mute, until, reason, author, time)
          VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT(kind, subject, mute) DO UPDATE SET
            until = excluded.until, reason = excluded.reason, author = excluded.author,
            time = excluded.time
          """)
        upsert.bind(ban.subject)
        upsert.bind(3, ban.isMute ? 1 : 0)
        if let until = ban.until { upsert.bind(4, until) } else { upsert.bindNull(4) }
        upsert.bindText(5, ban.reason)
        upsert.bindText(6, ban.author)
        upsert.bind(7, ban.time)
        try upsert.finish()
      case .lift(let subject, let isMute):
        let delete = try connection.prepared(
          "DELETE FROM bans WHERE kind = ? AND subject = ? AND mute = ?")
        delete.bind(subject)
        delete.bind(3, isMute ? 1 : 0)
        try delete.finish()
      }
    }
  }

  private func write(_ settings: [(name: String, value: [UInt8]?)]) throws(SQLiteError) {
    for (name, value) in settings {
      if let value {
        let upsert = try connection.prepared(
          """
          INSERT INTO settings(name, value) VALUES (?, ?)
          ON CONFLICT(name) DO UPDATE SET value = excluded.value
          """)
        upsert.bindText(1, name)
        upsert.bindBlob(2, value)
        try upsert.finish()
      } else {
        let delete = try connection.prepared("DELETE FROM settings WHERE name = ?")
        delete.bindText(1, name)
        try delete.finish()
      }
    }
  }
}
