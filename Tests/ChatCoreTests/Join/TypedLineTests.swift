import Testing

@testable import ChatCore

@Suite("TypedLine and ArrivalOrder")
struct TypedLineTests {
  @Test(
    "A typed line is a command, or something to say",
    arguments: [
      ("", .nothing), ("   ", .nothing), ("\t", .nothing),
      ("hello", .say("hello")), ("  two spaces", .say("  two spaces")),
      ("trailing ", .say("trailing ")),
      ("exit", .quit), (" exit ", .quit), ("exit now", .say("exit now")), ("Exit", .say("Exit")),
      ("send image", .askImage), (" send image\t", .askImage),
      ("send image x.jpg", .say("send image x.jpg")),
      ("/quit", .quit), ("/exit", .quit), ("/who", .who), ("/who is there", .who),
      ("/stats", .stats),
      ("/help", .help), ("/?", .help), ("  /who", .who),
      ("/image", .askImage), ("/image  ", .askImage), ("/image a b.jpg ", .image("a b.jpg")),
      ("/image\ta.jpg", .image("a.jpg")), ("/image 'a b.jpg'", .image("a b.jpg")),
      ("/image \"a b.jpg\"", .image("a b.jpg")), ("/image '", .image("'")),
      ("/image my\\ dir/a\\ b.png", .image("my dir/a b.png")), ("/image a\\\\b", .image("a\\b")),
      ("/image 'a", .image("'a")), ("/image 'a\"", .image("'a\"")),
      (#"/image 'q'\''z.jpg'"#, .image("q'z.jpg")), (#"/image "a\"b""#, .image(#"a"b"#)),
      (#"/image 'a\b'"#, .image(#"a\b"#)), (#"/image "a\b""#, .image(#"a\b"#)),
      (#"/image 'it's.jpg'"#, .image("it's.jpg")), ("/image it's.jpg", .image("it's.jpg")),
      ("/image 'a' 'b'", .image("a' 'b")), ("/image 'a b'/c.jpg", .image("a b/c.jpg")),
      ("//who", .say("/who")), ("//", .say("/")), ("///", .say("//")), (" //x", .say("/x")),
      ("/", .unknown("/")), ("/whoo", .unknown("/whoo")), ("/WHO", .unknown("/WHO")),
      ("/imagex y", .unknown("/imagex")), ("a/who", .say("a/who")),
    ] as [(String, TypedLine)])
  func readsLines(line: String, meaning: TypedLine) {
    #expect(TypedLine(line) == meaning)
  }

  @Test(
    "What answers the question for a path is a command only where no such file is there",
    arguments: [
      ("", .nothing), ("a.jpg", .image("a.jpg")), ("exit", .image("exit")),
      ("/who", .who), ("/quit", .quit), ("/image b.jpg", .image("b.jpg")), ("/image", .askImage),
      ("/there", .image("/there")), ("/help", .image("/help")), ("/whoo", .image("/whoo")),
      ("//who", .image("//who")), ("'/who'", .image("/who")),
    ] as [(String, TypedLine)])
  func readsAnswers(line: String, meaning: TypedLine) {
    #expect(TypedLine(askedPath: line) { ["/there", "/help"].contains($0) } == meaning)
  }

  @Test("Every command that is listed is one")
  func listsCommands() {
    for command in TypedLine.commands {
      if case .unknown = TypedLine(command.word) { Issue.record("\(command.word)") }
      if case .say = TypedLine(command.word) { Issue.record("\(command.word)") }
    }
  }

  private func texts(_ events: [JoinEvent]) -> [String] {
    events.map { event in
      if case .status(let text) = event { return text }
      return "?"
    }
  }

  /// All that can be shown now.
  private func ready(_ order: inout ArrivalOrder) -> [String] {
    var events: [JoinEvent] = []
    while let event = order.next() { events.append(event) }
    return texts(events)
  }

  @Test("What comes after a picture is shown after it, in order")
  func keepsTheOrder() {
    var order = ArrivalOrder()
    order.add(.status("1"))
    #expect(ready(&order) == ["1"])
    order.addPicture()
    order.add(.status("3"))
    order.add(.status("4"))
    order.addPicture()
    order.add(.status("6"))
    #expect(ready(&order) == [])
    #expect(order.count == 5)
    order.finish(.status("2"))
    #expect(ready(&order) == ["2", "3", "4"])
    order.finish(.status("5"))
    #expect(ready(&order) == ["5", "6"])
    #expect(order.count == 0)
  }

  @Test("Pictures that follow each other are shown one by one")
  func keepsPicturesApart() {
    var order = ArrivalOrder()
    order.addPicture()
    order.addPicture()
    order.finish(.status("1"))
    #expect(ready(&order) == ["1"])
    order.add(.status("3"))
    order.finish(.status("2"))
    #expect(ready(&order) == ["2", "3"])
  }

  @Test("What is ready waits until it is taken, and a second picture is not taken for the first")
  func waitsToBeTaken() {
    var order = ArrivalOrder()
    order.addPicture()
    order.addPicture()
    order.finish(.status("1"))
    order.finish(.status("2"))
    #expect(order.count == 2)
    #expect(ready(&order) == ["1", "2"])
  }
}
