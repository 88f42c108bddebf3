import ChatEngine
import Glibc

/// A socket that asks one address who is there, again and again, and notes how it went.
final class HelloPort {
  /// What the kernel does with datagrams that are longer than the path takes (`IP_MTU_DISCOVER` of
  /// ip(7)).
  enum Fragmenting: Int32 {
    /// Cuts them itself, and lets routers cut them.
    case allowed = 0
    /// Nobody cuts before the network says that it is needed, as with every session.
    case usual = 1
    /// Nobody cuts, whatever is known of the path.
    case forbidden = 3
  }

  struct Answer {
    let nonce: UInt64
    let version: UInt8
    let card: Handshake.HelloAnswer?
    let byteCount: Int
    let arrival: Instant
  }

  let address: PeerAddress
  private let socket: ConnectedSocket
  /// The last word of the network that nobody is there, by its `errno`.
  private(set) var unreachable: Int32?
  /// Whether something came that is no answer to a Hello.
  private(set) var hasStrangeAnswer = false

  init(_ address: PeerAddress, _ fragmenting: Fragmenting = .usual) throws(SystemError) {
    self.address = address
    socket = try ConnectedSocket(connectingTo: address)
    var mode = fragmenting.rawValue
    let size = socklen_t(MemoryLayout<Int32>.size)
    if address.v4 == nil {
      setsockopt(socket.fd, Int32(IPPROTO_IPV6), IPV6_MTU_DISCOVER, &mode, size)
    } else {
      setsockopt(socket.fd, Int32(IPPROTO_IP), IP_MTU_DISCOVER, &mode, size)
    }
  }

  /// The address of this machine that it asks from.
  var source: PeerAddress? {
    var address = SocketAddress()
    let named = withUnsafeMutablePointer(to: &address.storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getsockname(socket.fd, $0, &address.length)
      }
    }
    guard named == 0 else { return nil }
    return withUnsafeBytes(of: address.storage) { SocketAddress.read($0.baseAddress!) }
  }

  /// Sends a Hello of so many bytes, whose answer is to be as long as `answer` says.
  ///
  /// - Returns: the `errno` by which this machine did not let it out, if it did not.
  func ask(
    nonce: UInt64, count: Int = Limits.helloBytesMin, answer: Handshake.AnswerLength = .usual
  ) -> Int32? {
    let hello = Handshake.hello(nonce: nonce, count: count, answer: answer)
    var error: Int32 = 0
    // What the network said of a datagram before is told first, and once.
    for _ in 0..<2 {
      let sent = hello.withUnsafeBytes {
        send(socket.fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if sent >= 0 { return nil }
      error = errno
      noteErrors()
      guard ConnectedSocket.isUnreachable(error) || error == EMSGSIZE else { return error }
      if error != EMSGSIZE { unreachable = error }
    }
    return ConnectedSocket.isUnreachable(error) ? nil : error
  }

  /// The answers that are here.
  func answers() -> [Answer] {
    var answers: [Answer] = []
    noteErrors()
    switch socket.receive() {
    case .nothing: break
    case .unreachable(let error): unreachable = error
    case .datagrams(let count):
      let now = Clocks.now()
      for index in 0..<count {
        socket.withDatagram(index) { bytes in
          let read = bytes.withUnsafeBufferPointer { Handshake.HelloAnswer.read($0) }
          guard let (version, nonce, card) = read else {
            hasStrangeAnswer = true
            return
          }
          answers.append(
            Answer(
              nonce: nonce, version: version, card: card, byteCount: bytes.count, arrival: now))
        }
      }
    }
    return answers
  }

  private func noteErrors() {
    if let error = socket.takeErrors() { unreachable = error }
  }

  /// Waits until one of the ports has something, at most until `end`.
  static func wait(_ ports: [HelloPort], until end: Instant) {
    let now = Clocks.now()
    guard now < end else { return }
    var requests = ports.map { pollfd(fd: $0.socket.fd, events: Int16(POLLIN), revents: 0) }
    let left = Int32(clamping: (end.nanoseconds - now.nanoseconds) / 1_000_000 + 1)
    _ = poll(&requests, nfds_t(requests.count), left)
  }

  /// A number that nobody guesses, to count nonces from.
  static func firstNonce() -> UInt64 {
    KernelRandom.bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
  }
}
