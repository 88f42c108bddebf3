import ChatEngine

/// How values of the engine stand in rows.
extension SQLiteStatement {
  /// Binds a room's `room` and `kind`, from `index` on.
  func bind(_ key: RoomKey, at index: Int32) {
    switch key {
    case .room(let name):
      bindText(index, name)
      bind(index + 1, 0)
    case .inbox(let owner):
      bindBlob(index, owner.bytes)
      bind(index + 1, 1)
    }
  }

  /// A room's `room` and `kind`; nil where they are no room's.
  func roomKey(_ column: Int32) -> RoomKey? {
    if int(column + 1) == 0 { return RoomKey(room: text(column)) }
    return publicKey(column).map { .inbox($0) }
  }

  /// Binds all columns of a message but its id.
  func bind(_ message: StoredMessage) {
    bind(2, message.time)
    bindText(3, message.author)
    if let key = message.authorKey { bindBlob(4, key.bytes) } else { bindNull(4) }
    bind(5, Int64(bitPattern: message.run))
    bind(6, Int64(bitPattern: message.authorNumber))
    bind(7, Int64(message.kind.rawValue))
    if message.kind.isText { bindText(8, message.body) } else { bindBlob(8, message.body) }
  }

  /// The columns of `StoredMessage.columns`.
  func message(in room: RoomKey) -> StoredMessage {
    StoredMessage(
      room: room, number: MessageRow.number(int(0)), time: int(1), author: text(2),
      authorKey: publicKey(3), run: UInt64(bitPattern: int(4)),
      authorNumber: UInt64(bitPattern: int(5)),
      kind: StoredKind(rawValue: UInt8(truncatingIfNeeded: int(6))) ?? .text,
      body: bytes(7))
  }

  /// Binds a ban's `kind` and `subject`, the first two.
  func bind(_ subject: StoredBan.Subject) {
    switch subject {
    case .key(let key):
      bind(1, 0)
      bindBlob(2, key.bytes)
    case .name(let name):
      bind(1, 1)
      bindText(2, name)
    case .address(let address):
      bind(1, 2)
      bindText(2, address)
    }
  }

  func publicKey(_ column: Int32) -> PublicKey? { withBytes(column) { PublicKey($0) } }
}

extension StoredKind {
  /// Whether the body is what somebody wrote, else it describes a file.
  var isText: Bool { self != .picture && self != .file }
}

extension StoredMessage {
  static let columns = "id, time, author, key, run, author_number, kind, body"

  /// What it can be found by.
  var searchText: [UInt8] { Self.searchText(kind, body) }

  static func searchText(_ kind: StoredKind, _ body: [UInt8]) -> [UInt8] {
    if kind.isText { return body }
    return StoredAttachment(body).map { Array($0.name.utf8) } ?? []
  }

  /// What it counts for in a page: the bytes of its body and its author's name.
  var pageBytes: Int { body.count + author.utf8.count }
}
