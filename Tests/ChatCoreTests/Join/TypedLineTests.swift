import Testing

@testable import ChatCore

@Suite("What is typed")
struct TypedLineTests {
  private func command(_ word: String, _ argument: String = "") throws -> TypedLine {
    .command(try #require(Command.named(word)), argument)
  }

  @Test(
    "A line is something to say unless it is a command",
    arguments: [
      ("", .nothing), ("   ", .nothing), ("\t", .nothing),
      ("hello", .say("hello")), ("  two spaces", .say("  two spaces")),
      ("trailing ", .say("trailing ")), ("exit now", .say("exit now")), ("Exit", .say("Exit")),
      ("send image x.jpg", .say("send image x.jpg")),
      ("//who", .say("/who")), ("//", .say("/")), ("///", .say("//")), (" //x", .say("/x")),
      ("a/who", .say("a/who")), ("join ops", .say("join ops")),
      ("/", .unknown("/")), ("/whoo", .unknown("/whoo")), ("/WHO", .unknown("/WHO")),
      ("/imagex y", .unknown("/imagex")), ("/msg Ann hello", .unknown("/msg")),
    ] as [(String, TypedLine)])
  func readsLines(line: String, meaning: TypedLine) {
    #expect(TypedLine(line) == meaning)
  }

  @Test(
    "A command is known by each of its words, and has what stands behind it",
    arguments: [
      ("exit", "/quit", ""), (" exit ", "/quit", ""), ("/quit", "/quit", ""),
      ("/exit", "/quit", ""), ("/who", "/who", ""), ("/names", "/who", ""),
      ("  /who", "/who", ""), ("/who is there", "/who", "is there"),
      ("send image", "/image", ""), (" send image\t", "/image", ""),
      ("/image", "/image", ""), ("/image  ", "/image", ""),
      ("/image a b.jpg ", "/image", "a b.jpg"), ("/image\ta.jpg", "/image", "a.jpg"),
      ("/join ops", "/join", "ops"), ("/j #Ops", "/join", "#Ops"), ("/part", "/part", ""),
      ("/leave ops", "/part", "ops"), ("/me  waves  twice ", "/me", "waves  twice"),
      ("/topic", "/topic", ""), ("/topic tea: green", "/topic", "tea: green"),
      ("/help", "/help", ""), ("/?", "/help", ""), ("/clear", "/clear", ""),
    ])
  func readsCommands(line: String, word: String, argument: String) throws {
    #expect(TypedLine(line) == (try command(word, argument)))
  }

  @Test(
    "A path is taken as terminals and shells write it",
    arguments: [
      ("a b.jpg ", "a b.jpg"), ("'a b.jpg'", "a b.jpg"), ("\"a b.jpg\"", "a b.jpg"), ("'", "'"),
      ("my\\ dir/a\\ b.png", "my dir/a b.png"), ("a\\\\b", "a\\b"), ("'a", "'a"),
      ("'a\"", "'a\""), (#"'q'\''z.jpg'"#, "q'z.jpg"), (#""a\"b""#, #"a"b"#),
      (#"'a\b'"#, #"a\b"#), (#""a\b""#, #"a\b"#), (#"'it's.jpg'"#, "it's.jpg"),
      ("it's.jpg", "it's.jpg"), ("'a' 'b'", "a' 'b"), ("'a b'/c.jpg", "a b/c.jpg"),
    ])
  func readsPaths(typed: String, path: String) {
    #expect(TypedPath.path(typed) == path)
  }

  @Test(
    "What answers the question for a path is a command only where no such file is there",
    arguments: [
      ("", nil, nil), ("a.jpg", nil, "a.jpg"), ("exit", nil, "exit"), ("/who", "/who", nil),
      ("/quit", "/quit", nil), ("/image b.jpg", "/image", nil), ("/image", "/image", nil),
      ("/there", nil, "/there"), ("/help", nil, "/help"), ("/whoo", nil, "/whoo"),
      ("//who", nil, "//who"), ("'/who'", nil, "/who"),
    ] as [(String, String?, String?)])
  func readsAnswers(line: String, word: String?, path: String?) {
    let answer = TypedLine(askedPath: line) { ["/there", "/help"].contains($0) }
    switch answer {
    case .nothing: #expect(word == nil && path == nil)
    case .command(let command, _): #expect(command.word == word)
    case .path(let found): #expect(found == path)
    default: Issue.record("\(answer)")
    }
  }
}

@Suite("Command")
struct CommandTests {
  @Test("Each word is one command's, and each command is what its words say")
  func hasOneMeaning() {
    let words = Command.all.flatMap { [$0.word] + $0.aliases }
    #expect(Set(words).count == words.count)
    for command in Command.all {
      #expect(command.word.hasPrefix("/") && !command.help.isEmpty)
      for word in [command.word] + command.aliases {
        #expect(TypedLine(word) == .command(command, ""), "\(word)")
      }
    }
  }

  @Test("Help has all commands, and fits into a narrow terminal", arguments: [80, 60, 40])
  func fits(columns: Int) {
    let lines = Command.helpLines(columns: columns)
    for command in Command.all {
      #expect(lines.contains { $0.hasPrefix("  \(command.word)\(command.arguments)") })
      #expect(lines.contains { $0.hasSuffix(command.help) })
    }
    let wide = lines.filter { cellWidth($0) > columns }
    // A text that is too long by itself is left to the terminal.
    #expect(wide.allSatisfy { $0.hasPrefix("      ") }, "\(wide)")
    #expect(columns < 80 || wide.isEmpty)
  }

  @Test(
    "A word is completed to what may stand there",
    arguments: [
      ("/wh", "", ["/who"]), ("/j", "", ["/join"]), ("/na", "", ["/names"]), ("/q", "", ["/quit"]),
      ("Me", "", ["Meera"]), ("me", "and ", ["Meera"]), ("", "", []), ("/wh", "say ", []),
      ("o", "/join ", ["ops"]), ("D", "/part ", ["deploys"]), ("o", "/who ", ["Otto"]),
      ("#o", "", ["#ops"]), ("#d", "see ", ["#deploys"]), ("o", "/j x ", ["Otto"]),
    ])
  func completes(word: String, before: String, result: [String]) {
    let found = Command.completions(
      of: word, after: before, people: ["Meera", "Otto"], rooms: ["lobby", "deploys", "ops"])
    #expect(found == result)
  }
}
