/// What a server's datagram says to a client of dialect A. Ranges are positions in the datagram.
enum ClassicRelay: Equatable {
  case joined(name: Range<Int>)
  case left(name: Range<Int>)
  case message(name: Range<Int>, text: Range<Int>)
  case picture(name: Range<Int>, jpeg: Range<Int>)
  /// A line of the server, or anything else that can be shown as text.
  case notice

  /// Reads one datagram of a server.
  ///
  /// The server's own lines stay text: a server of dialect A passes on whatever its clients send,
  /// so anybody could have written them.
  init(_ bytes: Span<UInt8>) {
    switch ClassicDatagram(bytes) {
    case .join(.a, let name): self = .joined(name: name)
    case .leave(.a, let name): self = .left(name: name)
    case .message(.a, let name, let text): self = .message(name: name, text: text)
    case .picture(let name, let jpeg): self = .picture(name: name, jpeg: jpeg)
    default: self = .notice
    }
  }
}
