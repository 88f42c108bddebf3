import CLinux
import Glibc

/// One option of a subcommand: what it is called, what it does, and its line in `--help`.
public struct Option {
  public let name: String
  public let short: Character?
  /// What stands for its value in `--help`; nil where it takes none.
  public let value: String?
  public let help: String
  let apply: (String) throws(Failure) -> Void

  public init(
    _ name: String, short: Character? = nil, value: String? = nil, _ help: String,
    apply: @escaping (String) throws(Failure) -> Void
  ) {
    self.name = name
    self.short = short
    self.value = value
    self.help = help
    self.apply = apply
  }
}

/// A subcommand's words, read by getopt_long(3) and shown by `--help`, from one table.
public struct OptionParser {
  /// `serve`, or `send [TEXT]`.
  public let usage: String
  public let summary: String
  /// A command and what it does, first in `--help`.
  public let examples: [(String, String)]
  public let options: [Option]
  public let operandsMax: Int

  public init(
    usage: String, summary: String, examples: [(String, String)], options: [Option],
    operandsMax: Int = 0
  ) {
    self.usage = usage
    self.summary = summary
    self.examples = examples
    self.options = options
    self.operandsMax = operandsMax
  }

  /// Applies the options among `arguments`, the first of which is the subcommand's name.
  ///
  /// - Returns: the operands, or nil after `--help` was shown.
  /// - Throws: `Failure` with `.usage`, which names the flag.
  public func parse(_ arguments: [String]) throws(Failure) -> [String]? {
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    words.append(nil)
    let names = options.map { strdup($0.name) } + [strdup("help")]
    defer {
      for word in words { free(word) }
      for name in names { free(name) }
    }
    let table = names.enumerated().map { index, name in
      clinux_option(
        name: name, takes_value: index < options.count && options[index].value != nil ? 1 : 0,
        code: Int32(Self.firstCode + index))
    }
    let shorts =
      options.map { option in
        option.short.map { "\($0)" + (option.value == nil ? "" : ":") } ?? ""
      }.joined() + "h"
    while true {
      let before = clinux_optind()
      let code = clinux_getopt(
        Int32(arguments.count), words, ":" + shorts, table, Int32(table.count))
      if code < 0 { break }
      guard let index = index(ofCode: code) else {
        // getopt_long has moved the operands behind, and stays on a cluster of short options.
        let index = Int(max(before, clinux_optind() - 1))
        let word = index < arguments.count ? words[index].map { String(cString: $0) } : nil
        throw refusal(code, word: word ?? "")
      }
      if index == options.count {
        _ = writeAll(Array(help.utf8), to: STDOUT_FILENO)
        return nil
      }
      try options[index].apply(clinux_optarg().map { String(cString: $0) } ?? "")
    }
    // getopt_long moves the operands behind the options.
    let operands = words[Int(clinux_optind())..<arguments.count].map { String(cString: $0!) }
    if operands.count > operandsMax {
      throw Failure(
        .usage, "\"\(operands[operandsMax])\" is one word too many; see chatd \(command) --help")
    }
    return operands
  }

  private static let firstCode = 1_000

  private var command: Substring { usage.prefix { $0 != " " } }

  private func index(ofCode code: Int32) -> Int? {
    if code >= Self.firstCode { return Int(code) - Self.firstCode }
    guard let scalar = Unicode.Scalar(UInt32(code)), scalar != "?", scalar != ":" else {
      return nil
    }
    let short = Character(scalar)
    return short == "h" ? options.count : options.firstIndex { $0.short == short }
  }

  private func refusal(_ code: Int32, word: String) -> Failure {
    let help = "see chatd \(command) --help"
    if code == Int32(UInt8(ascii: ":")) {
      return Failure(.usage, "\(word) needs a value; \(help)")
    }
    let hasValue = word.hasPrefix("--") && word.contains("=")
    let name = hasValue ? String(word.prefix { $0 != "=" }) : word
    if hasValue, options.contains(where: { "--\($0.name)" == name && $0.value == nil }) {
      return Failure(.usage, "\(name) takes no value; \(help)")
    }
    let fitting = options.map { "--\($0.name)" }.filter { $0.hasPrefix(name) }
    if name.hasPrefix("--"), fitting.count > 1 {
      return Failure(.usage, "\(name) could be \(fitting.joined(separator: " or ")); \(help)")
    }
    return Failure(.usage, "\(name) is not a known option; \(help)")
  }

  /// What `--help` shows: examples first.
  public var help: String {
    var text = "\(summary)\n\nExamples:\n"
    let width = examples.map { $0.0.count }.max() ?? 0
    for (command, meaning) in examples {
      text += "  \(command)\(String(repeating: " ", count: width - command.count))  \(meaning)\n"
    }
    text += "\nUsage: chatd \(usage)\n\nOptions:\n"
    for option in options { text += Self.helpLine(option) }
    return text + Self.helpLine(Option("help", short: "h", "show this and end") { _ in })
  }

  private static func helpLine(_ option: Option) -> String {
    let short = option.short.map { "-\($0), " } ?? "    "
    let name = "  \(short)--\(option.name)\(option.value.map { " \($0)" } ?? "")"
    let indent = String(repeating: " ", count: 32)
    let lines = option.help.split(separator: "\n", omittingEmptySubsequences: false)
    let gap =
      name.count < 31
      ? String(repeating: " ", count: 32 - name.count) : "\n" + indent
    return name + gap + lines.joined(separator: "\n" + indent) + "\n"
  }
}
