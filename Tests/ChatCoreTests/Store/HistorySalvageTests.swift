import ChatEngine
import Glibc
import Testing

@testable import ChatCore

@Suite("HistorySalvage")
struct HistorySalvageTests {
  private static let count: UInt64 = 3_000

  /// A database of two rooms, an inbox and all else, closed, so that all of it is in one file.
  private func filled() throws -> TemporaryState {
    let state = try TemporaryState()
    try fill(try state.open())
    #expect(state.fileBytes("history.sqlite-wal") == 0)
    return state
  }

  private func fill(_ database: HistoryDatabase) throws {
    for start in stride(from: UInt64(1), to: Self.count, by: 500) {
      try database.commit(Sample.batch(start...start + 499))
    }
    var batch = Sample.batch(1...20, in: .inbox(Sample.key(2)))
    let long = String(repeating: "long ", count: 10_000)
    batch.messages.append(Sample.message(1, long, in: .room("long")))
    batch.names = [(try MemberName("Ann"), Sample.ann)]
    batch.senders = [.init(key: Sample.ann, run: 7, said: 3_000, shown: 1)]
    batch.topics = [.init(room: Sample.lobby, text: "topic", author: "Ann", time: 5)]
    batch.settings = [("motd", [1])]
    batch.seen = [.init(key: Sample.key(2), number: 11)]
    try database.commit(batch)
  }

