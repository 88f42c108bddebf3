import ChatCore

/// `chatd export`.
func runExport(_ words: [String]) throws(Failure) {
  var options = ExportOptions()
  let parser = OptionParser(
    usage: "export [OPTION…]",
    summary: "Writes the history of this machine's server as JSON, also while it runs.",
    examples: [
      ("chatd export --output history.jsonl", "all rooms and all that is private"),
      ("chatd export --room lobby | gzip > lobby.gz", "one room"),
    ],
    options: [
      Option("room", short: "r", value: "ROOM", "this room only") { text throws(Failure) in
        options.room = try HistoryOptions.room(text, for: "--room")
      },
      Option("output", short: "o", value: "FILE", "write to this file (standard output)") { text in
        options.output = text
      },
      stateFolderFlag { options.stateFolder = $0 },
    ])
  guard try parser.parse(words) != nil else { return }
  try exportHistory(options)
}

/// `chatd import`.
func runImport(_ words: [String]) throws(Failure) {
  var options = ImportOptions()
  let parser = OptionParser(
    usage: "import [OPTION…] [FILE]",
    summary: "Takes messages that chatd export wrote; no server may run on the folder.",
    examples: [
      ("chatd import history.jsonl", "what is there already is left out"),
      ("gunzip -c lobby.gz | chatd import", "from standard input, as with -"),
    ],
    options: [
      stateFolderFlag { options.stateFolder = $0 },
      Option("quiet", short: "q", "say nothing on standard error but errors") { _ in
        options.isQuiet = true
      },
    ],
    operandsMax: 1)
  guard let operands = try parser.parse(words) else { return }
  options.input = operands.first
  try importHistory(options)
}

/// Where a server keeps what lasts.
func stateFolderFlag(_ set: @escaping (String) -> Void) -> Option {
  Option(
    "state-dir", value: "FOLDER", "where the key and the history are (~/.local/state/chatd)"
  ) { text throws(Failure) in
    if text.isEmpty { throw Failure(.usage, "--state-dir: which folder?") }
    set(text)
  }
}
