import CLinux
import ChatEngine
import Glibc

/// A client's UDP socket, connected to one server.
final class ConnectedSocket {
  enum Arrival {
    case datagram(Int)
    case nothing
    /// Nobody is at the server's address, or no way leads there.
    case unreachable
  }

  private let descriptor: OwnedFD
  private let arena = UnsafeMutablePointer<UInt8>.allocate(capacity: 65_536)

  var fd: Int32 { descriptor.raw }

  init(connectingTo server: PeerAddress) throws(SystemError) {
    let family = server.v4 == nil ? AF_INET6 : AF_INET
    let kind = Int32(CLINUX_DATAGRAM | CLINUX_CLOSE_ON_EXEC | CLINUX_NONBLOCKING)
    descriptor = try OwnedFD(checking: socket(family, kind, 0), "open a UDP socket")
    try checked(clinux_enable_error_queue(fd, family), "ask for errors (IP_RECVERR)")
    _ = clinux_force_buffer(fd, SO_RCVBUF, Int32(Limits.socketBufferBytes))
    let result = SocketAddress(server, family: family).withPointer { connect(fd, $0, $1) }
    try checked(result, "reach \(server)")
  }

  deinit { arena.deallocate() }

  /// Receives one datagram; its bytes are `bytes(count)` until the next call.
  func receive() -> Arrival {
    let count = recv(fd, arena, 65_536, 0)
    if count >= 0 { return .datagram(count) }
    return Self.isUnreachable(errno) ? .unreachable : .nothing
  }

  func bytes(_ count: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: arena, count: count)
  }

  /// Empties the error queue, which would keep the socket in error for ever.
  ///
  /// - Returns: whether it said that nobody is there.
  func takeErrors() -> Bool {
    var destination = sockaddr_storage()
    var error: Int32 = 0
    var isUnreachable = false
    while clinux_next_error(fd, &destination, &error) == 1 {
      if Self.isUnreachable(error) { isUnreachable = true }
    }
    return isUnreachable
  }

  /// - Returns: 0, or the `errno`.
  func send(_ datagram: [UInt8]) -> Int32 {
    Glibc.send(fd, datagram, datagram.count, Int32(MSG_NOSIGNAL)) < 0 ? errno : 0
  }

  static func isUnreachable(_ error: Int32) -> Bool {
    [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN].contains(error)
  }
}
