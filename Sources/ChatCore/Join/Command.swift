import ChatEngine

/// A command that can be typed at the prompt. All there is to know of each is its row in `all`:
/// reading a line, `/help` and completion come from there.
struct Command: Equatable, Sendable {
  /// What Tab completes behind a command's word.
  enum Completion {
    case people
    case rooms
  }

  let word: String
  /// Other words for it; those without a slash are obeyed where they are the whole line.
  let aliases: [String]
  /// What stands behind the word in `/help`, such as ` PATH`.
  let arguments: String
  let completion: Completion
  let help: String
  /// Does it, with what was typed behind the word.
  let run: @Sendable (JoinSession, String) -> Void

  init(
    _ word: String, aliases: [String] = [], arguments: String = "",
    completes completion: Completion = .people, _ help: String,
    run: @escaping @Sendable (JoinSession, String) -> Void
  ) {
    (self.word, self.aliases, self.arguments) = (word, aliases, arguments)
    (self.completion, self.help, self.run) = (completion, help, run)
  }

  /// In the order in which `/help` lists them.
  static let all = [
    Command(
      "/join", aliases: ["/j"], arguments: " ROOM", completes: .rooms,
      "come into a room, or show one that you are in"
    ) { $0.joinRoom($1) },
    Command(
      "/part", aliases: ["/leave"], arguments: " [ROOM]", completes: .rooms,
      "leave this room, or another"
    ) { $0.partRoom($1) },
    Command("/rooms", "the rooms that you are in, with their numbers") { session, _ in
      session.showRooms()
    },
    Command(
      "/topic", arguments: " [TEXT]", "what this room is about, or is from now on; -delete"
    ) { $0.topic($1) },
    Command("/me", arguments: " TEXT", "say what you do: \"/me waves\"") { $0.act($1) },
    Command("/who", aliases: ["/names"], "who is in this room") { session, _ in
      session.showWho()
    },
    Command(
      "/image", aliases: ["send image"], arguments: " PATH",
      "show a picture (JPEG, PNG, WebP, GIF, HEIC)"
    ) { $0.image($1) },
    Command(
      "/history", arguments: " [N]",
      "the newest \(Limits.historyMessagesDefault) messages of this room, or N"
    ) { $0.recall($1) },
    Command(
      "/search", arguments: " WORDS", "messages of all rooms with these words, or a \"phrase\""
    ) { $0.search($1) },
    Command("/clear", "empty the screen") { session, _ in session.clearScreen() },
    Command("/stats", "round trips, loss and repetitions of this session") { session, _ in
      session.askFigures()
    },
    Command("/help", aliases: ["/?"], "these lines") { session, _ in session.showHelp() },
    Command("/quit", aliases: ["/exit", "exit"], "leave; so do exit and Ctrl-D") { session, _ in
      session.quit(nil)
    },
  ]

  /// Further lines of `/help`.
  private static let notes = [
    ("//text", "says \"/text\""), ("Alt-1 … Alt-9", "show a room by its number"),
    ("Ctrl-N, Ctrl-P", "show the next room, the one before"),
  ]

  static func named(_ word: String) -> Command? {
    all.first { $0.word == word || $0.aliases.contains(word) }
  }

  static func == (a: Command, b: Command) -> Bool { a.word == b.word }

  /// The lines of `/help`, for a screen of so many columns: what a command does stands below it
  /// where there is no room beside it.
  static func helpLines(columns: Int) -> [String] {
    let rows = all.map { ($0.word + $0.arguments, $0.help) } + notes
    let width = rows.map(\.0.count).max() ?? 0
    return rows.flatMap { usage, help in
      let gap = String(repeating: " ", count: width - usage.count)
      let line = "  \(usage)\(gap)  \(help)"
      return cellWidth(line) <= columns ? [line] : ["  \(usage)", "      \(help)"]
    }
  }

  /// What a word can be completed to.
  ///
  /// - Parameters:
  ///   - before: what stands before it on the line.
  ///   - people: the names of those who are in the room that is shown.
  ///   - rooms: the rooms that this person is in.
  static func completions(
    of word: String, after before: String, people: [String], rooms: [String]
  ) -> [String] {
    if word.isEmpty { return [] }
    var candidates = people
    if word.hasPrefix("#") {
      candidates = rooms.map { "#\($0)" }
    } else if case .command(let command, "") = TypedLine(before), command.completion == .rooms {
      candidates = rooms
    } else if before.isEmpty, word.hasPrefix("/") {
      // A short form of a word would keep it from being completed.
      candidates = all.flatMap { command in
        [command.word]
          + command.aliases.filter { $0.hasPrefix("/") && !command.word.hasPrefix($0) }
      }
    }
    return candidates.filter { $0.lowercased().hasPrefix(word.lowercased()) }
  }
}
