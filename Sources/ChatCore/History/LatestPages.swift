import ChatEngine

/// The newest messages of a room, asked for page by page backwards, and kept as text until the
/// oldest is there.
struct LatestPages {
  /// What is too old.
  enum Beginning {
    case none
    case number(UInt64)
    /// Milliseconds since 1970.
    case time(Int64)
  }

  /// What came of the page that was asked for last.
  private struct Page {
    var text: [UInt8] = []
    /// Messages in `text`.
    var count = 0
    /// The number of its first message.
    var first: UInt64?
    /// Whether it has some that are too old.
    var isLast = false
  }

  private let beginning: Beginning
  /// Messages that are still wanted.
  private var left: Int
  /// The oldest of the pages that are here.
  private var oldest: UInt64?
  private var page = Page()
  /// The newest first.
  private var pages: [[UInt8]] = []
  private(set) var isDone = false

  /// - Parameter limit: messages, at least one.
  init(limit: Int, from beginning: Beginning) {
    (left, self.beginning) = (limit, beginning)
  }

  /// What to ask for next.
  var question: PastPages.Question {
    PastPages.Question(
      selector: oldest.map { .before($0) } ?? .latest,
      limit: min(left, Limits.historyPageMessagesMax))
  }

  /// Takes a message of a page, in ascending order, as `line` writes it.
  mutating func take(_ message: PastMessage, _ line: () -> [UInt8]) {
    if page.first == nil { page.first = message.number }
    switch beginning {
    case .number(let number) where message.number <= number: page.isLast = true
    case .time(let time) where message.time < time: page.isLast = true
    case .none, .number, .time:
      page.count += 1
      page.text += line()
    }
  }

  /// The end of a page.
  mutating func end(isComplete: Bool) {
    left -= page.count
    oldest = page.first
    pages.append(page.text)
    isDone = isComplete || page.isLast || left <= 0 || page.first == nil
    page = Page()
  }

  /// The page that was asked for is asked for again from its beginning.
  mutating func restart() { page = Page() }

  /// All lines, the oldest first, once they are here.
  mutating func takeText() -> [[UInt8]] {
    defer { pages = [] }
    return pages.reversed()
  }
}
