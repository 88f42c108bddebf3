/// What a native client says on its channels (`Docs/Protocol.md`, "Messages").
public enum NativeRequest: Equatable {
  /// A first join, or one that goes on after event `last` of `log`.
  public struct Join: Equatable {
    public var name: String
    /// Whether the server may put a number behind a name that is taken.
    public var acceptsNumber = false
    /// Whether the key is for this time only, so that no name should belong to it.
    public var isPassing = false
    /// The same for the life of the client program.
    public var run: UInt64
    public var log: UInt64 = 0
    public var last: UInt64 = 0

    public init(name: String, acceptsNumber: Bool, run: UInt64) {
      (self.name, self.acceptsNumber, self.run) = (name, acceptsNumber, run)
    }
  }

  /// A picture that a client would like to send.
  public struct Offer: Equatable {
    public var number: UInt64
    public var object: UInt64
    public var length: UInt64
    /// BLAKE2b-256 of the object.
    public var hash: [UInt8]

    public init(number: UInt64, object: UInt64, length: UInt64, hash: [UInt8]) {
      (self.number, self.object, self.length) = (number, object, length)
      self.hash = hash
    }
  }

  case join(Join)
  case leave
  case offer(Offer)
  /// What the server measures of this session.
  case ownFigures
  /// What it measures of all sessions, from a place in the list on.
  case allFigures(from: UInt64)
  case say(number: UInt64, text: ArraySlice<UInt8>)

  private enum Kind: UInt8 {
    case join = 0x01
    case leave = 0x02
    case offer = 0x03
    case stats = 0x04
    case say = 0x10
  }

  static let hashBytes = 32

  /// Reads a message, type byte first; nil where it is malformed.
  public init?(_ message: ArraySlice<UInt8>) {
    let request = message.withUnsafeBufferPointer { bytes -> NativeRequest? in
      var reader = ByteReader(bytes)
      guard let kind = reader.u8().flatMap(Kind.init(rawValue:)) else { return nil }
      switch kind {
      case .join: return Self.readJoin(&reader)
      case .leave: return .leave
      case .offer: return Self.readOffer(&reader)
      case .stats: return Self.readStats(&reader)
      case .say:
        guard let number = reader.varint() else { return nil }
        return .say(number: number, text: message.dropFirst(reader.offset))
      }
    }
    guard let request else { return nil }
    self = request
  }

  private static func readJoin(_ reader: inout ByteReader) -> NativeRequest? {
    guard let flags = reader.u8(), let run = reader.u64(),
      let name = reader.vtext(max: Limits.nameBytesMax * 2), let log = reader.u64(),
      let last = reader.varint()
    else { return nil }
    var join = Join(name: name, acceptsNumber: flags & 1 == 1, run: run)
    join.isPassing = flags & 2 == 2
    (join.log, join.last) = (log, last)
    return .join(join)
  }

  private static func readStats(_ reader: inout ByteReader) -> NativeRequest? {
    switch (reader.u8(), reader.varint()) {
    case (0, 0): .ownFigures
    case (1, let from?): .allFigures(from: from)
    default: nil
    }
  }

  private static func readOffer(_ reader: inout ByteReader) -> NativeRequest? {
    guard let number = reader.varint(), let object = reader.varint(), reader.u8() == 0,
      let length = reader.varint(), let hash = reader.bytes(hashBytes)
    else { return nil }
    return .offer(Offer(number: number, object: object, length: length, hash: Array(hash)))
  }

  // MARK: Writing

  /// Appends the message as a channel carries it, its length in front.
  public func append(to bytes: inout [UInt8]) {
    switch self {
    case .join(let join):
      Session.appendMessage(Kind.join.rawValue, { Self.write(join, to: &$0) }, to: &bytes)
    case .leave: Session.appendMessage(Kind.leave.rawValue, { _ in }, to: &bytes)
    case .offer(let offer):
      Session.appendMessage(Kind.offer.rawValue, { Self.write(offer, to: &$0) }, to: &bytes)
    case .ownFigures: Self.appendStats(0, from: 0, to: &bytes)
    case .allFigures(let from): Self.appendStats(1, from: from, to: &bytes)
    case .say(let number, let text):
      Session.appendMessage(
        Kind.say.rawValue,
        { body in
          body.appendVarint(number)
          body.append(contentsOf: text)
        }, to: &bytes)
    }
  }

  private static func appendStats(_ what: UInt8, from: UInt64, to bytes: inout [UInt8]) {
    Session.appendMessage(
      Kind.stats.rawValue,
      { body in
        body.append(what)
        body.appendVarint(from)
      }, to: &bytes)
  }

  private static func write(_ join: Join, to body: inout [UInt8]) {
    body.append((join.acceptsNumber ? 1 : 0) | (join.isPassing ? 2 : 0))
    body.appendU64(join.run)
    body.appendVText(join.name)
    body.appendU64(join.log)
    body.appendVarint(join.last)
  }

  private static func write(_ offer: Offer, to body: inout [UInt8]) {
    body.appendVarint(offer.number)
    body.appendVarint(offer.object)
    body.append(0)
    body.appendVarint(offer.length)
    body.append(contentsOf: offer.hash)
  }
}
