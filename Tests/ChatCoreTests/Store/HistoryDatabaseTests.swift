import ChatEngine
import Glibc
import Testing

@testable import ChatCore

@Suite("HistoryDatabase")
struct HistoryDatabaseTests {
  @Test("What was committed is there in another life, as it was")
  func keeps() throws {
    let state = try TemporaryState()
    var batch = StoreBatch(id: 1)
    let inbox = RoomKey.inbox(Sample.key(2))
    var action = Sample.message(2, "waves", by: nil)
    action.kind = .action
    action.run = .max
    action.authorNumber = .max
    batch.messages = [
      Sample.message(1, "", in: inbox), Sample.message(1, "häl\0lo"), action,
      Sample.file(3, hash: 9),
    ]
    try state.open().commit(batch)
    let database = try state.open()
    #expect(try state.messages() == Array(batch.messages.dropFirst()))
    #expect(try state.messages(inbox) == [batch.messages[0]])
    #expect(try database.inbox(Sample.key(2)) == InboxState(next: 2, seen: 0))
    #expect(try database.inbox(Sample.key(3)) == InboxState(next: 1, seen: 0))
    #expect(try database.load().rooms.map(\.next) == [4])
    #expect(try database.integrity() == nil)
  }

  @Test("What a server must know is loaded: rooms, topics, names, senders, bans, settings")
  func loads() throws {
    let state = try TemporaryState()
    var batch = StoreBatch(id: 1)
    let ban = StoredBan(
      subject: .address("10.0.0.0/8"), isMute: false, until: nil, reason: "noise", author: "Ann",
      time: 3)
    let mute = StoredBan(
      subject: .key(Sample.ann), isMute: true, until: 99, reason: "", author: "Ben", time: 4)
    let topic = StoreBatch.Topic(room: .room("ops"), text: "on call", author: "Ann", time: 7)
    batch.rooms = [(.room("zoo"), 1), (.room("ops"), 2)]
    batch.topics = [topic]
    batch.names = [(try MemberName("Ann"), Sample.ann), (try MemberName("Ben"), Sample.key(2))]
    batch.senders = [
      .init(key: Sample.ann, run: .max, said: 5, shown: 2),
      .init(key: Sample.ann, run: 1, said: 1, shown: 0),
    ]
    batch.bans = [.set(ban), .set(mute)]
    batch.settings = [("motd", [1, 2]), ("gone", [3])]
    batch.seen = [.init(key: Sample.ann, number: 4)]
    let database = try state.open()
    try database.commit(batch)
    var later = StoreBatch(id: 2)
    later.names = [(try MemberName("ANN"), Sample.ann)]
    later.senders = [.init(key: Sample.ann, run: .max, said: 4, shown: 3)]
    later.bans = [.lift(ban.subject, isMute: false), .lift(mute.subject, isMute: false)]
    later.settings = [("gone", nil), ("never", nil)]
    later.seen = [.init(key: Sample.ann, number: 3)]
    try database.commit(later)
    let loaded = try database.load()
    #expect(loaded.rooms.map(\.key) == [.room("zoo"), .room("ops")])
    #expect(loaded.rooms.map(\.topic) == [nil, topic])
    #expect(loaded.rooms.map(\.created) == [1, 2])
    #expect(loaded.names.map(\.name.text) == ["Ben", "ANN"])
    #expect(
      loaded.senders == [
        .init(key: Sample.ann, run: 1, said: 1, shown: 0),
        .init(key: Sample.ann, run: .max, said: 5, shown: 3),
      ])
    #expect(loaded.bans == [mute])
    #expect(loaded.settings == ["motd": [1, 2]])
    #expect(try database.inbox(Sample.ann) == InboxState(next: 1, seen: 4))
  }

  @Test("Numbers that are not the next are refused, and nothing of their batch is kept")
  func refusesGaps() throws {
    let state = try TemporaryState()
    let database = try state.open()
    try database.commit(Sample.batch(1...3))
    for numbers in [[5], [3], [4, 4], [4, 6], [0]] as [[UInt64]] {
      var batch = Sample.batch(numbers.map { Sample.message($0) })
      batch.settings = [("a", [1])]
      let error = storeError { try database.commit(batch) }
      guard case .notNext = error else {
        Issue.record("\(numbers): \(String(describing: error))")
        continue
      }
    }
    #expect(try database.load().settings.isEmpty)
    try database.commit(Sample.batch(4...4))
    #expect(try state.messages().map(\.number) == [1, 2, 3, 4])
  }

  @Test("Messages of several rooms in one batch, in any order, are each in their room")
  func mixesRooms() throws {
    let state = try TemporaryState()
    let (a, b) = (RoomKey.room("a"), RoomKey.room("b"))
    let batch = Sample.batch([
      Sample.message(1, "x", in: b), Sample.message(1, "x", in: a), Sample.message(2, "x", in: b),
      Sample.message(2, "x", in: a),
    ])
    let database = try state.open()
    try database.commit(batch)
    #expect(try state.messages(a).map(\.number) == [1, 2])
    #expect(try state.messages(b).map(\.number) == [1, 2])
    let found = try HistoryReader(in: state.folder).search(
      SearchQuery(rooms: [b], words: "x", limit: 10))
    #expect(found.messages.map(\.number) == [2, 1] && found.messages.allSatisfy { $0.room == b })
  }

  @Test("Names of an older file are taken over; of what is there, nothing is lost")
  func importsNames() throws {
    let state = try TemporaryState()
    let database = try state.open()
    var batch = StoreBatch(id: 1)
    batch.names = [(try MemberName("Ann"), Sample.ann)]
    try database.commit(batch)
    let (ann, ben) = (try MemberName("ann"), try MemberName("Ben"))
    let cem = try MemberName("Cem")
    try database.importNames([
      (ben, Sample.key(2)), (ann, Sample.key(9)), (cem, Sample.key(3)), (ben, Sample.key(2)),
    ])
    let names = try database.load().names
    #expect(names.map(\.name.text) == ["Ann", "Cem", "Ben"])
    #expect(names.map(\.owner) == [Sample.ann, Sample.key(3), Sample.key(2)])
  }

  @Test("Programs that said something long ago are forgotten")
  func trimsSenders() throws {
    let state = try TemporaryState()
    let database = try state.open()
    let count = UInt64(Limits.sendersKeptMax + Limits.sendersExcess + 1)
    var batch = StoreBatch(id: 1)
    batch.senders = (1...count).map { .init(key: Sample.ann, run: $0, said: 1, shown: 0) }
    try database.commit(batch)
    let senders = try database.load().senders
    #expect(senders.count == Limits.sendersKeptMax && senders.last?.run == count)
    #expect(try state.count("senders") == Limits.sendersKeptMax)
  }

  @Test("Names that gave way to others long ago are forgotten")
  func trimsNames() throws {
    let state = try TemporaryState()
    let database = try state.open()
    var batch = StoreBatch(id: 1)
    for number in 0...Limits.ownedNamesMax + Limits.sendersExcess {
      batch.names.append((try MemberName("n\(number)"), Sample.ann))
    }
    try database.commit(batch)
    #expect(try state.count("names") == Limits.ownedNamesMax)
    #expect(try database.load().names.last?.name == batch.names.last?.name)
  }

  @Test("The files are their owner's alone, and a second server is told so")
  func isAlone() throws {
    let state = try TemporaryState()
    var database: HistoryDatabase? = try state.open()
    try database?.commit(Sample.batch(1...1))
    for file in ["history.sqlite", "history.sqlite-wal", "history.sqlite-shm", "history.lock"] {
      #expect(state.mode(file) == 0o600, "\(file)")
    }
    #expect(storeError { try state.open() } == .inUse(state.folder.path))
    database = nil
    chmod(state.path, 0o644)
    database = try state.open()
    #expect(state.mode("history.sqlite") == 0o600)
    #expect(try state.messages().count == 1)
  }

  @Test("A link, or anything else than a file, in a file's place is refused")
  func refusesLinks() throws {
    for file in ["history.sqlite", "history.sqlite-wal", "history.sqlite-shm", "history.lock"] {
      let state = try TemporaryState()
      state.home.write("elsewhere", "")
      let path = "\(state.folder.path)/\(file)"
      #expect(symlink(state.home.path + "/elsewhere", path) == 0)
      #expect(storeError { try state.open() } == .notPlain(path))
      unlink(path)
      mkdir(path, 0o700)
      #expect(storeError { try state.open() } != nil)
      rmdir(path)
      #expect(state.home.read("elsewhere") == [])
      _ = try state.open()
    }
  }

  @Test("A database of each earlier version becomes one of this; a newer one is not touched")
  func migrates() throws {
    // Versions that were released, by their SQL.
    for version in 0..<HistorySchema.version {
      let state = try TemporaryState()
      let older = Array(HistorySchema.migrations[..<version])
      let connection = try state.make()
      try HistorySchema.migrate(connection, older)
      let database = try state.open()
      try database.commit(Sample.batch(1...2))
      #expect(try state.messages().count == 2)
    }
    let state = try TemporaryState()
    try state.open().commit(Sample.batch(1...2))
    try state.run("PRAGMA user_version = \(HistorySchema.version + 1)")
    let before = state.home.read("state/history.sqlite")
    #expect(storeError { try state.open() } == .newer(version: HistorySchema.version + 1))
    #expect(state.home.read("state/history.sqlite") == before)
    #expect(state.files.filter { $0.contains("damaged") } == [])
  }

  @Test("A migration that fails changes nothing")
  func migratesWhole() throws {
    let state = try TemporaryState()
    try state.open().commit(Sample.batch(1...2))
    let steps = HistorySchema.migrations + ["CREATE TABLE later(a); DROP TABLE rooms; nonsense"]
    #expect(throws: StoreError.self) { try HistoryDatabase(in: state.folder, migrations: steps) }
    #expect(try state.open().load().rooms.count == 1)
    #expect(try state.messages().count == 2)
  }

  @Test("A database of another program is refused and not touched")
  func refusesForeign() throws {
    let state = try TemporaryState()
    state.write("history.sqlite", "")
    try state.run("CREATE TABLE theirs(a)")
    let before = state.home.read("state/history.sqlite")
    #expect(storeError { try state.open() } == .foreign)
    #expect(state.home.read("state/history.sqlite") == before)
  }
}

extension TemporaryState {
  /// An empty file, as a database.
  func make() throws -> SQLiteConnection {
    write("history.sqlite", "")
    return try SQLiteConnection(path: path, .write)
  }

  func count(_ table: String) throws -> Int {
    let connection = try SQLiteConnection(path: path, .readOnly)
    return Int(try connection.number("SELECT count(*) FROM \(table)") ?? 0)
  }
}
