import CLinux
import ChatEngine
import Glibc

/// The server's UDP socket: many datagrams with each system call, in both directions.
///
/// Owns the descriptor, the arena that datagrams are received into, and the headers that are sent
/// with. Nothing is allocated after it is made. A peer is answered from the address that it spoke
/// to, whichever the kernel would take. The network's reports that nobody is at an address come
/// from the error queue (IP_RECVERR, ip(7)).
package final class DatagramSocket {
  private let descriptor: OwnedFD
  private let family: Int32
  private let receiving: ReceiveArena
  private let sending: SendArena
  private let sources: SourceAddresses

  package var fd: Int32 { descriptor.raw }

  /// The most-received and never-told: datagrams that the kernel had no room for.
  package var kernelDrops: UInt32 { clinux_socket_drops(fd) }

  /// Binds a new socket; `address.port` 0 lets the kernel choose.
  ///
  /// The socket is dual-stack; for an IPv4 address, or where the kernel has no IPv6 and the
  /// unspecified address is wanted, it is an IPv4 socket, which costs 1 % less.
  ///
  /// - Parameter isShared: whether other sockets may have the same port: each of them hears what is
  ///   sent to everybody, one of them what is sent to this machine alone.
  package init(bindingTo address: PeerAddress, isShared: Bool = false) throws(SystemError) {
    let kind = Int32(CLINUX_DATAGRAM | CLINUX_CLOSE_ON_EXEC | CLINUX_NONBLOCKING)
    var family = address.v4 == nil ? AF_INET6 : AF_INET
    var fd = socket(family, kind, 0)
    if fd < 0, errno == EAFNOSUPPORT, address.isUnspecified {
      family = AF_INET
      fd = socket(family, kind, 0)
    }
    self.family = family
    descriptor = try OwnedFD(checking: fd, "open a UDP socket")
    var off: Int32 = 0
    if family == AF_INET6 {
      let size = socklen_t(MemoryLayout<Int32>.size)
      try checked(
        setsockopt(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, size),
        "make the socket dual-stack")
    }
    if isShared { try checked(clinux_share_port(fd), "share the port") }
    let result = SocketAddress(address, family: family).withPointer { bind(fd, $0, $1) }
    try checked(result, "bind to \(address)")
    sources = SourceAddresses(family: family)
    (receiving, sending) = (ReceiveArena(tellsArrivals: true), Self.sendArena(family, sources))
    try configure()
  }

  /// Takes over a bound UDP socket, as from systemd's socket activation.
  init(adopting fd: Int32) throws(SystemError) {
    descriptor = OwnedFD(fd)
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let named = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(fd, $0, &length) }
    }
    try checked(named, "use the socket that was handed over")
    family = Int32(address.ss_family)
    var type: Int32 = 0
    var typeLength = socklen_t(MemoryLayout<Int32>.size)
    try checked(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &typeLength), "look at the socket")
    sources = SourceAddresses(family: family)
    (receiving, sending) = (ReceiveArena(tellsArrivals: true), Self.sendArena(family, sources))
    guard type == Int32(CLINUX_DATAGRAM), family == AF_INET6 || family == AF_INET else {
      throw SystemError(EPROTOTYPE, "use the socket that was handed over, which must be UDP")
    }
    try checked(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), "make it non-blocking")
    try checked(fcntl(fd, F_SETFD, FD_CLOEXEC), "close it on exec")
    try configure()
  }

  private static func sendArena(_ family: Int32, _ sources: SourceAddresses) -> SendArena {
    SendArena(family: family, sources: sources, count: Limits.sendBatchDatagramsMax)
  }

  private func configure() throws(SystemError) {
    try checked(clinux_enable_error_queue(fd, family), "ask for errors (IP_RECVERR)")
    // Bound to one address, a socket sends from it without being told, for 2 % less.
    if localAddress?.isUnspecified ?? true {
      try checked(clinux_enable_arrivals(fd, family), "ask for own addresses (IP_PKTINFO)")
    }
    // The kernel grants what its own limit allows; less is no error.
    _ = clinux_force_buffer(fd, SO_RCVBUF, Int32(Limits.socketBufferBytes))
    _ = clinux_force_buffer(fd, SO_SNDBUF, Int32(Limits.socketBufferBytes))
  }

  /// The address that the socket is bound to.
  var localAddress: PeerAddress? {
    var address = SocketAddress()
    let named = withUnsafeMutablePointer(to: &address.storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getsockname(fd, $0, &address.length)
      }
    }
    guard named == 0 else { return nil }
    return withUnsafeBytes(of: address.storage) { SocketAddress.read($0.baseAddress!) }
  }

  /// Hears what is sent to an IPv6 group on the link of the interface that its scope names, once or
  /// more. A socket of IPv4 alone hears nothing of it.
  func join(_ group: PeerAddress) throws(SystemError) {
    if family != AF_INET6 { return }
    var address = SocketAddress(group, family: AF_INET6).storage.sin6_addr
    let result = clinux_join_group(fd, &address, group.scope)
    if result < 0, errno == EADDRINUSE { return }
    try checked(result, "join the group \(group)")
  }

  // MARK: Receiving

  /// Receives what is there, at most `Limits.receiveBatchDatagramsMax` datagrams.
  ///
  /// - Returns: how many `withDatagram` can now read.
  package func receive() -> Int {
    // A pending error of the error queue ends the first call; the second gets the datagrams.
    for _ in 0..<2 {
      let count = receiving.receive(fd)
      if count >= 0 { return Int(count) }
      if errno == EAGAIN { return 0 }
    }
    return 0
  }

  /// Calls `body` with the datagram at `index` of the last `receive` and where it came from.
  @inline(__always)
  package func withDatagram(_ index: Int, _ body: (Span<UInt8>, PeerAddress) -> Void) {
    guard var source = receiving.source(index) else { return }
    if let arrival = receiving.arrival(index) { source.local = sources.number(of: arrival) }
    body(receiving.bytes(index).span, source)
  }

  /// The next address that the network said nobody is at; nil when there is no more such word.
  package func nextUnreachable() -> PeerAddress? {
    var destination = sockaddr_storage()
    var error: Int32 = 0
    while clinux_next_error(fd, &destination, &error) == 1 {
      if error == ECONNREFUSED,
        let peer = withUnsafeBytes(of: destination, { SocketAddress.read($0.baseAddress!) })
      {
        return peer
      }
    }
    return nil
  }

  // MARK: Sending

  /// Whether the kernel takes several datagrams as one message.
  var isSegmenting: Bool { sending.isSegmenting }

  /// Sends what waits in `outbox`, from `outbox.sent` on, and empties it when all is out.
  package func send(_ outbox: inout Outbox) -> SendArena.Outcome {
    sending.send(&outbox, on: fd)
  }
}
