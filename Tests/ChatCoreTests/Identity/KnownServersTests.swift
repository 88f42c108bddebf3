import ChatEngine
import Glibc
import Testing

@testable import ChatCore

@Suite("KnownServers")
struct KnownServersTests {
  private let one = PublicKey(Array(UInt8(1)...32))!
  private let two = PublicKey(Array(UInt8(2)...33))!

  private func address(_ text: String) throws -> ServerAddress {
    try #require(ServerAddress(text))
  }

  @Test("A server's key is looked up under the address that was typed")
  func looksUp() throws {
    let state = try TemporaryState()
    var known = try KnownServers(in: state.folder)
    #expect(known.count == 0)
    #expect(try known.key(of: address("chat.example")) == nil)
    try known.pin(one, of: try address("Chat.Example"))
    try known.pin(two, of: try address("[2001:db8::1]:4000"))
    #expect(state.files == ["known_servers"])
    #expect(state.mode("known_servers") == 0o600)
    #expect(
      state.read("known_servers") == """
        chat.example:12345 AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=
        [2001:db8::1]:4000 AgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICE=

        """)
    let again = try KnownServers(in: state.folder)
    #expect(again.count == 2)
    #expect(try again.key(of: address("chat.example:12345")) == one)
    #expect(try again.key(of: address("chat.example:12346")) == nil)
    #expect(try again.key(of: address("[2001:DB8::1]:4000")) == two)
    #expect(try again.key(of: .thisMachine) == nil)
  }

  @Test("Another key takes the place of the first, and a server can be forgotten")
  func changes() throws {
    let state = try TemporaryState()
    state.write("known_servers", "# mine\n\na:1 \(text(of: one))\nb:2 \(text(of: one))")
    var known = try KnownServers(in: state.folder)
    #expect(known.count == 2)
    try known.pin(two, of: try address("a:1"))
    #expect(try known.key(of: address("a:1")) == two)
    let lines = state.read("known_servers").split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines == ["# mine", "", "b:2 \(text(of: one))", "a:1 \(text(of: two))", ""])
    #expect(try known.forget(try address("b:2")))
    #expect(try !known.forget(try address("b:2")))
    #expect(try KnownServers(in: state.folder).key(of: address("b:2")) == nil)
    #expect(state.files == ["known_servers"])
  }

  @Test("All names that a machine has for itself are one server")
  func knowsLoopback() throws {
    let state = try TemporaryState()
    var known = try KnownServers(in: state.folder)
    try known.pin(one, of: try address("127.0.0.1:7"), at: PeerAddress(v4: 127, 0, 0, 1, port: 7))
    #expect(state.read("known_servers") == "localhost:7 \(text(of: one))\n")
    for name in ["LocalHost:7", "127.1.2.3:7", "[::1]:7", "127.0.0.1:7"] {
      #expect(try known.key(of: address(name)) == one, "\(name)")
    }
    #expect(try known.key(of: address("localhost:8")) == nil)
    #expect(try known.key(of: address("localhost.example:7")) == nil)
    #expect(try known.key(of: address("128.0.0.1:7")) == nil)
    try known.pin(two, of: try address("[::1]:7"))
    #expect(known.count == 1)
    #expect(try known.key(of: address("localhost:7")) == two)
    state.write("known_servers", "127.0.0.1:7 \(text(of: one))\n")
    #expect(try KnownServers(in: state.folder).key(of: address("[::1]:7")) == one)
    #expect(try known.forget(try address("localhost:7")))
    #expect(state.read("known_servers") == "")
  }

  @Test("A server is found by the address at which it was met under another name")
  func knowsPlaces() throws {
    let state = try TemporaryState()
    var known = try KnownServers(in: state.folder)
    let place = PeerAddress(v4: 192, 0, 2, 7, port: 7)
    try known.pin(one, of: try address("chat.example:7"), at: place)
    try known.pin(two, of: try address("other.example:7"))
    #expect(
      state.read("known_servers")
        == "chat.example:7,192.0.2.7:7 \(text(of: one))\nother.example:7 \(text(of: two))\n")
    for known in [known, try KnownServers(in: state.folder)] {
      #expect(known.met(at: place).map(\.name) == ["chat.example:7"])
      #expect(known.met(at: place).map(\.key) == [one])
      #expect(known.met(at: place.at(8)).isEmpty)
      #expect(try known.key(of: address("chat.example:7")) == one)
      #expect(try known.key(of: address("192.0.2.7:7")) == nil)
    }
    try known.pin(two, of: try address("192.0.2.7:7"), at: place)
    #expect(known.met(at: place).map(\.name) == ["192.0.2.7:7", "chat.example:7"])
    #expect(try known.forget(try address("chat.example:7")))
    #expect(known.met(at: place).map(\.key) == [two])
  }

  @Test("What another process wrote meanwhile stays")
  func keepsOthers() throws {
    let state = try TemporaryState()
    var first = try KnownServers(in: state.folder)
    var second = try KnownServers(in: state.folder)
    try first.pin(one, of: try address("a"))
    try second.pin(two, of: try address("b"))
    #expect(try second.key(of: address("a")) == one)
    #expect(try KnownServers(in: state.folder).count == 2)
  }

  @Test(
    "A damaged line is named",
    arguments: [
      "a:1", "a:1 x", "a:1  \(text(of: PublicKey(Array(0..<32))!))", "a:1 AAAA", "a: \(nobody)",
      "a \(nobody)", "a:1 \(nobody) x", "b:1 \(nobody)", "\u{fffd}",
      "a:1, \(nobody)", "a:1,x:1,y:1 \(nobody)", ",a:1 \(nobody)",
    ])
  func namesDamage(line: String) throws {
    let state = try TemporaryState()
    let text = "# one\nb:1 \(nobody)\n" + line + "\nchat.example:1 \(nobody)\n"
    state.write("known_servers", text)
    var known = try KnownServers(in: state.folder)
    let place = "line 3 of \(state.folder.path)/known_servers"
    #expect(known.warning?.contains(place) == true, "\(known.warning ?? "")")
    #expect(try known.key(of: address("chat.example:1")) != nil)
    // It stays where it is for somebody to mend, whatever else is changed.
    try known.pin(one, of: try address("c:1"))
    #expect(try known.forget(try address("chat.example:1")))
    #expect(known.warning?.contains(place) == true)
    #expect(
      state.read("known_servers") == text.split(separator: "\n")[..<3].joined(separator: "\n")
        + "\nc:1 \(ChatCoreTests.text(of: one))\n")
  }

  @Test(
    "A server that a damaged line may be about is not gone to, on whatever port",
    arguments: [
      "chat.example:1 AAAA", "Chat.Example:12345", "# \u{fffd}", "xchat.example:1 \(nobody) x",
      "other:1 \(nobody)chat.example:1 \(nobody)", "chat.example:7 \(nobody)",
    ])
  func refusesDoubt(line: String) throws {
    let state = try TemporaryState()
    state.write("known_servers", "chat.example:7 \(nobody)\n" + line + "\n")
    let known = try KnownServers(in: state.folder)
    #expect(try known.key(of: address("other.example")) == nil)
    let isComment = line.hasPrefix("#")
    do throws(Failure) {
      _ = try known.key(of: ServerAddress("CHAT.example")!)
      #expect(isComment)
    } catch {
      #expect(!isComment && error.exitCode == .refused)
      #expect(error.message.contains("line 2 of \(state.folder.path)/known_servers"))
    }
  }

  @Test("There are not more than there may be")
  func isBounded() throws {
    let state = try TemporaryState()
    let lines = (0..<Limits.knownServersMax).map { "host-\($0):1 \(nobody)\n" }
    state.write("known_servers", lines.joined())
    var known = try KnownServers(in: state.folder)
    let said = complaint { () throws(Failure) in try known.pin(one, of: ServerAddress("more")!) }
    #expect(said?.contains("as many as it may") == true)
    #expect(
      complaint { () throws(Failure) in try known.pin(one, of: ServerAddress("host-7:1")!) } == nil)
    state.write("known_servers", lines.joined() + "more:1 \(nobody)\n")
    #expect(complaint { () throws(Failure) in try KnownServers(in: state.folder) } != nil)
    state.write("known_servers", String(repeating: "#\n", count: 1 << 20) + "#")
    #expect(
      complaint { () throws(Failure) in try KnownServers(in: state.folder) }?
        .contains("longer than") == true)
  }
}

private func text(of key: PublicKey) -> String {
  String(decoding: Base64.encode(key.bytes), as: UTF8.self)
}

private let nobody = text(of: PublicKey([UInt8](repeating: 0, count: 32))!)
