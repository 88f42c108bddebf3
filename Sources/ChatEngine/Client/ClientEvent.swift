/// By which the events of a client name something that was said to it, in the order of saying.
public struct MessageTicket: Hashable, Sendable {
  public var isPicture: Bool
  public var number: UInt64

  public init(isPicture: Bool, number: UInt64) {
    (self.isPicture, self.number) = (isPicture, number)
  }
}

public enum ClientEvent: Equatable, Sendable {
  case joined
  /// The server showed that it has this key, which was not known before.
  case met(PublicKey)
  /// Somebody was here before this client.
  case present(String)
  case arrived(String)
  case departed(String)
  case message(from: String, text: [UInt8])
  case picture(from: String, jpeg: [UInt8])
  case pictureLost(from: String)
  case notice([UInt8])
  case renamed(String)
  case notPassedOn([UInt8])
  case accepted(MessageTicket)
  case failed(MessageTicket, [UInt8])
  case ownMessage(MessageTicket)
  case progress(MessageTicket, bytes: Int, of: Int)
  case missed(Int)
  case connectionLost(isShutDown: Bool)
  case restored(isWhole: Bool)
  case ended(ClientEnding)
}

public enum ClientEnding: Equatable, Sendable {
  case left
  case unreachable
  case notAnswered
  case notConfirmed
  case lost
  case shutDown
  case notLetIn([UInt8])
  case keyChanged(PublicKey)
  case passwordNeeded
  case wrongPassword
  case otherVersion(UInt8)
  case faulty(String)
}
