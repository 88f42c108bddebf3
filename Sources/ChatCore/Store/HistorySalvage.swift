import ChatEngine
import Glibc

/// What was saved of a damaged database.
public struct SalvageReport: Sendable, Equatable {
  /// Where the damaged one is kept.
  public var damagedPath: String
  public var messages = 0
  /// Numbers of rooms whose messages could not be read.
  public var missing = 0
  /// Rooms whose names were lost: what was said there is in rooms named `recovered-…`.
  public var namelessRooms = 0

  /// What it says in a log.
  public var fields: [(String, LogValue)] {
    [
      ("messages", .number(UInt64(messages))), ("missing", .number(UInt64(missing))),
      ("nameless-rooms", .number(UInt64(namelessRooms))), ("kept-as", .text(damagedPath)),
    ]
  }

  /// One line for a person.
  public var text: String {
    "the history was damaged: \(messages) messages were saved, \(missing) are missing; "
      + "what it was is in \(damagedPath)"
  }
}

/// Makes a new database of all rows that can be read of a damaged one, whatever has become of its
/// header, its trees and its indexes: every page is looked at, and a row is known by its columns.
///
/// The new one is whole before it takes the place of the old one, which stays beside it. So if the
/// machine stops in between, the next start goes on.
struct HistorySalvage {
  private let connection: SQLiteConnection
  private var report = SalvageReport(damagedPath: "")

  /// Does all of it, and puts the new database in place. Nobody else has the old one open.
  static func run(_ files: HistoryFiles) throws(StoreError) -> SalvageReport {
    let pages: DatabasePages
    do throws(SystemError) {
      pages = try DatabasePages(database: files.database, writeAhead: files.writeAhead)
    } catch {
      throw StoreError(error, files.database)
    }
    for path in [files.salvage, files.salvage + "-journal"] { unlink(path) }
    try files.make(files.salvage)
    var report = try storing(files.salvage) { () throws(SQLiteError) in
      try fill(files.salvage, pages)
    }
    if rename(files.salvage, files.salvaged) != 0 {
      throw StoreError(SystemError.last("rename \(files.salvage)"), files.salvage)
    }
    files.syncFolder()
    report.damagedPath = try files.finishSalvage() ?? ""
    return report
  }

  private static func fill(
    _ path: String, _ pages: DatabasePages
  ) throws(SQLiteError) -> SalvageReport {
    var salvage = HistorySalvage(connection: try SQLiteConnection(path: path, .write))
    // One file, which is on the disk when it is closed.
    try salvage.connection.run("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL")
    salvage.connection.setGrowth(bytes: Limits.databaseGrowthBytes)
    try HistorySchema.prepareForReading(salvage.connection)
    try HistorySchema.migrate(salvage.connection)
    try salvage.connection.run(keysOfRooms)
    var page = 1
    while page <= pages.pageCount {
      let end = min(page + Limits.retentionStepMessages, pages.pageCount + 1)
      try salvage.connection.transaction { () throws(SQLiteError) in
        for number in page..<end {
          for row in pages.rows(ofPage: number) { try salvage.add(row) }
        }
      }
      page = end
    }
    try salvage.connection.transaction { () throws(SQLiteError) in try salvage.finish() }
    return salvage.report
  }

  /// What the index of rooms says, for rooms whose rows are lost.
  private static let keysOfRooms =
    "CREATE TEMP TABLE room_keys(id INTEGER PRIMARY KEY, kind INTEGER, room ANY) STRICT"

  // MARK: Rows

  /// Adds a row to the table that has such rows. A row may come twice, from a page that is not used
  /// any more; what was written later counts.
  private mutating func add(_ row: DatabasePages.Row) throws(SQLiteError) {
    guard let id = row.id else { return try addKey(row.values) }
    switch row.values.count {
    case 8:
      if try addMessage(id, row.values) { return }
      try put(nil, row.values, Self.isBan, Self.banInsert)
    case 9: try put(id, row.values, Self.isRoom, Self.roomInsert)
    case 6: try put(nil, row.values, Self.isSender, Self.senderInsert)
    case 5: try put(nil, row.values, Self.isName, Self.nameInsert)
    case 3: try put(nil, row.values, Self.isSetting, Self.settingInsert)
    default: break
    }
  }

