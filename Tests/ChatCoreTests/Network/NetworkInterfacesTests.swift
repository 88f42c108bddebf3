import ChatEngine
import Testing

@testable import ChatCore

@Suite("NetworkInterfaces")
struct NetworkInterfacesTests {
  @Test("This machine has loopback, with its network, and knows its addresses for its own")
  func readsLoopback() throws {
    let interfaces = try NetworkInterfaces.current()
    let loopback = try #require(interfaces.all.first { $0.isLoopback })
    #expect(loopback.isUp && loopback.index != 0)
    let address = try #require(loopback.addresses.first { $0.address.v4 != nil })
    #expect(address.address == PeerAddress(v4: 127, 0, 0, 1, port: 0))
    #expect(address.prefix == AddressPrefix(address.address, bits: 104))
    #expect(interfaces.has(address.address.at(5)))
    #expect(!interfaces.has(PeerAddress(v4: 192, 0, 2, 1, port: 0)))
    #expect(interfaces.prefixes.contains { $0.contains(address.address) })
    #expect(interfaces.reachable.allSatisfy { !$0.isLoopback && !$0.isLinkLocal })
  }

  @Test("What is down has no link; a server of one address has those of its interface")
  func tellsLinks() {
    let v4 = SearchTargetTests.v4
    let other = PeerAddress(v4: 192, 0, 2, 1, port: 0)
    let interfaces = NetworkInterfaces([
      SearchTargetTests.interface([SearchTargetTests.address(v4, 120)], name: "a"),
      SearchTargetTests.interface([SearchTargetTests.address(other, 120)], name: "b"),
      SearchTargetTests.interface(
        [SearchTargetTests.address(PeerAddress(v4: 9, 9, 9, 9, port: 0), 120)], name: "c",
        isUp: false),
    ])
    #expect(interfaces.prefixes.count == 2)
    #expect(interfaces.prefixes(servedAt: other.at(9)) == [AddressPrefix(other, bits: 120)!])
    #expect(interfaces.name(for: PeerAddress(v4: 192, 0, 2, 9, port: 4)) == "b")
    #expect(interfaces.name(for: PeerAddress(v4: 9, 9, 9, 9, port: 4)) == nil)
  }
}
