import ChatEngine
import Glibc

/// Lines of the past on their way to standard output, whose reader may be slow: the loop goes on
/// meanwhile, so that the session lives.
///
/// What waits is bounded by what its user adds while it `isBusy`, which should be nothing but what
/// is on its way.
final class PastOutput {
  private let stream: OutputStream
  private var watch: Reactor.Watch?
  /// What the stream has no room for yet.
  private var waiting: [UInt8] = []
  /// How much of that the stream has.
  private var given = 0
  /// Called when some of it is written, or its reader is gone.
  var onProgress: () -> Void = {}

  private static let pieceBytes = Limits.outputBacklogBytesMax / 4

  init(on reactor: Reactor) throws(SystemError) {
    stream = try OutputStream(fd: STDOUT_FILENO)
    let stream = stream
    watch = try reactor.watch(stream.progressFD, for: .readable) { [unowned self] _ in
      stream.clearProgress()
      push()
      onProgress()
    }
  }

  var isReaderGone: Bool { stream.failure != nil }
  var isBusy: Bool { !waiting.isEmpty }
  var isWritten: Bool { waiting.isEmpty && stream.isIdle }

  /// Why something could not be written, once; a reader that is gone is no failure.
  func takeFailure() -> Failure? {
    guard let outage = stream.takeOutage(), outage != EPIPE else { return nil }
    return Failure(.failed, "standard output: \(SystemError(outage, "write").reason)")
  }

  func add(_ bytes: [UInt8]) {
    waiting += bytes
    if waiting.count - given >= 64 << 10 { push() }
  }

  /// Gives the stream what it has room for.
  func push() {
    while given < waiting.count {
      let piece = waiting[given...].prefix(Self.pieceBytes)
      guard stream.backlogBytes + piece.count <= Limits.outputBacklogBytesMax,
        stream.append(Array(piece))
      else { break }
      given += piece.count
    }
    if given == waiting.count {
      waiting.removeAll(keepingCapacity: waiting.capacity <= Limits.outputBacklogBytesMax)
      given = 0
    }
  }
}
