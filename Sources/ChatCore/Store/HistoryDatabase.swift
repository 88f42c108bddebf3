import ChatEngine

/// All that a server keeps beside its key and its files: rooms, messages, inboxes, who said what
/// last, names, bans, in `history.sqlite` of the state folder.
///
/// The one connection that writes, for one thread at a time; `HistoryReader` reads beside it. What
/// always holds: a batch is in the database whole or not at all, and when `commit` returns it is on
/// the disk; a room's messages have ascending numbers from 1 on, none of which is given twice, also
/// after messages were deleted; nobody else has this folder's database for as long as it is open.
public final class HistoryDatabase {
  /// A room as the writer knows it.
  struct Room {
    var id: Int64
    /// The number of its next message.
    var next: UInt64
    /// Whether its row is yet to be made.
    var isNew = false
    var created: Int64 = 0
  }

  let files: HistoryFiles
  private let lock: OwnedFD
  var connection: SQLiteConnection
  /// Those that were used, at most `Limits.storedRoomsCachedMax`.
  var rooms: [RoomKey: Room] = [:]
  var nextRoomID: Int64 = 1
  /// The next place in the order in which names, and programs, were used.
  var nextUse: Int64 = 1
  /// Rows of these tables, or a few more.
  var senderCount = 0
  var nameCount = 0
  /// Whether mending has begun and not come to its end, so that there is no database.
  private var isClosed = false
  /// Whether messages were lost, so that a room's next number may be greater than it seems.
  var isMended = false
  /// What was saved of a damaged database, where there was one.
  public internal(set) var salvage: SalvageReport?

  /// Opens the database, and makes it, mends it, or brings it to the newest version where that is
  /// needed. All of it is
  /// checked where that does not take long: `wasChecked`.
  public convenience init(in folder: StateFolder) throws(StoreError) {
    try self.init(in: folder, migrations: HistorySchema.migrations)
  }

  init(in folder: StateFolder, migrations: [String]) throws(StoreError) {
    files = HistoryFiles(folder: folder)
    lock = try files.lock()
    let aside = try files.finishSalvage()
    try files.prepare()
    var opened = aside.map { SalvageReport(damagedPath: $0) }
    do throws(StoreError) {
      connection = try Self.open(files, migrations)
    } catch {
      guard case .damaged = error else { throw error }
      opened = try HistorySalvage.run(files)
      connection = try Self.open(files, migrations)
    }
    salvage = opened
    isMended = opened != nil
    try reload()
  }

  /// Whether opening looked at every page. A larger database is checked beside the work:
  /// `HistoryStore` does.
  public var wasChecked: Bool {
    salvage != nil || (try? files.size(files.database)) ?? 0 <= Limits.checkedAtOnceBytesMax
  }

  private static func open(
    _ files: HistoryFiles, _ migrations: [String]
  ) throws(StoreError) -> SQLiteConnection {
    let bytes = try files.size(files.database) ?? 0
    // A newer database is looked at and not touched.
    try refuse(files, bytes: bytes, newest: migrations.count)
    let (connection, problem) = try storing(files.database) { () throws(SQLiteError) in
      let connection = try SQLiteConnection(path: files.database, .write)
      try HistorySchema.prepareForWriting(connection)
      try HistorySchema.migrate(connection, migrations)
      // Left by an import that did not come to its end.
      try connection.run("DROP INDEX IF EXISTS import_authors")
      let isSmall = bytes <= Limits.checkedAtOnceBytesMax
      return (connection, isSmall ? try Self.problem(connection) : nil)
    }
    if let problem { throw .damaged(problem) }
    return connection
  }

  /// Throws why a database is not to be opened. It is opened for reading only, which changes
  /// nothing.
  private static func refuse(
    _ files: HistoryFiles, bytes: Int, newest: Int
  ) throws(StoreError) {
    if bytes == 0 { return }
    let (id, version, tables) = try storing(files.database) { () throws(SQLiteError) in
      let connection = try SQLiteConnection(path: files.database, .readOnly)
      connection.setWait(Limits.databaseWaitMilliseconds)
      return (
        try connection.number("PRAGMA application_id") ?? 0,
        Int(try connection.number("PRAGMA user_version") ?? 0),
        try connection.number("SELECT count(*) FROM sqlite_schema") ?? 0
      )
    }
    if id == HistorySchema.applicationID {
      if version > newest { throw .newer(version: version) }
    } else if tables > 0 {
      throw .foreign
    }
  }

  /// Reads what must be known to write.
  func reload() throws(StoreError) {
    try storing(files.database) { () throws(SQLiteError) in
      rooms = [:]
      nextRoomID = (try connection.number("SELECT max(id) FROM rooms") ?? 0) + 1
      let used = try connection.number(
        "SELECT max(ifnull((SELECT max(used) FROM senders), 0), "
          + "ifnull((SELECT max(used) FROM names), 0))")
      nextUse = (used ?? 0) + 1
      senderCount = Int(try connection.number("SELECT count(*) FROM senders") ?? 0)
      nameCount = Int(try connection.number("SELECT count(*) FROM names") ?? 0)
    }
  }

  /// Saves what can be read of a database that turned out to be damaged, and goes on with that.
  /// Takes as long as it takes to write it all anew.
  @discardableResult
  public func mend() throws(StoreError) -> SalvageReport {
    isClosed = true
    // Closed before its files are read, so that SQLite does nothing to them meanwhile.
    connection = try storing(":memory:") { () throws(SQLiteError) in
      try SQLiteConnection(path: ":memory:", .write)
    }
    let report = try HistorySalvage.run(files)
    connection = try Self.open(files, HistorySchema.migrations)
    isMended = true
    salvage = report
    try reload()
    isClosed = false
    return report
  }

  /// Throws where there is no database since it could not be mended, as on a full disk: whoever
  /// wants something of it tries that again first.
  func requireOpen() throws(StoreError) {
    if isClosed { throw .damaged("it is not mended yet") }
  }

  // MARK: Checking

  /// What is wrong with the database's pages, and with the index of words; nil where nothing is.
  public func integrity() throws(StoreError) -> String? {
    do throws(SQLiteError) {
      if let problem = try Self.problem(connection) { return problem }
      try connection.run("INSERT INTO words(words) VALUES ('integrity-check')")
      return nil
    } catch {
      if error.kind == .damaged { return error.message }
      throw StoreError(error, files.database)
    }
  }

  static func problem(_ connection: SQLiteConnection) throws(SQLiteError) -> String? {
    let check = try SQLiteStatement("PRAGMA quick_check(1)", on: connection)
    guard try check.step() else { return "no answer" }
    let text = check.text(0)
    return text == "ok" ? nil : text
  }
}
