import ChatEngine
import Glibc
import Testing

@testable import ChatCore

@Suite("HistoryStore")
struct HistoryStoreTests {
  /// What is done until `count` completions came; fewer where five seconds pass.
  private func completions(_ store: HistoryStore, _ count: Int) -> [HistoryStore.Completion] {
    var all: [HistoryStore.Completion] = []
    _ = waitUntil {
      all += store.takeCompletions()
      return all.count >= count
    }
    return all
  }

  private func store(_ state: TemporaryState) throws -> HistoryStore {
    try HistoryStore(HistoryDatabase(in: state.folder), in: state.folder)
  }

  @Test("Batches are committed in their order, and each is told of once")
  func commits() throws {
    let state = try TemporaryState()
    let store = try store(state)
    for number in 1...UInt64(20) {
      #expect(store.commit(Sample.batch([Sample.message(number)], id: number)))
    }
    let ids = completions(store, 20).map { completion -> UInt64? in
      if case .committed(let id) = completion { id } else { nil }
    }
    #expect(ids == Array(1...20))
    #expect(store.commit(Sample.batch([Sample.message(9)], id: 99)))
    guard case .failed(99, .notNext)? = completions(store, 1).first else {
      Issue.record("a wrong number was taken")
      return
    }
  }

  @Test("Questions are answered beside, and what is waited for at the end is done")
  func answers() throws {
    let state = try TemporaryState()
    let store = try store(state)
    #expect(store.commit(Sample.batch(1...5)))
    _ = completions(store, 1)
    let latest = HistoryQuery(target: Sample.lobby, selector: .latest, limit: 2, forwards: false)
    #expect(store.ask(1, .page(latest)))
    #expect(store.ask(2, .search(SearchQuery(rooms: [Sample.lobby], words: "text 3", limit: 5))))
    #expect(store.ask(3, .search(SearchQuery(rooms: [Sample.lobby], words: "", limit: 5))))
    #expect(store.ask(4, .inbox(Sample.ann)))
    let all = completions(store, 4)
    guard all.count == 4, case .page(1, let page) = all[0], case .page(2, let found) = all[1],
      case .unanswered(3, .badWords) = all[2], case .inbox(4, let inbox) = all[3]
    else {
      Issue.record("\(all)")
      return
    }
    #expect(page.messages.map(\.number) == [4, 5] && found.messages.map(\.number) == [3])
    #expect(inbox == InboxState(next: 1, seen: 0))
    #expect(store.retain(olderThan: 3_000, bytesMax: nil))
    guard case .retained(let step)? = completions(store, 1).first else { return }
    #expect(step.deleted == 2 && step.isComplete)
    #expect(store.commit(Sample.batch(6...6)))
    store.drain(until: Clocks.now() + .seconds(5))
    #expect(try state.messages().map(\.number) == [3, 4, 5, 6])
  }

  @Test("More completions than may wait hold the threads up, and none is lost")
  func waits() throws {
    let state = try TemporaryState()
    let store = try store(state)
    let count = Limits.storeCompletionsMax * 3
    for id in 0..<UInt64(count) { #expect(store.ask(id, .inbox(Sample.ann))) }
    usleep(50_000)
    #expect(store.commit(Sample.batch([Sample.message(1)], id: 7)))
    let all = completions(store, count + 1)
    #expect(all.count == count + 1)
  }

  @Test("A database that is damaged while it is used is mended, and goes on")
  func mends() throws {
    let state = try TemporaryState()
    do {
      // So large that it is not checked when it is opened.
      let text = "word " + String(repeating: "x", count: 10_000)
      let database = try state.open()
      try database.commit(Sample.batch((1...2_000).map { Sample.message($0, text) }))
    }
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'messages_by_time'"
    let root = try SQLiteConnection(path: state.path, .readOnly).number(sql) ?? 0
    state.spoil(at: (Int(root) - 1) * 4_096)
    let store = try store(state)
    #expect(store.commit(Sample.batch([Sample.message(2_001)], id: 5)))
    let all = completions(store, 2)
    guard all.count == 2, case .mended(let report) = all[0], case .committed(5) = all[1] else {
      Issue.record("\(all)")
      return
    }
    #expect(report.messages == 2_000 && report.missing == 0)
    let after = HistoryQuery(target: Sample.lobby, selector: .after(1_999), forwards: true)
    #expect(store.ask(1, .page(after)))
    guard case .page(1, let page)? = completions(store, 1).first else { return }
    #expect(page.messages.map(\.number) == [2_000, 2_001])
  }
}

@Suite("A disk that takes nothing")
struct FullDiskTests {
  /// A file system of so many bytes, gone with the object; needs root.
  private final class SmallDisk {
    private let home = TemporaryFolder()
    var path: String { home.path + "/disk" }

