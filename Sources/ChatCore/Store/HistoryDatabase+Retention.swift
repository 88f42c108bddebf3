import ChatEngine

/// What one step of retention did.
public struct RetentionStep: Sendable {
  public var deleted = 0
  /// Whether nothing is left that must go.
  public var isComplete = true
  /// Pictures and files that no message names any more.
  public var orphans: [[UInt8]] = []
}

extension HistoryDatabase {
  /// Deletes the oldest messages that are older than `time`, in milliseconds since 1970: at most
  /// `Limits.retentionStepMessages`, so that what is said meanwhile waits for a moment only.
  /// Numbers go on where they were. What was deleted is overwritten in the file.
  public func deleteOlder(than time: Int64) throws(StoreError) -> RetentionStep {
    try deleteOldest(before: time)
  }

  /// Deletes the oldest messages where the database takes more than `bytesMax`, in the same way.
  public func deleteToBytes(_ bytesMax: Int) throws(StoreError) -> RetentionStep {
    if try usedBytes() <= bytesMax { return RetentionStep() }
    var step = try deleteOldest(before: .max)
    let used = try usedBytes()
    step.isComplete = step.deleted == 0 || used <= bytesMax
    return step
  }

  /// What the database takes, without what is free in its file.
  public func usedBytes() throws(StoreError) -> Int {
    try storing(files.database) { () throws(SQLiteError) in
      let pages = try connection.number("PRAGMA page_count") ?? 0
      let free = try connection.number("PRAGMA freelist_count") ?? 0
      return Int((pages - free) * (try connection.number("PRAGMA page_size") ?? 0))
    }
  }

  private func deleteOldest(before time: Int64) throws(StoreError) -> RetentionStep {
    try requireOpen()
    return try storing(files.database) { () throws(SQLiteError) in
      try connection.transaction { () throws(SQLiteError) in
        var step = RetentionStep()
        var hashes: Set<[UInt8]> = []
        for (id, kind, body) in try oldest(before: time) {
          try delete(id, kind, body)
          step.deleted += 1
          if let file = kind.isText ? nil : StoredAttachment(body) { hashes.insert(file.hash) }
        }
        step.isComplete = step.deleted < Limits.retentionStepMessages
        for hash in hashes where try !isNamed(hash) { step.orphans.append(hash) }
        // What was deleted leaves the index of words only where its parts are put together.
        if step.deleted > 0 {
          try connection.run("INSERT INTO words(words, rank) VALUES ('merge', 64)")
        }
        return step
      }
    }
  }

  private typealias Oldest = (id: Int64, kind: StoredKind, body: [UInt8])

  /// The oldest messages, in the order of their rows.
  private func oldest(before time: Int64) throws(SQLiteError) -> [Oldest] {
    let select = try connection.prepared(
      "SELECT id, kind, body FROM messages WHERE time < ? ORDER BY time LIMIT ?")
    select.bind(1, time)
    select.bind(2, Int64(Limits.retentionStepMessages))
    var messages: [Oldest] = []
    while try select.step() {
      let kind = StoredKind(rawValue: UInt8(truncatingIfNeeded: select.int(1))) ?? .text
      messages.append((select.int(0), kind, select.bytes(2)))
    }
    return messages.sorted { $0.id < $1.id }
  }

  private func delete(
    _ id: Int64, _ kind: StoredKind, _ body: [UInt8]
  ) throws(SQLiteError) {
    let unindex = try connection.prepared(
      "INSERT INTO words(words, rowid, text) VALUES ('delete', ?, ?)")
    unindex.bind(1, id)
    unindex.bindText(2, StoredMessage.searchText(kind, body))
    try unindex.finish()
    let delete = try connection.prepared("DELETE FROM messages WHERE id = ?")
    delete.bind(1, id)
    try delete.finish()
  }

  private func isNamed(_ hash: [UInt8]) throws(SQLiteError) -> Bool {
    let find = try connection.prepared(
      "SELECT 1 FROM messages WHERE kind IN (2, 3) AND substr(body, 1, 32) = ? LIMIT 1")
    defer { find.reset() }
    find.bindBlob(1, hash)
    return try find.step()
  }
}
