/// What a server counts of itself; all but the first two since it was started.
public enum ServerFigure: Int, FigureName {
  /// Native sessions, and people of all dialects, now.
  case sessions
  case people
  case datagramsReceived
  case messages
  case pictures
  case joined
  case left
  case lost
  /// What was not passed on, for any reason.
  case dropped
}

public typealias ServerFigures = Figures<ServerFigure>

/// A part of the list of a server's sessions, and what it counts of itself.
public struct SessionsPage: Equatable, Sendable {
  /// A session as the server sees it.
  public struct Row: Equatable, Sendable {
    /// Whose session it is; empty where nobody joined in it.
    public var name: String
    public var figures: SessionFigures

    public init(name: String, figures: SessionFigures) {
      (self.name, self.figures) = (name, figures)
    }
  }

  public var server = ServerFigures()
  /// Where the next part begins; 0 where this is the last.
  public var next: UInt64 = 0
  public var rows: [Row] = []

  public init() {}

  init?(_ reader: inout ByteReader) {
    guard let server = ServerFigures(&reader), let next = reader.varint(),
      let count = reader.varint(max: Limits.figuresPerMessage)
    else { return nil }
    (self.server, self.next) = (server, next)
    for _ in 0..<count {
      guard let name = reader.vtext(max: Limits.nameBytesMax),
        let figures = SessionFigures(&reader)
      else { return nil }
      rows.append(Row(name: name, figures: figures))
    }
  }

  func append(to bytes: inout [UInt8]) {
    server.append(to: &bytes)
    bytes.appendVarint(next)
    bytes.appendVarint(UInt64(rows.count))
    for row in rows {
      bytes.appendVText(row.name)
      row.figures.append(to: &bytes)
    }
  }
}
