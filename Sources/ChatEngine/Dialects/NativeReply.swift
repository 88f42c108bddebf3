/// What a server says to one native client on the control channel (`Docs/Protocol.md`).
public enum NativeReply: Equatable {
  public struct Welcome: Equatable {
    /// The name that was given, which may have a number behind it.
    public var name: String
    public var member: UInt64
    public var log: UInt64
    /// Whether the events go on where the join said.
    public var isResumed = false
    /// Whether what was said can be asked for.
    public var keepsHistory = false
    /// The number of the first event that will come.
    public var next: UInt64
    /// The greatest numbers of this run that were accepted before.
    public var said: UInt64 = 0
    public var shown: UInt64 = 0
    public var messageBytesMax: UInt64
    public var pictureBytesMax: UInt64
    public var serverName: String
    /// The number that the lobby's next message gets, and what the lobby is about.
    public var nextNumber: UInt64 = 1
    public var topic = ""
  }

  /// A room that the client is in now.
  public struct Entered: Equatable {
    public var channel: UInt64
    /// Whether the events go on where the client said.
    public var isResumed = false
    /// The number of the first event that will come.
    public var next: UInt64
    /// The number that the room's next message gets.
    public var nextNumber: UInt64
    public var topic: String
  }

  public enum RefusalReason: UInt8, Sendable {
    case nameOwned = 1
    case nameInUse = 2
    case badName = 3
    case full = 4
  }

  /// What a receipt is for.
  public enum Kind: UInt8, Sendable {
    case say = 0
    case offer = 1
  }

  case welcome(Welcome)
  case refused(RefusalReason, words: String)
  /// `failure` is nil for what has its place in the log.
  case receipt(Kind, number: UInt64, failure: String?)
  /// Send the picture of that offer now.
  case want(number: UInt64)
  /// Who is in the lobby, or in the room that was entered last.
  case present([Present])
  case entered(Entered)
  case notEntered(channel: UInt64, words: String)
  case parted(channel: UInt64)
  /// What the server measures of this session.
  case figures(SessionFigures)
  case sessions(SessionsPage)

  public struct Present: Equatable, Sendable {
    public var member: UInt64
    public var name: String

    public init(member: UInt64, name: String) { (self.member, self.name) = (member, name) }

    public func append(to bytes: inout [UInt8]) {
      bytes.appendVarint(member)
      bytes.appendVText(name)
    }
  }

  private enum Code: UInt8 {
    case welcome = 0x20
    case refused = 0x21
    case receipt = 0x22
    case want = 0x23
    case present = 0x24
    case figures = 0x25
    case sessions = 0x26
    case entered = 0x27
    case notEntered = 0x28
    case parted = 0x29
  }

  /// Reads a message, type byte first; nil where it is malformed.
  public init?(_ message: ArraySlice<UInt8>) {
    let reply = message.withUnsafeBufferPointer { bytes -> NativeReply? in
      var reader = ByteReader(bytes)
      guard let code = reader.u8().flatMap(Code.init(rawValue:)) else { return nil }
      switch code {
      case .welcome: return Self.readWelcome(&reader)
      case .refused:
        guard let reason = reader.u8().flatMap(RefusalReason.init(rawValue:)),
          let words = reader.vtext(max: Limits.closeTextBytesMax)
        else { return nil }
        return .refused(reason, words: words)
      case .receipt:
        guard let kind = reader.u8().flatMap(Kind.init(rawValue:)),
          let number = reader.varint(), let status = reader.u8(),
          let words = reader.vtext(max: Limits.closeTextBytesMax)
        else { return nil }
        return .receipt(kind, number: number, failure: status == 0 ? nil : words)
      case .want: return reader.varint().map { .want(number: $0) }
      case .present: return Self.readPresent(&reader)
      case .figures: return SessionFigures(&reader).map { .figures($0) }
      case .sessions: return SessionsPage(&reader).map { .sessions($0) }
      case .entered: return Self.readEntered(&reader)
      case .notEntered:
        guard let channel = reader.varint(),
          let words = reader.vtext(max: Limits.closeTextBytesMax)
        else { return nil }
        return .notEntered(channel: channel, words: words)
      case .parted: return reader.varint().map { .parted(channel: $0) }
      }
    }
    guard let reply else { return nil }
    self = reply
  }

