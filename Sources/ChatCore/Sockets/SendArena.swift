import CLinux
import ChatEngine
import Glibc

/// Sends an outbox: many datagrams with each system call, and many to one address as one message.
///
/// Owns the headers of one `sendmmsg`. Nothing is allocated after it is made. Consecutive
/// deliveries to one address whose payloads are of one size, the last perhaps shorter, are handed
/// over as one message that the kernel cuts (UDP_SEGMENT, udp(7)). Where it refuses that they go
/// out one by one, so nothing is lost by the attempt.
package final class SendArena {
  package enum Outcome: Equatable {
    /// The outbox is empty.
    case done
    /// The kernel takes no more now; wait until the socket is writable.
    case blocked
    /// The first delivery that waits cannot be sent, for this `errno`. Whoever goes on without it
    /// adds one to `outbox.sent`.
    case refused(Int32)
  }

  /// A path takes datagrams of so many bytes, so that it is not their size for which the kernel
  /// refuses several at once (IPv6's least MTU, 1,280, less the headers).
  private static let certainBytes = 1_232

  private let family: Int32
  /// Which addresses of this machine deliveries leave from; nil for a connected socket, which also
  /// knows where they go.
  private let sources: SourceAddresses?
  private let count: Int
  private let addresses: UnsafeMutablePointer<sockaddr_in6>
  private let parts: UnsafeMutablePointer<iovec>
  private let messages: UnsafeMutablePointer<clinux_message>
  private let controls: UnsafeMutablePointer<clinux_segment_control>
  /// How many deliveries are in each message and those before it.
  private let ends: UnsafeMutablePointer<Int>
  /// Whether the kernel cuts messages for this socket; once it refused, it is not asked again.
  private(set) var isSegmenting = true
  /// So many deliveries go out one by one, because the message that they were in was refused.
  private var singles = 0
  /// Whether it was perhaps refused since the kernel does not cut: the first of them tells.
  private var isDoubted = false

  /// - Parameter count: the messages of one system call.
  init(family: Int32, sources: SourceAddresses?, count: Int) {
    (self.family, self.sources, self.count) = (family, sources, count)
    addresses = .allocate(capacity: count)
    parts = .allocate(capacity: count)
    messages = .allocate(capacity: count)
    controls = .allocate(capacity: count)
    ends = .allocate(capacity: count)
    for index in 0..<count {
      addresses[index] = sockaddr_in6()
      messages[index] = clinux_message()
      messages[index].header.msg_iov = parts + index
      messages[index].header.msg_iovlen = 1
      if sources != nil {
        messages[index].header.msg_name = UnsafeMutableRawPointer(addresses + index)
      }
    }
  }

  deinit {
    addresses.deallocate()
    parts.deallocate()
    messages.deallocate()
    controls.deallocate()
    ends.deallocate()
  }

  /// Sends what waits in `outbox`, from `outbox.sent` on, and empties it when all is out.
  func send(_ outbox: inout Outbox, on fd: Int32) -> Outcome {
    var retries = 0
    while !outbox.isEmpty {
      let sent = sendBatch(outbox, fd)
      if sent > 0 {
        outbox.sent += sent
        noteSent(sent)
        retries = 0
        continue
      }
      let error = errno
      if error == EAGAIN || error == EWOULDBLOCK { return .blocked }
      // It may be the pending error of an earlier datagram, which is now taken. That nobody is
      // there is always one: no datagram is refused for it before it went out.
      if retries < (error == ECONNREFUSED ? Limits.pendingErrorsMax : 1) {
        retries += 1
        continue
      }
      retries = 0
      if outbox.deliveries[outbox.sent].isProbe {
        outbox.sent += 1
      } else if ends[0] > 1 {
        giveUpMessage(error)
      } else {
        isDoubted = false
        return .refused(error)
      }
    }
    outbox.removeAll()
    return .done
  }

  private func noteSent(_ deliveries: Int) {
    singles = max(0, singles - deliveries)
    if isDoubted { (isSegmenting, isDoubted) = (false, false) }
  }

  /// The kernel refused the first message, which held several datagrams: they go out one by one.
  /// It may not be able to cut (EIO, EINVAL …), or not so long ones, or it is about the address.
  private func giveUpMessage(_ error: Int32) {
    singles = ends[0]
    isDoubted =
      parts[0].iov_len <= ends[0] * Self.certainBytes
      && [EIO, EINVAL, EOPNOTSUPP, ENOPROTOOPT, EMSGSIZE].contains(error)
  }

  /// Sends as many of the waiting deliveries as one call takes; a probe is a call of its own.
  ///
  /// - Returns: how many deliveries went out, or -1 with `errno`.
  private func sendBatch(_ outbox: borrowing Outbox, _ fd: Int32) -> Int {
    outbox.withWaiting { bytes, payloads, deliveries in
      var (index, next) = (0, 0)
      while index < count, next < deliveries.count, !deliveries[next].isProbe {
        let payload = payloads[Int(deliveries[next].payload.index)]
        write(index, deliveries[next], payload, bytes)
        next += 1
        // In a fan-out the next delivery is of the same payload, and no more is looked at.
        if next < deliveries.count,
          deliveries[next].payload.index == deliveries[next - 1].payload.index &+ 1,
          isSegmenting, next > singles
        {
          next = extend(index, next, payloads, deliveries)
        }
        ends[index] = next
        index += 1
      }
      if index > 0 {
        let sent = Int(clinux_send_messages(fd, messages, UInt32(index)))
        return sent > 0 ? ends[sent - 1] : -1
      }
      write(0, deliveries[0], payloads[Int(deliveries[0].payload.index)], bytes)
      return clinux_send_probe(fd, family, messages) < 0 ? -1 : 1
    }
  }

  /// Makes a delivery the message at `index`.
  @inline(__always)
  private func write(
    _ index: Int, _ delivery: Outbox.Delivery, _ payload: Outbox.Payload,
    _ bytes: UnsafePointer<UInt8>
  ) {
    parts[index].iov_base = UnsafeMutableRawPointer(mutating: bytes + Int(payload.offset))
    parts[index].iov_len = Int(payload.length)
    messages[index].header.msg_control = nil
    messages[index].header.msg_controllen = 0
    if let sources {
      messages[index].header.msg_namelen = SocketAddress.write(
        delivery.address, family, to: addresses + index)
      sources.leave(from: delivery.address.local, messages + index)
    }
  }

  /// Adds the deliveries from `next` on to the message at `index`, as far as they go to the same
  /// address, lie behind it, and are as long as its first; a shorter one is the last.
  ///
  /// - Returns: the first delivery that is not in it.
  private func extend(
    _ index: Int, _ next: Int, _ payloads: UnsafeBufferPointer<Outbox.Payload>,
    _ deliveries: UnsafeBufferPointer<Outbox.Delivery>
  ) -> Int {
    let first = deliveries[next - 1]
    let size = parts[index].iov_len
    var (end, total, isLast) = (next, size, false)
    while end < deliveries.count, end - next + 1 < Limits.segmentsMax, !isLast,
      deliveries[end].address == first.address,
      deliveries[end].address.local == first.address.local, !deliveries[end].isProbe,
      deliveries[end].payload.index == deliveries[end - 1].payload.index &+ 1
    {
      let length = Int(payloads[Int(deliveries[end].payload.index)].length)
      if length > size || total + length > Limits.datagramBytesMax { break }
      isLast = length < size
      total += length
      end += 1
    }
    if end > next {
      parts[index].iov_len = total
      clinux_segment(messages + index, controls + index, UInt16(size))
    }
    return end
  }
}
