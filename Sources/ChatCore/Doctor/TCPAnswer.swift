import CLinux
import ChatEngine
import Glibc

/// What a TCP connection to the server's port comes to: whether its machine is there at all.
enum TCPAnswer: Equatable {
  case open
  case refused
  /// Nothing came back.
  case silent
  /// The network's word that nobody is there, or this machine's that nothing goes out.
  case failed(Int32)

  /// Whether the machine itself answered.
  var isThere: Bool { self == .open || self == .refused }

  /// Connects, and lets go at once.
  static func of(_ address: PeerAddress) -> TCPAnswer {
    let family = address.v4 == nil ? AF_INET6 : AF_INET
    let kind = Int32(CLINUX_STREAM | CLINUX_CLOSE_ON_EXEC | CLINUX_NONBLOCKING)
    let raw = socket(family, kind, 0)
    if raw < 0 { return .failed(errno) }
    let descriptor = OwnedFD(raw)
    let result = SocketAddress(address, family: family).withPointer {
      connect(descriptor.raw, $0, $1)
    }
    if result == 0 { return .open }
    if errno != EINPROGRESS { return errno == ECONNREFUSED ? .refused : .failed(errno) }
    var request = pollfd(fd: descriptor.raw, events: Int16(POLLOUT), revents: 0)
    if poll(&request, 1, Int32(Limits.doctorConnectMilliseconds)) == 0 { return .silent }
    var error: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(descriptor.raw, SOL_SOCKET, SO_ERROR, &error, &length)
    switch error {
    case 0: return .open
    case ECONNREFUSED: return .refused
    case ETIMEDOUT: return .silent
    default: return .failed(error)
    }
  }
}
