import CSQLite
import Glibc

/// What SQLite refused: its extended result code and its message (sqlite.org/rescode.html).
struct SQLiteError: Error, Equatable {
  /// What a caller does something about.
  enum Kind: Equatable {
    case full
    case readOnly
    case damaged
    case busy
    case constraint
    case query
    case other
  }

  let code: Int32
  let message: String
  /// The `errno` behind it; 0 where there is none.
  let systemCode: Int32

  var kind: Kind {
    if Int(code) == CSQLITE_NO_ROOM_FOR_SHARED_MEMORY || systemCode == EDQUOT
      || systemCode == ENOSPC
    {
      return .full
    }
    return switch code & 0xff {
    case SQLITE_FULL: .full
    case SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM: .readOnly
    case SQLITE_CORRUPT, SQLITE_NOTADB: .damaged
    case SQLITE_BUSY, SQLITE_LOCKED: .busy
    case SQLITE_CONSTRAINT: .constraint
    case SQLITE_ERROR: .query
    // A file that ends too early.
    default: Int(code) == CSQLITE_SHORT_READ ? .damaged : .other
    }
  }
}

/// A connection to a database, for one thread at a time.
final class SQLiteConnection {
  enum Access {
    case readOnly
    /// The file is there already.
    case write
  }

  fileprivate let handle: OpaquePointer
  private var statements: [String: SQLiteStatement] = [:]

  init(path: String, _ access: Access) throws(SQLiteError) {
    var opened: OpaquePointer?
    let way = access == .readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE
    let flags = way | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    let result = sqlite3_open_v2(path, &opened, flags, nil)
    guard let opened else {
      throw SQLiteError(code: result, message: "out of memory", systemCode: 0)
    }
    handle = opened
    try check(result)
    try check(csqlite_defend(handle))
  }

  deinit {
    statements = [:]
    // Statements that somebody still holds keep the connection until they are gone.
    sqlite3_close_v2(handle)
  }

  /// A statement that is prepared at its first use. Only for a fixed number of different texts.
  func prepared(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
    if let statement = statements[sql] {
      statement.reset()
      return statement
    }
    let statement = try SQLiteStatement(sql, on: self)
    statements[sql] = statement
    return statement
  }

  /// Runs statements that yield nothing, separated by `;`.
  func run(_ sql: String) throws(SQLiteError) {
    try check(sqlite3_exec(handle, sql, nil, nil, nil))
  }

  /// The number that a query yields in its first row and column; nil without a row.
  func number(_ sql: String) throws(SQLiteError) -> Int64? {
    let statement = try SQLiteStatement(sql, on: self)
    return try statement.step() ? statement.int(0) : nil
  }

  /// Does all of `body` or nothing. The lock for writing is taken at the beginning.
  func transaction<Result>(
    _ body: () throws(SQLiteError) -> Result
  ) throws(SQLiteError) -> Result {
    try prepared("BEGIN IMMEDIATE").finish()
    do {
      let result = try body()
      try prepared("COMMIT").finish()
      return result
    } catch {
      rollBack()
      throw error
    }
  }

  /// Ends a transaction; some errors have ended it already.
  func rollBack() {
    for statement in statements.values { statement.reset() }
    if sqlite3_get_autocommit(handle) == 0 { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
  }

  /// Rows that the last statement changed.
  var changes: Int { Int(sqlite3_changes64(handle)) }
  var lastRow: Int64 { sqlite3_last_insert_rowid(handle) }

  /// How long to wait for another connection's lock, in milliseconds.
  func setWait(_ milliseconds: Int32) { sqlite3_busy_timeout(handle, milliseconds) }

  /// Lets the database's file grow, and shrink, by so many bytes at a time.
  func setGrowth(bytes: Int) {
    var bytes = Int32(bytes)
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_CHUNK_SIZE, &bytes)
  }

  fileprivate func check(_ result: Int32) throws(SQLiteError) {
    guard result != SQLITE_OK && result != SQLITE_ROW && result != SQLITE_DONE else { return }
    throw SQLiteError(
      code: result, message: String(cString: sqlite3_errmsg(handle)),
      systemCode: sqlite3_system_errno(handle))
  }
}

/// A prepared statement. Parameters count from 1, columns from 0.
final class SQLiteStatement {
  private let handle: OpaquePointer
  private unowned let connection: SQLiteConnection

  init(_ sql: String, on connection: SQLiteConnection) throws(SQLiteError) {
    var prepared: OpaquePointer?
    let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
    try connection.check(
      sqlite3_prepare_v3(connection.handle, sql, -1, flags, &prepared, nil))
    guard let prepared else {
      throw SQLiteError(code: SQLITE_MISUSE, message: "no statement", systemCode: 0)
    }
    handle = prepared
    self.connection = connection
  }

  deinit { sqlite3_finalize(handle) }

  /// Makes it ready to be run again, from its beginning.
  func reset() {
    // What it returns is the error of the last step, which was thrown then.
    sqlite3_reset(handle)
  }

  func bind(_ index: Int32, _ value: Int64) { bound(sqlite3_bind_int64(handle, index, value)) }

  func bindNull(_ index: Int32) { bound(sqlite3_bind_null(handle, index)) }

  func bindText(_ index: Int32, _ text: String) {
    var text = text
    text.withUTF8 { bindText(index, UnsafeRawBufferPointer($0)) }
  }

  func bindText(_ index: Int32, _ bytes: [UInt8]) {
    bytes.withUnsafeBytes { bindText(index, $0) }
  }

  private func bindText(_ index: Int32, _ bytes: UnsafeRawBufferPointer) {
    bound(csqlite_bind_text(handle, index, bytes.baseAddress ?? empty, Int32(bytes.count)))
  }

  func bindBlob(_ index: Int32, _ bytes: [UInt8]) {
    bound(
      bytes.withUnsafeBytes {
        csqlite_bind_blob(handle, index, $0.baseAddress ?? empty, Int32($0.count))
      })
  }

  /// A null pointer would be NULL, not something that is empty.
  private var empty: UnsafeRawPointer { UnsafeRawPointer(bitPattern: 1)! }

  /// Binding fails where an index is wrong, or a value longer than SQLite's own bound of 10^9.
  private func bound(_ result: Int32) { precondition(result == SQLITE_OK, "not bound: \(result)") }

  /// Goes to the next row.
  ///
  /// - Returns: whether there is one.
  func step() throws(SQLiteError) -> Bool {
    let result = sqlite3_step(handle)
    if result == SQLITE_ROW { return true }
    // So that a statement that is done, or has failed, holds no lock.
    defer { sqlite3_reset(handle) }
    try connection.check(result)
    return false
  }

  /// Runs it to its end.
  func finish() throws(SQLiteError) {
    while try step() {}
  }

  func int(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

  /// Text, with U+FFFD for what is no UTF-8.
  func text(_ column: Int32) -> String {
    withBytes(column) { String(decoding: $0, as: UTF8.self) }
  }

  /// The bytes of a text or a blob.
  func bytes(_ column: Int32) -> [UInt8] { withBytes(column) { Array($0) } }

  /// Hands out the bytes of a text or a blob, which are good until the next step.
  func withBytes<Result>(
    _ column: Int32, _ body: (UnsafeBufferPointer<UInt8>) -> Result
  ) -> Result {
    let start = sqlite3_column_blob(handle, column)?.assumingMemoryBound(to: UInt8.self)
    let count = Int(sqlite3_column_bytes(handle, column))
    return body(UnsafeBufferPointer(start: start, count: start == nil ? 0 : count))
  }
}
