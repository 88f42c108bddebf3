import ChatEngine

/// Something that a person who joined is shown.
enum JoinEvent {
  case message(from: String, text: [UInt8])
  case picture(ArrivedPicture)
  case joined(String)
  case left(String)
  /// A line of the server.
  case notice([UInt8])
  case renamed(String)
  /// The server has what this person said.
  case accepted(isPicture: Bool, number: UInt64)
  /// The server does not pass on what this person said, and why; what it was, in words.
  case failed(isPicture: Bool, number: UInt64, String?, [UInt8])
  /// So many events did not arrive, because of whoever reads the screen, or of the connection.
  case missed(Int, isReaderSlow: Bool)
  case connectionLost(isShutDown: Bool)
  /// With the names of others who are here, in order, where that is news.
  case restored(ClientReturn, here: [String])
  /// What this client has to say itself.
  case status(String)
  case complaint(String)
  /// What this person said.
  case said([UInt8])
  /// The picture that this person showed.
  case showed(String)
  /// A line of help, or of figures.
  case help(String)
}

extension JoinEvent {
  /// What this person said, in words.
  var shownText: String? {
    switch self {
    case .said(let text): ShownText.string(text)
    case .showed(let summary): summary
    default: nil
    }
  }

  /// One line for a person about the session and what becomes of what was said; nil for what is not
  /// about that.
  var sessionText: String? {
    switch self {
    case .failed(_, _, let what, let reason):
      "not sent: \(what ?? "a message") (\(ShownText.string(reason)))"
    case .missed(let count, let isReaderSlow):
      "missing here: \(count) of what others said and showed and of who came and went, because "
        + (isReaderSlow ? "standard output was read too slowly" : "the connection was too slow")
        + "; the server keeps the last \(Limits.talkLogBytes >> 20) MiB"
    case .connectionLost(true): "the server is shutting down; coming back when it does"
    case .connectionLost(false): "the server no longer answers; trying again"
    case .restored(.whole, _): "back, and nothing was missed"
    case .restored(.incomplete, let names): "back after a long time; \(Self.here(names))"
    case .restored(.restarted, let names):
      "back; the server was started again, and its last words may be missing; "
        + Self.here(names)
    default: nil
    }
  }

  /// Who is here, in words.
  private static func here(_ names: [String]) -> String {
    if names.isEmpty { return "nobody else is here" }
    let shown = names.prefix(Limits.returnNamesShownMax).map { ShownText.string($0) }
    let rest = names.count - shown.count
    return "here: \(shown.joined(separator: ", "))" + (rest == 0 ? "" : " and \(rest) more")
  }

  /// The event as one JSON object and a newline; nil for what is for a person's eyes only.
  /// `Docs/JSON.md` describes the fields.
  func json(unixSeconds: Int64) -> String? {
    var object = JSONObject()
    func begin(_ type: String) {
      object.add("type", type)
      object.add("time", rfc3339(unixSeconds: unixSeconds))
    }
    switch self {
    case .message(let from, let text):
      begin("message")
      object.add("from", from)
      object.add("text", String(decoding: text, as: UTF8.self))
    case .picture(let picture):
      begin("picture")
      object.add("from", picture.from)
      object.add("bytes", picture.bytes)
      if let size = picture.size {
        object.add("width", size.width)
        object.add("height", size.height)
      }
      if let file = picture.file { object.add("file", file) }
      if let fault = picture.fault { object.add("fault", fault) }
    case .joined(let name):
      begin("joined")
      object.add("name", name)
    case .left(let name):
      begin("left")
      object.add("name", name)
    case .notice(let text):
      begin("notice")
      object.add("text", String(decoding: text, as: UTF8.self))
    case .renamed(let name):
      begin("renamed")
      object.add("name", name)
    case .accepted(let isPicture, let number):
      begin("accepted")
      object.add("what", isPicture ? "picture" : "message")
      object.add("number", Int(clamping: number))
    case .failed(let isPicture, let number, _, let reason):
      begin("not-accepted")
      object.add("what", isPicture ? "picture" : "message")
      object.add("number", Int(clamping: number))
      object.add("text", String(decoding: reason, as: UTF8.self))
    case .missed(let count, _):
      begin("missed")
      object.add("count", count)
    case .connectionLost(let isShutDown):
      begin("connection-lost")
      object.add("reason", isShutDown ? "shut-down" : "no-answer")
    case .restored(let how, let names):
      begin("restored")
      object.add("missed", how == .whole ? "nothing" : "unknown")
      if how != .whole { object.add("here", names) }
    case .status, .complaint, .said, .showed, .help:
      return nil
    }
    return object.line
  }
}
