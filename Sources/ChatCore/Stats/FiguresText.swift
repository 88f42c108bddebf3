import ChatEngine

/// Figures as people read them, at 80 columns and as JSON.
enum FiguresText {
  // MARK: One session

  private static let labelWidth = 23

  /// What both ends of a session measure: a column for each direction, or one below the other where
  /// there are not so many `columns`.
  static func session(
    ours: SessionFigures, theirs: SessionFigures, columns: Int = 80
  ) -> [String] {
    let lines: [(String, (SessionFigures, SessionFigures) -> String)] = [
      ("datagrams sent", { sent, _ in number(sent[.datagramsSent]) }),
      ("  that arrived", { _, other in number(other[.datagramsReceived]) }),
      ("  taken for lost", { sent, _ in lost(sent) }),
      ("  which only came late", { sent, _ in number(sent[.datagramsMisjudged]) }),
      ("  with repetitions", { sent, _ in number(sent[.datagramsRepeated]) }),
      ("bytes sent", { sent, _ in bytes(sent[.bytesSent]) }),
      ("  of them repeated", { sent, _ in bytes(sent[.bytesRepeated]) }),
      ("messages", { sent, _ in number(sent[.messagesSent]) }),
      ("  in a datagram sent", { sent, _ in sentTogether(sent) }),
      ("  in one that arrived", { _, other in receivedTogether(other) }),
      ("round trip", { sent, _ in roundTrip(sent) }),
      ("  the least", { sent, _ in time(sent[.roundTripMinMicroseconds]) }),
      ("longest datagram", { sent, _ in "\(number(sent[.pathBytes])) B" }),
      ("window", { sent, _ in bytes(sent[.windowBytes]) }),
    ]
    let (wide, narrow) = (22, 15)
    if columns < labelWidth + 2 * wide {
      func column(_ head: String, _ sent: SessionFigures, _ other: SessionFigures) -> [String] {
        ["\(head):"]
          + lines.map { label, text in padded(label, labelWidth) + behind(text(sent, other), narrow)
          }
      }
      return column("to the server", ours, theirs) + column("from the server", theirs, ours)
        + [padded("cipher", labelWidth - 2) + behind(cipher(ours), narrow + 2)]
    }
    let head = behind("to the server", labelWidth + wide) + behind("from the server", wide)
    return [head]
      + lines.map { label, text in
        padded(label, labelWidth) + behind(text(ours, theirs), wide)
          + behind(text(theirs, ours), wide)
      } + [padded("cipher", labelWidth) + behind(cipher(ours), wide)]
  }

  // MARK: All sessions

  private typealias Column = (
    head: String, width: Int, text: @Sendable (SessionFigures) -> String
  )

  private static let columns: [Column] = [
    ("RTT ms", 8, { milliseconds($0[.roundTripMicroseconds]) }),
    ("± ms", 7, { milliseconds($0[.roundTripVariationMicroseconds]) }),
    ("LOST", 8, { lostShare($0) }),
    ("AGAIN", 7, { number($0[.datagramsRepeated]) }),
    ("M/D OUT", 8, { sentTogether($0) }),
    ("M/D IN", 7, { receivedTogether($0) }),
    ("MTU", 7, { number($0[.pathBytes]) }),
    ("SENT", 8, { bytes($0[.bytesSent]) }),
  ]

  /// A line for each session, in the order of names, those without one last, and one for all.
  static func table(_ server: ServerFigures, _ rows: [SessionsPage.Row]) -> [String] {
    let nameWidth = 18
    var lines = [padded("NAME", nameWidth) + columns.map { behind($0.head, $0.width) }.joined()]
    for row in rows.sorted(by: isBefore) {
      let name = row.name.isEmpty ? "(looks on)" : ShownText.string(row.name)
      let cells = columns.map { behind($0.text(row.figures), $0.width) }
      lines.append(padded(shortened(name, nameWidth - 1), nameWidth) + cells.joined())
    }
    func all(_ figure: SessionFigure) -> UInt64 { rows.reduce(0) { $0 &+ $1.figures[figure] } }
    lines.append(
      "\(count(server[.people], "person", "people")), \(count(UInt64(rows.count), "session")), "
        + "\(count(server[.messages], "message")); "
        + "of \(count(all(.datagramsTracked), "datagram")) to them "
        + "\(number(all(.datagramsLost))) lost")
    return lines
  }

