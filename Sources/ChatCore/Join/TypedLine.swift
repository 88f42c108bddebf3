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

  /// A line that answers the question for a picture's path: a command where it is one and no such
  /// file is there, else a path.
  init(askedPath line: String, isThere: (_ path: String) -> Bool) {
    let path = Self.path(line)
    if path.isEmpty {
      self = .nothing
    } else if path.hasPrefix("/"), !path.hasPrefix("//"), !isThere(path),
      case let command = TypedLine(line), command.isCommand
    {
      self = command
    } else {
      self = .image(path)
    }
  }

  private var isCommand: Bool {
    switch self {
    case .nothing, .say, .unknown: false
    case .image, .askImage, .who, .stats, .help, .quit: true
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
    if let word = quotedWord(text) { return word }
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

  /// A word that begins with a quote, as a shell reads it; nil where it is none, or several.
  private static func quotedWord(_ text: String) -> String? {
    guard let first = text.first, first == "'" || first == "\"" else { return nil }
    var word = ""
    var quote: Character?
    var isEscaped = false
    for character in text {
      if isEscaped {
        // Within double quotes a backslash is one, except before those that end or escape.
        if quote != nil, character != "\"", character != "\\" { word.append("\\") }
        word.append(character)
        isEscaped = false
      } else if character == "\\", quote != "'" {
        isEscaped = true
      } else if let open = quote {
        if character == open { quote = nil } else { word.append(character) }
      } else if character == "'" || character == "\"" {
        quote = character
      } else if character == " " || character == "\t" {
        return nil
      } else {
        word.append(character)
      }
    }
    return quote == nil && !isEscaped ? word : nil
  }

  private static func withoutTrailingSpace(_ text: String) -> String {
    var text = text
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return text
  }
}
