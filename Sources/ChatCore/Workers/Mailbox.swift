import CLinux
import Glibc
import Synchronization

/// Where threads meet: messages from one to another, at most `capacity` of them.
///
/// One of the two places in the program with a lock; the other is `OutputStream`. The receiver is
/// woken through a descriptor, so that it may be the loop (which watches `fd`) or a thread of its
/// own (which calls `wait`).
final class Mailbox<Message: Sendable>: Sendable {
  private let messages = Mutex<[Message]>([])
  private let capacity: Int
  private let wakeUp: WakeUp

  init(capacity: Int) throws(SystemError) {
    self.capacity = capacity
    wakeUp = try WakeUp()
  }

  /// Readable while messages may be waiting.
  var fd: Int32 { wakeUp.fd }

  /// Puts a message in.
  ///
  /// - Returns: false when the mailbox is full; the message is then not in it.
  func send(_ message: Message) -> Bool {
    let isIn = messages.withLock { messages in
      if messages.count >= capacity { return false }
      messages.append(message)
      return true
    }
    if isIn { wakeUp.signal() }
    return isIn
  }

  /// Takes all messages, oldest first.
  func takeAll() -> [Message] {
    wakeUp.clear()
    return messages.withLock { messages in
      defer { messages.removeAll() }
      return messages
    }
  }

  /// Blocks the calling thread until messages may be waiting.
  func wait() { wakeUp.wait() }
}

/// A descriptor that one thread makes readable to wake another (eventfd).
struct WakeUp: ~Copyable, Sendable {
  private let descriptor: OwnedFD

  init() throws(SystemError) {
    descriptor = try OwnedFD(checking: clinux_eventfd(), "create an eventfd")
  }

  var fd: Int32 { descriptor.raw }

  func signal() {
    var one: UInt64 = 1
    _ = write(descriptor.raw, &one, 8)
  }

  func clear() {
    var count: UInt64 = 0
    _ = read(descriptor.raw, &count, 8)
  }

  func wait() {
    var request = pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0)
    _ = poll(&request, 1, -1)
  }
}
