import Testing

@testable import ChatEngine

@Suite("LineSplitter")
struct LineSplitterTests {
  /// The lines of `pieces`, the last one included.
  private func split(_ pieces: [[UInt8]], max: Int) -> [LineSplitter.Line] {
    var splitter = LineSplitter(lineBytesMax: max)
    var lines = pieces.flatMap { splitter.add($0) }
    if let last = splitter.finish() { lines.append(last) }
    return lines
  }

  private func text(_ text: String) -> LineSplitter.Line { .text(Array(text.utf8)) }

  @Test("Lines end with LF or CRLF, the last may end with neither, empty ones count")
  func splitsLines() {
    let input = Array("one\ntwo\r\n\n\r\nlast".utf8)
    #expect(
      split([input], max: 10) == [text("one"), text("two"), text(""), text(""), text("last")])
    #expect(split([Array("one\n".utf8)], max: 10) == [text("one")])
    #expect(split([], max: 10) == [])
    #expect(split([[]], max: 10) == [])
  }

  @Test("A carriage return inside a line stays")
  func keepsInnerCarriageReturns() {
    #expect(split([Array("a\rb\r\r\n".utf8)], max: 10) == [text("a\rb\r")])
  }

  @Test("However the input is cut into pieces, the lines are the same")
  func doesNotDependOnPieces() {
    let input = Array("ab\r\n\nabcdefg\r\nabcdefgh\n12345678\r\nx\ry".utf8)
    let whole = split([input], max: 8)
    #expect(whole.count == 6)
    // Every bit of the mask cuts behind a byte of a part of the input; all parts are tried.
    for start in stride(from: 0, to: input.count - 10, by: 5) {
      for mask in 0..<1_024 {
        var pieces = [Array(input[..<start]), []]
        for offset in 0..<10 {
          pieces[pieces.count - 1].append(input[start + offset])
          if mask >> offset & 1 == 1 { pieces.append([]) }
        }
        pieces.append(Array(input[(start + 10)...]))
        if split(pieces, max: 8) != whole {
          Issue.record("pieces \(pieces) make \(split(pieces, max: 8))")
          return
        }
      }
    }
    #expect(split(input.map { [$0] }, max: 8) == whole)
  }

  @Test("A line of just the right length is kept, also before CRLF; one byte more is too long")
  func boundsLines() {
    #expect(split([Array("12345\n".utf8)], max: 5) == [text("12345")])
    #expect(split([Array("12345\r\n".utf8)], max: 5) == [text("12345")])
    #expect(split([Array("12345".utf8)], max: 5) == [text("12345")])
    #expect(split([Array("123456\n".utf8)], max: 5) == [.tooLong(6)])
    #expect(split([Array("123456".utf8)], max: 5) == [.tooLong(6)])
    #expect(split([Array("1234567890\nok\n".utf8)], max: 5) == [.tooLong(10), text("ok")])
  }

  @Test("An endless line costs no more memory than a line may have")
  func throwsAwayTheRest() {
    var splitter = LineSplitter(lineBytesMax: 100)
    let piece = [UInt8](repeating: 0x61, count: 10_000)
    for _ in 0..<100 { #expect(splitter.add(piece) == []) }
    #expect(splitter.add(Array("\nnext\n".utf8)) == [.tooLong(1_000_000), text("next")])
    #expect(splitter.finish() == nil)
  }
}
