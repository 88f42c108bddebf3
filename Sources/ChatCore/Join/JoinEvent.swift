import ChatEngine

/// Something that a person who joined is shown.
enum JoinEvent {
  case message(Heard)
  case picture(ArrivedPicture)
  /// A picture or file that came while this person was away.
  case attachment(from: String, StoredAttachment)
  /// What the room is about from now on; `from` is nil where that was so before.
  case topic(from: String?, [UInt8])
  /// This person is in the room now, with those who are there, in order.
  case entered(here: [String])
  /// This person was not let into the room, or not again; why.
  case notEntered([UInt8])
  case parted
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
  /// What this person said, did, or made the topic.
  case said([UInt8], NativeRequest.Say.Kind)
  /// The picture that this person showed.
  case showed(String)
  /// A line of help, or of figures.
  case help(String)
}

extension JoinEvent {
  /// What this person said, in words.
  var shownText: String? {
    switch self {
    case .said(let text, .text): ShownText.string(text)
    case .said(let text, .action): "/me \(ShownText.string(text))"
    case .said(let text, .topic): "/topic \(ShownText.string(text))"
    case .showed(let summary): summary
    default: nil
    }
  }

  /// About how much memory it takes.
  var bytes: Int {
    let own =
      switch self {
      case .message(let heard): heard.text.count
      case .picture(let picture): picture.art?.count ?? 0
      case .topic(_, let text), .said(let text, _), .notice(let text): text.count
      case .restored(_, let here), .entered(let here): here.reduce(0) { $0 + $1.utf8.count }
      default: 0
      }
    return own + MemoryLayout<Arrival>.stride
  }

  /// One line for a person about the session and what becomes of what was said; nil for what is not
  /// about that.
  ///
  /// - Parameter place: where this is about those who are there: `here`, or `in #lobby`.
  fileprivate func sessionText(place: String) -> String? {
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
    case .restored(.incomplete, let names):
      "back after a long time; \(Self.present(names, place))"
    case .restored(.caughtUp(let isRestarted), let names):
      (isRestarted ? "back; the server was started again; " : "back; ")
        + "what was said meanwhile follows; " + Self.present(names, place)
    case .restored(.restarted, let names):
      "back; the server was started again, and its last words may be missing; "
        + Self.present(names, place)
    default: nil
    }
  }

  /// Who is somewhere, in words, without going on for ever.
  static func present(_ names: [String], _ place: String) -> String {
    if names.isEmpty { return "nobody else is \(place)" }
    let shown = names.prefix(Limits.returnNamesShownMax).map { ShownText.string($0) }
    let rest = names.count - shown.count
    return "\(place): \(shown.joined(separator: ", "))" + (rest == 0 ? "" : " and \(rest) more")
  }
}

extension Arrival {
  /// As `JoinEvent.sessionText`. That the session is back is told of the lobby; of other rooms only
  /// that this person is in them again.
  ///
  /// - Parameter shown: the room that is shown.
  func sessionText(shown: RoomName) -> String? {
    if let room, room != .lobby, case .restored(_, let names) = event {
      return "again in #\(room); \(JoinEvent.present(names, "here"))"
    }
    let isElsewhere = room.map { $0 != shown } ?? false
    return event.sessionText(place: isElsewhere ? "in #\(room ?? .lobby)" : "here")
  }

  /// One line for a person about people and rooms; nil for what is not about them.
  var placeText: String? {
    let place = room.map { "#\($0)" } ?? "here"
    switch event {
    case .topic(let from?, []): return "\(ShownText.string(from)) took the topic away"
    case .topic(let from?, let text):
      return "\(ShownText.string(from)) set the topic: \(ShownText.string(text))"
    case .attachment(let from, let attachment):
      return "\(ShownText.string(from)) sent \(attachment.words)"
    case .topic(nil, let text): return "the topic: \(ShownText.string(text))"
    case .entered(let names):
      return "you are in \(place); \(JoinEvent.present(names, "here"))"
    case .notEntered(let reason): return "you are not in \(place): \(ShownText.string(reason))"
    case .parted: return "you left \(place)"
    case .joined(let name): return "\(ShownText.string(name)) joined"
    case .left(let name): return "\(ShownText.string(name)) left"
    case .notice(let text): return ShownText.string(text)
    case .status(let text), .complaint(let text): return text
    default: return nil
    }
  }
}
