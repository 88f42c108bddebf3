import ChatEngine
import Testing

@testable import ChatCore

@Suite("HistoryReader")
struct HistoryReaderTests {
  private func page(
    _ reader: HistoryReader, _ selector: HistoryQuery.Selector, forwards: Bool, limit: Int = 3,
    bytes: Int = .max
  ) throws -> (numbers: [UInt64], isComplete: Bool) {
    let query = HistoryQuery(
      target: Sample.lobby, selector: selector, limit: limit, bytesMax: bytes, forwards: forwards)
    let page = try reader.page(query)
    return (page.messages.map(\.number), page.isComplete)
  }

  @Test("A page has what was asked for, from the front or the back, and says whether that is all")
  func reads() throws {
    let state = try TemporaryState()
    let database = try state.open()
    try database.commit(Sample.batch(1...10))
    // Rooms beside it, whose rows lie before and behind.
    try database.commit(Sample.batch(1...3, in: .room("z")))
    let reader = try HistoryReader(in: state.folder)
    #expect(try page(reader, .after(0), forwards: true) == ([1, 2, 3], false))
    #expect(try page(reader, .after(7), forwards: true) == ([8, 9, 10], true))
    #expect(try page(reader, .after(8), forwards: true) == ([9, 10], true))
    #expect(try page(reader, .after(10), forwards: true) == ([], true))
    #expect(try page(reader, .after(.max), forwards: true) == ([], true))
    #expect(try page(reader, .after(4), forwards: false) == ([8, 9, 10], false))
    #expect(try page(reader, .before(6), forwards: false) == ([3, 4, 5], false))
    #expect(try page(reader, .before(3), forwards: false) == ([1, 2], true))
    #expect(try page(reader, .before(1), forwards: false) == ([], true))
    #expect(try page(reader, .before(0), forwards: false) == ([], true))
    #expect(try page(reader, .before(.max), forwards: false) == ([8, 9, 10], false))
    #expect(try page(reader, .latest, forwards: false) == ([8, 9, 10], false))
    #expect(try page(reader, .latest, forwards: true) == ([1, 2, 3], false))
    #expect(try page(reader, .since(8_000), forwards: true) == ([8, 9, 10], true))
    #expect(try page(reader, .since(7_001), forwards: true) == ([8, 9, 10], true))
    #expect(try page(reader, .since(0), forwards: true) == ([1, 2, 3], false))
    #expect(try page(reader, .since(.min), forwards: false) == ([8, 9, 10], false))
    #expect(try page(reader, .since(10_001), forwards: true) == ([], true))
    #expect(try page(reader, .since(.max), forwards: true) == ([], true))
    let nowhere = HistoryQuery(target: .room("none"), selector: .latest, forwards: true)
    #expect(try reader.page(nowhere) == HistoryPage(messages: [], isComplete: true))
  }