  private static func isBefore(_ a: SessionsPage.Row, _ b: SessionsPage.Row) -> Bool {
    a.name.isEmpty == b.name.isEmpty ? a.name < b.name : !a.name.isEmpty
  }

  /// One object for the server, then one for each session; `Docs/JSON.md` describes the fields.
  static func json(
    _ server: ServerFigures, _ rows: [SessionsPage.Row], unixSeconds: Int64
  ) -> [String] {
    let time = rfc3339(unixSeconds: unixSeconds)
    func object(_ type: String, _ name: String?, _ all: [(name: String, value: UInt64)]) -> String {
      var object = JSONObject()
      object.add("type", type)
      object.add("time", time)
      if let name { object.add("name", name) }
      for (name, value) in all { object.add(name, Int(clamping: value)) }
      return object.line
    }
    return [object("server", nil, server.all)]
      + rows.map { object("session", $0.name, $0.figures.all) }
  }

  // MARK: Cells

  private static func lost(_ figures: SessionFigures) -> String {
    "\(number(figures[.datagramsLost])) (\(lostShare(figures)))"
  }

  private static func lostShare(_ figures: SessionFigures) -> String {
    let tracked = figures[.datagramsTracked]
    guard tracked > 0 else { return "-" }
    return tenths(figures[.datagramsLost] &* 100, in: tracked) + "%"
  }

  private static func sentTogether(_ figures: SessionFigures) -> String {
    ratio(figures[.messagesSent], figures[.messageDatagramsSent])
  }

  private static func receivedTogether(_ figures: SessionFigures) -> String {
    ratio(figures[.messagesReceived], figures[.messageDatagramsReceived])
  }

  private static func roundTrip(_ figures: SessionFigures) -> String {
    guard figures[.roundTripMicroseconds] > 0 else { return "-" }
    return milliseconds(figures[.roundTripMicroseconds]) + " ± "
      + milliseconds(figures[.roundTripVariationMicroseconds]) + " ms"
  }

  private static func time(_ microseconds: UInt64) -> String {
    microseconds > 0 ? milliseconds(microseconds) + " ms" : "-"
  }

  /// What was not measured yet is 0.
  private static func milliseconds(_ microseconds: UInt64) -> String {
    microseconds > 0 ? tenths(microseconds, in: 1_000) : "-"
  }

  private static func cipher(_ figures: SessionFigures) -> String {
    switch UInt8(exactly: figures[.cipher]).flatMap(Cipher.init(rawValue:)) {
    case .chaChaPoly: "ChaCha20-Poly1305"
    case .aesGCM: "AES-256-GCM"
    case nil: "-"
    }
  }

  private static func ratio(_ value: UInt64, _ of: UInt64) -> String {
    of > 0 ? tenths(value, in: of) : "-"
  }

  /// `value / unit` with one digit behind the point.
  private static func tenths(_ value: UInt64, in unit: UInt64) -> String {
    let tenths = (Double(value) / Double(unit) * 10).rounded()
    return "\(number(UInt64(tenths) / 10)).\(UInt64(tenths) % 10)"
  }

  private static func bytes(_ count: UInt64) -> String {
    PictureText.bytes(Int(clamping: count))
  }

  /// With a comma before each three digits.
  private static func number(_ value: UInt64) -> String {
    let digits = Array(String(value))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  private static func count(_ value: UInt64, _ one: String, _ many: String? = nil) -> String {
    "\(number(value)) \(value == 1 ? one : many ?? one + "s")"
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - cellWidth(text)))
  }

  private static func behind(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(1, width - cellWidth(text))) + text
  }

  /// A text of at most so many cells of a terminal.
  static func shortened(_ text: String, _ width: Int) -> String {
    if cellWidth(text) <= width { return text }
    var short = ""
    for character in text {
      if cellWidth(short) + cellWidth(String(character)) > width - 1 { break }
      short.append(character)
    }
    return short + "…"
  }
}
