import ChatEngine
import Glibc

@testable import ChatCore

/// Messages and batches as tests want them.
enum Sample {
  static let lobby = RoomKey.room("lobby")
  static let ann = key(1)

  static func key(_ number: UInt8) -> PublicKey {
    PublicKey([UInt8](repeating: number, count: 32))!
  }

  /// Time is the number in seconds.
  static func message(
    _ number: UInt64, _ text: String = "hello", in room: RoomKey = lobby, by key: PublicKey? = ann
  ) -> StoredMessage {
    StoredMessage(
      room: room, number: number, time: Int64(number) * 1_000, author: "Ann", authorKey: key,
      run: 7, authorNumber: number, body: Array(text.utf8))
  }

  static func file(_ number: UInt64, hash: UInt8, in room: RoomKey = lobby) -> StoredMessage {
    var message = message(number, in: room)
    message.kind = .file
    message.body =
      StoredAttachment(
        hash: [UInt8](repeating: hash, count: 32), length: 5, width: 0, height: 0,
        name: "plan \(hash).txt"
      ).encoded
    return message
  }

  static func batch(_ messages: [StoredMessage], id: UInt64 = 1) -> StoreBatch {
    var batch = StoreBatch(id: id)
    batch.messages = messages
    return batch
  }

  /// Texts with the message's number, long enough to fill pages.
  static func batch(_ numbers: ClosedRange<UInt64>, in room: RoomKey = lobby) -> StoreBatch {
    batch(numbers.map { message($0, "text \($0) of many words that fill a page", in: room) })
  }
}

extension TemporaryState {
  var path: String { folder.path + "/history.sqlite" }

  func open() throws -> HistoryDatabase { try HistoryDatabase(in: folder) }

  /// All messages of a room.
  func messages(_ room: RoomKey = Sample.lobby) throws -> [StoredMessage] {
    let reader = try HistoryReader(in: folder)
    var query = HistoryQuery(target: room, selector: .after(0), forwards: true)
    var all: [StoredMessage] = []
    while true {
      let page = try reader.page(query)
      all += page.messages
      guard !page.isComplete, let last = page.messages.last else { return all }
      query.selector = .after(last.number)
    }
  }

  /// Runs SQL on the database as another program would.
  func run(_ sql: String) throws {
    let connection = try SQLiteConnection(path: path, .write)
    try connection.run(sql)
  }

  func fileBytes(_ file: String = "history.sqlite") -> Int {
    var status = stat()
    return stat("\(folder.path)/\(file)", &status) == 0 ? Int(status.st_size) : 0
  }

  /// Overwrites bytes of a file with what is no page.
  func spoil(_ file: String = "history.sqlite", at offset: Int, _ count: Int = 4_096) {
    let fd = Glibc.open("\(folder.path)/\(file)", O_WRONLY)
    let junk = [UInt8](repeating: 0xa5, count: count)
    precondition(fd >= 0 && pwrite(fd, junk, count, off_t(offset)) == count)
    close(fd)
  }
}

/// What is thrown, for expectations; nil where nothing is.
func storeError<Result>(_ body: () throws -> Result) -> StoreError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error as? StoreError
  }
}
