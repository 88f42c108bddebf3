/// What a server's datagram says to a client of dialect A. Ranges are positions in the datagram.
enum ClassicRelay: Equatable {
  case joined(name: Range<Int>)
  case left(name: Range<Int>)
  case message(name: Range<Int>, text: Range<Int>)
  case picture(name: Range<Int>, jpeg: Range<Int>)
  /// The server gave this client another name.
  case renamed(name: Range<Int>)
  case shutDown
  /// The server does not let this client in.
  case notLetIn
  /// The server did not pass something on that this client said.
  case notPassedOn
  /// The server let this client go, since it was not heard.
  case letGo
  /// The answer to `ClassicText.question`.
  case answer
  /// A line of the server, or anything else that can be shown as text.
  case notice

  /// Reads one datagram of a server.
  ///
  /// What others said and did comes first: a name may hold the server's own words. Those are heard
  /// only from a server that is known to be chatd; any other passes on whatever its clients send.
  init(_ bytes: Span<UInt8>, isFromChatd: Bool) {
    switch ClassicDatagram(bytes) {
    case .join(.a, let name): self = .joined(name: name)
    case .leave(.a, let name): self = .left(name: name)
    case .message(.a, let name, let text): self = .message(name: name, text: text)
    case .picture(let name, let jpeg): self = .picture(name: name, jpeg: jpeg)
    default: self = isFromChatd ? Self.serverLine(bytes) : .notice
    }
  }

  private static func serverLine(_ bytes: Span<UInt8>) -> ClassicRelay {
    if bytes.equals(ClassicText.answer) { return .answer }
    if bytes.equals(ClassicText.serverShutdownA) { return .shutDown }
    if bytes.equals(ClassicText.idle) { return .letGo }
    if bytes.hasBytes(ClassicText.notLetIn) || bytes.equals(ClassicText.nameTaken) {
      return .notLetIn
    }
    if bytes.hasBytes(ClassicText.notPassedOn) { return .notPassedOn }
    let renamed = ClassicText.renamed
    if bytes.hasBytes(renamed.head), bytes.endsWith(renamed.tail) {
      return .renamed(
        name: renamed.head.utf8.count..<bytes.count - renamed.tail.utf8.count)
    }
    return .notice
  }
}
