/// An event of the log, as the talk channel carries it to every native client
/// (`Docs/Protocol.md`, "Messages").
public struct NativeEvent: Equatable {
  public enum Departure: UInt8, Sendable {
    case said = 0
    case silent = 1
    case unreachable = 2
  }

  /// A picture that somebody showed, whose bytes come as an object.
  public struct Picture: Equatable {
    public var object: UInt64
    public var length: UInt64
    public var width: UInt16
    public var height: UInt16
    /// Opens the object's pieces.
    public var key: [UInt8]
    /// BLAKE2b-256 of the object.
    public var hash: [UInt8]
  }

  public enum Kind: Equatable {
    case joined(name: String)
    case left(Departure)
    case said(ArraySlice<UInt8>)
    /// What its author does: "/me waves".
    case did(ArraySlice<UInt8>)
    /// What the room is about from now on.
    case topic(ArraySlice<UInt8>)
    case showed(Picture)
  }

  /// What every message has, and notices do not.
  public struct Message: Equatable {
    /// The room's, for ever.
    public var number: UInt64
    /// Milliseconds since 1970, by the server's clock.
    public var time: Int64
    public var id: MessageID

    public init(number: UInt64, time: Int64, id: MessageID) {
      (self.number, self.time, self.id) = (number, time, id)
    }
  }

  public var seq: UInt64
  public var member: UInt64
  public var kind: Kind
  public var message: Message?

  private enum Code: UInt8 {
    case joined = 0x30
    case left = 0x31
    case said = 0x32
    case showed = 0x33
    case did = 0x34
    case topic = 0x35

    var isMessage: Bool { self != .joined && self != .left }
  }

  /// - Parameter message: nil for those who joined and left, and only for them.
  public init(seq: UInt64, member: UInt64, kind: Kind, message: Message? = nil) {
    (self.seq, self.member, self.kind, self.message) = (seq, member, kind, message)
  }

  /// Reads a message, type byte first; nil where it is malformed.
  public init?(_ bytes: ArraySlice<UInt8>) {
    let event = bytes.withUnsafeBufferPointer { buffer -> NativeEvent? in
      var reader = ByteReader(buffer)
      guard let code = reader.u8().flatMap(Code.init(rawValue:)), let seq = reader.varint(),
        let member = reader.varint()
      else { return nil }
      var message: Message?
      if code.isMessage {
        message = Self.readMessage(&reader)
        if message == nil { return nil }
      }
      let kind: Kind?
      switch code {
      case .joined: kind = reader.vtext(max: Limits.nameBytesMax).map { .joined(name: $0) }
      case .left: kind = reader.u8().map { .left(Departure(rawValue: $0) ?? .said) }
      case .said: kind = .said(bytes.dropFirst(reader.offset))
      case .did: kind = .did(bytes.dropFirst(reader.offset))
      case .topic: kind = .topic(bytes.dropFirst(reader.offset))
      case .showed: kind = Self.readPicture(&reader).map { .showed($0) }
      }
      return kind.map { NativeEvent(seq: seq, member: member, kind: $0, message: message) }
    }
    guard let event else { return nil }
    self = event
  }

  private static func readMessage(_ reader: inout ByteReader) -> Message? {
    guard let number = reader.varint(), let time = reader.varint(), let run = reader.u64(),
      let own = reader.varint()
    else { return nil }
    return Message(
      number: number, time: Int64(clamping: time), id: MessageID(run: run, number: own))
  }

  private static func readPicture(_ reader: inout ByteReader) -> Picture? {
    guard let object = reader.varint(), let length = reader.varint(),
      let width = reader.u16(), let height = reader.u16(), let key = reader.bytes(32),
      let hash = reader.bytes(NativeRequest.hashBytes)
    else { return nil }
    return Picture(
      object: object, length: length, width: width, height: height, key: Array(key),
      hash: Array(hash))
  }

  // MARK: Writing

  /// Appends the event as the channel carries it.
  public func append(to bytes: inout [UInt8]) {
    switch kind {
    case .joined(let name): write(.joined, to: &bytes) { $0.appendVText(name) }
    case .left(let departure): write(.left, to: &bytes) { $0.append(departure.rawValue) }
    case .said(let text): write(.said, to: &bytes) { $0.append(contentsOf: text) }
    case .did(let text): write(.did, to: &bytes) { $0.append(contentsOf: text) }
    case .topic(let text): write(.topic, to: &bytes) { $0.append(contentsOf: text) }
    case .showed(let picture):
      write(.showed, to: &bytes) { body in
        body.appendVarint(picture.object)
        body.appendVarint(picture.length)
        body.appendU16(picture.width)
        body.appendU16(picture.height)
        body.append(contentsOf: picture.key)
        body.append(contentsOf: picture.hash)
      }
    }
  }

  private func write(_ code: Code, to bytes: inout [UInt8], _ rest: (inout [UInt8]) -> Void) {
    precondition(code.isMessage == (message != nil), "a notice has no number, a message has")
    Session.appendMessage(
      code.rawValue,
      { body in
        body.appendVarint(seq)
        body.appendVarint(member)
        if let message { Self.write(message, to: &body) }
        rest(&body)
      }, to: &bytes)
  }

  private static func write(_ message: Message, to body: inout [UInt8]) {
    body.appendVarint(message.number)
    body.appendVarint(UInt64(clamping: message.time))
    body.appendU64(message.id.run)
    body.appendVarint(message.id.number)
  }
}
