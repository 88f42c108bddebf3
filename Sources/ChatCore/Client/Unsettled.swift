import ChatEngine

/// What was said and is not settled yet, in the order of saying, each with what its sayer keeps of
/// it.
struct Unsettled<Content> {
  struct Entry {
    let ticket: MessageTicket
    let content: Content
    /// Of standard input, counted from 1; nil where it did not come from there.
    let line: Int?
    let since: Instant
    /// Whether the server has it, though its place is not known yet.
    fileprivate(set) var isAccepted = false
  }

  private(set) var entries: [Entry] = []
  private var acceptedCount = 0

  /// How many the server is not known to have.
  var notAcceptedCount: Int { entries.count - acceptedCount }

  mutating func add(
    _ content: Content, as ticket: MessageTicket, line: Int? = nil, at now: Instant
  ) {
    entries.append(Entry(ticket: ticket, content: content, line: line, since: now))
  }

  mutating func accept(_ ticket: MessageTicket) {
    guard let index = entries.firstIndex(where: { $0.ticket == ticket && !$0.isAccepted })
    else { return }
    entries[index].isAccepted = true
    acceptedCount += 1
  }

  mutating func remove(_ ticket: MessageTicket) -> Entry? {
    guard let index = entries.firstIndex(where: { $0.ticket == ticket }) else { return nil }
    if entries[index].isAccepted { acceptedCount -= 1 }
    return entries.remove(at: index)
  }

  /// Takes what the server has and whose place nobody will tell any more.
  mutating func removeAccepted(where isGone: (Content) -> Bool) -> [Entry] {
    let gone = entries.filter { $0.isAccepted && isGone($0.content) }
    entries.removeAll { $0.isAccepted && isGone($0.content) }
    acceptedCount -= gone.count
    return gone
  }

  /// What the server is not known to have, in lines for a person: how much it is, and the first of
  /// it. Empty where that is nothing.
  func notAcceptedLines(_ text: (Content) -> String) -> [String] {
    if notAcceptedCount == 0 { return [] }
    let named = entries.filter { !$0.isAccepted }.prefix(Limits.unsentNamedMax)
    let more = notAcceptedCount - Limits.unsentNamedMax
    return ["not accepted, \(notAcceptedCount) in all:"]
      + named.map { "  \(quoted(text($0.content), line: $0.line))" }
      + (more > 0 ? ["  and \(more) more"] : [])
  }
}

/// The beginning of something that was said, and where it came from.
func quoted(_ text: String, line: Int?) -> String {
  let isWhole = text.unicodeScalars.count <= Limits.quotedCharactersMax
  let begin = String(
    String.UnicodeScalarView(text.unicodeScalars.prefix(Limits.quotedCharactersMax)))
  return (line.map { "line \($0): " } ?? "") + (isWhole ? text : begin + "…")
}

/// Why a line of so many bytes is not said.
func tooLong(_ bytes: Int, line: Int?) -> String {
  "\(line.map { "line \($0)" } ?? "a line") of \(bytes) bytes was not sent: a message has at most "
    + "\(Limits.messageBytesMax) (limit messageBytesMax)"
}
