import ChatEngine
import Testing

@testable import ChatCore

@Suite("Figures as people read them")
struct FiguresTextTests {
  private static var figures: SessionFigures {
    var figures = SessionFigures()
    figures[.datagramsSent] = 1_234_567
    figures[.datagramsTracked] = 1_000
    figures[.datagramsLost] = 198
    figures[.datagramsRepeated] = 203
    figures[.messagesSent] = 500
    figures[.messageDatagramsSent] = 200
    figures[.roundTripMicroseconds] = 45_260
    figures[.roundTripVariationMicroseconds] = 4_249
    figures[.pathBytes] = 1_452
    figures[.bytesSent] = 12_345_678
    figures[.cipher] = 1
    return figures
  }

  @Test("A line for each session, by name, those without one last, and one for all of them")
  func table() {
    let rows = [
      SessionsPage.Row(name: "", figures: SessionFigures()),
      SessionsPage.Row(name: "Zoë", figures: SessionFigures()),
      SessionsPage.Row(name: "Anoop", figures: Self.figures),
    ]
    var server = ServerFigures()
    server[.people] = 1
    server[.messages] = 7
    #expect(
      FiguresText.table(server, rows) == [
        "NAME                RTT ms   ± ms    LOST  AGAIN M/D OUT M/D IN    MTU    SENT",
        "Anoop                 45.3    4.2   19.8%    203     2.5      -  1,452 12.3 MB",
        "Zoë                      -      -       -      0       -      -      0     0 B",
        "(looks on)               -      -       -      0       -      -      0     0 B",
        "1 person, 3 sessions, 7 messages; of 1,000 datagrams to them 198 lost",
      ])
  }

  @Test("No line is wider than a terminal, whatever the name, and nothing in one is obeyed")
  func width() {
    let names = [
      String(repeating: "日", count: 32), String(repeating: "x", count: 32), "a\u{1b}[31mb",
    ]
    let rows = names.map { SessionsPage.Row(name: $0, figures: Self.figures) }
    for line in FiguresText.table(ServerFigures(), rows) {
      #expect(cellWidth(line) <= 80, "\(line)")
      #expect(!line.contains("\u{1b}"))
    }
    for line in FiguresText.session(ours: Self.figures, theirs: SessionFigures()) {
      #expect(cellWidth(line) <= 76, "\(line)")
    }
    let narrow = FiguresText.session(ours: Self.figures, theirs: SessionFigures(), columns: 38)
    #expect(narrow.count { $0 == "to the server:" || $0 == "from the server:" } == 2)
    #expect(narrow.contains { $0.hasPrefix("round trip ") && $0.hasSuffix(" 45.3 ± 4.2 ms") })
    for line in narrow { #expect(cellWidth(line) <= 38, "\(line)") }
  }

  @Test("Each direction is told by who sends, and what arrived of it by who receives")
  func session() {
    var theirs = SessionFigures()
    theirs[.datagramsReceived] = 990
    theirs[.messagesReceived] = 480
    theirs[.messageDatagramsReceived] = 160
    let lines = FiguresText.session(ours: Self.figures, theirs: theirs)
    func line(_ label: String) -> [Substring] {
      lines.first { $0.hasPrefix(label) }?.dropFirst(label.count).split(separator: " ") ?? []
    }
    #expect(line("datagrams sent") == ["1,234,567", "0"])
    #expect(line("  that arrived") == ["990", "0"])
    #expect(line("  taken for lost") == ["198", "(19.8%)", "0", "(-)"])
    #expect(line("  in a datagram sent") == ["2.5", "-"])
    #expect(line("  in one that arrived") == ["3.0", "-"])
    #expect(line("round trip") == ["45.3", "±", "4.2", "ms", "-"])
    #expect(line("cipher") == ["AES-256-GCM"])
  }

  @Test("JSON has an object for the server, then one for each session, with every figure")
  func json() {
    let rows = [SessionsPage.Row(name: "An\"oop", figures: Self.figures)]
    let lines = FiguresText.json(ServerFigures(), rows, unixSeconds: 0)
    #expect(lines.count == 2)
    #expect(
      lines[0].hasPrefix(
        #"{"type":"server","time":"1970-01-01T00:00:00Z","sessions":0,"people":0,"#))
    #expect(
      lines[1].hasPrefix(
        #"{"type":"session","time":"1970-01-01T00:00:00Z","name":"An\"oop","datagramsSent":1234567"#
      ))
    for name in SessionFigure.allCases { #expect(lines[1].contains("\"\(name)\":")) }
  }
}