  /// Opens what was damaged, and checks what must hold of it.
  private func mended(_ state: TemporaryState, lost: ClosedRange<Int>) throws -> SalvageReport {
    let database = try state.open()
    let report = try #require(database.salvage)
    let messages = try state.messages()
    #expect(lost.contains(Int(Self.count) - messages.count), "\(messages.count)")
    for message in messages {
      let text = "text \(message.number) of many words that fill a page"
      #expect(message == Sample.message(message.number, text))
    }
    #expect(report.messages <= Int(Self.count) + 21)
    #expect(state.files.contains { "\(state.folder.path)/\($0)" == report.damagedPath })
    #expect(try database.integrity() == nil)
    let next = try #require(try database.load().rooms.first { $0.key == Sample.lobby }).next
    #expect(next == Self.count + 1)
    try database.commit(Sample.batch(next...next))
    let search = SearchQuery(rooms: [Sample.lobby], words: "text \(next)", limit: 1)
    #expect(
      try HistoryReader(in: state.folder).search(search).messages.map(\.number) == [next])
    return report
  }

  @Test("Junk in the header costs no message, nor anything else")
  func header() throws {
    let state = try filled()
    state.spoil(at: 0, 100)
    let report = try mended(state, lost: 0...0)
    #expect(report.missing == 0 && report.messages == Int(Self.count) + 21)
    let database = try state.open()
    #expect(database.salvage == nil)
    let loaded = try database.load()
    #expect(loaded.names.map(\.name.text) == ["Ann"])
    #expect(loaded.senders == [.init(key: Sample.ann, run: 7, said: 3_000, shown: 1)])
    #expect(loaded.settings == ["motd": [1]])
    #expect(loaded.rooms.first { $0.key == Sample.lobby }?.topic?.text == "topic")
    #expect(try database.inbox(Sample.key(2)) == InboxState(next: 21, seen: 11))
    #expect(try state.messages(.room("long")).first?.body.count == 50_000)
  }

  @Test("Junk in any page costs at most what that page held")
  func anyPage() throws {
    let state = try filled()
    let whole = try #require(state.home.read("state/history.sqlite"))
    var saved = 0
    for page in stride(from: 0, to: whole.count / 4_096, by: 7) {
      let other = try TemporaryState()
      other.put("history.sqlite", whole)
      other.spoil(at: page * 4_096)
      // Not each page is in use.
      if try other.open().salvage == nil { continue }
      saved += 1
      other.put("history.sqlite", whole)
      other.spoil(at: page * 4_096)
      let report = try mended(other, lost: 0...45)
      #expect(report.missing <= 45)
    }
    #expect(saved > 5)
  }

  @Test("The last page in use, and the first of the rooms, are no exception")
  func lastPage() throws {
    let state = try filled()
    let pages = try SQLiteConnection(path: state.path, .readOnly).number("PRAGMA page_count") ?? 0
    state.spoil(at: (Int(pages) - 1) * 4_096)
    _ = try mended(state, lost: 0...45)
    let other = try filled()
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'rooms'"
    let root = try SQLiteConnection(path: other.path, .readOnly).number(sql) ?? 0
    other.spoil(at: (Int(root) - 1) * 4_096)
    _ = try mended(other, lost: 0...0)
    #expect(try other.messages(.inbox(Sample.key(2))).count == 20)
  }

  @Test("Rooms that lost their names are kept under others")
  func namelessRooms() throws {
    let state = try filled()
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name IN ('rooms', 'rooms_by_key')"
    let connection = try SQLiteConnection(path: state.path, .readOnly)
    let roots = try SQLiteStatement(sql, on: connection)
    while try roots.step() { state.spoil(at: (Int(roots.int(0)) - 1) * 4_096) }
    let report = try #require(try state.open().salvage)
    #expect(report.namelessRooms == 3 && report.messages == Int(Self.count) + 21)
    #expect(try state.messages(.room("recovered-1")).count == Int(Self.count))
  }

  @Test("Of a file that ends early, what is there is saved")
  func truncated() throws {
    let state = try filled()
    let pages = try SQLiteConnection(path: state.path, .readOnly).number("PRAGMA page_count") ?? 0
    truncate(state.path, off_t(pages) * 4_096 / 2 + 100)
    let report = try #require(try state.open().salvage)
    let messages = try state.messages()
    #expect(messages.count > 500 && messages.count < Int(Self.count))
    #expect(report.messages >= messages.count)
  }

  @Test("A log that ends early, or has junk at its end, loses what it had not committed")
  func brokenLog() throws {
    for isJunk in [false, true] {
      let copy = try TemporaryState()
      do {
        let state = try TemporaryState()
        let database = try state.open()
        try database.commit(Sample.batch(1...50))
        let first = state.fileBytes("history.sqlite-wal")
        try database.commit(Sample.batch(51...100))
        for file in ["history.sqlite", "history.sqlite-wal"] {
          copy.put(file, state.home.read("state/\(file)") ?? [])
        }
        if isJunk {
          copy.spoil("history.sqlite-wal", at: first + 40, 100)
        } else {
          truncate(copy.path + "-wal", off_t(first + 5_000))
        }
      }
      let database = try copy.open()
      #expect(database.salvage == nil)
      #expect(try copy.messages().map(\.number) == Array(1...50))
      try database.commit(Sample.batch(51...51))
    }
  }

  @Test("What only the log has is saved with the rest")
  func withLog() throws {
    let copy = try TemporaryState()
    do {
      let state = try TemporaryState()
      let database = try state.open()
      try fill(database)
      for file in ["history.sqlite", "history.sqlite-wal"] {
        copy.put(file, state.home.read("state/\(file)") ?? [])
      }
    }
    #expect(copy.fileBytes("history.sqlite-wal") > 4_096)
    let pages = try DatabasePages(database: copy.path, writeAhead: copy.path + "-wal")
    var messages = 0
    for page in 1...pages.pageCount {
      messages += pages.rows(ofPage: page).filter { $0.id != nil && $0.values.count == 8 }.count
    }
    #expect(messages == Int(Self.count) + 21)
    let report = try HistorySalvage.run(HistoryFiles(folder: copy.folder))
    #expect(report.messages == Int(Self.count) + 21)
    #expect(try copy.open().load().rooms.count == 2)
  }

  @Test("Salvage that was stopped goes on, or begins again, with the next start")
  func stopped() throws {
    let state = try filled()
    let whole = state.home.read("state/history.sqlite") ?? []
    // It was filling a new database.
    state.write("history.sqlite.salvage", "half")
    #expect(try state.open().salvage == nil)
    #expect(!state.files.contains("history.sqlite.salvage"))
    // It had filled it, and the log was moved already, or the database too.
    for isMoved in [false, true] {
      state.put("history.sqlite.salvaged", whole)
      if isMoved { unlink(state.path) } else { state.write("history.sqlite", "damaged") }
      #expect(try state.open().salvage != nil)
      #expect(try state.messages().count == Int(Self.count))
      #expect(!state.files.contains("history.sqlite.salvaged"))
    }
    #expect(try state.open().salvage == nil)
  }

  @Test("Of many damaged databases, so many are kept")
  func boundsCopies() throws {
    let state = try TemporaryState()
    for _ in 0..<Limits.damagedDatabasesMax + 2 {
      state.write("history.sqlite", String(repeating: "no database ", count: 100))
      #expect(try state.open().salvage != nil)
    }
    let kept = state.files.filter { $0.contains("damaged-") && !$0.hasSuffix("-wal") }
    #expect(kept.count == Limits.damagedDatabasesMax)
  }

  @Test("Records that say what cannot be are no records")
  func hostileRecords() {
    let records: [[UInt8]] = [
      [], [0], [5, 1], [2, 12 + 200], [2, 1], [9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
      [2, 10], [0x81, 0x7f], [10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ]
    for record in records { #expect(DatabasePages.values(record) == nil, "\(record)") }
    #expect(
      DatabasePages.values([5, 0, 1, 15, 16, 0xff, 0x41, 1, 2])
        == [.null, .integer(-1), .text([0x41]), .blob([1, 2])])
  }
}

extension TemporaryState {
  func put(_ file: String, _ bytes: [UInt8]) {
    let flags = O_WRONLY | O_CREAT | O_TRUNC
    let fd = Glibc.open("\(folder.path)/\(file)", flags, 0o600)
    precondition(fd >= 0 && writeAll(bytes, to: fd) == nil)
    close(fd)
  }
}
