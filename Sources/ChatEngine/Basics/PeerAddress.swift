/// Where a datagram came from or goes to: an IPv6 address, its scope and a UDP port.
///
/// IPv4 addresses are held in their mapped form `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2), which is how
/// a dual-stack socket shows them. Twenty-four bytes, trivially copied, so that a fan-out may hold
/// one for each delivery.
public struct PeerAddress: Hashable, Sendable {
  /// The first and second eight bytes of the address, in network order read as big-endian.
  public var high: UInt64
  public var low: UInt64
  /// The interface index of a link-local address, else 0.
  public var scope: UInt32
  /// In host order.
  public var port: UInt16
  /// To which of this machine's own addresses the peer speaks, as the socket numbers them, so that
  /// it is answered from there; 0 where nobody knows. It does not make two addresses different.
  public var local: UInt16 = 0

  public init(high: UInt64, low: UInt64, scope: UInt32 = 0, port: UInt16) {
    self.high = high
    self.low = low
    self.scope = scope
    self.port = port
  }

  /// An IPv4 address, most significant byte first.
  public init(v4 a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, port: UInt16) {
    let address = UInt64(a) << 24 | UInt64(b) << 16 | UInt64(c) << 8 | UInt64(d)
    self.init(high: 0, low: 0xffff_0000_0000 | address, port: port)
  }

  /// No address: what a connected socket, which has one already, does not look at.
  public static let unspecified = PeerAddress(high: 0, low: 0, port: 0)

  /// Whether it is no address: `::` or 0.0.0.0.
  public var isUnspecified: Bool { high == 0 && (low == 0 || low == 0xffff_0000_0000) }

  @inline(__always)
  public static func == (one: Self, other: Self) -> Bool {
    one.high == other.high && one.low == other.low && one.port == other.port
      && one.scope == other.scope
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(high)
    hasher.combine(low)
    hasher.combine(scope)
    hasher.combine(port)
  }

  /// The same address with another port.
  public func at(_ port: UInt16) -> PeerAddress {
    var other = self
    other.port = port
    return other
  }

  /// A hash of the address without its port. Who does not know `seed` cannot choose addresses that
  /// meet in one bucket; the same seed gives the same hash (the finalizer of SplitMix64).
  public func hostHash(seed: UInt64) -> UInt64 {
    func mixed(_ value: UInt64) -> UInt64 {
      var mixed = value
      mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
      return mixed ^ mixed >> 31
    }
    return mixed(mixed(seed &+ high) &+ low)
  }

  /// The IPv4 address of a mapped one, else nil.
  public var v4: UInt32? {
    high == 0 && low >> 32 == 0xffff ? UInt32(truncatingIfNeeded: low) : nil
  }

  /// Whether this address can only be of this machine or of a private network: loopback,
  /// RFC 1918, link-local (RFC 3927, RFC 4291) or unique local (RFC 4193).
  public var isPrivate: Bool {
    if isLinkLocal || isLoopback { return true }
    if let v4 { return v4 >> 24 == 10 || v4 >> 20 == 0xac1 || v4 >> 16 == 0xc0a8 }
    return high >> 57 == 0xfc >> 1
  }

  /// Whether this address is this machine's for itself (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).
  public var isLoopback: Bool { v4.map { $0 >> 24 == 127 } ?? (high == 0 && low == 1) }

  /// Whether this address is good on one link only (RFC 3927, RFC 4291).
  public var isLinkLocal: Bool { v4.map { $0 >> 16 == 0xa9fe } ?? (high >> 54 == 0xfe80 >> 6) }
}

extension PeerAddress: CustomStringConvertible {
  /// `192.0.2.1:5`, or `[2001:db8::1%3]:5` in the form of RFC 5952.
  public var description: String { "\(bracketedHost):\(port)" }

  private var bracketedHost: String { v4 == nil ? "[\(host)]" : host }

  /// The address without its port.
  public var host: String {
    if let v4 {
      return "\(v4 >> 24).\(v4 >> 16 & 255).\(v4 >> 8 & 255).\(v4 & 255)"
    }
    let text = Self.compressed(groups)
    return scope == 0 ? text : "\(text)%\(scope)"
  }

  private var groups: [UInt16] {
    (0..<8).map { index in
      let half = index < 4 ? high : low
      return UInt16(truncatingIfNeeded: half >> UInt64(48 - 16 * (index % 4)))
    }
  }

  /// Replaces the longest run of two or more zero groups, the first where several are as long.
  private static func compressed(_ groups: [UInt16]) -> String {
    var best = 0..<0
    var start = 0
    while start < 8 {
      var end = start
      while end < 8, groups[end] == 0 { end += 1 }
      if end - start > max(best.count, 1) { best = start..<end }
      start = max(end, start + 1)
    }
    let text = groups.map { String($0, radix: 16) }
    if best.isEmpty { return text.joined(separator: ":") }
    return text[..<best.lowerBound].joined(separator: ":") + "::"
      + text[best.upperBound...].joined(separator: ":")
  }
}
