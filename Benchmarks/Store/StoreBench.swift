import ChatCore
import ChatEngine
import Glibc

/// Measures the history's database: commits, pages, searches, the start, deleting, salvage.
enum StoreBench {
  static let usage = """
    store-bench [--messages N] [--salvage] FOLDER
      Makes a history in FOLDER, which must not have one, with N (1,000,000) messages of 100 bytes,
      and prints one line of JSON for each thing measured. With --salvage the header is overwritten
      at the end, and the time to start again measured.
    store-bench --endless FOLDER
      Commits messages to the history in FOLDER until it is killed, and prints each number that is
      on the disk.
    """

  static let lobby = RoomKey.room("lobby")
  static let keys = (0..<50).map { PublicKey([UInt8](repeating: UInt8($0), count: 32))! }

  static func main() {
    var arguments = CommandLine.arguments.dropFirst()
    var messages = 1_000_000
    var (isSalvaging, isEndless) = (false, false)
    var path: String?
    while let argument = arguments.popFirst() {
      switch argument {
      case "--messages": messages = arguments.popFirst().flatMap { Int($0) } ?? 0
      case "--salvage": isSalvaging = true
      case "--endless": isEndless = true
      default: path = argument
      }
    }
    guard let path, messages >= 10_000, setenv("STATE_DIRECTORY", path, 1) == 0 else {
      print(usage)
      exit(2)
    }
    do {
      let folder = try StateFolder()
      if isEndless { try writeForever(folder) }
      try write(folder, messages)
      try start(folder)
      try read(folder, messages)
      try search(folder)
      try delete(folder)
      if isSalvaging { try salvage(folder, path) }
    } catch {
      print("{\"error\": \"\(error)\"}")
      exit(1)
    }
  }

  /// Words with the frequencies of speech: the first comes in nearly every message.
  private static func words() -> [String] {
    let letters = Array("etaoinshrdlu")
    return (0..<20_000).map { number in
      var (word, rest) = ("", number * 7 + 3)
      while rest > 0 || word.count < 2 {
        word.append(letters[rest % 12])
        rest /= 12
      }
      return word + String(number % 10)
    }
  }

  private static func batch(
    _ first: UInt64, _ count: Int, _ words: [String], _ random: inout SplitMix64
  ) -> StoreBatch {
    var batch = StoreBatch(id: first)
    for number in first..<first + UInt64(count) {
      var text = ""
      while text.utf8.count < 100 {
        let part = Double(random.next() >> 11) / Double(1 << 53)
        text += words[Int(pow(Double(words.count), part)) - 1] + " "
      }
      let author = Int(number % 50)
      batch.messages.append(
        StoredMessage(
          room: lobby, number: number, time: 1_700_000_000_000 + Int64(number) * 10,
          author: "member\(author)", authorKey: keys[author], run: 12_345_678_901_234 + number % 50,
          authorNumber: number / 50 + 1, body: Array(text.utf8.prefix(100))))
    }
    for author in Set(batch.messages.map(\.authorKey)) {
      guard let author else { continue }
      batch.senders.append(.init(key: author, run: 1, said: first, shown: 0))
    }
    return batch
  }

  private static func write(_ folder: StateFolder, _ messages: Int) throws {
    let database = try HistoryDatabase(in: folder)
    let words = words()
    var random = SplitMix64(seed: 1)
    var next: UInt64 = 1
    for (group, part) in [(1, 1_000), (50, messages / 10), (500, messages)] {
      var (wall, cpu, count, slowest) = (0.0, 0.0, 0, 0.0)
      while count < part && next <= UInt64(messages) {
        let size = min(group, messages - Int(next) + 1)
        let batch = batch(next, size, words, &random)
        let (began, used) = (seconds(), cpuSeconds())
        try database.commit(batch)
        let took = seconds() - began
        (wall, cpu, slowest) = (wall + took, cpu + cpuSeconds() - used, max(slowest, took))
        count += size
        next += UInt64(size)
      }
      report(
        "commit \(group)",
        [
          ("messages_per_second", Double(count) / wall),
          ("cpu_microseconds_per_message", cpu / Double(count) * 1e6),
          ("slowest_milliseconds", slowest * 1e3),
        ])
    }
    report("size", [("bytes_per_message", Double(try database.usedBytes()) / Double(messages))])
  }

