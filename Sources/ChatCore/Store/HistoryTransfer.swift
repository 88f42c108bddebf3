import ChatEngine

/// The history as lines of JSON, to be taken elsewhere.
extension HistoryReader {
  /// Hands out every message as a line of JSON, room by room, each room's in order. What is said
  /// meanwhile may be among it or not.
  ///
  /// - Parameters:
  ///   - room: the only one whose messages are wanted; nil for all.
  ///   - includesInboxes: whether private messages are handed out too.
  /// - Returns: how many there were.
  @discardableResult
  public func export(
    of room: RoomKey? = nil, includesInboxes: Bool, _ line: (String) throws(StoreError) -> Void
  ) throws(StoreError) -> Int {
    var count = 0
    let keys = if let room { [room] } else { try exported(includesInboxes) }
    for key in keys {
      var query = HistoryQuery(target: key, selector: .after(0), forwards: true)
      while true {
        let page = try page(query)
        for message in page.messages { try line(HistoryLine.text(message)) }
        count += page.messages.count
        guard !page.isComplete, let last = page.messages.last else { break }
        query.selector = .after(last.number)
      }
    }
    return count
  }

  /// The rooms, in the order in which they were made.
  private func exported(_ includesInboxes: Bool) throws(StoreError) -> [RoomKey] {
    try storing(path) { () throws(SQLiteError) in
      let select = try connection.prepared("SELECT room, kind FROM rooms ORDER BY id")
      var rooms: [RoomKey] = []
      while try select.step() {
        guard let key = select.roomKey(0) else { continue }
        if case .inbox = key, !includesInboxes { continue }
        rooms.append(key)
      }
      return rooms
    }
  }
}

/// What became of the lines of an import.
public struct ImportReport: Sendable, Equatable {
  public struct Complaint: Sendable, Equatable {
    /// From 1 on.
    public var line: Int
    public var reason: String
  }

  public var added = 0
  /// Lines whose message was there already.
  public var duplicates = 0
  /// Lines that could not be taken.
  public var bad = 0
  /// The first `Limits.importComplaintsMax` of them.
  public var complaints: [Complaint] = []
}

extension HistoryDatabase {
  /// Takes messages from lines of JSON, as an export has them; for when no server numbers messages.
  ///
  /// A message is there already where its room has its number, or has a message of the same
  /// author's key, run and author's number. One without a number gets its room's next.
  ///
  /// - Parameter next: the next bytes; nil at the end.
  /// - Throws: `StoreError`; what was committed until then, in pieces of `Limits.importBatchLines`,
  ///   stays.
  public func importLines(
    _ next: () throws(StoreError) -> [UInt8]?
  ) throws(StoreError) -> ImportReport {
    var report = ImportReport()
    var splitter = LineSplitter(lineBytesMax: Limits.importLineBytesMax)
    var lineNumber = 0
    var waiting: [StoredMessage] = []
    func take(_ line: LineSplitter.Line) throws(StoreError) {
      lineNumber += 1
      do throws(HistoryLine.Fault) {
        switch line {
        case .tooLong(let bytes): throw .tooLong(bytes)
        case .text(let bytes):
          if bytes.allSatisfy({ $0 == 0x20 }) { return }
          waiting.append(try HistoryLine.message(bytes))
        }
      } catch {
        report.bad += 1
        if report.complaints.count < Limits.importComplaintsMax {
          report.complaints.append(.init(line: lineNumber, reason: error.text))
        }
      }
      if waiting.count >= Limits.importBatchLines { try add(&waiting, to: &report) }
    }
    try storing(files.database) { () throws(SQLiteError) in
      try connection.run(
        """
        CREATE INDEX IF NOT EXISTS import_authors ON messages(key, run, author_number)
        WHERE key IS NOT NULL
        """)
    }
    defer { try? connection.run("DROP INDEX import_authors") }
    while let bytes = try next() {
      for line in splitter.add(bytes) { try take(line) }
    }
    if let line = splitter.finish() { try take(line) }
    try add(&waiting, to: &report)
    return report
  }

  private func add(
    _ messages: inout [StoredMessage], to report: inout ImportReport
  ) throws(StoreError) {
    var (added, duplicates) = (0, 0)
    let known = rooms
    let (nextID, all) = (nextRoomID, messages)
    messages = []
    var fresh: Set<RoomKey> = []
    for message in all where try room(message.room) == nil { fresh.insert(message.room) }
    if nextID + Int64(fresh.count) > Limits.storedRoomsMax + 1 { throw .tooManyRooms }
    do {
      try storing(files.database) { () throws(SQLiteError) in
        try connection.transaction { () throws(SQLiteError) in
          for message in all {
            if try add(message) { added += 1 } else { duplicates += 1 }
          }
        }
      }
    } catch {
      (rooms, nextRoomID) = (known, nextID)
      throw error
    }
    report.added += added
    report.duplicates += duplicates
  }

  /// - Returns: false where it is there already.
  private func add(_ message: StoredMessage) throws(SQLiteError) -> Bool {
    var message = message
    var room = try importRoom(message.room, message.time)
    if message.number == 0 { message.number = min(room.next, Limits.messageNumberMax) }
    let row = MessageRow.id(room: room.id, number: message.number)
    let byNumber = try connection.prepared("SELECT 1 FROM messages WHERE id = ?")
    defer { byNumber.reset() }
    byNumber.bind(1, row)
    if try byNumber.step() { return false }
    if let key = message.authorKey, message.authorNumber != 0 {
      let byAuthor = try connection.prepared(
        """
        SELECT 1 FROM messages INDEXED BY import_authors
        WHERE key = ? AND run = ? AND author_number = ? AND id BETWEEN ? AND ?
        """)
      defer { byAuthor.reset() }
      byAuthor.bindBlob(1, key.bytes)
      byAuthor.bind(2, Int64(bitPattern: message.run))
      byAuthor.bind(3, Int64(bitPattern: message.authorNumber))
      byAuthor.bind(4, MessageRow.id(room: room.id, number: 0))
      byAuthor.bind(5, MessageRow.id(room: room.id, number: Limits.messageNumberMax))
      if try byAuthor.step() { return false }
    }
    try insert([message], [row])
    if message.number >= room.next {
      room.next = message.number + 1
      let update = try connection.prepared("UPDATE rooms SET next = ? WHERE id = ?")
      update.bind(1, Int64(room.next))
      update.bind(2, room.id)
      try update.finish()
      rooms[message.room] = room
    }
    return true
  }

  /// The room of a line, made where it is not there.
  private func importRoom(_ key: RoomKey, _ time: Int64) throws(SQLiteError) -> Room {
    if let room = rooms[key] { return room }
    if rooms.count >= Limits.storedRoomsCachedMax { rooms = [:] }
    let find = try connection.prepared("SELECT id, next FROM rooms WHERE room = ? AND kind = ?")
    defer { find.reset() }
    find.bind(key, at: 1)
    if try find.step() {
      let room = Room(id: find.int(0), next: UInt64(max(1, find.int(1))))
      rooms[key] = room
      return room
    }
    let room = Room(id: nextRoomID, next: 1)
    let insert = try connection.prepared(
      """
      INSERT INTO rooms(id, room, kind, created, next, seen, topic, topic_author, topic_time)
      VALUES (?, ?, ?, ?, 1, 0, '', '', 0)
      """)
    insert.bind(1, room.id)
    insert.bind(key, at: 2)
    insert.bind(4, time)
    try insert.finish()
    nextRoomID += 1
    rooms[key] = room
    return room
  }
}
