import CLinux
import Glibc

/// A terminal's size in cells, and in pixels where it tells.
struct TerminalSize: Sendable {
  var columns: Int
  var rows: Int
  var pixelWidth = 0
  var pixelHeight = 0

  /// What the terminal at `fd` says, else 80 × 24.
  init(of fd: Int32) {
    var (columns, rows, width, height) = (Int32(0), Int32(0), Int32(0), Int32(0))
    let result = clinux_window_size(fd, &columns, &rows, &width, &height)
    let isKnown = result == 0 && columns > 0 && rows > 0
    self.columns = isKnown ? Int(columns) : 80
    self.rows = isKnown ? Int(rows) : 24
    if isKnown { (pixelWidth, pixelHeight) = (Int(width), Int(height)) }
  }
}