  /// - Returns: whether it is a message.
  private mutating func addMessage(
    _ id: Int64, _ values: [DatabasePages.Value]
  ) throws(SQLiteError) -> Bool {
    guard case .integer = values[1], case .text(let author) = values[2],
      values[3] == .null || values[3].isKey, case .integer = values[4],
      case .integer = values[5], case .integer(let number) = values[6],
      let kind = UInt8(exactly: number).flatMap({ StoredKind(rawValue: $0) }),
      let body = values[7].body(kind), String(validating: author, as: UTF8.self) != nil,
      MessageRow.room(id) > 0, MessageRow.room(id) <= Limits.storedRoomsMax,
      MessageRow.number(id) > 0
    else { return false }
    let insert = try connection.prepared(
      "INSERT OR IGNORE INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
    insert.bind(1, id)
    for column in 1..<8 { insert.bind(Int32(column + 1), values[column]) }
    try insert.finish()
    if connection.changes == 0 { return true }
    let index = try connection.prepared("INSERT INTO words(rowid, text) VALUES (?, ?)")
    index.bind(1, id)
    index.bindText(2, StoredMessage.searchText(kind, body))
    try index.finish()
    report.messages += 1
    return true
  }

  /// An entry of the index of rooms: (room, kind, id).
  private func addKey(_ values: [DatabasePages.Value]) throws(SQLiteError) {
    guard values.count == 3, case .integer(let kind) = values[1],
      case .integer(let id) = values[2], 1...Int64(Limits.storedRoomsMax) ~= id,
      Self.isRoomKey(kind, values[0])
    else { return }
    let insert = try connection.prepared("INSERT OR IGNORE INTO room_keys VALUES (?, ?, ?)")
    insert.bind(1, id)
    insert.bind(2, kind)
    insert.bind(3, values[0])
    try insert.finish()
  }

  /// Inserts what `isWanted`, with its id or, where the table's ids mean nothing, without.
  private func put(
    _ id: Int64?, _ values: [DatabasePages.Value],
    _ isWanted: ([DatabasePages.Value]) -> Bool, _ sql: String
  ) throws(SQLiteError) {
    guard values[0] == .null, isWanted(values) else { return }
    let insert = try connection.prepared(sql)
    if let id { insert.bind(1, id) } else { insert.bindNull(1) }
    for column in 1..<values.count { insert.bind(Int32(column + 1), values[column]) }
    try insert.finish()
  }

  private static func isRoomKey(_ kind: Int64, _ room: DatabasePages.Value) -> Bool {
    switch room {
    case .text(let name):
      kind == 0 && RoomKey(room: String(decoding: name, as: UTF8.self)) != nil
    default: kind == 1 && room.isKey
    }
  }

  private static func isRoom(_ values: [DatabasePages.Value]) -> Bool {
    guard case .integer(let kind) = values[1], isRoomKey(kind, values[2]),
      case .integer(let next) = values[4], next > 0, values[6].isText, values[7].isText
    else { return false }
    return [3, 5, 8].allSatisfy { values[$0].isInteger }
  }

  private static let roomInsert = """
    INSERT INTO rooms(id, kind, room, created, next, seen, topic, topic_author, topic_time)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
      next = max(next, excluded.next), seen = max(seen, excluded.seen),
      topic = iif(excluded.topic_time > topic_time, excluded.topic, topic),
      topic_author = iif(excluded.topic_time > topic_time, excluded.topic_author, topic_author),
      topic_time = max(topic_time, excluded.topic_time)
    """

  private static func isSender(_ values: [DatabasePages.Value]) -> Bool {
    values[1].isKey && (2...5).allSatisfy { values[$0].isInteger }
  }

  private static let senderInsert = """
    INSERT INTO senders(id, key, run, said, shown, used) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET said = max(said, excluded.said),
      shown = max(shown, excluded.shown), used = max(used, excluded.used)
    """

  private static func isName(_ values: [DatabasePages.Value]) -> Bool {
    values[1].isText && values[2].isText && values[3].isKey && values[4].isInteger
  }

  private static let nameInsert = """
    INSERT INTO names(id, folded, name, owner, used) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET name = excluded.name, owner = excluded.owner, used = excluded.used
      WHERE excluded.used > used
    """

  private static func isBan(_ values: [DatabasePages.Value]) -> Bool {
    guard case .integer(let kind) = values[1], 0...2 ~= kind else { return false }
    return (kind == 0 ? values[2].isKey : values[2].isText) && values[3].isInteger
      && (values[4] == .null || values[4].isInteger) && values[5].isText && values[6].isText
      && values[7].isInteger
  }

  private static let banInsert = "INSERT OR IGNORE INTO bans VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

  private static func isSetting(_ values: [DatabasePages.Value]) -> Bool {
    if case .blob = values[2] { values[1].isText } else { false }
  }

  private static let settingInsert = "INSERT OR IGNORE INTO settings VALUES (?, ?, ?)"

  // MARK: The end

  /// Gives rooms whose rows are lost new ones, and makes sure that no number is given again.
  private mutating func finish() throws(SQLiteError) {
    let lost =
      try connection.number(
        """
        SELECT count(DISTINCT id >> \(MessageRow.numberBits)) FROM messages
        WHERE id >> \(MessageRow.numberBits) NOT IN
          (SELECT id FROM rooms UNION SELECT id FROM room_keys)
        """) ?? 0
    report.namelessRooms = Int(lost)
    let columns = "id, kind, room, created, next, seen, topic, topic_author, topic_time"
    try connection.run(
      """
      INSERT OR IGNORE INTO rooms(\(columns))
        SELECT id, kind, room, 0, 1, 0, '', '', 0 FROM room_keys;
      INSERT OR IGNORE INTO rooms(\(columns))
        SELECT DISTINCT id >> \(MessageRow.numberBits), 0,
          'recovered-' || (id >> \(MessageRow.numberBits)), 0, 1, 0, '', '', 0 FROM messages;
      UPDATE rooms SET next = max(next, 1 + ifnull((
        SELECT max(messages.id) & \(Limits.messageNumberMax) FROM messages
        WHERE messages.id BETWEEN rooms.id << \(MessageRow.numberBits)
          AND (rooms.id << \(MessageRow.numberBits)) + \(Limits.messageNumberMax)), 0));
      DROP TABLE room_keys;
      """)
    report.missing = Int(
      try connection.number(
        """
        SELECT ifnull(sum(missing), 0) FROM (
          SELECT rooms.next - (min(messages.id) & \(Limits.messageNumberMax)) - count(*) AS missing
          FROM rooms JOIN messages ON messages.id BETWEEN rooms.id << \(MessageRow.numberBits)
            AND (rooms.id << \(MessageRow.numberBits)) + \(Limits.messageNumberMax)
          GROUP BY rooms.id)
        """) ?? 0)
  }
}

extension DatabasePages.Value {
  fileprivate var isInteger: Bool { if case .integer = self { true } else { false } }

  fileprivate var isText: Bool {
    if case .text(let bytes) = self { UTF8Text.isValid(bytes.span) } else { false }
  }

  fileprivate var isKey: Bool {
    if case .blob(let bytes) = self { PublicKey(bytes) != nil } else { false }
  }

  /// The body of a message of a kind; nil where it is none.
  fileprivate func body(_ kind: StoredKind) -> [UInt8]? {
    switch self {
    case .text(let bytes): kind.isText && UTF8Text.isValid(bytes.span) ? bytes : nil
    case .blob(let bytes): !kind.isText && StoredAttachment(bytes) != nil ? bytes : nil
    default: nil
    }
  }
}

extension SQLiteStatement {
  fileprivate func bind(_ index: Int32, _ value: DatabasePages.Value) {
    switch value {
    case .null, .other: bindNull(index)
    case .integer(let number): bind(index, number)
    case .text(let bytes): bindText(index, bytes)
    case .blob(let bytes): bindBlob(index, bytes)
    }
  }
}
