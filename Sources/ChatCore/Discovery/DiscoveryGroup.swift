import ChatEngine

/// Where servers are looked for.
public enum DiscoveryGroup {
  /// The port of the classroom clients, on which servers are looked for.
  public static let port: UInt16 = 9_002

  /// Whom an IPv6 question is for, on the link of one interface: transient, of link-local scope
  /// (RFC 4291 §2.7), and the letters of chatd.
  public static func address(interface: UInt32, port: UInt16) -> PeerAddress {
    PeerAddress(
      high: 0xff12_0000_0000_0000, low: 0x0000_6368_6174_0064, scope: interface, port: port)
  }

  /// All on a link (RFC 919).
  static func everybody(port: UInt16) -> PeerAddress {
    PeerAddress(v4: 255, 255, 255, 255, port: port)
  }

  /// All programs of this machine.
  static func thisMachine(port: UInt16) -> PeerAddress {
    PeerAddress(v4: 127, 255, 255, 255, port: port)
  }
}