    init?(bytes: Int) {
      mkdir(path, 0o700)
      guard mount("none", path, "tmpfs", 0, "size=\(bytes),mode=700") == 0 else { return nil }
    }

    deinit {
      // MNT_DETACH: what is still open goes when it is closed.
      umount2(path, 2)
      rmdir(path)
    }
  }

  private static let isRoot = getuid() == 0

  @Test("A full disk fails the batch, names the setting, and loses nothing", .enabled(if: isRoot))
  func full() throws {
    guard let disk = SmallDisk(bytes: 6 << 20) else { return }
    defer { extendLifetime(disk) }
    let folder = try StateFolder(disk.path)
    let database = try HistoryDatabase(in: folder)
    let filler = disk.path + "/filler"
    let text = String(repeating: "word ", count: 200)
    var stored: UInt64 = 0
    func commit() throws {
      let batch = Sample.batch((1...50).map { Sample.message(stored + $0, text) })
      try database.commit(batch)
      stored += 50
    }
    try commit()
    fillUp(filler)
    var error: StoreError?
    for _ in 0..<200 where error == nil { error = storeError { try commit() } }
    #expect(error == .diskFull)
    #expect(
      error?.text.contains("--keep-bytes") == true && error?.text.contains("--state-dir") == true)
    #expect(storeError { try commit() } == .diskFull, "again")
    unlink(filler)
    try commit()
    let reader = try HistoryReader(in: folder)
    let query = HistoryQuery(target: Sample.lobby, selector: .latest, limit: 1, forwards: false)
    #expect(try reader.page(query).messages.last?.number == stored)
    #expect(try database.integrity() == nil)
  }

  @Test("What cannot be mended for want of room is mended later", .enabled(if: isRoot))
  func mendsLater() throws {
    guard let disk = SmallDisk(bytes: 8 << 20) else { return }
    defer { extendLifetime(disk) }
    let folder = try StateFolder(disk.path)
    let database = try HistoryDatabase(in: folder)
    let text = String(repeating: "word ", count: 200)
    try database.commit(Sample.batch((1...1_000).map { Sample.message($0, text) }))
    let filler = disk.path + "/filler"
    fillUp(filler)
    #expect(storeError { try database.mend() } == .diskFull)
    guard case .damaged = storeError({ try database.commit(Sample.batch(1_001...1_001)) }) else {
      Issue.record("it is not there, and was written to")
      return
    }
    unlink(filler)
    #expect(try database.mend().messages == 1_000)
    try database.commit(Sample.batch(1_001...1_001))
  }

  private func fillUp(_ path: String) {
    let fd = open(path, O_WRONLY | O_CREAT, 0o600)
    for size in [65_536, 4_096] {
      let bytes = [UInt8](repeating: 1, count: size)
      while write(fd, bytes, size) == size {}
    }
    close(fd)
  }

  @Test("A disk that only reads is told of, with the setting", .enabled(if: isRoot))
  func readOnly() throws {
    guard let disk = SmallDisk(bytes: 4 << 20) else { return }
    defer { extendLifetime(disk) }
    _ = try HistoryDatabase(in: try StateFolder(disk.path))
    // MS_REMOUNT | MS_RDONLY
    #expect(mount("none", disk.path, "tmpfs", 33, nil) == 0)
    let folder = try StateFolder(disk.path)
    let error = storeError { try HistoryDatabase(in: folder) }
    guard case .notWritable = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.text.contains("--state-dir") == true)
  }
}