  private static func readWelcome(_ reader: inout ByteReader) -> NativeReply? {
    guard let name = reader.vtext(max: Limits.nameBytesMax), let member = reader.varint(),
      let log = reader.u64(), let flags = reader.u8(), let next = reader.varint(),
      let said = reader.varint(), let shown = reader.varint(),
      let messageBytesMax = reader.varint(), let pictureBytesMax = reader.varint(),
      let serverName = reader.vtext(max: Limits.serverNameBytesMax),
      let nextNumber = reader.varint(), let topic = reader.vtext(max: Limits.topicBytesMax)
    else { return nil }
    return .welcome(
      Welcome(
        name: name, member: member, log: log, isResumed: flags & 1 == 1,
        keepsHistory: flags & 2 == 2, next: next, said: said,
        shown: shown, messageBytesMax: messageBytesMax, pictureBytesMax: pictureBytesMax,
        serverName: serverName, nextNumber: nextNumber, topic: topic))
  }

  private static func readEntered(_ reader: inout ByteReader) -> NativeReply? {
    guard let channel = reader.varint(), let flags = reader.u8(), let next = reader.varint(),
      let nextNumber = reader.varint(), let topic = reader.vtext(max: Limits.topicBytesMax)
    else { return nil }
    return .entered(
      Entered(
        channel: channel, isResumed: flags & 1 == 1, next: next, nextNumber: nextNumber,
        topic: topic))
  }

  private static func readPresent(_ reader: inout ByteReader) -> NativeReply? {
    guard let count = reader.varint() else { return nil }
    var present: [Present] = []
    // No room is made for a count that somebody else wrote.
    for _ in 0..<min(count, UInt64(Limits.streamMessageBytesMax)) {
      guard let member = reader.varint(), let name = reader.vtext(max: Limits.nameBytesMax)
      else { return nil }
      present.append(Present(member: member, name: name))
    }
    return .present(present)
  }

  // MARK: Writing

  /// Says it on a session's control channel.
  public func send(on session: inout Session) {
    switch self {
    case .welcome(let welcome):
      session.sendControl(Code.welcome.rawValue) { Self.write(welcome, to: &$0) }
    case .refused(let reason, let words):
      session.sendControl(Code.refused.rawValue) { body in
        body.append(reason.rawValue)
        body.appendVText(words)
      }
    case .receipt(let kind, let number, let failure):
      session.sendControl(Code.receipt.rawValue) { body in
        body.append(kind.rawValue)
        body.appendVarint(number)
        body.append(failure == nil ? 0 : 1)
        body.appendVText(failure ?? "")
      }
    case .want(let number):
      session.sendControl(Code.want.rawValue) { $0.appendVarint(number) }
    case .figures(let figures):
      session.sendControl(Code.figures.rawValue) { figures.append(to: &$0) }
    case .sessions(let page):
      session.sendControl(Code.sessions.rawValue) { page.append(to: &$0) }
    case .entered(let entered):
      session.sendControl(Code.entered.rawValue) { body in
        body.appendVarint(entered.channel)
        body.append(entered.isResumed ? 1 : 0)
        body.appendVarint(entered.next)
        body.appendVarint(entered.nextNumber)
        body.appendVText(entered.topic)
      }
    case .notEntered(let channel, let words):
      session.sendControl(Code.notEntered.rawValue) { body in
        body.appendVarint(channel)
        body.appendVText(words)
      }
    case .parted(let channel):
      session.sendControl(Code.parted.rawValue) { $0.appendVarint(channel) }
    case .present(let present):
      var people: [UInt8] = []
      for person in present { person.append(to: &people) }
      session.sendControl { Self.appendPresent(present.count, people, to: &$0) }
    }
  }

  /// Appends a message that says who is here as the channel carries it.
  ///
  /// - Parameter people: so many, each as `Present.append` writes it.
  public static func appendPresent(_ count: Int, _ people: [UInt8], to bytes: inout [UInt8]) {
    Session.appendMessage(
      Code.present.rawValue,
      { body in
        body.appendVarint(UInt64(count))
        body += people
      }, to: &bytes)
  }

  private static func write(_ welcome: Welcome, to body: inout [UInt8]) {
    body.appendVText(welcome.name)
    body.appendVarint(welcome.member)
    body.appendU64(welcome.log)
    body.append((welcome.isResumed ? 1 : 0) | (welcome.keepsHistory ? 2 : 0))
    body.appendVarint(welcome.next)
    body.appendVarint(welcome.said)
    body.appendVarint(welcome.shown)
    body.appendVarint(welcome.messageBytesMax)
    body.appendVarint(welcome.pictureBytesMax)
    body.appendVText(welcome.serverName)
    body.appendVarint(welcome.nextNumber)
    body.appendVText(welcome.topic)
  }
}
