import ChatCore

/// `chatd stats`.
func runStats(_ words: [String]) throws(Failure) {
  var options = StatsOptions()
  let change: ((inout ClientOptions) -> Void) -> Void = { $0(&options.client) }
  let client = clientFlags(change).filter {
    ["server", "password-file", "quiet"].contains($0.name)
  }
  let parser = OptionParser(
    usage: "stats [OPTION…]",
    summary: "Shows what a server measures of each session: round trips, loss, repetitions.",
    examples: [
      ("chatd stats", "once"),
      ("chatd stats --interval 2", "every two seconds, so that a class can watch"),
      ("chatd stats --json | jq", "one JSON object a line"),
    ],
    options: client + [
      timeoutFlag("how long to wait for the server (5)", change),
      Option("json", "one JSON object a line") { _ in options.isJSON = true },
      Option("interval", value: "SECONDS", "look again and again, with so long in between") {
        text throws(Failure) in
        options.interval = try OptionValue.seconds(
          text, max: Limits.figuresIntervalSecondsMax, for: "--interval")
      },
      Option("count", value: "N", "look so often (for ever with --interval,\nelse once)") {
        text throws(Failure) in
        options.count = try OptionValue.integer(text, 1...1_000_000, for: "--count")
      },
    ])
  guard try parser.parse(words) != nil else { return }
  try showStats(options)
}
