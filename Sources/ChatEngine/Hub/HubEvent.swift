/// Something that happened, as the hub tells it to every front end.
public struct HubEvent: Sendable {
  public enum Kind: Sendable, Equatable {
    /// Whether it says that it was here before.
    case joined(isBack: Bool)
    case left(DepartureReason)
    /// The body is a text; an action is what the author does ("/me waves").
    case said(isAction: Bool)
    /// The body is a JPEG, and this its header; and its BLAKE2b-256, where that is known already.
    case showed(JPEGHeader, hash: [UInt8]?)
    /// The body is what the room is about from now on.
    case topic
  }

  public var kind: Kind
  public var room: RoomID
  public var member: MemberID
  public var name: MemberName
  /// The member's key, where it has one.
  public var owner: PublicKey?
  /// When it was said, by the server's clock.
  public var time: WallClock
  /// The room's number of a message; 0 of what is none.
  public var number: UInt64 = 0
  /// By which its author's program knows a message.
  public var id: MessageID?
  /// Why it was not kept: then nobody but its author is told of it, and it has no number.
  public var failure: StoreFailure?
  /// Where its text or its JPEG lies.
  var body: Range<UInt64>

  /// Whether it is a message that did not fail.
  var isToBeKept: Bool { isMessage && failure == nil }

  public var isPicture: Bool {
    if case .showed = kind { return true }
    return false
  }

  /// The program that said it, where it can be known again.
  public var program: ClientProgram? {
    guard let owner, let id else { return nil }
    return ClientProgram(client: owner, run: id.run)
  }

  /// Whether it is a message, which has a number and is kept, or a notice.
  public var isMessage: Bool {
    switch kind {
    case .said, .showed, .topic: true
    case .joined, .left: false
    }
  }
}

/// Why messages could not be kept, for their authors.
public struct StoreFailure: Error, Equatable, Sendable {
  /// One line for a person.
  public var text: String

  public init(_ text: String) { self.text = text }
}

/// A member for as long as it stays. The generation counts everybody who ever joined, modulo 2^32,
/// so it is no other member's, whatever the slot.
public struct MemberID: Hashable, Sendable {
  public var slot: UInt32
  public var generation: UInt32
}

/// A room for as long as the server knows it. The generation counts the rooms that there were.
public struct RoomID: Hashable, Sendable {
  public var slot: UInt32
  public var generation: UInt32

  /// It is there before any other, and never goes.
  public static let lobby = RoomID(slot: 0, generation: 0)
}

/// Why somebody left. The raw value stands in the log.
public enum DepartureReason: String, Sendable, CaseIterable {
  /// It said so.
  case said
  /// The network says that nobody is there.
  case unreachable
  /// It was not heard for the idle time.
  case idle
}
