import ChatEngine

/// A connection that reads the history beside the one that writes: pages, searches, exports.
///
/// For one thread at a time. It sees what is committed, and keeps no lock between its calls, so it
/// holds nobody up. In a database that `HistoryDatabase.mend` has replaced, a new one is needed.
public final class HistoryReader {
  let path: String
  let connection: SQLiteConnection
  /// Rows of rooms, which never change, at most `Limits.storedRoomsCachedMax`.
  private var rooms: [RoomKey: Int64] = [:]

  /// Opens the database of a folder, which must be there.
  public init(in folder: StateFolder) throws(StoreError) {
    let path = HistoryFiles(folder: folder).database
    self.path = path
    connection = try storing(path) { () throws(SQLiteError) in
      let connection = try SQLiteConnection(path: path, .readOnly)
      try HistorySchema.prepareForReading(connection)
      return connection
    }
  }

  /// Messages of one room, in ascending order; none where there is no such room.
  public func page(_ query: HistoryQuery) throws(StoreError) -> HistoryPage {
    try storing(path) { () throws(SQLiteError) in
      guard let room = try row(of: query.target) else {
        return HistoryPage(messages: [], isComplete: true)
      }
      var (first, last) = (UInt64(0), Limits.messageNumberMax)
      switch query.selector {
      case .after(let number): first = min(number, Limits.messageNumberMax - 1) + 1
      case .before(let number): last = min(max(number, 1) - 1, Limits.messageNumberMax)
      case .since(let time): first = try number(of: room, notBefore: time)
      case .latest: break
      }
      return try page(query, room, first, last)
    }
  }

  private func page(
    _ query: HistoryQuery, _ room: Int64, _ first: UInt64, _ last: UInt64
  ) throws(SQLiteError) -> HistoryPage {
    let select = try connection.prepared(
      """
      SELECT \(StoredMessage.columns) FROM messages WHERE id BETWEEN ? AND ?
      ORDER BY id \(query.forwards ? "ASC" : "DESC") LIMIT ?
      """)
    defer { select.reset() }
    let limit = min(max(query.limit, 1), Limits.historyPageMessagesMax)
    let bytesMax = min(query.bytesMax, Limits.historyPageBytesMax)
    select.bind(1, MessageRow.id(room: room, number: first))
    select.bind(2, MessageRow.id(room: room, number: last))
    select.bind(3, Int64(limit + 1))
    var page = HistoryPage(messages: [], isComplete: true)
    var bytes = 0
    while try select.step() {
      let message = select.message(in: query.target)
      bytes += message.pageBytes
      if page.messages.count == limit || (bytes > bytesMax && !page.messages.isEmpty) {
        page.isComplete = false
        break
      }
      page.messages.append(message)
    }
    if !query.forwards { page.messages.reverse() }
    return page
  }

  /// How far somebody's inbox is.
  public func inbox(_ key: PublicKey) throws(StoreError) -> InboxState {
    try storing(path) { () throws(SQLiteError) in try InboxState.read(key, on: connection) }
  }

  /// Whether a message names the picture or file of this hash.
  public func isReferenced(hash: [UInt8]) throws(StoreError) -> Bool {
    try storing(path) { () throws(SQLiteError) in
      let find = try connection.prepared(
        "SELECT 1 FROM messages WHERE kind IN (2, 3) AND substr(body, 1, 32) = ? LIMIT 1")
      defer { find.reset() }
      find.bindBlob(1, hash)
      return try find.step()
    }
  }

  /// What is wrong with the database's pages; nil where nothing is. Reads all of them.
  public func integrity() throws(StoreError) -> String? {
    try storing(path) { () throws(SQLiteError) in try HistoryDatabase.problem(connection) }
  }

  // MARK: Searching

  /// Messages in which all words occur, the newest first. Of more than the limit, `isComplete` says
  /// that there are.
  public func search(_ query: SearchQuery) throws(StoreError) -> HistoryPage {
    guard let words = Self.expression(query.words) else { throw .badWords }
    let limit = min(max(query.limit, 1), Limits.searchMessagesMax)
    var found: [StoredMessage] = []
    let rooms = query.rooms.isEmpty ? try latestRooms() : query.rooms
    for room in rooms.prefix(Limits.searchRoomsMax) {
      found += try storing(path) { () throws(SQLiteError) in
        try search(room, words, before: query.before, limit: limit + 1)
      }
      // Of each room the newest; so of all rooms those that count are among them.
      found.sort { ($0.time, $0.number) > ($1.time, $1.number) }
      if found.count > limit + 1 { found.removeLast(found.count - limit - 1) }
    }
    return HistoryPage(messages: Array(found.prefix(limit)), isComplete: found.count <= limit)
  }

