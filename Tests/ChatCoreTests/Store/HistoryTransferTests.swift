import ChatEngine
import Testing

@testable import ChatCore

@Suite("Export and import of the history")
struct HistoryTransferTests {
  private func export(_ state: TemporaryState, inboxes: Bool = true) throws -> String {
    var text = ""
    let reader = try HistoryReader(in: state.folder)
    try reader.export(includesInboxes: inboxes) { text += $0 }
    return text
  }

  private func importing(
    _ text: String, to database: HistoryDatabase, piece: Int = 100
  ) throws -> ImportReport {
    var rest = Array(text.utf8)[...]
    return try database.importLines { () throws(StoreError) in
      if rest.isEmpty { return nil }
      defer { rest = rest.dropFirst(piece) }
      return Array(rest.prefix(piece))
    }
  }

  private var samples: [StoredMessage] {
    var action = Sample.message(2, "waves \"\\ \u{1b}[31m 👋🏽 \u{2028}", by: nil)
    action.kind = .action
    var topic = Sample.message(4, "new topic")
    topic.kind = .topic
    topic.run = .max
    return [
      Sample.message(1, "häl\0lo\nyou"), action, Sample.file(3, hash: 0xab), topic,
      Sample.message(1, "secret", in: .inbox(Sample.key(2))),
    ]
  }

  @Test("What is exported is the same after an import into an empty database")
  func goesRound() throws {
    let (first, second) = (try TemporaryState(), try TemporaryState())
    try first.open().commit(Sample.batch(samples))
    let text = try export(first)
    #expect(text.split(separator: "\n").count == 5 && !text.unicodeScalars.contains("\u{1b}"))
    let database = try second.open()
    #expect(try importing(text, to: database).added == 5)
    #expect(try export(second) == text)
    #expect(try second.messages() == Array(samples[..<4]))
    #expect(try importing(text, to: database) == ImportReport(added: 0, duplicates: 5))
    #expect(try export(second) == text)
    #expect(try !export(second, inboxes: false).contains("secret"))
    try database.commit(Sample.batch(5...5))
    let query = SearchQuery(rooms: [Sample.lobby], words: "waves", limit: 3)
    #expect(try HistoryReader(in: second.folder).search(query).messages.count == 1)
  }

  @Test("An export of one room has nothing else")
  func exportsRoom() throws {
    let state = try TemporaryState()
    try state.open().commit(
      Sample.batch(samples + [Sample.message(1, "elsewhere", in: .room("ops"))]))
    let reader = try HistoryReader(in: state.folder)
    var text = ""
    #expect(try reader.export(of: .room("ops"), includesInboxes: true) { text += $0 } == 1)
    #expect(text.contains("elsewhere") && !text.contains("secret"))
    #expect(try reader.export(of: .room("nobody"), includesInboxes: true) { text += $0 } == 0)
  }

  @Test("A message is a duplicate by its number, or by who wrote it, in its room only")
  func skipsDuplicates() throws {
    let state = try TemporaryState()
    let database = try state.open()
    try database.commit(Sample.batch([Sample.message(1, "a"), Sample.message(2, "b")]))
    var lines = ""
    var message = Sample.message(2, "another")
    message.authorNumber = 50
    lines += HistoryLine.text(message)
    message = Sample.message(9, "again")
    message.authorNumber = 1
    lines += HistoryLine.text(message)
    message.room = .room("ops")
    lines += HistoryLine.text(message)
    message = Sample.message(7, "new", by: nil)
    lines += HistoryLine.text(message)
    lines += #"{"room":"lobby","time":5,"author":"Ben","text":"no number"}"# + "\n"
    #expect(try importing(lines, to: database) == ImportReport(added: 3, duplicates: 2))
    #expect(try state.messages().map(\.number) == [1, 2, 7, 8])
    #expect(try state.messages(.room("ops")).map(\.number) == [9])
    try database.commit(Sample.batch(9...9))
  }

