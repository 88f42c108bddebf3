import ChatCore

/// `chatd id`.
func runID(_ words: [String]) throws(Failure) {
  var options = IdentityOptions()
  let parser = OptionParser(
    usage: "id [OPTION…]",
    summary: "Shows who you are: your key, as six words and in full, and your server's.",
    examples: [
      ("chatd id", "your key, made where you have none"),
      ("chatd id --json | jq -r .key", "the keys alone"),
      ("chatd id --forget 192.0.2.7", "meet a server anew that has another key now"),
    ],
    options: [
      Option("json", "one JSON object a line") { _ in options.isJSON = true },
      Option("forget", value: "HOST[:PORT]", "forget the key of a server, and show nothing") {
        text throws(Failure) in
        options.forgotten = try OptionValue.server(text, for: "--forget")
      },
    ])
  guard try parser.parse(words) != nil else { return }
  try showIdentity(options)
}
