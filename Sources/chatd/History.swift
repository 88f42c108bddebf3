import ChatCore

/// `chatd history`.
func runHistory(_ words: [String]) throws(Failure) {
  var options = HistoryOptions()
  let parser = OptionParser(
    usage: "history [OPTION…]",
    summary: "Shows what was said, the oldest first, without joining.",
    examples: [
      ("chatd history", "the newest \(Limits.historyMessagesDefault) messages of the lobby"),
      ("chatd history --since 10m", "those of the last ten minutes"),
      ("chatd history --room deploys --since all", "all of a room"),
      ("chatd history --since 120 --json", "what came after message 120, as JSON"),
    ],
    options: pastFlags { $0(&options) } + [
      Option(
        "since", value: "WHEN",
        "from so long ago on (10m, 2h, 7d), after the\nmessage of this number, or all"
      ) { text throws(Failure) in
        options.since = try PastBeginning(text, for: "--since")
      },
      Option(
        "limit", value: "N",
        "the newest so many (\(Limits.historyMessagesDefault); with --since all that\nis meant)"
      ) { text throws(Failure) in
        options.limit = try OptionValue.integer(
          text, 1...Limits.historyMessagesMax, for: "--limit")
      },
    ])
  guard try parser.parse(words) != nil else { return }
  try showHistory(options)
}

/// `chatd search`.
func runSearch(_ words: [String]) throws(Failure) {
  var options = HistoryOptions()
  let parser = OptionParser(
    usage: "search [OPTION…] WORD…",
    summary: "Shows the messages in which all of some words occur, the newest last.",
    examples: [
      ("chatd search deploy failed", "both words, anywhere in a message"),
      ("chatd search \"deploy failed\"", "one after the other"),
      ("chatd search --room deploys green", "in one room"),
    ],
    options: pastFlags { $0(&options) } + [
      Option(
        "limit", value: "N", "the newest so many (\(Limits.historyMessagesDefault))"
      ) { text throws(Failure) in
        options.limit = try OptionValue.integer(
          text, 1...Limits.searchMessagesMax, for: "--limit")
      }
    ],
    operandsMax: Limits.searchOperandsMax)
  guard let operands = try parser.parse(words) else { return }
  options.words = try HistoryOptions.words(operands)
  try showHistory(options)
}

/// The options of both.
private func pastFlags(_ change: @escaping ((inout HistoryOptions) -> Void) -> Void) -> [Option] {
  let changeClient: ((inout ClientOptions) -> Void) -> Void = { body in
    change { body(&$0.client) }
  }
  let client = clientFlags(changeClient).filter {
    ["server", "password-file", "quiet"].contains($0.name)
  }
  return client + [
    timeoutFlag("how long to wait for the server (5)", changeClient),
    Option("json", "one JSON object a line") { _ in change { $0.isJSON = true } },
    Option("room", short: "r", value: "ROOM", "the room") { text throws(Failure) in
      let room = try HistoryOptions.room(text, for: "--room")
      change { $0.room = room }
    },
  ]
}
