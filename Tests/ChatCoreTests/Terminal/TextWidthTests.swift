import Testing

@testable import ChatCore

@Suite("Widths of texts")
struct TextWidthTests {
  @Test(
    "A text takes as many cells as a terminal gives it, whatever the locale",
    arguments: [
      ("", 0), ("abc", 3), ("\u{b1} ms", 4), ("Zo\u{eb}", 3), ("Zoe\u{308}", 3), ("日本", 4),
      ("\u{1b}", 0), ("a\u{200b}b", 2), ("…", 1),
    ])
  func counts(text: String, cells: Int) {
    #expect(cellWidth(text) == cells)
  }
}
