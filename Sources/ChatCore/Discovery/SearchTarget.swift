import ChatEngine

/// Where a question for servers goes: an address, and out of which interface.
struct SearchTarget: Equatable {
  var address: PeerAddress
  /// 0 where the address says it.
  var interface: UInt32 = 0
  /// Of an IPv4 question, what it comes from.
  var source: PeerAddress?
  /// How this is called: `broadcast eth0`.
  var way: String

  /// Every way out of this machine, and to its own servers.
  ///
  /// - Parameter ports: those to ask at.
  static func all(_ interfaces: NetworkInterfaces, ports: [UInt16]) -> [SearchTarget] {
    let inside = ports.flatMap { port in
      [
        SearchTarget(address: DiscoveryGroup.thisMachine(port: port), way: "loopback"),
        SearchTarget(address: PeerAddress(v4: 127, 0, 0, 1, port: port), way: "loopback"),
        SearchTarget(address: PeerAddress(high: 0, low: 1, port: port), way: "loopback"),
      ]
    }
    let outside = interfaces.up.filter { !$0.isLoopback }.flatMap { interface in
      ports.flatMap { port in out(of: interface, port) }
    }
    return Array((inside + outside).prefix(Limits.searchTargetsMax))
  }

  /// The ways out of one interface. An interface without an address of a family has no way for it:
  /// nothing would come back.
  private static func out(of interface: NetworkInterface, _ port: UInt16) -> [SearchTarget] {
    var targets: [SearchTarget] = []
    let v4 = interface.addresses.filter { $0.address.v4 != nil }
    if let first = v4.first {
      targets.append(
        SearchTarget(
          address: DiscoveryGroup.everybody(port: port), interface: interface.index,
          source: first.address, way: "broadcast \(interface.name)"))
    }
    for address in v4 {
      guard let broadcast = address.prefix?.broadcast(port: port) else { continue }
      targets.append(
        SearchTarget(
          address: broadcast, interface: interface.index, source: address.address,
          way: "broadcast \(interface.name)"))
    }
    if interface.canMulticast, interface.addresses.contains(where: { $0.address.v4 == nil }) {
      targets.append(
        SearchTarget(
          address: DiscoveryGroup.address(interface: interface.index, port: port),
          way: "multicast \(interface.name)"))
    }
    for peer in interface.addresses.compactMap(\.peer) {
      targets.append(SearchTarget(address: peer.at(port), way: "peer \(interface.name)"))
    }
    return targets
  }
}
