/// What a server tells of the past, on a side channel that a client asked for (`Docs/Protocol.md`,
/// "History").
public enum NativePast: Equatable {
  case message(PastMessage)
  /// The end of an answer; `failure` says why there is none, or no more.
  case end(question: UInt64, isComplete: Bool, failure: String?)

  private enum Code: UInt8 {
    case message = 0x40
    case end = 0x41
  }

  /// Reads a message, type byte first; nil where it is malformed.
  public init?(_ bytes: ArraySlice<UInt8>) {
    let past = bytes.withUnsafeBufferPointer { buffer -> NativePast? in
      var reader = ByteReader(buffer)
      guard let code = reader.u8().flatMap(Code.init(rawValue:)) else { return nil }
      switch code {
      case .message:
        guard let number = reader.varint(), let time = reader.varint(),
          let kind = reader.u8().flatMap(StoredKind.init(rawValue:)), let run = reader.u64(),
          let own = reader.varint(), let room = reader.vtext(max: Limits.roomNameBytesMax),
          let from = reader.vtext(max: Limits.nameBytesMax),
          let name = try? RoomName(room)
        else { return nil }
        return .message(
          PastMessage(
            room: name, number: number, time: Int64(clamping: time), from: from, kind: kind,
            id: MessageID(run: run, number: own), body: Array(bytes.dropFirst(reader.offset))))
      case .end:
        guard let question = reader.varint(), let status = reader.u8(),
          let words = reader.vtext(max: Limits.closeTextBytesMax)
        else { return nil }
        return .end(
          question: question, isComplete: status == 0, failure: status > 1 ? words : nil)
      }
    }
    guard let past else { return nil }
    self = past
  }

  /// Appends it as the channel carries it.
  public func append(to bytes: inout [UInt8]) {
    switch self {
    case .message(let message):
      Session.appendMessage(
        Code.message.rawValue,
        { body in
          body.appendVarint(message.number)
          body.appendVarint(UInt64(clamping: message.time))
          body.append(message.kind.rawValue)
          body.appendU64(message.id.run)
          body.appendVarint(message.id.number)
          body.appendVText(message.room.text)
          body.appendVText(message.from)
          body += message.body
        }, to: &bytes)
    case .end(let question, let isComplete, let failure):
      Session.appendMessage(
        Code.end.rawValue,
        { body in
          body.appendVarint(question)
          body.append(failure != nil ? 2 : isComplete ? 0 : 1)
          body.appendVText(failure ?? "")
        }, to: &bytes)
    }
  }
}

/// A message of the past.
public struct PastMessage: Equatable, Sendable {
  public var room: RoomName
  /// The room's, for ever.
  public var number: UInt64
  /// Milliseconds since 1970, by the server's clock.
  public var time: Int64
  public var from: String
  public var kind: StoredKind
  public var id: MessageID
  /// UTF-8; of a picture or file, what `StoredAttachment.encoded` makes.
  public var body: [UInt8]
}
