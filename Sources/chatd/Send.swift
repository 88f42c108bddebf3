import ChatCore

/// `chatd send`.
func runSend(_ words: [String]) throws(Failure) {
  var options = SendOptions()
  let change: ((inout ClientOptions) -> Void) -> Void = { $0(&options.client) }
  let parser = OptionParser(
    usage: "send [OPTION…] [TEXT]",
    summary: "Says TEXT, or all of standard input as one message, and ends.",
    examples: [
      ("chatd send \"deploy done\"", "one message"),
      ("chatd send --room deploys \"done\"", "in a room besides the lobby"),
      ("make 2>&1 | chatd send", "all that make prints, as one message"),
      ("tail -f log | chatd send --lines", "each line as a message"),
    ],
    options: clientFlags(change) + [
      roomFlag("where to say it (the lobby)") { options.room = $0 },
      timeoutFlag(
        "how long to wait for the server, and then for\n"
          + "any progress (5); what gets on may take longer",
        change),
      Option("lines", short: "l", "each line is a message of its own") { _ in
        options.isLines = true
      },
    ],
    operandsMax: 1)
  guard let operands = try parser.parse(words) else { return }
  if let text = operands.first, text != "-" { options.text = text }
  try send(options)
}
