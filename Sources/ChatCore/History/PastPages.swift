import ChatEngine

/// Which pages of a room's past to ask for, from some message on to the newest: several at once, so
/// that the server always has the next one to look up.
///
/// What always holds: each message is taken once, in ascending order, also where pages overlap, or
/// end before what was asked for since their messages are long.
struct PastPages {
  typealias Selector = NativeRequest.History.Selector

  /// What to ask for next.
  struct Question: Equatable {
    var selector: Selector
    /// Messages.
    var limit: Int
  }

  private struct Asked {
    var id: UInt64
    /// The last number that it is to reach; nil where that is not known.
    var through: UInt64?
    var count = 0
    var bytes = 0
    /// Whether what comes of it counts: not where an earlier page left a part of its own to be
    /// asked for again.
    var isStale = false
  }

  /// The number of the last message that was taken.
  private(set) var last: UInt64?
  /// Whether all is here.
  private(set) var isDone = false
  /// Pages that were asked for and not answered to their end, the oldest first.
  private var asked: [Asked] = []
  /// The first question, where it does not begin at a number.
  private let first: Selector
  /// After which number the next page is to begin; nil before the first.
  private var next: UInt64?
  /// Messages of a page, so many that it does not end for its bytes.
  private var pageMessages = Limits.historyPageMessagesMax

  /// - Parameter first: `.after` or `.since`.
  init(_ first: Selector) { self.first = first }

  /// What to ask for next; nil where that is enough at first.
  var question: Question? {
    guard !isDone, asked.count < Limits.historyPagesAheadMax else { return nil }
    // The first page shows how long messages are.
    guard let next else {
      return asked.isEmpty ? Question(selector: first, limit: pageMessages) : nil
    }
    return Question(selector: .after(next), limit: pageMessages)
  }

  /// What `question` says was asked for.
  mutating func ask(_ id: UInt64) {
    let through = next.map { $0 + UInt64(pageMessages) }
    asked.append(Asked(id: id, through: through))
    if let through { next = through }
  }

  /// - Returns: whether a message is the next one to be shown.
  mutating func take(_ message: PastMessage, of id: UInt64) -> Bool {
    guard let index = asked.firstIndex(where: { $0.id == id }), !asked[index].isStale else {
      return false
    }
    asked[index].count += 1
    asked[index].bytes += message.body.count + message.from.utf8.count
    if message.number <= last ?? 0 || message.number > Limits.messageNumberMax { return false }
    last = message.number
    return true
  }

  /// The end of an answer.
  mutating func end(_ id: UInt64, isComplete: Bool) {
    guard let index = asked.firstIndex(where: { $0.id == id }) else { return }
    let page = asked.remove(at: index)
    if page.isStale || isDone { return }
    guard !isComplete, page.count > 0, let last else {
      isDone = true
      return
    }
    measure(page)
    if let through = page.through, last >= through {
      // Where numbers are missing it may have gone further than that.
      next = max(next ?? last, last)
    } else {
      // It ended before: what is asked for already begins too late.
      goOn(after: last)
    }
  }

  /// The connection was lost: what is not here is asked for again.
  mutating func restart() {
    if let last { goOn(after: last) } else { stop() }
  }

  private mutating func goOn(after number: UInt64) {
    stop()
    next = number
  }

  private mutating func stop() {
    for index in asked.indices { asked[index].isStale = true }
    next = nil
  }

  private mutating func measure(_ page: Asked) {
    guard page.count > 0 else { return }
    let fitting = Limits.historyPageBytesMax / 4 * 3 * page.count / max(page.bytes, 1)
    pageMessages = min(max(fitting, 1), Limits.historyPageMessagesMax)
  }
}
