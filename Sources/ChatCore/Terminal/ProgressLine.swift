import Glibc

/// One line on standard error that is written over again and again; nothing where that is no
/// terminal.
final class ProgressLine {
  private let isShown: Bool
  private var columns = 0

  init(isQuiet: Bool) {
    isShown = !isQuiet && isatty(STDERR_FILENO) == 1 && !TerminalStyle.isDumb
  }

  func show(_ text: String) {
    guard isShown else { return }
    let width = cellWidth(text)
    let rest = String(repeating: " ", count: max(0, columns - width))
    _ = writeAll(Array("\r\(text)\(rest)".utf8), to: STDERR_FILENO)
    columns = width
  }

  /// Takes the line away.
  func clear() {
    guard columns > 0 else { return }
    show("")
    _ = writeAll([UInt8(ascii: "\r")], to: STDERR_FILENO)
    columns = 0
  }
}
