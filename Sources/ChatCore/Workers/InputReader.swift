import ChatEngine
import Glibc

/// Standard input, read by a thread of its own, since a file or a pipe may block where epoll would
/// not say so. Reads ahead by at most `Limits.inputChunksMax` pieces.
final class InputReader: Sendable {
  private enum Piece: Sendable {
    case bytes([UInt8])
    case end(failure: Int32?)
  }

  private let pieces: Mailbox<Piece>
  private let room: WakeUp

  init(fd: Int32) throws(SystemError) {
    pieces = try Mailbox(capacity: Limits.inputChunksMax)
    room = try WakeUp()
    try startThread { self.readAll(fd) }
  }

  /// Readable while pieces may be waiting.
  var fd: Int32 { pieces.fd }

  enum Arrival {
    case bytes([UInt8])
    case end
    case failed(SystemError)
  }

  /// What came since the last time.
  func take() -> [Arrival] {
    let taken = pieces.takeAll()
    room.signal()
    return taken.map { piece in
      switch piece {
      case .bytes(let bytes): .bytes(bytes)
      case .end(nil): .end
      case .end(let failure?): .failed(SystemError(failure, "read standard input"))
      }
    }
  }

  private func readAll(_ fd: Int32) {
    var buffer = [UInt8](repeating: 0, count: Limits.inputChunkBytes)
    while true {
      let count = read(fd, &buffer, buffer.count)
      if count > 0 {
        put(.bytes(Array(buffer[..<count])))
      } else if count == 0 {
        return put(.end(failure: nil))
      } else if errno == EAGAIN {
        var request = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
        _ = poll(&request, 1, -1)
      } else if errno != EINTR {
        return put(.end(failure: errno))
      }
    }
  }

  private func put(_ piece: Piece) {
    while !pieces.send(piece) {
      room.wait()
      room.clear()
    }
  }
}
