/// The bounds of what the server keeps in its database.
extension Limits {
  // MARK: History

  /// The longest name of a room.
  public static let roomNameBytesMax = 64
  /// Rooms and inboxes of a database.
  public static let storedRoomsMax = 1 << 20
  /// The greatest number of a message: what a row of the database has room for beside its room.
  public static let messageNumberMax: UInt64 = 1 << 40 - 1
  /// Rooms whose rows the writer, and the reader, remember.
  public static let storedRoomsCachedMax = 16_384
  /// A stored text, or the description of a stored file, is at most as long.
  public static let storedBodyBytesMax = streamMessageBytesMax
  /// The name of a file that was sent, in its description.
  public static let storedFileNameBytesMax = 255
  /// Programs of which it is kept what they said last; and how many more of them, or of names,
  /// there are before the oldest go.
  public static let sendersKeptMax = 65_536
  public static let sendersExcess = 8_192
  /// Bans and mutes that a server reads when it starts; of more, the latest.
  public static let storedBansMax = 65_536
  /// Pages of history: messages, and bytes of their bodies and names.
  public static let historyPageMessagesMax = 4_096
  public static let historyPageBytesMax = 1 << 20
  /// Messages that a search finds, rooms that it looks into, and bytes of its words.
  public static let searchMessagesMax = 1_000
  public static let searchRoomsMax = 256
  public static let searchWordsBytesMax = 1_024
  public static let searchWordsMax = 32
  /// Messages that one step of retention deletes, in one transaction.
  public static let retentionStepMessages = 1_000
  /// What is too old, or too much, is looked for so often.
  public static let retentionGapSeconds = 3_600
  /// The longest time that messages can be kept for, and the least room for them.
  public static let keepSecondsMax = 36_500 * 86_400
  public static let keepBytesMin = 1 << 20
  /// The longest line of an import, and lines that it commits at once.
  public static let importLineBytesMax = 1 << 20
  public static let importBatchLines = 1_000
  /// Lines of an import that are named when they are not taken; of more, only the count.
  public static let importComplaintsMax = 100
  /// How deep what is not known may be nested in a line of an import.
  public static let importNestingMax = 16
  /// Batches that may wait for the writer, and questions for the reader.
  public static let storeQueueBatchesMax = 64
  public static let storeQueueQuestionsMax = 1_024
  /// Completions that may wait for the loop; the threads wait for it then.
  public static let storeCompletionsMax = 128
  /// Pages of the write-ahead log at which it is moved into the database, and bytes of it that are
  /// kept for the next time.
  public static let writeAheadPagesHigh = 2_048
  public static let writeAheadBytesKept = 16 << 20
  /// What each connection keeps of the database in memory.
  public static let databaseCacheKilobytes = 8 << 10
  /// The database grows by so many bytes.
  public static let databaseGrowthBytes = 1 << 20
  /// How long a connection waits for another one.
  public static let databaseWaitMilliseconds: Int32 = 2_000
  /// A database of so many bytes is checked when it is opened, which takes some 50 ms.
  public static let checkedAtOnceBytesMax = 16 << 20
  /// Damaged databases that are kept; a later one takes the place of the last.
  public static let damagedDatabasesMax = 9
  /// Pages in a row that are read of a damaged row that goes on over several.
  public static let damagedRowPagesMax = 256
}
