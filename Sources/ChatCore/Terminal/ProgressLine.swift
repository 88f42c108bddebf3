import ChatEngine
import Glibc

/// One line on standard error that is written over again and again; nothing where that is no
/// terminal, and nothing of what is over in a moment.
final class ProgressLine {
  private let isShown: Bool
  private let title: String
  private let begin = Clocks.now()
  private var columns = 0

  init(_ title: String, isQuiet: Bool) {
    self.title = title
    isShown = !isQuiet && isatty(STDERR_FILENO) == 1 && !TerminalStyle.isDumb
  }

  /// Shows how much of something is done.
  func show(_ part: Int, of all: Int) {
    guard isShown, Clocks.now() >= begin + .milliseconds(Limits.pendingShownMilliseconds) else {
      return
    }
    write(part, of: all)
  }

  /// All of it is done: what is shown says so, and stays.
  func finish() {
    guard columns > 0 else { return }
    write(1, of: 1)
    _ = writeAll([UInt8(ascii: "\n")], to: STDERR_FILENO)
    columns = 0
  }

  /// Takes the line away.
  func clear() {
    guard columns > 0 else { return }
    _ = writeAll(Array("\r\u{1b}[K".utf8), to: STDERR_FILENO)
    columns = 0
  }

  /// What is longer than a row could not be written over.
  private func write(_ part: Int, of all: Int) {
    let percent = "  \(100 * part / max(all, 1)) %"
    let room = TerminalSize(of: STDERR_FILENO).columns - 1 - cellWidth(percent)
    let text = cut(ShownText.string(title), toCells: max(room, 1)) + percent
    let rest = String(repeating: " ", count: max(0, columns - cellWidth(text)))
    _ = writeAll(Array("\r\(text)\(rest)".utf8), to: STDERR_FILENO)
    columns = cellWidth(text)
  }
}
