/// What a line means that a person typed: something to say, or a command.
enum TypedLine: Equatable {
  case nothing
  case say(String)
  /// A command, and what stands behind its word, without spaces around it.
  case command(Command, String)
  /// The answer to the question for a picture's path.
  case path(String)
  /// A command that is not there; it is not sent.
  case unknown(String)

  /// A line that begins with two slashes is said without the first.
  init(_ line: String) {
    let trimmed = String(line.drop { $0 == " " || $0 == "\t" })
    let word = String(trimmed.prefix { $0 != " " && $0 != "\t" })
    if trimmed.isEmpty {
      self = .nothing
    } else if trimmed.hasPrefix("//") {
      self = .say(String(trimmed.dropFirst()))
    } else if let command = Command.named(trimmed.trimmingEnd()) {
      // Also one of several words without a slash.
      self = .command(command, "")
    } else if !trimmed.hasPrefix("/") {
      self = .say(line)
    } else if let command = Command.named(word) {
      let argument = trimmed.dropFirst(word.count).drop { $0 == " " || $0 == "\t" }
      self = .command(command, String(argument).trimmingEnd())
    } else {
      self = .unknown(word)
    }
  }

  /// A line that answers the question for a picture's path: a command where it is one and no such
  /// file is there, else a path.
  init(askedPath line: String, isThere: (_ path: String) -> Bool) {
    let path = TypedPath.path(line)
    if path.isEmpty {
      self = .nothing
    } else if path.hasPrefix("/"), !path.hasPrefix("//"), !isThere(path),
      case .command(let command, let argument) = TypedLine(line)
    {
      self = .command(command, argument)
    } else {
      self = .path(path)
    }
  }
}
