import CLinux
import ChatEngine
import Glibc

/// Room for one batch of datagrams of any size, filled by one `recvmmsg`. A slot's pages are
/// touched only as far as a datagram reaches, so the arena costs little memory while datagrams are
/// small.
final class ReceiveArena {
  private static let slotBytes = 65_536
  private static let count = Limits.receiveBatchDatagramsMax

  private let bytes = UnsafeMutableRawPointer.allocate(
    byteCount: count * slotBytes, alignment: 4_096)
  private let addresses = UnsafeMutablePointer<sockaddr_in6>.allocate(capacity: count)
  private let parts = UnsafeMutablePointer<iovec>.allocate(capacity: count)
  private let messages = UnsafeMutablePointer<clinux_message>.allocate(capacity: count)
  /// Where the kernel says at which address each arrived; nil where that is not asked.
  private let arrivals: UnsafeMutablePointer<clinux_arrival_control>?

  /// - Parameter tellsArrivals: whether the socket was told to say at which address of this machine
  ///   a datagram arrived.
  init(tellsArrivals: Bool) {
    arrivals = tellsArrivals ? .allocate(capacity: Self.count) : nil
    for index in 0..<Self.count {
      parts[index] = iovec(
        iov_base: bytes + index * Self.slotBytes, iov_len: Self.slotBytes)
      addresses[index] = sockaddr_in6()
      messages[index] = clinux_message()
      messages[index].header.msg_iov = parts + index
      messages[index].header.msg_iovlen = 1
      messages[index].header.msg_name = UnsafeMutableRawPointer(addresses + index)
    }
  }

  deinit {
    bytes.deallocate()
    addresses.deallocate()
    parts.deallocate()
    messages.deallocate()
    arrivals?.deallocate()
  }

  /// - Returns: how many datagrams came, or -1 with `errno`.
  func receive(_ fd: Int32) -> Int32 {
    for index in 0..<Self.count {
      messages[index].header.msg_namelen = socklen_t(MemoryLayout<sockaddr_in6>.size)
      if let arrivals {
        messages[index].header.msg_control = UnsafeMutableRawPointer(arrivals + index)
        messages[index].header.msg_controllen = MemoryLayout<clinux_arrival_control>.size
      }
    }
    return clinux_receive_messages(fd, messages, UInt32(Self.count))
  }

  func source(_ index: Int) -> PeerAddress? {
    precondition(index < Self.count)
    return SocketAddress.read(addresses + index)
  }

  /// At which address of this machine the datagram arrived; nil where the kernel did not say, or
  /// where it came to a whole group.
  func arrival(_ index: Int) -> clinux_local? {
    precondition(index < Self.count)
    var local = clinux_local()
    return clinux_arrival(messages + index, &local) == 1 ? local : nil
  }

  /// The datagram at `index` of the last batch, until the next.
  func bytes(_ index: Int) -> UnsafeBufferPointer<UInt8> {
    precondition(index < Self.count)
    let start = (bytes + index * Self.slotBytes).assumingMemoryBound(to: UInt8.self)
    return UnsafeBufferPointer(start: start, count: Int(messages[index].length))
  }
}
