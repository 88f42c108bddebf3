import CLinux
import ChatEngine
import Glibc

/// A client's UDP socket, connected to one server: many datagrams with each system call, in both
/// directions, as `DatagramSocket` has it.
package final class ConnectedSocket {
  package enum Arrival: Equatable {
    /// So many can now be read by `withDatagram`.
    case datagrams(Int)
    case nothing
    /// Nobody is at the server's address, or no way leads there; the network's `errno`.
    case unreachable(Int32)
  }

  private let descriptor: OwnedFD
  private let receiving = ReceiveArena(tellsArrivals: false)
  private let sending: SendArena

  package var fd: Int32 { descriptor.raw }

  package init(connectingTo server: PeerAddress) throws(SystemError) {
    let family = server.v4 == nil ? AF_INET6 : AF_INET
    let kind = Int32(CLINUX_DATAGRAM | CLINUX_CLOSE_ON_EXEC | CLINUX_NONBLOCKING)
    descriptor = try OwnedFD(checking: socket(family, kind, 0), "open a UDP socket")
    sending = SendArena(
      family: family, sources: nil, count: Limits.clientSendBatchDatagramsMax)
    try checked(clinux_enable_error_queue(fd, family), "ask for errors (IP_RECVERR)")
    _ = clinux_force_buffer(fd, SO_RCVBUF, Int32(Limits.socketBufferBytes))
    let result = SocketAddress(server, family: family).withPointer { connect(fd, $0, $1) }
    try checked(result, "reach \(server)")
  }

  /// Receives what is there, at most `Limits.receiveBatchDatagramsMax` datagrams.
  package func receive() -> Arrival {
    let count = receiving.receive(fd)
    if count >= 0 { return .datagrams(Int(count)) }
    return Self.isUnreachable(errno) ? .unreachable(errno) : .nothing
  }

  /// Calls `body` with the datagram at `index` of the last `receive`.
  package func withDatagram(_ index: Int, _ body: (Span<UInt8>) -> Void) {
    body(receiving.bytes(index).span)
  }

  /// Empties the error queue, which would keep the socket in error for ever.
  ///
  /// - Returns: the `errno` by which it said that nobody is there, if it did.
  package func takeErrors() -> Int32? {
    var destination = sockaddr_storage()
    var error: Int32 = 0
    var unreachable: Int32?
    while clinux_next_error(fd, &destination, &error) == 1 {
      if Self.isUnreachable(error), unreachable != ECONNREFUSED { unreachable = error }
    }
    return unreachable
  }

  /// Sends what waits in `outbox` to the server, whatever its deliveries' addresses, and empties it
  /// when all is out.
  package func send(_ outbox: inout Outbox) -> SendArena.Outcome {
    sending.send(&outbox, on: fd)
  }

  static func isUnreachable(_ error: Int32) -> Bool {
    [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN].contains(error)
  }
}
