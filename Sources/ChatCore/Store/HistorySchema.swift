import ChatEngine

/// The tables of `history.sqlite`, and how older ones become what they are now.
///
/// A message's row id is its room's id times 2^40 and its number: a room's messages lie together,
/// and a page of them is one walk. Salvage knows a row by how many columns it has and what is in
/// them, so tables differ in that, and are kept as they are here: `HistorySalvage`.
enum HistorySchema {
  /// "chat", in the file's header (PRAGMA application_id).
  static let applicationID: Int64 = 0x6368_6174

  /// `migrations[n]` makes version n + 1 (PRAGMA user_version) of version n. What was released is
  /// never changed.
  static let migrations = [first]

  static var version: Int { migrations.count }

  private static let first = """
    CREATE TABLE rooms(
      id INTEGER PRIMARY KEY,
      kind INTEGER NOT NULL,          -- 0 room, 1 inbox
      room ANY NOT NULL,              -- its name, or its owner's key
      created INTEGER NOT NULL,       -- ms since 1970, as all times
      next INTEGER NOT NULL,          -- the number of its next message
      seen INTEGER NOT NULL,          -- of an inbox: all up to this number were seen
      topic TEXT NOT NULL,
      topic_author TEXT NOT NULL,
      topic_time INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX rooms_by_key ON rooms(room, kind);
    CREATE TABLE messages(
      id INTEGER PRIMARY KEY,         -- rooms.id << 40 | number
      time INTEGER NOT NULL,
      author TEXT NOT NULL,
      key BLOB,                       -- 32 bytes
      run INTEGER NOT NULL,           -- 64 bits without a sign
      author_number INTEGER NOT NULL,
      kind INTEGER NOT NULL,          -- 0 text, 1 action, 2 picture, 3 file, 4 topic
      body ANY NOT NULL               -- text, or a blob that describes a file
    ) STRICT;
    CREATE INDEX messages_by_time ON messages(time);
    CREATE INDEX messages_by_hash ON messages(substr(body, 1, 32)) WHERE kind IN (2, 3);
    CREATE TABLE senders(
      id INTEGER PRIMARY KEY,
      key BLOB NOT NULL,
      run INTEGER NOT NULL,
      said INTEGER NOT NULL,
      shown INTEGER NOT NULL,
      used INTEGER NOT NULL           -- its place in the order of use
    ) STRICT;
    CREATE UNIQUE INDEX senders_by_run ON senders(key, run);
    CREATE TABLE names(
      id INTEGER PRIMARY KEY,
      folded TEXT NOT NULL UNIQUE,    -- as names are compared
      name TEXT NOT NULL,
      owner BLOB NOT NULL,
      used INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE bans(
      id INTEGER PRIMARY KEY,
      kind INTEGER NOT NULL,          -- 0 key, 1 name, 2 address
      subject ANY NOT NULL,
      mute INTEGER NOT NULL,
      until INTEGER,
      reason TEXT NOT NULL,
      author TEXT NOT NULL,
      time INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX bans_by_subject ON bans(kind, subject, mute);
    CREATE TABLE settings(
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      value BLOB NOT NULL
    ) STRICT;
    CREATE VIRTUAL TABLE words USING fts5(
      text, content='', columnsize=0, tokenize='unicode61 remove_diacritics 2');
    """

  /// Makes the newest version of what is there. Each step is done whole or not at all.
  ///
  /// - Parameter migrations: those of `Self.migrations`, or fewer in a test.
  static func migrate(
    _ connection: SQLiteConnection, _ migrations: [String] = migrations
  ) throws(SQLiteError) {
    let version = Int(try connection.number("PRAGMA user_version") ?? 0)
    for (index, step) in migrations.enumerated() where index >= version {
      try connection.transaction { () throws(SQLiteError) in
        try connection.run(step)
        try connection.run("PRAGMA application_id = \(applicationID)")
        try connection.run("PRAGMA user_version = \(index + 1)")
      }
    }
  }

  /// What every connection that writes is set to.
  static func prepareForWriting(_ connection: SQLiteConnection) throws(SQLiteError) {
    connection.setWait(Limits.databaseWaitMilliseconds)
    let (pages, kept) = (Limits.writeAheadPagesHigh, Limits.writeAheadBytesKept)
    try connection.run(
      """
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = \(pages);
      PRAGMA journal_size_limit = \(kept);
      PRAGMA secure_delete = ON;
      """)
    connection.setGrowth(bytes: Limits.databaseGrowthBytes)
    try prepareForReading(connection)
  }

  static func prepareForReading(_ connection: SQLiteConnection) throws(SQLiteError) {
    connection.setWait(Limits.databaseWaitMilliseconds)
    let cache = Limits.databaseCacheKilobytes
    try connection.run(
      """
      PRAGMA cache_size = -\(cache);
      PRAGMA temp_store = MEMORY;
      PRAGMA cell_size_check = ON;
      """)
  }
}

/// The row id of a message: which room, and which number in it.
struct MessageRow {
  static let numberBits: Int64 = 40

  static func id(room: Int64, number: UInt64) -> Int64 {
    room << numberBits | Int64(min(number, Limits.messageNumberMax))
  }

  static func room(_ id: Int64) -> Int64 { id >> numberBits }

  static func number(_ id: Int64) -> UInt64 { UInt64(id) & Limits.messageNumberMax }
}
