import ChatEngine
import Glibc

/// A thread that does slow work, one message after the other, in order.
///
/// It owns whatever `handle` owns. It never ends by itself; a process that is done leaves it
/// behind, after `drain` where its work must not be lost.
final class WorkerThread<Message: Sendable>: Sendable {
  private enum Item: Sendable {
    case work(Message)
    case signalDone(Mailbox<Void>)
  }

  private let inbox: Mailbox<Item>

  /// - Parameter capacity: how many messages may wait.
  convenience init(
    capacity: Int, _ handle: @escaping @Sendable (Message) -> Void
  ) throws(SystemError) {
    try self.init(capacity: capacity, gapMilliseconds: 0) { $0.forEach(handle) }
  }

  /// - Parameters:
  ///   - capacity: how many messages may wait.
  ///   - gapMilliseconds: how long it rests after it did something, so that messages gather.
  ///   - handleBatch: gets all that waits, oldest first.
  init(
    capacity: Int, gapMilliseconds: UInt32,
    handleBatch: @escaping @Sendable ([Message]) -> Void
  ) throws(SystemError) {
    let inbox = try Mailbox<Item>(capacity: capacity)
    self.inbox = inbox
    try startThread {
      while true {
        inbox.wait()
        var batch: [Message] = []
        var isDone: [Mailbox<Void>] = []
        for item in inbox.takeAll() {
          switch item {
          case .work(let message): batch.append(message)
          case .signalDone(let done): isDone.append(done)
          }
        }
        if !batch.isEmpty { handleBatch(batch) }
        for done in isDone { _ = done.send(()) }
        if gapMilliseconds > 0 { usleep(gapMilliseconds * 1_000) }
      }
    }
  }

  /// - Returns: false when too much waits already; the message is then not taken.
  func send(_ message: Message) -> Bool { inbox.send(.work(message)) }

  /// Blocks the caller until all that was sent before is done, or `it is `end`.
  func drain(until end: Instant) {
    guard let done = try? Mailbox<Void>(capacity: 1) else { return }
    // A full mailbox has no room for the question either; it has once the worker takes what is in.
    while !inbox.send(.signalDone(done)) {
      if Clocks.now() >= end { return }
      usleep(1_000)
    }
    let now = Clocks.now()
    let left = end <= now ? 0 : (end.nanoseconds - now.nanoseconds) / 1_000_000
    var request = pollfd(fd: done.fd, events: Int16(POLLIN), revents: 0)
    _ = poll(&request, 1, Int32(left))
  }
}

/// Starts a detached thread that runs `body`.
func startThread(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
  let context = Unmanaged.passRetained(ThreadBody(body))
  var thread = pthread_t()
  let result = pthread_create(&thread, nil, runThread, context.toOpaque())
  if result != 0 {
    context.release()
    throw SystemError(result, "start a thread")
  }
  pthread_detach(thread)
}

private final class ThreadBody {
  let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

private func runThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  Unmanaged<ThreadBody>.fromOpaque(context!).takeRetainedValue().body()
  return nil
}
