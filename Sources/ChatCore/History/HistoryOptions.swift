import ChatEngine

/// From where on the past is wanted.
public enum PastBeginning: Equatable, Sendable {
  case all
  /// After the message of this number.
  case number(UInt64)
  /// So many seconds before now.
  case secondsAgo(Double)

  /// `all`, a message's number such as `120`, or a time such as `10m`.
  public init(_ text: String, for flag: String) throws(Failure) {
    if text == "all" {
      self = .all
    } else if !text.isEmpty, text.allSatisfy({ $0.isASCII && $0.isNumber }) {
      guard let number = UInt64(text), number <= Limits.messageNumberMax else {
        throw Failure(.usage, "\(flag) \(text): no message has this number")
      }
      self = .number(number)
    } else if let last = text.last, "smhd".contains(last) {
      self = .secondsAgo(
        try OptionValue.seconds(text, max: Limits.keepSecondsMax, for: flag))
    } else {
      throw Failure(
        .usage,
        "\(flag) \(ShownText.string(text)): a time such as 10m, 2h or 7d, the number of a message, "
          + "or all is needed")
    }
  }
}

/// What `chatd history` and `chatd search` were asked for.
public struct HistoryOptions: Sendable {
  public var client = ClientOptions()
  /// nil for the lobby, and for all rooms where words are looked for.
  public var room: RoomName?
  /// nil for the newest.
  public var since: PastBeginning?
  /// Messages; nil for the usual number, or for all that `since` means.
  public var limit: Int?
  /// What to look for: words, and phrases between quotation marks.
  public var words: String?
  public var isJSON = false

  public init() { client.canBeClassic = false }

  /// A room as it is typed.
  public static func room(_ text: String, for flag: String) throws(Failure) -> RoomName {
    do throws(RoomName.Fault) {
      return try RoomName(typed: text)
    } catch {
      throw Failure(.usage, "\(flag) \(ShownText.string(text)): \(error.text)")
    }
  }

  /// What is looked for when these are the words of a command line: one that the shell has kept
  /// together is a phrase.
  public static func words(_ operands: [String]) throws(Failure) -> String {
    let words = operands.map { operand in
      let isPhrase = operand.contains(where: \.isWhitespace) && !operand.contains("\"")
      return isPhrase ? "\"\(operand)\"" : operand
    }.joined(separator: " ")
    guard HistoryReader.expression(words) != nil else {
      throw Failure(
        .usage,
        "search needs 1 to \(Limits.searchWordsMax) words of letters or digits, of "
          + "\(Limits.searchWordsBytesMax) bytes at most; see chatd search --help")
    }
    return words
  }
}