  private func search(
    _ key: RoomKey, _ words: String, before: Int64?, limit: Int
  ) throws(SQLiteError) -> [StoredMessage] {
    guard let room = try row(of: key) else { return [] }
    let end = try before.map { time throws(SQLiteError) in try number(of: room, notBefore: time) }
    if end == 0 { return [] }
    let last = end.map { $0 - 1 } ?? Limits.messageNumberMax
    let select = try connection.prepared(
      "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? "
        + "ORDER BY rowid DESC LIMIT ?")
    let get = try connection.prepared(
      "SELECT \(StoredMessage.columns) FROM messages WHERE id = ?")
    defer {
      select.reset()
      get.reset()
    }
    select.bindText(1, words)
    select.bind(2, MessageRow.id(room: room, number: 0))
    select.bind(3, MessageRow.id(room: room, number: last))
    select.bind(4, Int64(limit))
    var found: [StoredMessage] = []
    while try select.step() {
      get.bind(1, select.int(0))
      if try get.step() { found.append(get.message(in: key)) }
      get.reset()
    }
    return found
  }

  /// What FTS5 is asked for words and phrases as people type them: each between quotation marks, so
  /// that nothing in it is an operator. Nil where nothing can be searched for.
  static func expression(_ words: String) -> String? {
    guard words.utf8.count <= Limits.searchWordsBytesMax else { return nil }
    var terms: [Substring] = []
    // Every second part stands between quotation marks.
    for (index, part) in words.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
    {
      terms += index.isMultiple(of: 2) ? part.split(whereSeparator: \.isWhitespace) : [part]
    }
    terms.removeAll { term in !term.contains { $0.isLetter || $0.isNumber } }
    guard 1...Limits.searchWordsMax ~= terms.count else { return nil }
    // A NUL would end the text.
    return terms.map { "\"\($0.filter { $0 != "\0" })\"" }.joined(separator: " ")
  }

  // MARK: Rooms and times

  /// The lobby and the rooms that were made last, as many as a search looks into.
  private func latestRooms() throws(StoreError) -> [RoomKey] {
    try storing(path) { () throws(SQLiteError) in
      let select = try connection.prepared(
        "SELECT room, kind FROM rooms WHERE kind = 0 ORDER BY room = 'lobby' DESC, id DESC LIMIT ?")
      defer { select.reset() }
      select.bind(1, Int64(Limits.searchRoomsMax))
      var rooms: [RoomKey] = []
      while try select.step() {
        if let room = select.roomKey(0) { rooms.append(room) }
      }
      return rooms
    }
  }

  private func row(of key: RoomKey) throws(SQLiteError) -> Int64? {
    if let id = rooms[key] { return id }
    let find = try connection.prepared("SELECT id FROM rooms WHERE room = ? AND kind = ?")
    find.bind(key, at: 1)
    guard try find.step() else { return nil }
    defer { find.reset() }
    if rooms.count >= Limits.storedRoomsCachedMax { rooms = [:] }
    rooms[key] = find.int(0)
    return find.int(0)
  }

  /// The number of a room's first message that is not older than `time`, or one more than its last.
  ///
  /// Times ascend with numbers, unless the clock was set back; then it is a message at which they
  /// do.
  private func number(of room: Int64, notBefore time: Int64) throws(SQLiteError) -> UInt64 {
    let next = try connection.prepared(
      "SELECT id, time FROM messages WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1")
    let latest = try connection.prepared(
      "SELECT id FROM messages WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1")
    latest.bind(1, MessageRow.id(room: room, number: 0))
    latest.bind(2, MessageRow.id(room: room, number: Limits.messageNumberMax))
    guard try latest.step() else { return 0 }
    defer { latest.reset() }
    // What is below `low` is older, what is at `high` or above is not.
    var (low, high) = (UInt64(0), MessageRow.number(latest.int(0)) + 1)
    next.bind(2, latest.int(0))
    while low < high {
      let middle = low + (high - low) / 2
      next.bind(1, MessageRow.id(room: room, number: middle))
      defer { next.reset() }
      guard try next.step() else {
        high = middle
        continue
      }
      if next.int(1) < time {
        low = MessageRow.number(next.int(0)) + 1
      } else {
        high = middle
      }
    }
    return low
  }
}
