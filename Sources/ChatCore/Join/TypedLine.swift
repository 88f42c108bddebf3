/// What a line means that a person typed: something to say, or a command.
enum TypedLine: Equatable {
  case nothing
  case say(String)
  /// Show the picture at a path.
  case image(String)
  /// Ask for a picture's path.
  case askImage
  case who
  case stats
  case help
  case quit
  /// A command that is not there; it is not sent.
  case unknown(String)

  /// A line that begins with two slashes is said without the first.
  init(_ line: String) {
    let trimmed = String(line.drop { $0 == " " || $0 == "\t" })
    if trimmed.isEmpty {
      self = .nothing
    } else if trimmed.hasPrefix("//") {
      self = .say(String(trimmed.dropFirst()))
    } else if trimmed.hasPrefix("/") {
      self = Self.command(trimmed)
    } else {
      switch Self.withoutTrailingSpace(trimmed) {
      case "exit": self = .quit
      case "send image": self = .askImage
      default: self = .say(line)
      }
    }
  }

  /// The commands, and what `/help` says of each.
  static let commands: [(word: String, arguments: String, help: String)] = [
    ("/image", " PATH", "show everyone a picture (JPEG, PNG, WebP, GIF, HEIC)"),
    ("/who", "", "who is here"),
    ("/stats", "", "round trips, loss and repetitions of this session"),
    ("/help", "", "these lines"),
    ("/quit", "", "leave; so do exit and Ctrl-D"),
  ]

  private static func command(_ line: String) -> TypedLine {
    let word = String(line.prefix { $0 != " " && $0 != "\t" })
    let argument = withoutTrailingSpace(
      String(line.dropFirst(word.count).drop { $0 == " " || $0 == "\t" }))
    switch word {
    case "/image": return argument.isEmpty ? .askImage : .image(path(argument))
    case "/who": return .who
    case "/stats": return .stats
    case "/help", "/?": return .help
    case "/quit", "/exit": return .quit
    default: return .unknown(word)
    }
  }

  /// A path as people give it: in quotes or with backslashes, as terminals and file managers drop
  /// it, or as it is.
  static func path(_ text: String) -> String {
    let text = withoutTrailingSpace(text)
    if text.count >= 2, let quote = text.first, quote == "'" || quote == "\"",
      text.last == quote
    {
      return String(text.dropFirst().dropLast())
    }
    var path = ""
    var isEscaped = false
    for character in text {
      if character == "\\" && !isEscaped {
        isEscaped = true
      } else {
        path.append(character)
        isEscaped = false
      }
    }
    return path
  }

  private static func withoutTrailingSpace(_ text: String) -> String {
    var text = text
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return text
  }
}