  @Test("Lines that are none are named and passed over; the rest is taken")
  func passesOver() throws {
    let state = try TemporaryState()
    let good = #"{"room":"lobby","time":5,"author":"Ben","text":"x","more":{"a":[1,null]}}"#
    let bad = [
      "x", "{}", "[]", good + "}", #"{"room":"Lobby","time":5,"author":"Ben","text":"x"}"#,
      #"{"room":"lobby","author":"Ben","text":"x"}"#, #"{"room":"lobby","time":5,"text":"x"}"#,
      #"{"room":"lobby","time":5,"author":"Ben"}"#,
      #"{"room":"lobby","time":5,"author":"Ben","text":"x","number":-1}"#,
      #"{"room":"lobby","time":5,"author":"Ben","text":"x","number":1099511627776}"#,
      #"{"room":"lobby","time":5,"author":"Ben","text":"x","key":"AA=="}"#,
      #"{"room":"lobby","time":5,"author":"Ben","text":"x","kind":"odd"}"#,
      #"{"room":"lobby","time":5,"author":"Ben","kind":"file","hash":"00","file":"x"}"#,
      #"{"inbox":"AA","time":5,"author":"Ben","text":"x"}"#,
      String(repeating: "[", count: 100), String(repeating: " ", count: 2 << 20) + good,
    ]
    let text = bad.map { $0 + "\n\n" + good + "\r\n" }.joined()
    let report = try importing(text, to: try state.open(), piece: 70_000)
    #expect(report.bad == bad.count && report.added == bad.count && report.duplicates == 0)
    #expect(report.complaints.map(\.line) == bad.indices.map { 3 * $0 + 1 })
    #expect(try state.messages().map(\.number) == Array(1...UInt64(bad.count)))
  }
}

@Suite("JSONReader")
struct JSONReaderTests {
  private func read(_ text: String) -> [String: JSONReader.Value]? {
    try? JSONReader.object(Array(text.utf8))
  }

  @Test("Texts and whole numbers are read")
  func reads() {
    #expect(read("{}") == [:] && read(" { } ") == [:])
    #expect(
      read(#"{"a":"b","c":-12,"d":1.5e3,"e":{"f":[{}, [], "x", true]},"g":null,"a":"z"}"#)
        == ["a": .text("z"), "c": .integer(-12), "d": .other, "e": .other, "g": .other])
    #expect(
      read(#"{"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\uDC4b\u0000"}"#)
        == ["a": .text("\"\\/\u{8}\u{c}\n\r\té👋\0")])
    #expect(read(#"{"a":9223372036854775807}"#) == ["a": .integer(.max)])
    #expect(read(#"{"a":9223372036854775808}"#) == ["a": .other])
  }

  @Test("What is no JSON is refused")
  func refuses() {
    let bad = [
      "", "{", "}", "{a:1}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{,}"#, #"{"a":01}"#,
      #"{"a":1.}"#, #"{"a":.5}"#, #"{"a":+1}"#, #"{"a":1e}"#, #"{"a":tru}"#, #"{"a":"x}"#,
      #"{"a":"\x"}"#, #"{"a":"\u12g4"}"#, #"{"a":"\u+123"}"#, #"{"a":"\ud800"}"#,
      #"{"a":"\udc00"}"#, #"{"a":"\ud800\u0041"}"#, "{\"a\":\"\n\"}", #"{"a":1} x"#, #"{"a":1}{}"#,
      #"{"a":[1,]}"#, #"{"a":[}"#, "[1]", "1", #"{"a":- 1}"#,
    ]
    for text in bad { #expect(read(text) == nil, "\(text)") }
    #expect((try? JSONReader.object([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])) == nil)
    let nested = {
      #"{"a":"# + String(repeating: "[", count: $0) + String(repeating: "]", count: $0)
    }
    #expect(read(nested(Limits.importNestingMax) + "}") != nil)
    #expect(read(nested(Limits.importNestingMax + 1) + "}") == nil)
  }
}
