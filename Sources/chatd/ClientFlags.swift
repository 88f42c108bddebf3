import ChatCore

/// The options of every subcommand that speaks to a server.
func clientFlags(_ change: @escaping ((inout ClientOptions) -> Void) -> Void) -> [Option] {
  [
    Option("name", short: "n", value: "NAME", "who you are (your login name)") { text in
      change { $0.name = text }
    },
    Option(
      "server", short: "s", value: "HOST[:PORT]",
      "where the server is ($CHATD_SERVER, else here,\nelse on this network)"
    ) { text throws(Failure) in
      let server = try OptionValue.server(text, for: "--server")
      change { $0.server = server }
    },
    Option("classic", "speak plain dialect A, as with servers from before") { _ in
      change { $0.isClassic = true }
    },
    Option("password-file", value: "FILE", "whose first line is the server's password") { text in
      change { $0.passwordFile = text }
    },
    Option("quiet", short: "q", "say nothing on standard error but errors") { _ in
      change { $0.isQuiet = true }
    },
  ]
}

/// A room besides the lobby.
func roomFlag(_ help: String, _ take: @escaping (RoomName) -> Void) -> Option {
  Option("room", short: "r", value: "ROOM", help) { text throws(Failure) in
    take(try OptionValue.room(text, for: "--room"))
  }
}

/// How long to wait for the server.
func timeoutFlag(
  _ help: String, _ change: @escaping ((inout ClientOptions) -> Void) -> Void
) -> Option {
  Option("timeout", value: "SECONDS", help) { text throws(Failure) in
    let seconds = try OptionValue.seconds(
      text, max: Limits.timeoutSecondsMax, for: "--timeout")
    change { $0.timeoutSeconds = seconds }
  }
}
