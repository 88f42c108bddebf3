/// What a client's engine tells whoever runs it, whatever it speaks with the server.
public enum ClientEvent: Equatable, Sendable {
  /// The server has shown that it has this key, which was not known before.
  case met(PublicKey)
  case joined
  /// Somebody else was here before this client; all of them follow `joined`, and `restored` where
  /// that is not whole. After a restart also somebody who was here before it and is back.
  case present(String)
  /// All who are here were told as `present`.
  case listed
  case arrived(String)
  case departed(String)
  case message(Heard)
  /// What the room is about from now on; `from` is nil where that was so before.
  case topic(from: String?, text: [UInt8])
  case picture(from: String, jpeg: [UInt8])
  /// The bytes of a picture did not come.
  case pictureLost(from: String)
  case notice([UInt8])
  case renamed(String)
  /// The server has what was said, and its place among what others said.
  case accepted(MessageTicket)
  /// Here is the place of what was said among what others said.
  case ownMessage(MessageTicket)
  /// What was said is not passed on; the server's reason.
  case failed(MessageTicket, [UInt8])
  /// How much of a picture has arrived at the server.
  case progress(MessageTicket, bytes: Int, of: Int)
  /// So many events were said and not heard here.
  case missed(Int)
  /// The server no longer answers, or said that it stops; the client tries to come back.
  case connectionLost(isShutDown: Bool)
  /// The client is back.
  case restored(ClientReturn)
  /// What is told of a room besides the lobby: one of the events that tell of people and messages.
  indirect case inRoom(RoomName, ClientEvent)
  /// This client is in a room that it asked for. Who is there follows as `present`.
  case entered(RoomName)
  /// It was not let into a room; the server's reason.
  case notEntered(RoomName, [UInt8])
  /// It is no longer in a room.
  case parted(RoomName)
  /// A message of the past that was asked for, and the end of the answer.
  case past(UInt64, PastMessage)
  case pastEnd(UInt64, isComplete: Bool, failure: [UInt8]?)
  /// Somebody showed a picture, or sent a file, when this client was away.
  case attachment(from: String, StoredAttachment, number: UInt64, time: Int64)
  /// What this end and the server measure of this session.
  case figures(ours: SessionFigures, theirs: SessionFigures)
  /// What the server measures of all sessions, and counts of itself.
  case sessions(ServerFigures, [SessionsPage.Row])
  /// The server is of an earlier version and tells no figures; to be asked for them cost the
  /// session, and the client comes back.
  case figuresUnknown
  /// The last event.
  case ended(ClientEnding)
}

/// A text that somebody else said.
public struct Heard: Equatable, Sendable {
  public var from: String
  public var text: [UInt8]
  /// Whether the text is what its author does: "/me waves".
  public var isAction = false
  /// The room's; 0 where nobody numbers what is said.
  public var number: UInt64 = 0
  /// When it was said, by the server's clock, in milliseconds since 1970; 0 where that is not
  /// known.
  public var time: Int64 = 0

  public init(from: String, text: [UInt8]) { (self.from, self.text) = (from, text) }
}

/// What a client that is back has of what happened meanwhile.
public enum ClientReturn: Equatable, Sendable {
  /// All of it.
  case whole
  /// As much as the server still keeps.
  case incomplete
  /// All that was said, which follows; who came and went is not told.
  case caughtUp(isRestarted: Bool)
  /// The server was started again. What was said since follows; what was said before, and did not
  /// arrive by then, is lost.
  case restarted
}

extension ClientReturn {
  /// Whether nothing that was said is missing.
  public var isWhole: Bool {
    switch self {
    case .whole, .caughtUp: true
    case .incomplete, .restarted: false
    }
  }
}

/// By which events name something that was said, in the order of saying.
public struct MessageTicket: Hashable, Sendable {
  public var isPicture: Bool
  public var number: UInt64

  public init(isPicture: Bool, number: UInt64) {
    (self.isPicture, self.number) = (isPicture, number)
  }
}

/// How a client's session came to its end.
public enum ClientEnding: Equatable, Sendable {
  /// All that was said is sent, and this client has left.
  case left
  /// Nobody is at the server's address.
  case unreachable
  /// No answer came in time.
  case notAnswered
  /// The server was there at first and did not say in time that it has everything.
  case notConfirmed
  /// The server was there at first and has not answered for a long time.
  case lost
  /// The server said why it does not let this client in.
  case notLetIn([UInt8])
  /// The server claims another key than the one that is known of it.
  case keyChanged(PublicKey)
  case passwordNeeded
  case wrongPassword
  /// A password was given, and the server asks for none.
  case passwordNotAsked
  /// The server speaks another version of the protocol.
  case otherVersion(UInt8)
  /// An onlooker's: the server is of an earlier version and tells no figures.
  case figuresUnknown
  /// One of the two broke the protocol.
  case faulty(String)
}
