/// Bytes in pieces, made into lines. A line ends with LF or CRLF; the last may end with neither.
///
/// Holds at most `lineBytesMax` bytes of an unfinished line; of a longer one the rest is thrown
/// away up to its end, and its length is told instead.
public struct LineSplitter {
  public enum Line: Equatable, Sendable {
    case text([UInt8])
    /// A line of so many bytes, more than there may be.
    case tooLong(Int)
  }

  private let lineBytesMax: Int
  private var partial: [UInt8] = []
  private var partialBytes = 0

  public init(lineBytesMax: Int) {
    self.lineBytesMax = lineBytesMax
  }

  /// Adds a piece.
  ///
  /// - Returns: the lines that it finished.
  public mutating func add(_ bytes: [UInt8]) -> [Line] {
    var lines: [Line] = []
    var start = 0
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      keep(bytes[start..<end])
      lines.append(takeLine())
      start = end + 1
    }
    keep(bytes[start...])
    return lines
  }

  /// Ends the input.
  ///
  /// - Returns: the last line, where it was not ended.
  public mutating func finish() -> Line? {
    partialBytes == 0 ? nil : takeLine()
  }

  private mutating func keep(_ bytes: ArraySlice<UInt8>) {
    partialBytes += bytes.count
    // One more than may be, for the CR of a line of just the right length.
    partial.append(contentsOf: bytes.prefix(max(0, lineBytesMax + 1 - partial.count)))
  }

  private mutating func takeLine() -> Line {
    defer {
      partial.removeAll(keepingCapacity: true)
      partialBytes = 0
    }
    if partialBytes == partial.count, partial.last == UInt8(ascii: "\r") {
      partial.removeLast()
      partialBytes -= 1
    }
    return partialBytes <= lineBytesMax ? .text(partial) : .tooLong(partialBytes)
  }
}
