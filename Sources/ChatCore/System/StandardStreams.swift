import ChatEngine
import Glibc

/// Writes a line for a person to standard error: what went wrong. What in it came from outside is
/// shown, not obeyed.
public func warn(_ text: String) { note("chatd: \(text)") }

/// Writes a line that is no complaint to standard error.
func note(_ text: String) {
  _ = writeAll(Array("\(ShownText.string(text))\n".utf8), to: STDERR_FILENO)
}

/// Writes all of `bytes`, waiting where the descriptor is non-blocking.
///
/// - Returns: the error that stopped it, or nil.
func writeAll(_ bytes: [UInt8], to fd: Int32) -> Int32? {
  var written = 0
  return writeAll(bytes, to: fd, written: &written)
}

/// The same; `written` is how much of it is written in any case.
func writeAll(_ bytes: [UInt8], to fd: Int32, written: inout Int) -> Int32? {
  written = 0
  while written < bytes.count {
    let offset = written
    let count = bytes.withUnsafeBytes { write(fd, $0.baseAddress! + offset, $0.count - offset) }
    if count >= 0 {
      written += count
    } else if errno == EAGAIN {
      var request = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
      _ = poll(&request, 1, -1)
    } else if errno != EINTR {
      return errno
    }
  }
  return nil
}
