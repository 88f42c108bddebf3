/// What a client's engine tells whoever runs it, whatever it speaks with the server.
public enum ClientEvent: Equatable, Sendable {
  case joined
  case arrived(String)
  case departed(String)
  case message(from: String, text: [UInt8])
  case picture(from: String, jpeg: [UInt8])
  case notice([UInt8])
  case renamed(String)
  /// The server's reason for not passing something on.
  case notPassedOn([UInt8])
  /// The last event.
  case ended(ClientEnding)
}

/// How a client's session came to its end.
public enum ClientEnding: Equatable, Sendable {
  /// All that was said is sent, and this client has left.
  case left
  /// Nobody is at the server's address.
  case unreachable
  /// No answer came in time.
  case notAnswered
  /// The server was there at first and did not answer at the end.
  case notConfirmed
  /// The server was there at first and has not answered for a long time.
  case lost
  /// The server said that it stops.
  case shutDown
  /// The server said why it does not let this client in.
  case notLetIn([UInt8])
}
