import ChatEngine
import Testing

@testable import ChatCore

@Suite("What was said and is not settled")
struct UnsettledTests {
  private func texts(_ count: Int) -> Unsettled<String> {
    var unsettled = Unsettled<String>()
    for number in 1...count {
      unsettled.add("text \(number)", as: ticket(number), line: number, at: Instant(nanoseconds: 0))
    }
    return unsettled
  }

  private func ticket(_ number: Int) -> MessageTicket {
    MessageTicket(isPicture: false, number: UInt64(number))
  }

  @Test("The first of what was not accepted are named, and the rest is counted")
  func names() {
    #expect(Unsettled<String>().notAcceptedLines { $0 }.isEmpty)
    #expect(
      texts(2).notAcceptedLines { $0 } == [
        "not accepted, 2 in all:", "  line 1: text 1", "  line 2: text 2",
      ])
    let many = texts(Limits.unsentNamedMax + 3).notAcceptedLines { $0 }
    #expect(many.count == Limits.unsentNamedMax + 2)
    #expect(many.last == "  and 3 more")
    #expect(texts(Limits.unsentNamedMax).notAcceptedLines { $0 }.last == "  line 10: text 10")
  }

  @Test("What is accepted is kept until its place is known, and is not named")
  func accepts() {
    var unsettled = texts(3)
    unsettled.accept(ticket(2))
    unsettled.accept(ticket(2))
    unsettled.accept(ticket(9))
    #expect(unsettled.notAcceptedCount == 2)
    #expect(
      unsettled.notAcceptedLines { $0 }.dropFirst() == ["  line 1: text 1", "  line 3: text 3"])
    #expect(unsettled.removeAccepted { $0 == "text 1" }.isEmpty)
    #expect(unsettled.notAcceptedCount == 2)
    #expect(unsettled.removeAccepted { _ in true }.map(\.content) == ["text 2"])
    #expect(unsettled.remove(ticket(2)) == nil)
    unsettled.accept(ticket(1))
    #expect(unsettled.remove(ticket(1))?.line == 1)
    #expect(unsettled.notAcceptedCount == 1 && unsettled.entries.count == 1)
  }

  @Test("A long text is quoted by its beginning")
  func quotes() {
    let long = String(repeating: "ü", count: Limits.quotedCharactersMax)
    #expect(quoted(long, line: nil) == long)
    #expect(quoted(long + "x", line: 7) == "line 7: \(long)…")
  }

  @Test(
    "A text is cut to cells",
    arguments: [
      ("", 1, ""), ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("ab", 1, "…"),
    ])
  func cuts(text: String, cells: Int, shown: String) {
    #expect(cut(text, toCells: cells) == shown)
  }
}
