import Testing

@testable import ChatCore
@testable import ChatEngine

@Suite("The past as text")
struct PastTextTests {
  private func line(_ message: PastMessage, showsPlace: Bool = false) -> String {
    var text = PastText()
    // Behind the time, which is that of the machine's zone.
    return String(decoding: text.line(message, showsPlace: showsPlace).dropFirst(20), as: UTF8.self)
  }

  private func picture(_ kind: StoredKind, name: String, width: UInt32 = 640) -> PastMessage {
    var message = pastMessage(3, "", kind)
    message.body =
      StoredAttachment(
        hash: [UInt8](repeating: 0xab, count: 32), length: 38_000, width: width,
        height: width == 0 ? 0 : 480, name: name
      ).encoded
    return message
  }

  @Test("A line says when, who and what")
  func lines() {
    #expect(line(pastMessage(1)) == "Ann: hello\n")
    #expect(line(pastMessage(12), showsPlace: true) == "lobby#12 Ann: hello\n")
    #expect(line(pastMessage(1, "waves", .action)) == "* Ann waves\n")
    #expect(line(pastMessage(1, "plans", .topic)) == "* Ann set the topic: plans\n")
    #expect(line(pastMessage(1, "", .topic)) == "* Ann took the topic away\n")
    #expect(line(picture(.picture, name: "")) == "* Ann sent a picture, 640×480, 38 kB\n")
    #expect(line(picture(.file, name: "a.txt", width: 0)) == "* Ann sent a file, a.txt, 38 kB\n")
    #expect(line(pastMessage(1, "short", .picture)) == "* Ann sent a file\n")
  }

  @Test("What others wrote stays on its line and is not obeyed")
  func isHarmless() {
    var message = pastMessage(1, "a\nb\u{1b}[31m\u{202e}")
    message.from = "A\u{1b}n\nn"
    #expect(line(message) == "A^[n⏎n: a⏎b^[[31m\\u{202e}\n")
    #expect(
      line(picture(.file, name: "\u{1b}]0;x\n", width: 0)) == "* Ann sent a file, ^[]0;x⏎, 38 kB\n")
    var text = PastText()
    let json = String(decoding: text.json(message), as: UTF8.self)
    #expect(!json.dropLast().unicodeScalars.contains { $0.value < 0x20 || $0 == "\u{202e}" })
  }

  @Test("JSON has the fields in their order, and times to the millisecond")
  func json() {
    func json(_ message: PastMessage) -> String {
      var text = PastText()
      return String(decoding: text.json(message), as: UTF8.self)
    }
    var message = pastMessage(5, "say \"hi\"")
    message.time = 1_763_642_096_007
    #expect(
      json(message)
        == #"{"room":"lobby","number":5,"time":"2025-11-20T12:34:56.007Z","from":"Ann","#
        + #""kind":"text","text":"say \"hi\""}"# + "\n")
    #expect(
      json(picture(.picture, name: "")).hasSuffix(
        #""kind":"picture","hash":""# + String(repeating: "ab", count: 32)
          + #"","bytes":38000,"width":640,"height":480}"# + "\n"))
    #expect(
      json(picture(.file, name: "a.txt", width: 0)).hasSuffix(
        #""bytes":38000,"file":"a.txt"}"# + "\n"))
    message.time = 0
    #expect(json(message).contains(#""time":"1970-01-01T00:00:00.000Z""#))
    message.time = .max
    #expect(json(message).hasSuffix("}\n"))
    message.time = .min
    #expect(json(message).contains(#""time":"1970-01-01T00:00:00.000Z""#))
  }

  @Test("Times of one minute and of the next are told apart")
  func minutes() {
    var text = PastText()
    let milliseconds: [Int64] = [59_999, 60_000, 61_001, 3_599_999, 59_000]
    let times = milliseconds.map { time in
      var message = pastMessage(1)
      message.time = time
      return String(decoding: text.json(message), as: UTF8.self).split(separator: "\"")[9]
    }
    #expect(
      times == [
        "1970-01-01T00:00:59.999Z", "1970-01-01T00:01:00.000Z", "1970-01-01T00:01:01.001Z",
        "1970-01-01T00:59:59.999Z", "1970-01-01T00:00:59.000Z",
      ])
  }
}

@Suite("What is asked of the past")
struct HistoryOptionTests {
  @Test("A beginning is all, a number, or a time with its unit")
  func beginnings() throws {
    #expect(try PastBeginning("all", for: "--since") == .all)
    #expect(try PastBeginning("120", for: "--since") == .number(120))
    #expect(try PastBeginning("0", for: "--since") == .number(0))
    #expect(try PastBeginning("10m", for: "--since") == .secondsAgo(600))
    #expect(try PastBeginning("1.5h", for: "--since") == .secondsAgo(5_400))
    #expect(try PastBeginning("7d", for: "--since") == .secondsAgo(604_800))
  }

  @Test(
    "Anything else is refused by the flag's name",
    arguments: [
      "", "ALL", "-1", "1.5", "10 m", "m", "10x", "18446744073709551616", "1099511627777",
      "99999999d", "٣", "nand",
    ])
  func noBeginnings(_ text: String) {
    let failure = #expect(throws: Failure.self) { try PastBeginning(text, for: "--since") }
    #expect(failure?.exitCode == .usage && failure?.message.hasPrefix("--since") == true)
  }

  @Test("What the shell has kept together is a phrase")
  func phrases() throws {
    #expect(try HistoryOptions.words(["deploy", "done"]) == "deploy done")
    #expect(try HistoryOptions.words(["deploy done", "now"]) == "\"deploy done\" now")
    #expect(try HistoryOptions.words(["\"deploy done\" now"]) == "\"deploy done\" now")
    for operands in [[], [""], ["!?"], Array(repeating: "word", count: 33)] {
      #expect(throws: Failure.self) { try HistoryOptions.words(operands) }
    }
  }

  @Test("A room is taken as people type it")
  func rooms() throws {
    #expect(try HistoryOptions.room("#Deploys", for: "--room").text == "deploys")
    #expect(throws: Failure.self) { try HistoryOptions.room("a b", for: "--room") }
  }
}
