/// Where messages are numbered: a room, or what goes to one person.
public enum RoomKey: Hashable, Sendable {
  /// `[a-z0-9._-]`, 1 to `Limits.roomNameBytesMax` of them; see `init(room:)`.
  case room(String)
  /// Private messages to and from the owner of a key.
  case inbox(PublicKey)

  /// Nil where no room can have this name.
  public init?(room name: String) {
    let isGood = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard isGood, 1...Limits.roomNameBytesMax ~= name.utf8.count else { return nil }
    self = .room(name)
  }
}

/// A message as it is kept, for as long as its room keeps it.
public struct StoredMessage: Hashable, Sendable {
  public var room: RoomKey
  /// From 1 on, without gaps, at most `Limits.messageNumberMax`.
  public var number: UInt64
  /// Milliseconds since 1970, by the server's clock.
  public var time: Int64
  public var author: String
  /// Nil where the author has none.
  public var authorKey: PublicKey?
  /// The author's program, and what number it gave the message; 0 where it gave none.
  public var run: UInt64
  public var authorNumber: UInt64
  public var kind: StoredKind
  /// UTF-8; of a picture or file, what `StoredAttachment.encoded` makes. At most
  /// `Limits.storedBodyBytesMax`.
  public var body: [UInt8]

  public init(
    room: RoomKey, number: UInt64, time: Int64, author: String, authorKey: PublicKey? = nil,
    run: UInt64 = 0, authorNumber: UInt64 = 0, kind: StoredKind = .text, body: [UInt8]
  ) {
    self.room = room
    self.number = number
    self.time = time
    self.author = author
    self.authorKey = authorKey
    self.run = run
    self.authorNumber = authorNumber
    self.kind = kind
    self.body = body
  }
}

/// What is committed together, or not at all.
public struct StoreBatch: Sendable {
  /// The topic of a room from now on; empty for none.
  public struct Topic: Hashable, Sendable {
    public var room: RoomKey
    public var text: String
    public var author: String
    /// Milliseconds since 1970.
    public var time: Int64

    public init(room: RoomKey, text: String, author: String, time: Int64) {
      self.room = room
      self.text = text
      self.author = author
      self.time = time
    }
  }

  /// The greatest numbers that a program gave what it said and showed: what comes again is known
  /// by them.
  public struct Sender: Hashable, Sendable {
    public var key: PublicKey
    public var run: UInt64
    public var said: UInt64
    public var shown: UInt64

    public init(key: PublicKey, run: UInt64, said: UInt64, shown: UInt64) {
      self.key = key
      self.run = run
      self.said = said
      self.shown = shown
    }
  }

  /// Up to which number of its inbox the owner of a key has seen everything.
  public struct Seen: Hashable, Sendable {
    public var key: PublicKey
    public var number: UInt64

    public init(key: PublicKey, number: UInt64) {
      self.key = key
      self.number = number
    }
  }

  /// What its giver chose; comes back with what became of the batch.
  public var id: UInt64
  /// Each room's in the order of their numbers, the first of which is the room's next.
  public var messages: [StoredMessage] = []
  /// Rooms that are there from now on, also without a message, and when they were made.
  public var rooms: [(room: RoomKey, time: Int64)] = []
  public var topics: [Topic] = []
  public var senders: [Sender] = []
  /// What goes into files of their own, named after their BLAKE2b-256.
  public var files: [(hash: [UInt8], bytes: [UInt8])] = []
  /// Names that were claimed or used, in this order.
  public var names: [NameOwners.Owned] = []
  public var seen: [Seen] = []
  public var bans: [StoredBan.Change] = []
  /// Whatever else lasts, by its name; nil takes it away.
  public var settings: [(name: String, value: [UInt8]?)] = []

  public init(id: UInt64) { self.id = id }

  public var isEmpty: Bool {
    messages.isEmpty && files.isEmpty && rooms.isEmpty && topics.isEmpty && senders.isEmpty
      && names.isEmpty
      && seen.isEmpty && bans.isEmpty && settings.isEmpty
  }
}

/// Who must not come in, or not speak.
public struct StoredBan: Hashable, Sendable {
  public enum Subject: Hashable, Sendable {
    case key(PublicKey)
    /// As `MemberName.key`.
    case name(String)
    /// An address, or a prefix of addresses, as text.
    case address(String)
  }

  public enum Change: Hashable, Sendable {
    case set(StoredBan)
    case lift(Subject, isMute: Bool)
  }

  public var subject: Subject
  /// Whether it may stay, and only not speak.
  public var isMute: Bool
  /// Milliseconds since 1970; nil for ever.
  public var until: Int64?
  public var reason: String
  /// Who said so, and when.
  public var author: String
  public var time: Int64

  public init(
    subject: Subject, isMute: Bool, until: Int64?, reason: String, author: String, time: Int64
  ) {
    self.subject = subject
    self.isMute = isMute
    self.until = until
    self.reason = reason
    self.author = author
    self.time = time
  }
}

/// A question for messages of one room. Those that are meant are a range; a page has as many of
/// them as it may, from the front or from the back.
public struct HistoryQuery: Hashable, Sendable {
  public enum Selector: Hashable, Sendable {
    /// All that have a greater number.
    case after(UInt64)
    /// All that have a lower number.
    case before(UInt64)
    /// All from the first on that is not older, in milliseconds since 1970.
    case since(Int64)
    /// All.
    case latest
  }

  public var target: RoomKey
  public var selector: Selector
  /// Messages, at most `Limits.historyPageMessagesMax`.
  public var limit: Int
  /// Bytes of bodies and authors' names, at most `Limits.historyPageBytesMax`. One message comes
  /// whatever its length.
  public var bytesMax: Int
  /// Whether the page begins at the front of the range, else it ends at the back.
  public var forwards: Bool

  public init(
    target: RoomKey, selector: Selector, limit: Int = Limits.historyPageMessagesMax,
    bytesMax: Int = Limits.historyPageBytesMax, forwards: Bool
  ) {
    self.target = target
    self.selector = selector
    self.limit = limit
    self.bytesMax = bytesMax
    self.forwards = forwards
  }
}

/// Messages that were asked for, in ascending order.
public struct HistoryPage: Hashable, Sendable {
  public var messages: [StoredMessage]
  /// Whether these are all that were meant; else the rest is asked for with the number of the last
  /// one, or backwards of the first.
  public var isComplete: Bool

  public init(messages: [StoredMessage], isComplete: Bool) {
    self.messages = messages
    self.isComplete = isComplete
  }
}

/// A question for messages in which all of some words occur.
public struct SearchQuery: Hashable, Sendable {
  /// Where to look: at most `Limits.searchRoomsMax`.
  public var rooms: [RoomKey]
  /// As typed: words, and phrases between quotation marks; of names of files as well.
  public var words: String
  /// Only what is older, in milliseconds since 1970; nil for all.
  public var before: Int64?
  /// At most `Limits.searchMessagesMax`.
  public var limit: Int

  public init(rooms: [RoomKey], words: String, before: Int64? = nil, limit: Int) {
    self.rooms = rooms
    self.words = words
    self.before = before
    self.limit = limit
  }
}

/// A question for the past.
public enum HistoryQuestion: Hashable, Sendable {
  case page(HistoryQuery)
  case search(SearchQuery)
}
