import ChatEngine
import Testing

@Suite("Names of rooms")
struct RoomNameTests {
  @Test(
    "Small letters, digits, full stops, lines below and hyphens are allowed",
    arguments: ["lobby", "a", "0", ".", "x-y_z.1", String(repeating: "r", count: 64)])
  func takes(name: String) throws {
    #expect(try RoomName(name).text == name)
    #expect(try RoomName(typed: "#" + name).text == name)
  }

  @Test("What a person types may be in capitals and have a # in front")
  func foldsWhatIsTyped() throws {
    #expect(try RoomName(typed: "#Deploys").text == "deploys")
    #expect(try RoomName(typed: "LOBBY") == .lobby)
    #expect(throws: RoomName.Fault.character("#")) { try RoomName(typed: "##a") }
    #expect(throws: RoomName.Fault.empty) { try RoomName(typed: "#") }
  }

  @Test(
    "Everything else is refused, and why is said",
    arguments: [
      ("A", RoomName.Fault.character("A")), ("", .empty), ("a b", .character(" ")),
      ("caf\u{e9}", .character("\u{e9}")), ("a/b", .character("/")),
      ("a\u{301}", .character("a\u{301}")),
      ("a\r\n", .character("\r\n")), ("\u{0}", .character("\u{0}")),
      (String(repeating: "r", count: 65), .tooLong),
    ])
  func refuses(name: String, fault: RoomName.Fault) {
    #expect(throws: fault) { try RoomName(name) }
    #expect(!fault.text.contains("\u{0}"))
  }
}
