import ChatEngine

/// A message as a line of JSON, in an export and for an import: see `Docs/History.md`.
enum HistoryLine {
  /// Why a line cannot be taken.
  enum Fault: Error, Equatable {
    case tooLong(Int)
    case notJSON(byte: Int)
    /// A field that is missing, or is not what it must be.
    case field(String)

    var text: String {
      switch self {
      case .tooLong(let bytes):
        "has \(bytes) bytes, and may have \(Limits.importLineBytesMax)"
      case .notJSON(let byte): "is no JSON object: see byte \(byte)"
      case .field(let name): "has no good \"\(name)\""
      }
    }
  }

  private static let kinds: [(StoredKind, String)] = [
    (.text, "text"), (.action, "action"), (.picture, "picture"), (.file, "file"),
    (.topic, "topic"),
  ]

  /// The line, with its end.
  static func text(_ message: StoredMessage) -> String {
    var object = JSONObject()
    switch message.room {
    case .room(let name): object.add("room", name)
    case .inbox(let owner): object.add("inbox", base64(owner))
    }
    object.add("number", Int(message.number))
    object.add("time", Int(message.time))
    object.add("author", message.author)
    if let key = message.authorKey { object.add("key", base64(key)) }
    // As texts: readers of JSON round numbers beyond 2^53.
    if message.run != 0 { object.add("run", String(message.run)) }
    if message.authorNumber != 0 { object.add("author_number", String(message.authorNumber)) }
    object.add("kind", kinds.first { $0.0 == message.kind }?.1 ?? "text")
    if let file = message.kind.isText ? nil : StoredAttachment(message.body) {
      object.add("hash", hex(file.hash))
      object.add("bytes", Int(clamping: file.length))
      object.add("width", Int(file.width))
      object.add("height", Int(file.height))
      object.add("file", file.name)
    } else {
      object.add("text", String(decoding: message.body, as: UTF8.self))
    }
    return object.line
  }

  /// Reads a line. A number of 0 stands for one that is not given.
  static func message(_ line: [UInt8]) throws(Fault) -> StoredMessage {
    let members: [String: JSONReader.Value]
    do throws(JSONReader.Fault) {
      members = try JSONReader.object(line)
    } catch {
      throw .notJSON(byte: error.byte)
    }
    let fields = Fields(members: members)
    let room = try room(fields)
    let number = try fields.number("number", max: Limits.messageNumberMax, else: 0)
    guard let time = fields.integer("time") else { throw .field("time") }
    guard let author = fields.text("author"), !author.isEmpty,
      author.utf8.count <= Limits.nameBytesMax
    else { throw .field("author") }
    let key = try fields.key("key")
    let run = try fields.number("run", max: .max, else: 0)
    let authorNumber = try fields.number("author_number", max: .max, else: 0)
    let kindName = fields.text("kind") ?? (members["kind"] == nil ? "text" : "")
    guard let kind = kinds.first(where: { $0.1 == kindName })?.0 else { throw .field("kind") }
    let body = kind.isText ? try text(fields) : try attachment(fields)
    return StoredMessage(
      room: room, number: number, time: time, author: author, authorKey: key, run: run,
      authorNumber: authorNumber, kind: kind, body: body)
  }

  private static func room(_ fields: Fields) throws(Fault) -> RoomKey {
    if let name = fields.text("room") {
      guard let room = RoomKey(room: name) else { throw .field("room") }
      return room
    }
    guard let owner = try fields.key("inbox") else { throw .field("room") }
    return .inbox(owner)
  }

  private static func text(_ fields: Fields) throws(Fault) -> [UInt8] {
    guard let text = fields.text("text"), text.utf8.count <= Limits.storedBodyBytesMax else {
      throw .field("text")
    }
    return Array(text.utf8)
  }

  private static func attachment(_ fields: Fields) throws(Fault) -> [UInt8] {
    guard let hash = fields.text("hash").flatMap(bytes), hash.count == StoredAttachment.hashBytes
    else { throw .field("hash") }
    guard let name = fields.text("file"), name.utf8.count <= Limits.storedFileNameBytesMax else {
      throw .field("file")
    }
    let length = try fields.number("bytes", max: UInt64(Int64.max), else: nil)
    let width = try fields.number("width", max: UInt64(UInt32.max), else: 0)
    let height = try fields.number("height", max: UInt64(UInt32.max), else: 0)
    return StoredAttachment(
      hash: hash, length: length, width: UInt32(width), height: UInt32(height), name: name
    ).encoded
  }

  private static func base64(_ key: PublicKey) -> String {
    String(decoding: Base64.encode(key.bytes), as: UTF8.self)
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private static func bytes(_ hex: String) -> [UInt8]? {
    let digits = hex.utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
    guard digits.count.isMultiple(of: 2), !digits.contains(nil) else { return nil }
    let values = digits.compactMap { $0 }
    return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
  }

  /// The members of a line, by what they must be.
  private struct Fields {
    let members: [String: JSONReader.Value]

    func text(_ name: String) -> String? {
      if case .text(let text) = members[name] { text } else { nil }
    }

    func integer(_ name: String) -> Int64? {
      if case .integer(let value) = members[name] { value } else { nil }
    }

    /// A number, or a text of its digits.
    func number(_ name: String, max: UInt64, else missing: UInt64?) throws(Fault) -> UInt64 {
      let value: UInt64? =
        switch members[name] {
        case .integer(let value): UInt64(exactly: value)
        case .text(let text): UInt64(text)
        case .other: nil
        case nil: missing
        }
      guard let value, value <= max else { throw .field(name) }
      return value
    }

    /// A key in Base64; nil where there is none.
    func key(_ name: String) throws(Fault) -> PublicKey? {
      if members[name] == nil { return nil }
      guard let text = text(name), let key = Base64.decode(text.utf8).flatMap({ PublicKey($0) })
      else { throw .field(name) }
      return key
    }
  }
}
