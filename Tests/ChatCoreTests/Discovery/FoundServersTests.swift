import ChatEngine
import Testing

@testable import ChatCore

@Suite("Servers that were found")
struct FoundServersTests {
  private static let here = NetworkInterfaces([
    SearchTargetTests.interface([SearchTargetTests.address(SearchTargetTests.v4, 120)])
  ])
  private static let neighbour = PeerAddress(v4: 10, 1, 2, 77, port: 9_002)

  private static func key(_ number: UInt8) -> PublicKey {
    PublicKey([UInt8](repeating: number, count: 32))!
  }

  private static func found(_ number: UInt8, _ name: String = "lab", port: UInt16 = 12_345)
    -> DiscoveryAnswer
  {
    .found(
      DiscoveryAnswer.Found(
        nonce: 1, key: key(number), needsPassword: false, servesPlain: true, port: port, people: 2,
        name: name))
  }

  @Test("A server is one, however many ways it was heard; its best address comes first")
  func mergesByKey() {
    var servers = FoundServers(Self.here)
    let linkLocal = PeerAddress(high: 0xfe80_0000_0000_0000, low: 9, scope: 4, port: 12_345)
    servers.add(Self.found(1), from: linkLocal, way: "multicast eth0")
    servers.add(Self.found(1), from: Self.neighbour, way: "broadcast eth0")
    servers.add(Self.found(1), from: Self.neighbour, way: "broadcast eth0")
    servers.add(.text, from: Self.neighbour, way: "text")
    #expect(servers.all.count == 1)
    let one = servers.all[0]
    #expect(one.addresses == [Self.neighbour.at(12_345), linkLocal])
    #expect(one.ways == ["multicast eth0", "broadcast eth0"])
    #expect(one.interface == "eth0" && !one.isHere && one.place == "10.1.2.77")
  }

  @Test("By how much a server's clock is ahead is known, also where it says nonsense")
  func comparesClocks() {
    func ahead(_ seconds: UInt64?) -> Int64? {
      var servers = FoundServers(Self.here)
      guard case .found(var found) = Self.found(1) else { return nil }
      found.unixSeconds = seconds
      servers.add(.found(found), from: Self.neighbour, way: "x")
      return servers.all[0].aheadSeconds
    }
    let now = UInt64(Clocks.unixSeconds())
    #expect((-105 ... -100).contains(ahead(now - 100) ?? 0))
    #expect(ahead(nil) == nil)
    #expect((ahead(.max) ?? 0) > 0)
  }

  @Test("A name is shown where there is something to see, and as far as a table has room")
  func showsNames() {
    func shown(_ name: String) -> String? {
      var servers = FoundServers(Self.here)
      servers.add(Self.found(1, name), from: Self.neighbour, way: "x")
      return servers.all[0].shownName
    }
    #expect(shown("lab") == "lab" && shown("") == nil && shown(" \u{a0} ") == nil)
    let long = shown(String(repeating: "x", count: 64))
    #expect(long.map(cellWidth) == Limits.shownNameColumnsMax && long?.hasSuffix("…") == true)
    #expect(shown("a\u{1b}[31m")?.contains("\u{1b}") == false)
  }

  @Test("Servers of one host are told apart by their keys, and have their own ports")
  func keepsApart() {
    var servers = FoundServers(Self.here)
    servers.add(Self.found(1, "b"), from: Self.neighbour, way: "x")
    servers.add(Self.found(2, "a", port: 7), from: Self.neighbour, way: "x")
    #expect(servers.all.map(\.place) == ["10.1.2.77:7", "10.1.2.77"])
  }

  @Test("A server of this machine comes first, and is reached over loopback where it answers there")
  func knowsItsOwn() throws {
    var servers = FoundServers(Self.here)
    servers.add(Self.found(1, "a"), from: Self.neighbour, way: "x")
    servers.add(Self.found(2, "z", port: 7), from: SearchTargetTests.v4.at(7), way: "x")
    #expect(servers.all.map(\.isHere) == [true, false])
    #expect(servers.all[0].place == "10.1.2.3:7", "it may listen on that address only")
    servers.add(
      Self.found(2, "z", port: 7), from: PeerAddress(v4: 127, 0, 0, 1, port: 7), way: "loopback")
    #expect(servers.all[0].server == .thisMachine(port: 7))
  }

  @Test("Who only answers the text is a server of before, which no client can go to")
  func listsPlain() {
    var servers = FoundServers(Self.here)
    servers.add(.text, from: Self.neighbour, way: "text")
    servers.add(.text, from: Self.neighbour, way: "text")
    #expect(servers.all.count == 1)
    #expect(servers.all[0].isPlain && servers.all[0].server == nil)
    #expect(servers.all[0].place == "10.1.2.77")
    servers.add(.other(version: 2, nonce: 1), from: Self.neighbour, way: "x")
    #expect(servers.all.count == 1)
  }

  @Test("However many answer, no more are kept than may be")
  func isBounded() {
    var servers = FoundServers(Self.here)
    for number in 0..<3_000 {
      var bytes = [UInt8](repeating: 0, count: 32)
      (bytes[0], bytes[1]) = (UInt8(number & 255), UInt8(number >> 8))
      let found = DiscoveryAnswer.Found(
        nonce: 1, key: PublicKey(bytes)!, needsPassword: false, servesPlain: true, port: 9,
        people: 0, name: "")
      let source = PeerAddress(v4: 10, 1, UInt8(number >> 8), UInt8(number & 255), port: 9)
      servers.add(.found(found), from: source, way: "x")
      servers.add(.text, from: source.at(UInt16(number)), way: "text")
      servers.add(Self.found(1), from: source, way: "way \(number)")
    }
    #expect(servers.all.count <= 2 * Limits.foundServersMax)
    #expect(servers.all.allSatisfy { $0.addresses.count <= Limits.foundAddressesMax })
    #expect(servers.all.allSatisfy { $0.ways.count <= Limits.foundAddressesMax })
  }

  @Test("A table has a line for each, in columns, and shows names without obeying them")
  func makesTable() {
    var servers = FoundServers(Self.here)
    servers.add(Self.found(1, "l\u{1b}b"), from: Self.neighbour, way: "x")
    servers.add(.text, from: PeerAddress(v4: 10, 1, 2, 9, port: 9_002), way: "text")
    let words = KeyWords.text(of: Self.key(1))
    let gap = String(repeating: " ", count: words.count - 5)
    #expect(
      FoundServer.table(servers.all).split(separator: "\n").dropFirst().map(String.init) == [
        "l^[b  10.1.2.77  \(words)  2       no", "-     10.1.2.9   plain\(gap)  -       -",
      ])
    #expect(FoundServer.table(servers.all, isNumbered: true).contains("\n2  -"))
  }
}
