import ChatCore

/// `chatd join`.
func runJoin(_ words: [String]) throws(Failure) {
  var options = JoinOptions()
  let change: ((inout ClientOptions) -> Void) -> Void = { $0(&options.client) }
  let parser = OptionParser(
    usage: "join [OPTION…]",
    summary: "Talks with everyone: at a terminal with a prompt, in a pipe line by line.",
    examples: [
      ("chatd join --name Anoop", "talk"),
      ("chatd join --room deploys --room ops", "talk in two rooms besides the lobby"),
      ("chatd join --json --follow </dev/null | jq", "what is said, as JSON objects"),
      ("tail -f log | chatd join", "each line as a message"),
      ("chatd join --count 1 --timeout 60 </dev/null", "wait a minute for somebody to speak"),
    ],
    options: clientFlags(change) + [
      roomFlag(
        "be in this room besides the lobby; may be given\nagain, and the first is shown at first"
      ) {
        options.rooms.append($0)
      },
      timeoutFlag(
        "how long to wait for the server, and at the end\n"
          + "for any progress (5); in a pipe also when to leave",
        change),
      Option("json", "one JSON object a line on standard output") { _ in options.isJSON = true },
      Option("follow", "stay when standard input ends") { _ in options.following = .always },
      Option("no-follow", "leave when standard input ends, or at once\nwhere it is a terminal") {
        _ in options.following = .never
      },
      Option("count", value: "N", "leave after N messages of others") { text throws(Failure) in
        options.count = try OptionValue.integer(text, 1...1_000_000, for: "--count")
      },
      Option("save-dir", value: "FOLDER", "where pictures of others are saved (here)") {
        options.saveDirectory = $0
      },
      Option("no-save", "save no pictures") { _ in options.savesPictures = false },
      Option("open", "open each saved picture with xdg-open") { _ in
        options.opensPictures = true
      },
    ])
  guard try parser.parse(words) != nil else { return }
  try join(options)
}
