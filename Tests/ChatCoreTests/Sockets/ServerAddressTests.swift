import ChatEngine
import Testing

@testable import ChatCore

@Suite("ServerAddress")
struct ServerAddressTests {
  @Test(
    "A server is named by host, host and port, or address",
    arguments: [
      ("localhost", "localhost", 12_345), ("example.org:80", "example.org", 80),
      ("192.0.2.1", "192.0.2.1", 12_345), ("192.0.2.1:65535", "192.0.2.1", 65_535),
      ("::1", "::1", 12_345), ("2001:db8::1", "2001:db8::1", 12_345),
      ("[::1]", "::1", 12_345), ("[2001:db8::1]:9", "2001:db8::1", 9),
      ("[fe80::1%eth0]:9", "fe80::1%eth0", 9), ("fe80::1%nowhere7", "fe80::1%nowhere7", 12_345),
    ])
  func readsAddresses(text: String, host: String, port: Int) throws {
    let address = try #require(ServerAddress(text))
    #expect(address.host == host)
    #expect(Int(address.port) == port)
    #expect(!address.isThisMachine)
  }

  @Test(
    "What is no address is refused",
    arguments: [
      "", ":", ":80", "host:", "host:0", "host:65536", "host:-1", "host:x", "host: 80", "[]",
      "[]:80", "[fe80::1%]", "[fe80::1%a%b]", "[192.0.2.1%a]", "[::1]x", "[::1]:", "[::1]:0",
      "[::1]:99999", "two words", "a\u{0}b",
    ])
  func refusesOthers(text: String) {
    #expect(ServerAddress(text) == nil)
  }

  @Test(
    "Slips of the keyboard are refused too", arguments: ["[::1", "host:+80", "[::1]:+80", "a\tb"])
  func refusesSlips(text: String) {
    #expect(ServerAddress(text) == nil)
  }

  @Test("An address is shown so that it can be typed, and without what a terminal obeys")
  func showsAddresses() {
    #expect(ServerAddress("host")?.description == "host:12345")
    #expect(ServerAddress("::1")?.description == "[::1]:12345")
    #expect(ServerAddress("ho\u{202e}st:5")?.description == "ho\\u{202e}st:5")
  }

  @Test("Numbers are an address without asking anybody, names are none")
  func readsNumbers() {
    #expect(
      ServerAddress.numeric("192.0.2.1", port: 5) == PeerAddress(v4: 192, 0, 2, 1, port: 5))
    #expect(ServerAddress.numeric("::1", port: 5) == PeerAddress(high: 0, low: 1, port: 5))
    #expect(ServerAddress.numeric("localhost", port: 5) == nil)
    #expect(ServerAddress.numeric("192.0.2.256", port: 5) == nil)
  }

  @Test("An address becomes a server that can be typed, with its interface's name")
  func takesAddresses() throws {
    #expect(ServerAddress(PeerAddress(v4: 192, 0, 2, 1, port: 5)).description == "192.0.2.1:5")
    let loopback = try #require(try NetworkInterfaces.current().all.first { $0.isLoopback })
    let linkLocal = PeerAddress(
      high: 0xfe80_0000_0000_0000, low: 1, scope: loopback.index, port: 12_345)
    let server = ServerAddress(linkLocal)
    #expect(server.shortText == "fe80::1%\(loopback.name)")
    #expect(ServerAddress(server.description) == server)
    #expect(try server.resolve() == [linkLocal])
  }

  @Test("An address of one link has to say of which")
  func asksForTheInterface() throws {
    let address = try #require(ServerAddress("fe80::1"))
    let failure = #expect(throws: Failure.self) { try address.resolve() }
    #expect(failure?.exitCode == .usage && failure?.message.contains("[fe80::1%") == true)
    #expect(address.missingInterface != nil)
    for text in ["fe80::1%lo", "fd08::1", "169.254.1.1", "host"] {
      #expect(try #require(ServerAddress(text)).missingInterface == nil)
    }
  }

  @Test("The addresses of a name come by turns of their families, the first one's first")
  func alternates() {
    let v4 = (1...3).map { PeerAddress(v4: 192, 0, 2, $0, port: 5) }
    let v6 = (1...2).map { PeerAddress(high: 0x2001 << 48, low: $0, port: 5) }
    #expect(ServerAddress.alternating(v6 + v4) == [v6[0], v4[0], v6[1], v4[1], v4[2]])
    #expect(ServerAddress.alternating(v4) == v4)
    #expect(ServerAddress.alternating([]) == [])
  }

  @Test("This machine is tried over both families")
  func resolvesThisMachine() throws {
    let addresses = try ServerAddress.thisMachine.resolve()
    #expect(addresses.map(\.host) == ["127.0.0.1", "::1"])
    let typed = try #require(ServerAddress("127.0.0.1:7")).resolve()
    #expect(typed == [PeerAddress(v4: 127, 0, 0, 1, port: 7)])
  }

  @Test("A name that is none is not reached, and named")
  func refusesUnknownNames() throws {
    let address = try #require(ServerAddress("no-such-host.invalid"))
    let failure = #expect(throws: Failure.self) { try address.resolve() }
    #expect(failure?.exitCode == .notReached)
    #expect(failure?.message.contains("no-such-host.invalid:12345") == true)
  }
}
