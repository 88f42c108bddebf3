import ChatCore

/// `chatd serve`.
func runServe(_ words: [String]) throws(Failure) {
  var options = ServeOptions()
  let parser = OptionParser(
    usage: "serve [OPTION…]", summary: "Runs the server until it is told to stop.",
    examples: [
      ("chatd serve", "serve this network on port 12345"),
      ("chatd serve --save-images pictures", "keep the pictures that are shown"),
      ("chatd serve --quiet --log-format json", "as a service: a log and nothing else"),
    ],
    options: placeFlags { $0(&options) } + historyFlags { $0(&options) }
      + discoveryFlags { $0(&options) }
      + limitFlags { $0(&options) }
      + outputFlags { $0(&options) })
  guard try parser.parse(words) != nil else { return }
  try serve(options)
}

private typealias Change = (_ body: (inout ServeOptions) -> Void) -> Void

private func placeFlags(_ change: @escaping Change) -> [Option] {
  [
    Option(
      "port", short: "p", value: "N",
      "the UDP port (\(ServerAddress.defaultPort)); 0 takes a free one"
    ) {
      text throws(Failure) in
      let port = try OptionValue.integer(text, 0...65_535, for: "--port")
      change { $0.port = UInt16(port) }
    },
    Option("bind", value: "ADDRESS", "listen on this address only (on all)") { text in
      change { $0.bindHost = text }
    },
    Option("password-file", value: "FILE", "let in only who knows its first line") { text in
      change { $0.passwordFile = text }
    },
    Option("server-name", value: "NAME", "what clients are told that this is (the host's name)") {
      text in change { $0.serverName = text }
    },
    Option(
      "classic", value: "WHOM",
      "serve the plain dialects to private addresses\n(private), to any, or to nobody "
        + "(off, which it is\nwith a password)"
    ) { text throws(Failure) in
      let policy = try OptionValue.choice(text, ClassicPolicy.self, for: "--classic")
      change { $0.classicPolicy = policy }
    },
  ]
}

private func historyFlags(_ change: @escaping Change) -> [Option] {
  [
    Option("no-history", "keep nothing that is said") { _ in change { $0.keepsHistory = false } },
    Option("keep", value: "TIME", "delete messages that are older, such as 90d (never)") {
      text throws(Failure) in
      let seconds = try OptionValue.seconds(text, max: Limits.keepSecondsMax, for: "--keep")
      change { $0.keepSeconds = seconds }
    },
    Option(
      "keep-bytes", value: "SIZE",
      "delete the oldest when the history takes more,\nsuch as 500M or 2G (never)"
    ) { text throws(Failure) in
      let bytes = try OptionValue.bytes(text, min: Limits.keepBytesMin, for: "--keep-bytes")
      change { $0.keepBytesMax = bytes }
    },
    stateFolderFlag { folder in change { $0.stateFolder = folder } },
  ]
}

private func discoveryFlags(_ change: @escaping Change) -> [Option] {
  [
    Option(
      "discovery", value: "WHOM",
      "be found by hosts on the same link (link), by any,\nor by nobody (off)"
    ) { text throws(Failure) in
      let policy = try OptionValue.choice(text, DiscoveryPolicy.self, for: "--discovery")
      change { $0.server.discovery = policy }
    },
    Option("no-discovery", "the same as --discovery off") { _ in
      change { $0.server.discovery = .off }
    },
    Option(
      "discovery-port", value: "N",
      "the UDP port to be looked for on besides (\(DiscoveryGroup.port))"
    ) { text throws(Failure) in
      let port = try OptionValue.integer(text, 1...65_535, for: "--discovery-port")
      change { $0.discoveryPort = UInt16(port) }
    },
  ]
}

private func limitFlags(_ change: @escaping Change) -> [Option] {
  let rates = 0...Limits.ratePerSecondMax
  return [
    Option("idle-timeout", value: "TIME", "let go who was not heard for so long (30m)") {
      text throws(Failure) in
      let seconds = try OptionValue.seconds(
        text, max: Limits.idleTimeoutSecondsMax, for: "--idle-timeout")
      change { $0.server.idleTimeout = .seconds(seconds) }
    },
    Option("clients-max", value: "N", "clients in all (\(Limits.clientsDefault))") {
      text throws(Failure) in
      let count = try OptionValue.integer(text, 1...Limits.clientsMax, for: "--clients-max")
      change { $0.server.clientsMax = count }
    },
    Option(
      "joins-per-second", value: "N",
      "from one address (\(Limits.joinsPerSecondDefault)); 0 for no limit"
    ) { text throws(Failure) in
      let rate = try OptionValue.integer(text, rates, for: "--joins-per-second")
      change { $0.server.joinsPerSecond = rate }
    },
    Option(
      "messages-per-second", value: "N",
      "from one client (\(Limits.messagesPerSecondDefault)); 0 for no limit"
    ) { text throws(Failure) in
      let rate = try OptionValue.integer(text, rates, for: "--messages-per-second")
      change { $0.server.messagesPerSecond = rate }
    },
    Option(
      "impair", value: "FAULTS",
      "harm datagrams on purpose, to watch what happens:\nloss=5%,delay=50ms,jitter=10ms,"
        + "reorder=1%,\ndup=1%,rate=1mbit,seed=7, any of them"
    ) { text throws(Failure) in
      let impairment = try OptionValue.impairment(text, for: "--impair")
      change { $0.impairment = impairment }
    },
  ]
}

private func outputFlags(_ change: @escaping Change) -> [Option] {
  [
    Option("save-images", value: "FOLDER", "keep the pictures that are shown") {
      text throws(Failure) in
      if text.isEmpty { throw Failure(.usage, "--save-images: which folder?") }
      change {
        $0.saveImages = text
        $0.server.savesPictures = true
      }
    },
    Option("quiet", short: "q", "write no transcript to standard output") { _ in
      change { $0.server.keepsTranscript = false }
    },
    Option("transcript", value: "FILE", "write the transcript there instead") { text in
      change { $0.transcriptFile = text }
    },
    Option("log", value: "FILE", "write the log there instead of to standard error") { text in
      change { $0.logFile = text }
    },
    Option("log-format", value: "FORMAT", "text or json (text)") { text throws(Failure) in
      let format = try OptionValue.choice(text, LogFormat.self, for: "--log-format")
      change { $0.logFormat = format }
    },
    Option("log-level", value: "LEVEL", "debug, info, warning or error (info)") {
      text throws(Failure) in
      let level = try OptionValue.choice(text, LogLevel.self, for: "--log-level")
      change { $0.logLevel = level }
    },
    Option("verbose", short: "v", "the same as --log-level debug") { _ in
      change { $0.logLevel = .debug }
    },
  ]
}
