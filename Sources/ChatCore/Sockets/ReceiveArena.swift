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

  init() {
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
  }

  /// - Returns: how many datagrams came, or -1 with `errno`.
  func receive(_ fd: Int32) -> Int32 {
    for index in 0..<Self.count {
      messages[index].header.msg_namelen = socklen_t(MemoryLayout<sockaddr_in6>.size)
    }
    return clinux_receive_messages(fd, messages, UInt32(Self.count))
  }

  func source(_ index: Int) -> PeerAddress? {
    precondition(index < Self.count)
    return SocketAddress.read(addresses + index)
  }

  /// The datagram at `index` of the last batch, until the next.
  func bytes(_ index: Int) -> UnsafeBufferPointer<UInt8> {
    precondition(index < Self.count)
    let start = (bytes + index * Self.slotBytes).assumingMemoryBound(to: UInt8.self)
    return UnsafeBufferPointer(start: start, count: Int(messages[index].length))
  }
}
