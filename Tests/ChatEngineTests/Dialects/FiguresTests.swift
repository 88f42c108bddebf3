import Testing

@testable import ChatEngine

@Suite("Figures")
struct FiguresTests {
  private static func read(_ bytes: [UInt8]) -> ServerFigures? {
    bytes.withUnsafeBufferPointer { bytes in
      var reader = ByteReader(bytes)
      guard let figures = ServerFigures(&reader), reader.remaining == 0 else { return nil }
      return figures
    }
  }

  @Test("A newer program's further figures are passed over, an older one's missing ones are 0")
  func otherVersions() {
    var figures = ServerFigures()
    figures[.sessions] = 3
    figures[.people] = 2
    #expect(Self.read([2, 3, 2]) == figures)
    var newer: [UInt8] = []
    figures.append(to: &newer)
    newer[0] += 2
    #expect(Self.read(newer + [9, 9]) == figures)
    #expect(Self.read([0]) == ServerFigures())
  }

  @Test("More figures than may be, or fewer than are told, are malformed")
  func malformed() {
    #expect(Self.read([64, 65] + [UInt8](repeating: 1, count: 65)) == nil)
    #expect(Self.read([3, 1, 1]) == nil)
    #expect(Self.read([]) == nil)
  }

  @Test("All sets fit into what is read, and a full part of the list into a message")
  func fit() {
    #expect(SessionFigure.allCases.count <= Limits.figuresMax)
    #expect(ServerFigure.allCases.count <= Limits.figuresMax)
    #expect(SessionFigure.allCases.map(\.rawValue) == Array(0..<SessionFigure.allCases.count))
    var figures = SessionFigures()
    for name in SessionFigure.allCases { figures[name] = .max }
    var page = SessionsPage()
    let name = String(repeating: "x", count: Limits.nameBytesMax)
    page.rows = (0..<Limits.figuresPerMessage).map { _ in .init(name: name, figures: figures) }
    var bytes: [UInt8] = []
    page.append(to: &bytes)
    #expect(bytes.count < Limits.streamMessageBytesMax)
  }
}
