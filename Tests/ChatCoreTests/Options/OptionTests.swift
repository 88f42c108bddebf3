import CLinux
import ChatEngine
import Glibc
import Testing

@testable import ChatCore

/// Words are read by getopt_long, which keeps its place in a global, so these run one by one.
@Suite("OptionParser", .serialized)
struct OptionParserTests {
  /// What was applied, as `port=7`.
  private final class Applied {
    var all: [String] = []
  }

  /// Reads words as a fresh process would.
  private func parse(
    _ words: [String], operandsMax: Int = 1
  ) throws -> (applied: [String], operands: [String]?) {
    try startOver()
    let applied = Applied()
    let parser = OptionParser(
      usage: "serve [OPTION…] [TEXT]", summary: "Serves.", examples: [("chatd serve", "do")],
      options: [
        Option("port", short: "p", value: "N", "the port") { applied.all.append("port=\($0)") },
        Option("quiet", short: "q", "say\nnothing") { _ in applied.all.append("quiet") },
        Option("log", value: "FILE", "a log") { applied.all.append("log=\($0)") },
        Option("log-level-with-a-long-name", value: "LEVEL", "how much") { text throws(Failure) in
          throw Failure(.usage, "--log-level-with-a-long-name \(text): refused")
        },
      ], operandsMax: operandsMax)
    let operands = try parser.parse(["serve"] + words)
    return (applied.all, operands)
  }

  /// glibc starts over where optind is 0, and leaves it at 1 where there are no words (getopt(3)).
  private func startOver() throws {
    try #require(dlsym(nil, "optind")).assumingMemoryBound(to: CInt.self).pointee = 0
    var words: [UnsafeMutablePointer<CChar>?] = [strdup("serve"), nil]
    defer { free(words[0]) }
    #expect(clinux_getopt(1, &words, ":", nil, 0) == -1)
  }

  private func refusal(_ words: [String], operandsMax: Int = 1) throws -> String {
    let failure = try #require(
      throws: Failure.self
    ) { try parse(words, operandsMax: operandsMax) }
    #expect(failure.exitCode == .usage)
    return failure.message
  }

  @Test("Long and short options, with values in each form, are applied in order")
  func appliesOptions() throws {
    let read = try parse(["--port", "7", "--port=8", "-p9", "-p", "10", "-q", "--quiet", "-qp11"])
    #expect(
      read.applied == [
        "port=7", "port=8", "port=9", "port=10", "quiet", "quiet", "quiet", "port=11",
      ])
    #expect(read.operands == [])
  }

  @Test("Operands may stand anywhere; behind -- everything is one, and - is one")
  func takesOperands() throws {
    let mixed = try parse(["text", "-q"])
    #expect(mixed.applied == ["quiet"] && mixed.operands == ["text"])
    let behind = try parse(["--", "-q"])
    #expect(behind.applied == [] && behind.operands == ["-q"])
    let dash = try parse(["-"])
    #expect(dash.operands == ["-"])
    let empty = try parse(["--log", "", ""])
    #expect(empty.applied == ["log="] && empty.operands == [""])
  }

  @Test("Each mistake is named with its flag")
  func namesMistakes() throws {
    let help = "see chatd serve --help"
    #expect(try refusal(["--port"]) == "--port needs a value; \(help)")
    #expect(try refusal(["-p"]) == "-p needs a value; \(help)")
    #expect(try refusal(["--bogus"]) == "--bogus is not a known option; \(help)")
    #expect(try refusal(["--bogus=1"]) == "--bogus is not a known option; \(help)")
    #expect(
      try refusal(["--lo"]) == "--lo could be --log or --log-level-with-a-long-name; \(help)")
    #expect(try refusal(["-x"]) == "-x is not a known option; \(help)")
    #expect(try refusal(["--quiet=1"]) == "--quiet takes no value; \(help)")
    #expect(try refusal(["a", "b"]) == "\"b\" is one word too many; \(help)")
    #expect(try refusal(["a"], operandsMax: 0) == "\"a\" is one word too many; \(help)")
    let refused = "--log-level-with-a-long-name x: refused"
    #expect(try refusal(["--log-level-with-a-long-name", "x"]) == refused)
  }

  @Test("A mistake behind an operand is named, not the operand")
  func namesMistakesBehindOperands() throws {
    let message = try refusal(["text", "--bogus"])
    #expect(message.hasPrefix("--bogus is"))
  }

  @Test("Help shows examples first, every option, and lines that fit a terminal")
  func showsHelp() throws {
    let parser = OptionParser(
      usage: "serve", summary: "Serves.", examples: [("chatd serve", "do"), ("x", "y")],
      options: [
        Option("quiet", short: "q", "say\nnothing") { _ in },
        Option("a-name-so-long-that-help-is-below", value: "VALUE", "text") { _ in },
      ])
    #expect(
      parser.help == """
        Serves.

        Examples:
          chatd serve  do
          x            y

        Usage: chatd serve

        Options:
          -q, --quiet                   say
                                        nothing
              --a-name-so-long-that-help-is-below VALUE
                                        text
          -h, --help                    show this and end

        """)
  }
}

