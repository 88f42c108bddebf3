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
  /// The answer to `ClassicText.question`.
  case answer
  /// A line of the server, or anything else that can be shown as text.
  case notice

  init(_ bytes: Span<UInt8>) {
    if bytes.equals(ClassicText.answer) {
      self = .answer
    } else if bytes.equals(ClassicText.serverShutdownA)
      || bytes.equals(ClassicText.serverShutdownB)
    {
      self = .shutDown
    } else if bytes.hasBytes(ClassicText.notLetIn) || bytes.equals(ClassicText.nameTaken) {
      self = .notLetIn
    } else if bytes.hasBytes(ClassicText.notPassedOn) {
      self = .notPassedOn
    } else if bytes.hasBytes(ClassicText.renamed.head), bytes.endsWith(ClassicText.renamed.tail) {
      self = .renamed(
        name: ClassicText.renamed.head.utf8.count..<bytes.count
          - ClassicText.renamed.tail.utf8.count)
    } else {
      switch ClassicDatagram(bytes) {
      case .join(.a, let name): self = .joined(name: name)
      case .leave(.a, let name): self = .left(name: name)
      case .message(.a, let name, let text): self = .message(name: name, text: text)
      case .picture(let name, let jpeg): self = .picture(name: name, jpeg: jpeg)
      default: self = .notice
      }
    }
  }
}