  @Test("A page is bounded in bytes, and one message comes whatever its length")
  func boundsBytes() throws {
    let state = try TemporaryState()
    let database = try state.open()
    let text = String(repeating: "x", count: 97)
    try database.commit(Sample.batch((1...5).map { Sample.message($0, text) }))
    let reader = try HistoryReader(in: state.folder)
    #expect(
      try page(reader, .after(0), forwards: true, limit: 9, bytes: 300) == ([1, 2, 3], false))
    #expect(try page(reader, .after(2), forwards: true, limit: 9, bytes: 300) == ([3, 4, 5], true))
    #expect(try page(reader, .after(0), forwards: true, limit: 9, bytes: 299) == ([1, 2], false))
    #expect(try page(reader, .latest, forwards: false, limit: 9, bytes: 0) == ([5], false))
    #expect(try page(reader, .latest, forwards: false, limit: -1) == ([5], false))
  }

  @Test("A reader sees what is committed while it is there")
  func seesNew() throws {
    let state = try TemporaryState()
    let database = try state.open()
    let reader = try HistoryReader(in: state.folder)
    #expect(try page(reader, .latest, forwards: false) == ([], true))
    try database.commit(Sample.batch(1...2))
    #expect(try page(reader, .latest, forwards: false) == ([1, 2], true))
    try database.commit(Sample.batch(3...3))
    #expect(try page(reader, .after(2), forwards: true) == ([3], true))
  }

  @Test("A search in no room in particular is one in all rooms, and in nobody's inbox")
  func searchesEverywhere() throws {
    let state = try TemporaryState()
    try state.open().commit(
      Sample.batch([
        Sample.message(1, "deploy", in: .room("ops")), Sample.message(2, "none", in: .room("ops")),
        Sample.message(1, "late deploy"), Sample.message(2, "deploy again"),
        Sample.message(1, "deploy in secret", in: .inbox(Sample.key(2))),
      ]))
    let reader = try HistoryReader(in: state.folder)
    let found = try reader.search(SearchQuery(rooms: [], words: "deploy", limit: 9)).messages
    #expect(found.map(\.number) == [2, 1, 1])
    #expect(Set(found.map(\.room)) == [Sample.lobby, .room("ops")])
  }

  @Test("A search finds messages with all words, the newest first, in the rooms that it is for")
  func searches() throws {
    let state = try TemporaryState()
    let database = try state.open()
    let texts = [
      "the Deploy is done", "deploy THE thing", "done is done", "Größe der Datei", "foo-bar \"x\"",
    ]
    try database.commit(
      Sample.batch(texts.enumerated().map { Sample.message(UInt64($0 + 1), $1) }))
    try database.commit(Sample.batch([Sample.message(1, "deploy here", in: .room("ops"))]))
    try database.commit(Sample.batch([Sample.file(6, hash: 3)]))
    let reader = try HistoryReader(in: state.folder)
    func found(
      _ words: String, _ rooms: [RoomKey] = [Sample.lobby], before: Int64? = nil, limit: Int = 10
    ) throws -> [UInt64] {
      try reader.search(SearchQuery(rooms: rooms, words: words, before: before, limit: limit))
        .messages.map(\.number)
    }
    #expect(try found("deploy the") == [2, 1])
    #expect(try found("done") == [3, 1])
    #expect(try found("\"the deploy\"") == [1])
    #expect(try found("\"is done") == [3, 1], "a mark that is not closed")
    #expect(try found("grosse") == [] && found("große") == [4] && found("GROßE") == [4])
    #expect(try found("foo-bar") == [5] && found("bar foo") == [5] && found("\"bar foo\"") == [])
    #expect(try found("plan") == [6] && found("txt 3") == [6], "the name of a file")
    #expect(try found("deploy", [.room("ops"), Sample.lobby]) == [2, 1, 1])
    #expect(try found("deploy", [.room("ops")]) == [1])
    #expect(try found("deploy", before: 2_000) == [1] && found("deploy", before: 1_000) == [])
    #expect(try found("deploy", limit: 1) == [2])
    for words in ["NOT", "deploy OR done", "a*", "text:deploy", "(deploy", "NEAR(a b)", "^the"] {
      _ = try found(words)
    }
    for words in ["", "  ", "- \"", String(repeating: "a ", count: 40)] {
      #expect(storeError { try found(words) } == .badWords, "\(words)")
    }
    let query = SearchQuery(rooms: [Sample.lobby], words: "deploy", limit: 1)
    #expect(try !reader.search(query).isComplete)
  }

  @Test("Old messages are deleted in steps, with their words; their numbers are not used again")
  func deletes() throws {
    let state = try TemporaryState()
    let database = try state.open()
    try database.commit(Sample.batch(1...2_500))
    try database.commit(Sample.batch([Sample.file(2_501, hash: 1), Sample.file(2_502, hash: 2)]))
    try database.commit(Sample.batch([Sample.file(2_503, hash: 1)]))
    var deleted: [Int] = []
    var orphans: [[UInt8]] = []
    while true {
      let step = try database.deleteOlder(than: 2_503_000)
      deleted.append(step.deleted)
      orphans += step.orphans
      if step.isComplete { break }
    }
    #expect(deleted == [1_000, 1_000, 502])
    #expect(orphans == [[UInt8](repeating: 2, count: 32)])
    let reader = try HistoryReader(in: state.folder)
    #expect(try reader.isReferenced(hash: [UInt8](repeating: 1, count: 32)))
    #expect(try !reader.isReferenced(hash: [UInt8](repeating: 2, count: 32)))
    #expect(try page(reader, .latest, forwards: false) == ([2_503], true))
    #expect(try page(reader, .since(0), forwards: true) == ([2_503], true))
    let query = SearchQuery(rooms: [Sample.lobby], words: "text", limit: 9)
    #expect(try reader.search(query).messages.isEmpty)
    #expect(try database.integrity() == nil)
    #expect(try database.deleteOlder(than: .max).deleted == 1)
    #expect(storeError { try database.commit(Sample.batch(1...1)) } != nil)
    try database.commit(Sample.batch(2_504...2_504))
    #expect(try page(reader, .latest, forwards: false) == ([2_504], true))
  }

  @Test("A database is made smaller than a bound, the oldest messages first, over all rooms")
  func deletesToBytes() throws {
    let state = try TemporaryState()
    let database = try state.open()
    for start in stride(from: UInt64(1), to: 8_001, by: 1_000) {
      try database.commit(Sample.batch(start...start + 999))
      try database.commit(Sample.batch(start...start + 999, in: .room("ops")))
    }
    let before = try database.usedBytes()
    #expect(try database.deleteToBytes(before).deleted == 0)
    for _ in 0..<100 where try !database.deleteToBytes(before / 2).isComplete {}
    #expect(try database.usedBytes() <= before / 2)
    let (first, second) = (try state.messages(), try state.messages(.room("ops")))
    #expect(first.count + second.count > 2_000 && first.last?.number == 8_000)
    let (a, b) = (first.first?.number ?? 0, second.first?.number ?? 0)
    #expect(max(a, b) - min(a, b) <= 1)
    #expect(try database.integrity() == nil)
  }
}
