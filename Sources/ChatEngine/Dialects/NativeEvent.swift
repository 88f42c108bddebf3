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
    case said(MessageID, text: ArraySlice<UInt8>)
    case showed(MessageID, Picture)
  }

  public var seq: UInt64
  public var member: UInt64
  public var kind: Kind

  private enum Code: UInt8 {
    case joined = 0x30
    case left = 0x31
    case said = 0x32
    case showed = 0x33
  }

  public init(seq: UInt64, member: UInt64, kind: Kind) {
    (self.seq, self.member, self.kind) = (seq, member, kind)
  }

  /// Reads a message, type byte first; nil where it is malformed.
  public init?(_ message: ArraySlice<UInt8>) {
    let event = message.withUnsafeBufferPointer { bytes -> NativeEvent? in
      var reader = ByteReader(bytes)
      guard let code = reader.u8().flatMap(Code.init(rawValue:)), let seq = reader.varint(),
        let member = reader.varint()
      else { return nil }
      var kind: Kind?
      switch code {
      case .joined:
        kind = reader.vtext(max: Limits.nameBytesMax).map { .joined(name: $0) }
      case .left:
        kind = reader.u8().map { .left(Departure(rawValue: $0) ?? .said) }
      case .said:
        kind = Self.readAuthor(&reader).map {
          .said($0, text: message.dropFirst(reader.offset))
        }
      case .showed:
        if let author = Self.readAuthor(&reader), let picture = Self.readPicture(&reader) {
          kind = .showed(author, picture)
        }
      }
      return kind.map { NativeEvent(seq: seq, member: member, kind: $0) }
    }
    guard let event else { return nil }
    self = event
  }

  private static func readAuthor(_ reader: inout ByteReader) -> MessageID? {
    guard let run = reader.u32(), let number = reader.varint() else { return nil }
    return MessageID(run: run, number: number)
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
    case .said(let author, let text):
      write(.said, to: &bytes) { body in
        Self.write(author, to: &body)
        body.append(contentsOf: text)
      }
    case .showed(let author, let picture):
      write(.showed, to: &bytes) { body in
        Self.write(author, to: &body)
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
    Session.appendMessage(
      code.rawValue,
      { body in
        body.appendVarint(seq)
        body.appendVarint(member)
        rest(&body)
      }, to: &bytes)
  }

  private static func write(_ author: MessageID, to body: inout [UInt8]) {
    body.appendU32(author.run)
    body.appendVarint(author.number)
  }
}
