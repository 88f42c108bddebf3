import ChatEngine
import Glibc
import Synchronization

/// Bytes on their way to a file, a pipe or a terminal, written by a thread of its own, so that a
/// reader that stalls never stalls the loop.
///
/// What waits is bounded by `Limits.outputBacklogBytesMax`. Two buffers take turns, one being
/// filled and one being written, so that a steady stream allocates nothing.
final class OutputStream: Sendable {
  fileprivate struct State {
    var waiting: [UInt8] = []
    var target: Int32
    /// A descriptor to write to from the next piece on.
    var replacement: Int32?
    var isWriting = false
    var failure: Int32?
    /// An error after which writing goes on, to be told once.
    var outage: Int32?
    var isOut = false
    var bytesDropped: UInt64 = 0
  }

  /// Room that each buffer has from the start.
  private static let usualBytes = 64 << 10

  private let state: Mutex<State>
  private let wakeUp: WakeUp
  private let progress: WakeUp
  private let trouble: WakeUp

  /// - Parameter fd: stays the caller's, unless it is replaced.
  init(fd: Int32) throws(SystemError) {
    state = Mutex(State(target: fd))
    state.withLock { $0.waiting.reserveCapacity(Self.usualBytes) }
    wakeUp = try WakeUp()
    progress = try WakeUp()
    trouble = try WakeUp()
    try startThread { self.writeForever() }
  }

  /// The error that ended the stream: EPIPE, the reader went away. Any other, such as a full disk,
  /// may pass.
  var failure: Int32? { state.withLock { $0.failure } }
  /// What was left out because too much waited.
  var bytesDropped: UInt64 { state.withLock { $0.bytesDropped } }
  var backlogBytes: Int { state.withLock { $0.waiting.count } }
  /// Whether everything is written.
  var isIdle: Bool { state.withLock { $0.waiting.isEmpty && !$0.isWriting } }
  /// Readable after anything was written or failed.
  var progressFD: Int32 { progress.fd }

  /// Readable while an outage may not have been taken.
  var outageFD: Int32 { trouble.fd }

  /// The error that began to keep bytes from being written, once for each time that it began.
  func takeOutage() -> Int32? {
    trouble.clear()
    return state.withLock { state in
      defer { state.outage = nil }
      return state.outage
    }
  }

  func clearProgress() { progress.clear() }

  /// Adds bytes, all of them or none.
  ///
  /// - Returns: false when they were left out, because too much waits or the stream has failed.
  @discardableResult
  func append(_ bytes: [UInt8]) -> Bool {
    if bytes.isEmpty { return true }
    let (isIn, isFirst) = state.withLock { state in
      guard state.failure == nil,
        state.waiting.count + bytes.count <= Limits.outputBacklogBytesMax
      else {
        state.bytesDropped += UInt64(bytes.count)
        return (false, false)
      }
      defer { state.waiting.append(contentsOf: bytes) }
      return (true, state.waiting.isEmpty)
    }
    // Where something waits already, the thread is told of it and has not looked yet.
    if isFirst { wakeUp.signal() }
    return isIn
  }

  /// Writes to `fd` from now on, which the stream then owns; the old one is closed.
  func replace(with fd: Int32) {
    let unused = state.withLock { state in
      defer { (state.replacement, state.failure) = (fd, nil) }
      return state.replacement
    }
    if let unused { close(unused) }
    wakeUp.signal()
  }

  /// Blocks the caller until everything is written, the stream fails, or it is `end`.
  func drain(until end: Instant) {
    while state.withLock({ $0.failure == nil && ($0.isWriting || !$0.waiting.isEmpty) }) {
      let now = Clocks.now()
      if now >= end { return }
      var request = pollfd(fd: progress.fd, events: Int16(POLLIN), revents: 0)
      _ = poll(&request, 1, Int32((end.nanoseconds - now.nanoseconds) / 1_000_000 + 1))
      progress.clear()
    }
  }

  private func writeForever() {
    var piece: [UInt8] = []
    piece.reserveCapacity(Self.usualBytes)
    var isCut = false
    while true {
      wakeUp.wait()
      wakeUp.clear()
      let (target, old) = state.withLock { state in
        swap(&piece, &state.waiting)
        state.isWriting = true
        guard let replacement = state.replacement else { return (state.target, Int32(-1)) }
        defer { (state.target, state.replacement) = (replacement, nil) }
        return (replacement, state.target)
      }
      if old >= 0 { close(old) }
      // The rest of a line that an error cut is lost; what comes next must not run on from it.
      if isCut && !piece.isEmpty { piece.insert(UInt8(ascii: "\n"), at: 0) }
      var written = 0
      let failure = writeAll(piece, to: target, written: &written)
      if written > 0 { isCut = failure != nil && piece[written - 1] != UInt8(ascii: "\n") }
      let isOutage = state.withLock { state in
        state.isWriting = false
        state.bytesDropped += UInt64(piece.count - written)
        state.note(failure)
        return state.outage != nil
      }
      if isOutage { trouble.signal() }
      piece.removeAll(keepingCapacity: true)
      progress.signal()
    }
  }
}

extension OutputStream.State {
  /// What became of a piece. An error of a descriptor that is being replaced is no news.
  fileprivate mutating func note(_ failure: Int32?) {
    if replacement != nil { return }
    if failure == EPIPE { self.failure = failure }
    if let failure, !isOut { outage = failure }
    isOut = failure != nil
  }
}
