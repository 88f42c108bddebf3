import ChatCore
import Glibc

/// What the first word names.
private struct Subcommand {
  let name: String
  let summary: String
  let run: @Sendable ([String]) throws(Failure) -> Void
}

/// In the order in which `--help` lists them.
private let subcommands = [
  Subcommand(name: "serve", summary: "run the server", run: runServe),
  Subcommand(name: "join", summary: "talk, at a terminal or in a pipe", run: runJoin),
  Subcommand(name: "send", summary: "say something from a script", run: runSend),
  Subcommand(name: "send-image", summary: "show a picture from a script", run: runSendImage),
  Subcommand(name: "history", summary: "show what was said", run: runHistory),
  Subcommand(name: "search", summary: "find what was said", run: runSearch),
  Subcommand(name: "export", summary: "write the server's history as JSON", run: runExport),
  Subcommand(name: "import", summary: "take what export wrote", run: runImport),
  Subcommand(name: "stats", summary: "show what the server measures", run: runStats),
  Subcommand(name: "discover", summary: "list the servers on this network", run: runDiscover),
  Subcommand(name: "doctor", summary: "say why it does not work", run: runDoctor),
  Subcommand(name: "id", summary: "show your key, and your server's", run: runID),
]

/// The version that `--version` shows.
let version = "0.1.0"

private let help = """
  chatd: one binary, one port, a whole network's talk.

  Examples:
    chatd serve --port 12345             let everyone on this network talk
    chatd join --name Anoop              talk with them
    chatd send-image --path photo.jpg    show them a photograph
    make 2>&1 | chatd send               say what a program prints

  Usage: chatd SUBCOMMAND [OPTION…]


  """

/// Runs the subcommand that the first word names, and ends the process with its exit code.
func runChatd() -> Never {
  // A reader that goes away is an error of `write`, handled where it happens.
  signal(SIGPIPE, SIG_IGN)
  // A standard stream that was closed must not become somebody's socket.
  for fd in STDIN_FILENO...STDERR_FILENO where fcntl(fd, F_GETFD) < 0 {
    _ = open("/dev/null", O_RDWR)
  }
  do throws(Failure) {
    try dispatch(Array(CommandLine.arguments.dropFirst()))
    exit(ExitCode.done.rawValue)
  } catch {
    if !error.message.isEmpty { warn(error.message) }
    for detail in error.details { warn(detail) }
    exit(error.exitCode.rawValue)
  }
}

private func dispatch(_ words: [String]) throws(Failure) {
  guard let first = words.first else {
    throw Failure(.usage, "a subcommand is needed; see chatd --help")
  }
  switch first {
  case "-h", "--help", "help":
    let width = subcommands.map(\.name.count).max() ?? 0
    let list = subcommands.map { subcommand in
      let gap = String(repeating: " ", count: width - subcommand.name.count)
      return "  \(subcommand.name)\(gap)  \(subcommand.summary)\n"
    }
    show(help + "Subcommands (each has its own --help):\n" + list.joined())
  case "--version", "-V": show("chatd \(version)\n")
  default:
    guard let subcommand = subcommands.first(where: { $0.name == first }) else {
      let names = subcommands.map(\.name).joined(separator: ", ")
      throw Failure(
        .usage, "\"\(first)\" is no subcommand; there are \(names); see chatd --help")
    }
    try subcommand.run(words)
  }
}

private func show(_ text: String) { print(text, terminator: "") }