@Suite("OptionValue")
struct OptionValueTests {
  private func message<Value>(_ body: () throws(Failure) -> Value) -> String {
    do throws(Failure) {
      return "\(try body())"
    } catch {
      #expect(error.exitCode == .usage)
      return error.message
    }
  }

  @Test("Numbers keep their range, and a refusal names the flag and the range")
  func readsIntegers() {
    func read(_ text: String) -> String {
      message { () throws(Failure) in try OptionValue.integer(text, 1...9, for: "--n") }
    }
    #expect(read("1") == "1" && read("9") == "9")
    for text in ["0", "10", "", "x", "1.5", "1e1", "99999999999999999999", " 1", "\u{1b}"] {
      #expect(
        read(text) == "--n \(ShownText.string(text)): a number from 1 to 9 is needed")
    }
  }

  @Test(
    "Times may have a fraction and a unit",
    arguments: [
      ("30", 30), ("1.5", 1.5), ("0.001", 0.001), ("10m", 600), ("2h", 7_200), ("1d", 86_400),
      ("90s", 90), (".5", 0.5),
    ] as [(String, Double)])
  func readsSeconds(text: String, seconds: Double) throws {
    #expect(try OptionValue.seconds(text, max: 86_400, for: "--t") == seconds)
  }

  @Test(
    "What is no time, or too long, is refused",
    arguments: [
      "", "0", "-1", "+1", "s", "1x", "1 s", "1e3", "nan", "inf", "0x10", "1.2.3", "86401", "25h",
      "2d", ".", "١",
    ])
  func refusesSeconds(text: String) {
    let told = message { () throws(Failure) in
      try OptionValue.seconds(text, max: 86_400, for: "--t")
    }
    #expect(told.hasPrefix("--t \(text): a time such as "))
  }

  @Test("Choices and sizes are read whole, and a refusal lists what there is")
  func readsChoicesAndSizes() throws {
    #expect(try OptionValue.choice("off", ClassicPolicy.self, for: "--classic") == .off)
    let told = message { () throws(Failure) in
      try OptionValue.choice("Off", ClassicPolicy.self, for: "--classic")
    }
    #expect(told == "--classic Off: one of off, private, any is needed")
    #expect(
      try OptionValue.size("640x480", for: "--s") == PictureSize(width: 640, height: 480))
    for text in ["640", "640x", "x480", "0x1", "1x0", "4097x1", "1x2x3", "ax b", "640X480", ""] {
      #expect(throws: Failure.self) { try OptionValue.size(text, for: "--s") }
    }
  }

  @Test("A server that is none is refused with the flag")
  func readsServers() throws {
    #expect(try OptionValue.server("host:7", for: "--server").port == 7)
    let told = message { () throws(Failure) in try OptionValue.server("host:x", for: "--server") }
    #expect(told == "--server host:x: HOST, HOST:PORT or [IPV6]:PORT is needed")
  }
}