  /// For a test that kills it: groups of 1 to 64, in two rooms.
  private static func writeForever(_ folder: StateFolder) throws -> Never {
    let database = try HistoryDatabase(in: folder)
    let words = words()
    var next = try database.load().rooms.first { $0.key == lobby }?.next ?? 1
    var random = SplitMix64(seed: next)
    while true {
      var batch = batch(next, 1 + Int(random.next() % 64), words, &random)
      batch.messages += batch.messages.map { message in
        var other = message
        other.room = .room("other")
        return other
      }
      try database.commit(batch)
      next += UInt64(batch.messages.count / 2)
      let line = "\(next - 1)\n"
      if Glibc.write(1, line, line.utf8.count) != line.utf8.count { exit(1) }
    }
  }

  private static func start(_ folder: StateFolder) throws {
    let began = seconds()
    let database = try HistoryDatabase(in: folder)
    _ = try database.load()
    report("start", [("milliseconds", (seconds() - began) * 1e3)])
  }

  private static func read(_ folder: StateFolder, _ messages: Int) throws {
    let reader = try HistoryReader(in: folder)
    var query = HistoryQuery(target: lobby, selector: .after(0), limit: 1_000, forwards: true)
    let (began, used) = (seconds(), cpuSeconds())
    var count = 0
    while true {
      let page = try reader.page(query)
      count += page.messages.count
      guard !page.isComplete, let last = page.messages.last else { break }
      query.selector = .after(last.number)
    }
    precondition(count == messages, "messages are missing")
    report(
      "pages",
      [
        ("messages_per_second", Double(count) / (seconds() - began)),
        ("cpu_microseconds_per_message", (cpuSeconds() - used) / Double(count) * 1e6),
      ])
    let integrity = seconds()
    _ = try reader.integrity()
    report("check", [("milliseconds", (seconds() - integrity) * 1e3)])
  }

  private static func search(_ folder: StateFolder) throws {
    let reader = try HistoryReader(in: folder)
    let words = words()
    let asked = [
      ("commonest", words[0]), ("two common", "\(words[0]) \(words[1])"),
      ("five common", words[..<5].joined(separator: " ")), ("rare", words[15_000]),
      ("common and rare", "\(words[0]) \(words[15_000])"),
      ("phrase", "\"\(words[2]) \(words[3])\""),
      ("rare pair", "\(words[15_000]) \(words[15_001])"), ("none", "nothing"),
    ]
    for (name, text) in asked {
      let query = SearchQuery(rooms: [lobby], words: text, limit: 50)
      let began = seconds()
      let found = try reader.search(query)
      report(
        "search \(name)",
        [
          ("milliseconds", (seconds() - began) * 1e3), ("found", Double(found.messages.count)),
        ])
    }
  }

  private static func delete(_ folder: StateFolder) throws {
    let database = try HistoryDatabase(in: folder)
    var (slowest, count) = (0.0, 0)
    let began = seconds()
    for _ in 0..<10 {
      let step = seconds()
      count += try database.deleteOlder(than: .max).deleted
      slowest = max(slowest, seconds() - step)
    }
    report(
      "delete",
      [
        ("messages_per_second", Double(count) / (seconds() - began)),
        ("slowest_milliseconds", slowest * 1e3),
      ])
  }

  private static func salvage(_ folder: StateFolder, _ path: String) throws {
    let fd = open(path + "/history.sqlite", O_WRONLY)
    let junk = [UInt8](repeating: 0xa5, count: 100)
    precondition(fd >= 0 && pwrite(fd, junk, 100, 0) == 100)
    close(fd)
    let began = seconds()
    let report = try HistoryDatabase(in: folder).salvage
    self.report(
      "salvage",
      [
        ("seconds", seconds() - began), ("saved", Double(report?.messages ?? 0)),
        ("missing", Double(report?.missing ?? 0)),
      ])
  }

  private static func report(_ name: String, _ figures: [(String, Double)]) {
    let fields = figures.map { "\"\($0)\": \(($1 * 100).rounded() / 100)" }
    print("{\"what\": \"\(name)\", \(fields.joined(separator: ", "))}")
  }

  private static func seconds() -> Double { time(CLOCK_MONOTONIC) }
  private static func cpuSeconds() -> Double { time(CLOCK_PROCESS_CPUTIME_ID) }

  private static func time(_ clock: clockid_t) -> Double {
    var now = timespec()
    clock_gettime(clock, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }
}
