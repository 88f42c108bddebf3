import ChatEngine

/// What a person asks of the past: `/history` and `/search`.
extension JoinSession {
  /// A question, and what came of its answer so far.
  struct Recall {
    /// The room whose past it is; nil where words are looked for in all of them.
    var room: RoomName?
    var text = PastText()
    var lines: [String] = []
  }

  /// Shows the newest messages of the room that is shown.
  func recall(_ argument: String) {
    let limits = 1...Limits.searchMessagesMax
    guard let count = argument.isEmpty ? Limits.historyMessagesDefault : Int(argument),
      limits.contains(count)
    else {
      return show(.complaint("how many messages? /history N, from 1 to \(limits.upperBound)"))
    }
    ask(Recall(room: conversation.shown), .latest, limit: count)
  }

  /// Shows the newest messages in which all of some words occur.
  func search(_ words: String) {
    guard HistoryReader.expression(words) != nil else {
      return show(.complaint("which words? /search WORDS, or a \"phrase\""))
    }
    ask(Recall(), .search(words), limit: Limits.historyMessagesDefault)
  }

  private func ask(
    _ recall: Recall, _ selector: NativeRequest.History.Selector, limit: Int
  ) {
    if options.client.isClassic { return show(.complaint("with --classic there is no past")) }
    guard let id = connection.askPast(of: recall.room, selector, limit: limit) else {
      return show(.complaint("too much is asked for already; try again in a moment"))
    }
    recalls[id] = recall
  }

  func takePast(_ message: PastMessage, of id: UInt64) {
    guard var recall = recalls.removeValue(forKey: id) else { return }
    let line = recall.text.line(message, showsPlace: recall.room == nil).dropLast()
    recall.lines.append(String(decoding: line, as: UTF8.self))
    recalls[id] = recall
  }

  func endPast(_ id: UInt64, _ failure: [UInt8]?) {
    guard let recall = recalls.removeValue(forKey: id) else { return }
    if let failure { return show(.complaint(ShownText.string(failure))) }
    if recall.lines.isEmpty {
      let nothing = recall.room.map { "nothing of #\($0) is kept" } ?? "nothing found"
      return show(.status(nothing))
    }
    // Of words the newest come first.
    for line in recall.room == nil ? recall.lines.reversed() : recall.lines {
      show(.help("  \(line)"))
    }
  }
}
