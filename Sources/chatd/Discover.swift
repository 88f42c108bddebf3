import ChatCore

/// `chatd discover`.
func runDiscover(_ words: [String]) throws(Failure) {
  var options = DiscoverOptions()
  let parser = OptionParser(
    usage: "discover [OPTION…]",
    summary: "Lists the servers on this network and on this machine.",
    examples: [
      ("chatd discover", "who is there, and where"),
      ("chatd discover --json | jq -r .address", "the addresses alone"),
    ],
    options: [
      Option("json", "one JSON object a line") { _ in options.isJSON = true },
      Option("timeout", value: "SECONDS", "how long to wait for answers (2)") {
        text throws(Failure) in
        options.search.seconds = try OptionValue.seconds(
          text, max: Limits.timeoutSecondsMax, for: "--timeout")
      },
      Option(
        "port", short: "p", value: "N",
        "the port that servers have (\(ServerAddress.defaultPort))"
      ) { text throws(Failure) in
        options.search.port = UInt16(try OptionValue.integer(text, 1...65_535, for: "--port"))
      },
      Option(
        "discovery-port", value: "N", "the port to ask at besides (\(DiscoveryGroup.port))"
      ) { text throws(Failure) in
        options.search.discoveryPort = UInt16(
          try OptionValue.integer(text, 1...65_535, for: "--discovery-port"))
      },
    ])
  guard try parser.parse(words) != nil else { return }
  try discover(options)
}
