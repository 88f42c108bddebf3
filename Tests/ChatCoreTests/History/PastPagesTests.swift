import Testing

@testable import ChatCore
@testable import ChatEngine

/// Answers questions as a server does, and counts them.
private struct PastServer {
  var messages: [PastMessage]
  var questions = 0

  init(_ numbers: some Sequence<UInt64>, bytes: (UInt64) -> Int = { _ in 100 }) {
    messages = numbers.map { pastMessage($0, String(repeating: "x", count: bytes($0))) }
  }

  mutating func answer(_ question: PastPages.Question) -> ([PastMessage], isComplete: Bool) {
    questions += 1
    var (range, forwards) = (messages[...], true)
    switch question.selector {
    case .after(let number): range = messages[...].drop { $0.number <= number }
    case .since(let time): range = messages[...].drop { $0.time < Int64(time) }
    case .before(let number):
      (range, forwards) = (messages[...].prefix { $0.number < number }, false)
    case .latest: forwards = false
    case .search: range = []
    }
    var page: [PastMessage] = []
    var bytes = 0
    for message in forwards ? Array(range) : range.reversed() {
      bytes += message.body.count + message.from.utf8.count
      let isFull = bytes > Limits.historyPageBytesMax && !page.isEmpty
      if page.count == min(question.limit, Limits.historyPageMessagesMax) || isFull { break }
      page.append(message)
    }
    return (forwards ? page : page.reversed(), page.count == range.count)
  }
}

/// Time is the number in milliseconds.
func pastMessage(
  _ number: UInt64, _ text: String = "hello", _ kind: StoredKind = .text
) -> PastMessage {
  PastMessage(
    room: .lobby, number: number, time: Int64(clamping: number), from: "Ann", kind: kind,
    id: MessageID(run: 7, number: number), body: Array(text.utf8))
}

@Suite("Pages of the past")
struct PastPagesTests {
  /// Asks until all is there, as many pages ahead as are asked for.
  private func all(
    _ pages: inout PastPages, from server: inout PastServer, cutAfter: Int? = nil
  ) -> [UInt64] {
    var taken: [UInt64] = []
    var open: [(id: UInt64, question: PastPages.Question)] = []
    var (nextID, rounds) = (UInt64(1), 0)
    while !pages.isDone {
      rounds += 1
      guard rounds < 2_000 else { break }
      while let question = pages.question {
        pages.ask(nextID)
        open.append((nextID, question))
        nextID += 1
      }
      guard !open.isEmpty else { break }
      let (id, question) = open.removeFirst()
      let (messages, isComplete) = server.answer(question)
      if rounds == cutAfter {
        for message in messages.prefix(messages.count / 2) where pages.take(message, of: id) {
          taken.append(message.number)
        }
        pages.restart()
        pages.end(id, isComplete: false)
      } else {
        for message in messages where pages.take(message, of: id) { taken.append(message.number) }
        pages.end(id, isComplete: isComplete)
      }
    }
    #expect(pages.isDone)
    return taken
  }

  @Test(
    "All come once and in order, whatever borders pages have",
    arguments: [0, 1, 4_095, 4_096, 4_097, 8_192, 10_000, 20_481])
  func comesWhole(_ count: Int) {
    let numbers = (0..<count).map { UInt64($0 + 1) }
    var server = PastServer(numbers)
    var pages = PastPages(.after(0))
    #expect(all(&pages, from: &server) == numbers)
    #expect(server.questions <= count / Limits.historyPageMessagesMax + 3)
  }

  @Test("A beginning at a number, or at a time, is kept to")
  func beginsInside() {
    var server = PastServer(1...10_000)
    var pages = PastPages(.after(9_998))
    #expect(all(&pages, from: &server) == [9_999, 10_000])
    pages = PastPages(.since(5_000))
    #expect(all(&pages, from: &server) == Array(5_000...10_000))
    pages = PastPages(.after(10_000))
    #expect(all(&pages, from: &server) == [])
  }

  @Test("Long messages end pages early, and few of them are asked for in vain")
  func fitsBytes() {
    var server = PastServer(1...2_000) { $0 < 1_000 ? 1_000 : 60_000 }
    var pages = PastPages(.after(0))
    #expect(all(&pages, from: &server) == Array(1...2_000))
    // 60 MB are 58 pages at least.
    #expect(server.questions < 120)
  }

  @Test("Where many numbers are missing, nothing is asked for again and again")
  func skipsGaps() {
    let far: [UInt64] = (0..<9_000).map { 1 << 39 + $0 }
    let numbers = [1, 2, 50_000] + far + [Limits.messageNumberMax]
    var server = PastServer(numbers)
    var pages = PastPages(.after(0))
    #expect(all(&pages, from: &server) == numbers)
    #expect(server.questions < 10)
  }

  @Test("After a connection was lost it goes on behind the last message", arguments: 1...6)
  func goesOn(_ round: Int) {
    var server = PastServer(1...20_000)
    var pages = PastPages(.after(0))
    #expect(all(&pages, from: &server, cutAfter: round) == Array(1...20_000))
  }

  @Test("A server that never comes to an end, or tells what was not asked, ends it")
  func isBounded() {
    var pages = PastPages(.after(5))
    pages.ask(1)
    let told: [(UInt64, UInt64)] = [(.max, 1), (6, 2), (6, 1), (6, 1), (5, 1), (8, 1)]
    let isTaken = told.map { number, id in pages.take(pastMessage(number), of: id) }
    #expect(isTaken == [false, false, true, false, false, true])
    pages.end(1, isComplete: false)
    pages.ask(2)
    pages.end(2, isComplete: false)
    #expect(pages.isDone)
  }

  @Test(
    "The newest come oldest first, as many as are wanted and there",
    arguments: [(1, 10_000), (50, 10_000), (4_096, 10_000), (9_999, 10_000), (20_000, 10_000)])
  func latest(_ limit: Int, _ count: Int) {
    var server = PastServer(1...UInt64(count))
    var pages = LatestPages(limit: limit, from: .none)
    let first = UInt64(max(1, count - limit + 1))
    #expect(text(&pages, from: &server) == (first...UInt64(count)).map { "\($0)\n" }.joined())
    #expect(server.questions == (min(limit, count) + 4_095) / 4_096)
  }

  @Test("The newest go no further back than their beginning")
  func latestSince() {
    var server = PastServer(1...10_000)
    var pages = LatestPages(limit: 9_000, from: .number(9_998))
    #expect(text(&pages, from: &server) == "9999\n10000\n")
    pages = LatestPages(limit: 2, from: .time(5_000))
    #expect(text(&pages, from: &server) == "9999\n10000\n")
    pages = LatestPages(limit: 9_000, from: .time(9_999))
    #expect(text(&pages, from: &server) == "9999\n10000\n")
    var nobody = PastServer([])
    pages = LatestPages(limit: 9, from: .none)
    #expect(text(&pages, from: &nobody) == "")
  }

  private func text(_ pages: inout LatestPages, from server: inout PastServer) -> String {
    var rounds = 0
    while !pages.isDone, rounds < 100 {
      rounds += 1
      let (messages, isComplete) = server.answer(pages.question)
      if rounds == 2 {
        for message in messages { pages.take(message) { Array("lost\n".utf8) } }
        pages.restart()
        continue
      }
      for message in messages { pages.take(message) { Array("\(message.number)\n".utf8) } }
      pages.end(isComplete: isComplete)
    }
    server.questions -= rounds > 1 ? 1 : 0
    return String(decoding: pages.takeText().joined(), as: UTF8.self)
  }
}
