import ChatEngine
import Testing

@testable import ChatCore

@Suite("Ways that a question for servers goes out")
struct SearchTargetTests {
  static let v4 = PeerAddress(v4: 10, 1, 2, 3, port: 0)
  static let linkLocal = PeerAddress(high: 0xfe80_0000_0000_0000, low: 3, scope: 4, port: 0)

  static func interface(
    _ addresses: [NetworkInterface.Address], name: String = "eth0", isUp: Bool = true,
    isLoopback: Bool = false, isPointToPoint: Bool = false
  ) -> NetworkInterface {
    NetworkInterface(
      name: name, index: 4, isUp: isUp, isRunning: isUp, isLoopback: isLoopback,
      isPointToPoint: isPointToPoint, canBroadcast: !isPointToPoint, canMulticast: true,
      addresses: addresses)
  }

  static func address(_ address: PeerAddress, _ bits: Int) -> NetworkInterface.Address {
    NetworkInterface.Address(address: address, prefix: AddressPrefix(address, bits: bits))
  }

  /// The ways but those of loopback, as texts.
  private func ways(_ interfaces: [NetworkInterface], ports: [UInt16] = [9]) -> [String] {
    SearchTarget.all(NetworkInterfaces(interfaces), ports: ports)
      .filter { $0.way != "loopback" }.map { "\($0.way) \($0.address)" }
  }

  @Test("An interface asks everybody, its own network, and the group")
  func asksInEachWay() {
    let addresses = [Self.address(Self.v4, 120), Self.address(Self.linkLocal, 64)]
    #expect(
      ways([Self.interface(addresses)]) == [
        "broadcast eth0 255.255.255.255:9", "broadcast eth0 10.1.2.255:9",
        "multicast eth0 [ff12::6368:6174:64%4]:9",
      ])
    #expect(ways([Self.interface(addresses)], ports: [9, 10]).count == 6)
  }

  @Test("An interface without an address, or that is down, or is loopback, has no way out")
  func leavesOut() {
    #expect(ways([Self.interface([])]) == [])
    #expect(ways([Self.interface([Self.address(Self.v4, 120)], isUp: false)]) == [])
    #expect(ways([Self.interface([Self.address(Self.v4, 120)], isLoopback: true)]) == [])
    #expect(
      ways([Self.interface([Self.address(Self.linkLocal, 64)])])
        == ["multicast eth0 [ff12::6368:6174:64%4]:9"])
  }

  @Test("A link of two asks the other end")
  func asksThePeer() {
    let end = NetworkInterface.Address(
      address: Self.v4, prefix: nil, peer: PeerAddress(v4: 10, 9, 9, 9, port: 0))
    #expect(
      ways([Self.interface([end], name: "tun0", isPointToPoint: true)]) == [
        "broadcast tun0 255.255.255.255:9", "peer tun0 10.9.9.9:9",
      ])
  }

  @Test("This machine is asked at each port, also where it has no network")
  func asksThisMachine() {
    let targets = SearchTarget.all(NetworkInterfaces([]), ports: [9, 10])
    #expect(
      targets.map(\.address.description) == [
        "127.255.255.255:9", "127.0.0.1:9", "[::1]:9", "127.255.255.255:10", "127.0.0.1:10",
        "[::1]:10",
      ])
  }

  @Test("There are never more ways than may be")
  func isBounded() {
    let many = (0..<2_000).map { Self.interface([Self.address(Self.v4, 120)], name: "e\($0)") }
    #expect(
      SearchTarget.all(NetworkInterfaces(many), ports: [9]).count == Limits.searchTargetsMax)
  }
}
