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
    /// That of the room.
    public var channel: UInt64

    public init(
      number: UInt64, object: UInt64, length: UInt64, hash: [UInt8],
      channel: UInt64 = UInt64(Channel.talk.rawValue)
    ) {
      (self.number, self.object, self.length) = (number, object, length)
      (self.hash, self.channel) = (hash, channel)
    }
  }

  /// A room besides the lobby, to be followed on a channel of the client's choice.
  public struct Enter: Equatable {
    public var channel: UInt64
    public var room: String
    /// The event of the log after which to go on; nil for what happens from now on.
    public var last: UInt64?

    public init(channel: UInt64, room: String, last: UInt64? = nil) {
      (self.channel, self.room, self.last) = (channel, room, last)
    }
  }

  /// A text for a room.
  public struct Say: Equatable {
    public enum Kind: UInt8, Sendable {
      case text = 0
      /// What the author does: "/me waves".
      case action = 1
      /// What the room is about from now on.
      case topic = 2
    }

    public var number: UInt64
    /// That of the room.
    public var channel: UInt64
    public var kind = Kind.text
    public var text: ArraySlice<UInt8>

    public init(
      number: UInt64, channel: UInt64 = UInt64(Channel.talk.rawValue), kind: Kind = .text,
      text: ArraySlice<UInt8>
    ) {
      (self.number, self.channel, self.kind, self.text) = (number, channel, kind, text)
    }
  }

  /// A question for messages of the past, to be answered on a side channel.
  public struct History: Equatable {
    public enum Selector: Equatable, Sendable {
      /// All that have a greater number, from the lowest on.
      case after(UInt64)
      /// All that have a lower number, the greatest.
      case before(UInt64)
      /// All from a time on, in milliseconds since 1970, from the oldest on.
      case since(UInt64)
      /// All, the newest.
      case latest
      /// Those in which all of some words occur, the newest first.
      case search(String)
    }

    /// The same for all questions of a session.
    public var channel: UInt64
    /// By which the client knows the answer.
    public var id: UInt64
    /// Empty for all rooms, where words are looked for.
    public var room: String
    public var selector: Selector
    public var limit: UInt64

    public init(
      channel: UInt64, id: UInt64, room: String, selector: Selector, limit: UInt64
    ) {
      (self.channel, self.id, self.room) = (channel, id, room)
      (self.selector, self.limit) = (selector, limit)
    }
  }

  case join(Join)
  case leave
  case offer(Offer)
  /// What the server measures of this session.
  case ownFigures
  /// What it measures of all sessions, from a place in the list on.
  case allFigures(from: UInt64)
  case history(History)
  case say(Say)
  case enter(Enter)
  case part(channel: UInt64)

  /// Whether it goes over the talk channel, in order with what is said.
  public var isTalk: Bool {
    switch self {
    case .say, .enter, .part: true
    case .join, .leave, .offer, .ownFigures, .allFigures, .history: false
    }
  }

  private enum Kind: UInt8 {
    case join = 0x01
    case leave = 0x02
    case offer = 0x03
    case stats = 0x04
    case history = 0x05
    case say = 0x10
    case enter = 0x11
    case part = 0x12
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
      case .history: return Self.readHistory(&reader)
      case .say:
        guard let number = reader.varint(), let channel = reader.varint(),
          let kind = reader.u8().flatMap(Say.Kind.init(rawValue:))
        else { return nil }
        let text = message.dropFirst(reader.offset)
        return .say(Say(number: number, channel: channel, kind: kind, text: text))
      case .enter: return Self.readEnter(&reader)
      case .part: return reader.varint().map { .part(channel: $0) }
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

  private static func readEnter(_ reader: inout ByteReader) -> NativeRequest? {
    guard let channel = reader.varint(), let room = reader.vtext(max: Limits.roomNameBytesMax * 2),
      let flags = reader.u8(), let last = reader.varint()
    else { return nil }
    return .enter(Enter(channel: channel, room: room, last: flags & 1 == 1 ? last : nil))
  }

  private static func readHistory(_ reader: inout ByteReader) -> NativeRequest? {
    guard let channel = reader.varint(), let id = reader.varint(),
      let room = reader.vtext(max: Limits.roomNameBytesMax * 2), let limit = reader.varint(),
      let what = reader.u8(), let value = reader.varint(),
      let words = reader.vtext(max: Limits.searchWordsBytesMax)
    else { return nil }
    let selector: History.Selector
    switch what {
    case 0: selector = .after(value)
    case 1: selector = .before(value)
    case 2: selector = .since(value)
    case 3: selector = .latest
    case 4: selector = .search(words)
    default: return nil
    }
    return .history(
      History(channel: channel, id: id, room: room, selector: selector, limit: limit))
  }

  private static func write(_ history: History, to body: inout [UInt8]) {
    body.appendVarint(history.channel)
    body.appendVarint(history.id)
    body.appendVText(history.room)
    body.appendVarint(history.limit)
    let (what, value, words): (UInt8, UInt64, String) =
      switch history.selector {
      case .after(let number): (0, number, "")
      case .before(let number): (1, number, "")
      case .since(let time): (2, time, "")
      case .latest: (3, 0, "")
      case .search(let words): (4, 0, words)
      }
    body.append(what)
    body.appendVarint(value)
    body.appendVText(words)
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
      let length = reader.varint(), let hash = reader.bytes(hashBytes),
      let channel = reader.varint()
    else { return nil }
    return .offer(
      Offer(
        number: number, object: object, length: length, hash: Array(hash), channel: channel))
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
    case .history(let history):
      Session.appendMessage(
        Kind.history.rawValue, { Self.write(history, to: &$0) }, to: &bytes)
    case .say(let say):
      Session.appendMessage(
        Kind.say.rawValue,
        { body in
          body.appendVarint(say.number)
          body.appendVarint(say.channel)
          body.append(say.kind.rawValue)
          body.append(contentsOf: say.text)
        }, to: &bytes)
    case .enter(let enter):
      Session.appendMessage(
        Kind.enter.rawValue,
        { body in
          body.appendVarint(enter.channel)
          body.appendVText(enter.room)
          body.append(enter.last == nil ? 0 : 1)
          body.appendVarint(enter.last ?? 0)
        }, to: &bytes)
    case .part(let channel):
      Session.appendMessage(Kind.part.rawValue, { $0.appendVarint(channel) }, to: &bytes)
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
    body.appendVarint(offer.channel)
  }
}
