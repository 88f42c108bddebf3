import ChatCore

/// `chatd doctor`.
func runDoctor(_ words: [String]) throws(Failure) {
  var options = DoctorOptions()
  let parser = OptionParser(
    usage: "doctor [OPTION…]",
    summary: "Looks at all that a conversation needs, and says what is wrong and what to do.",
    examples: [
      ("chatd doctor", "does the server that is found work from here?"),
      ("chatd doctor --server 192.0.2.7", "does that one?"),
      ("chatd doctor --json | jq -r 'select(.fault).fault'", "the faults alone"),
    ],
    options: [
      Option(
        "server", short: "s", value: "HOST[:PORT]",
        "the server to look at ($CHATD_SERVER, else here,\nelse on this network)"
      ) { text throws(Failure) in
        options.client.server = try OptionValue.server(text, for: "--server")
      },
      Option("password-file", value: "FILE", "whose first line is the server's password") { text in
        options.client.passwordFile = text
      },
      Option("json", "one JSON object a line") { _ in options.isJSON = true },
    ])
  guard try parser.parse(words) != nil else { return }
  try doctor(options)
}
