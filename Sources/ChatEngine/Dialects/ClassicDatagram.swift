/// The two plain-text datagram dialects that chatd grew from.
///
/// Neither carries a version or framing; `Docs/Classic.md` has them byte for byte. A's client
/// puts `NAME: ` in front of what it says and hears no answer to its join; B's writes `NAME:` and
/// is answered `Welcome` or `Name already taken`.
public enum ClassicDialect: UInt8, Sendable, CaseIterable {
  case a
  case b

  /// What stands between a name and a text.
  public var separator: String { self == .a ? ": " : ":" }
  /// What follows a name in the datagram that joins.
  public var joinSuffix: String { self == .a ? " has joined the chat." : ":join" }
  /// What follows a name in the datagram that leaves.
  public var leaveSuffix: String { self == .a ? " has left the chat." : ":exit" }
}

/// The fixed texts of the dialects, beside what `ClassicDialect` holds.
///
/// The server's own lines never hold `: `, so that a client can tell them from a message.
public enum ClassicText {
  public static let picturePrefix = "IMG:"
  public static let pictureNotice = " sent an image."
  public static let welcome = "Welcome"
  public static let nameTaken = "Name already taken"
  public static let serverShutdownB = "server-shutdown"
  public static let serverShutdownA = "The server is shutting down."
  /// Asked by a client that looks for a server, and the answer.
  public static let question = "DISCOVER_CHAT_SERVER"
  public static let answer = "CHAT_SERVER_FOUND"
  public static let joinedNoticeB = " joined"
  public static let leftNoticeB = (head: "User ", tail: " left")
  /// What the server says to somebody whom it does not let in, and to somebody whose words it does
  /// not pass on; the reason and a full stop follow.
  public static let notLetIn = "You were not let in, because "
  public static let notPassedOn = "This was not passed on, because "
  /// What stands before a text that says what its author does, or what a room is about.
  public static let action = "* "
  public static let topic = "* the topic is now: "
  public static let renamed = (head: "This name is taken here, so you are ", tail: ".")
  public static let idle = "You were not heard for a long time and have left the chat."
}

/// What a datagram says, read without knowing who sent it. Ranges are positions in the datagram.
public enum ClassicDatagram: Equatable {
  case join(ClassicDialect, name: Range<Int>)
  case leave(ClassicDialect, name: Range<Int>)
  case message(ClassicDialect, name: Range<Int>, text: Range<Int>)
  case picture(name: Range<Int>, jpeg: Range<Int>)
  /// Text with no name in front.
  case text
  /// Neither a picture nor UTF-8.
  case notText

  /// Reads one datagram of a client.
  ///
  /// A name holds no colon, so the first colon ends it; a text may hold anything, also a join's or
  /// a leave's words. `IMG` is nobody's name, so what begins with `IMG:` and holds a second colon
  /// is a picture.
  public init(_ bytes: Span<UInt8>) {
    if let picture = Self.picture(bytes) {
      self = picture
    } else if !UTF8Text.isValid(bytes) {
      self = .notText
    } else if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
      self = Self.named(bytes, colon: colon)
    } else if bytes.endsWith(ClassicDialect.a.joinSuffix) {
      self = .join(.a, name: 0..<bytes.count - ClassicDialect.a.joinSuffix.utf8.count)
    } else if bytes.endsWith(ClassicDialect.a.leaveSuffix) {
      self = .leave(.a, name: 0..<bytes.count - ClassicDialect.a.leaveSuffix.utf8.count)
    } else {
      self = .text
    }
  }

  /// `IMG:NAME:` and anything: whether it is a JPEG is found out by whoever passes it on.
  private static func picture(_ bytes: Span<UInt8>) -> ClassicDatagram? {
    let start = ClassicText.picturePrefix.utf8.count
    guard bytes.hasBytes(ClassicText.picturePrefix),
      let colon = bytes.firstIndex(of: UInt8(ascii: ":"), from: start)
    else { return nil }
    return .picture(name: start..<colon, jpeg: colon + 1..<bytes.count)
  }

  private static func named(_ bytes: Span<UInt8>, colon: Int) -> ClassicDatagram {
    let name = 0..<colon
    let rest = bytes.extracting(colon..<bytes.count)
    if rest.equals(ClassicDialect.b.joinSuffix) { return .join(.b, name: name) }
    if rest.equals(ClassicDialect.b.leaveSuffix) { return .leave(.b, name: name) }
    let dialect = rest.hasBytes(ClassicDialect.a.separator) ? ClassicDialect.a : .b
    return .message(
      dialect, name: name, text: colon + dialect.separator.utf8.count..<bytes.count)
  }
}
