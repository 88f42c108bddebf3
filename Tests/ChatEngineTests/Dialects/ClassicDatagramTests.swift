import Testing

@testable import ChatEngine

@Suite("ClassicDatagram")
struct ClassicDatagramTests {
  /// A datagram's reading with its ranges as texts: `join a Zoë`.
  private func read(_ datagram: [UInt8]) -> String {
    switch datagram.datagram {
    case .join(let dialect, let name): "join \(dialect) \(datagram.text(name))"
    case .leave(let dialect, let name): "leave \(dialect) \(datagram.text(name))"
    case .message(let dialect, let name, let text):
      "message \(dialect) \(datagram.text(name))|\(datagram.text(text))"
    case .picture(let name, let jpeg): "picture \(datagram.text(name))|\(jpeg.count)"
    case .text: "text"
    case .notText: "no text"
    }
  }

  @Test(
    "Every datagram of a client of either dialect is read as what it means",
    arguments: [
      ("Anoop has joined the chat.", "join a Anoop"),
      ("Anoop: hello", "message a Anoop|hello"),
      ("Anoop has left the chat.", "leave a Anoop"),
      ("Anoop:join", "join b Anoop"),
      ("Anoop:hello", "message b Anoop|hello"),
      ("Anoop:exit", "leave b Anoop"),
    ])
  func readsTheTable(datagram: String, reading: String) {
    #expect(read(bytes(datagram)) == reading)
  }

  @Test("A picture is everything behind the second colon, whatever it holds")
  func readsPictures() {
    #expect(read(bytes("IMG:Anoop:") + [0xff, 0xd8, 0x3a, 0x00]) == "picture Anoop|4")
    #expect(read(bytes("IMG:Anoop:")) == "picture Anoop|0")
    #expect(read(bytes("IMG::x")) == "picture |1")
    #expect(read(bytes("IMG:two words:x")) == "picture two words|1")
    // A picture may hold anything, also words of the dialects.
    #expect(read(bytes("IMG:A:B has joined the chat.")) == "picture A|22")
  }

  @Test(
    "Where two readings are possible, the first colon decides",
    arguments: [
      // A text may hold a separator, a leave's words or another name.
      ("Anoop: a: b", "message a Anoop|a: b"),
      ("Anoop: see you has left the chat.", "message a Anoop|see you has left the chat."),
      ("Anoop: Bob has joined the chat.", "message a Anoop|Bob has joined the chat."),
      ("Anoop:Bob: x", "message b Anoop|Bob: x"),
      ("A long name: x", "message a A long name|x"),
      // Only the whole word joins or leaves.
      ("Anoop:join us", "message b Anoop|join us"),
      ("Anoop:joi", "message b Anoop|joi"),
      ("Anoop:exit now", "message b Anoop|exit now"),
      ("Anoop: join", "message a Anoop|join"),
      ("Anoop: exit", "message a Anoop|exit"),
      ("Anoop:Join", "message b Anoop|Join"),
      // Empty names and texts are read, and judged by whoever knows the rules.
      (" has joined the chat.", "join a "),
      (" has left the chat.", "leave a "),
      (":join", "join b "),
      (":", "message b |"),
      (": ", "message a |"),
      ("Anoop:", "message b Anoop|"),
      ("Anoop: ", "message a Anoop|"),
      // Near misses.
      ("Anoop has joined the chat", "text"),
      ("Anoop has joined the chat.\n", "text"),
      ("Anoop has Left the chat.", "text"),
      ("has joined the chat.", "text"),
      ("", "text"),
      ("hello", "text"),
      ("discover_chat_server", "text"),
      ("DISCOVER_CHAT_SERVER ", "text"),
      ("IMG", "text"),
      // With one colon only it is no picture; `IMG` is refused as a name later.
      ("IMG:Anoop", "message b IMG|Anoop"),
      ("IMG: x", "message a IMG|x"),
      ("IMG:join", "join b IMG"),
      ("img:Anoop:x", "message b img|Anoop:x"),
      ("IMG: a: b", "picture  a|2"),
      // A name's end in a name.
      ("X has joined the chat. has joined the chat.", "join a X has joined the chat."),
      ("X has left the chat. has joined the chat.", "join a X has left the chat."),
    ])
  func settlesAmbiguities(datagram: String, reading: String) {
    #expect(read(bytes(datagram)) == reading)
  }

  @Test("What is no UTF-8 is no text, unless it is a picture")
  func refusesOtherBytes() {
    #expect(read([0xff]) == "no text")
    #expect(read(bytes("Anoop: ") + [0xc3]) == "no text")
    #expect(read([0x80] + bytes(" has joined the chat.")) == "no text")
    #expect(read(bytes("IMG:") + [0xff]) == "no text")
    #expect(read(bytes("IMG:") + [0xff, 0x3a, 0xff]) == "picture \u{fffd}|1")
  }

  @Test("Reading the ranges of random bytes never leaves the datagram")
  func keepsToTheDatagram() {
    var random = SplitMix64(seed: 8)
    let words = ["IMG:", ":", " ", "A", "join", "exit", " has joined the chat.", "é", "\u{0}"]
    for _ in 0..<5_000 {
      var datagram = (0..<Int.random(in: 0...6, using: &random)).flatMap { _ in
        bytes(random.pick(words))
      }
      if random.chance(20) { datagram.append(UInt8.random(in: 0x80...0xff, using: &random)) }
      let ranges: [Range<Int>] =
        switch datagram.datagram {
        case .join(_, let name), .leave(_, let name): [name]
        case .message(_, let name, let text): [name, text]
        case .picture(let name, let jpeg): [name, jpeg]
        case .text, .notText: []
        }
      for range in ranges {
        #expect(range.lowerBound >= 0 && range.upperBound <= datagram.count, "\(datagram)")
      }
      if ranges.count == 2 { #expect(ranges[0].upperBound < ranges[1].lowerBound, "\(datagram)") }
    }
  }

  @Test("The dialects' words are those of the unmodified clients")
  func knowsTheWords() {
    #expect(ClassicDialect.a.separator == ": ")
    #expect(ClassicDialect.b.separator == ":")
    #expect(ClassicText.welcome == "Welcome")
    #expect(ClassicText.nameTaken == "Name already taken")
    #expect(ClassicText.serverShutdownB == "server-shutdown")
    #expect(ClassicText.question == "DISCOVER_CHAT_SERVER")
    #expect(ClassicText.answer == "CHAT_SERVER_FOUND")
    #expect(ClassicText.pictureNotice == " sent an image.")
  }
}
