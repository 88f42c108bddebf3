/// The addresses that share their first bits, as those of one link do.
///
/// IPv4 prefixes are held in the mapped form of their addresses, so their length counts from the
/// 128 bits of those: 24 bits of IPv4 are 120.
public struct AddressPrefix: Hashable, Sendable {
  public let high: UInt64
  public let low: UInt64
  /// In bits, 0 to 128.
  public let bits: Int

  /// The prefix of `bits` bits, of 128, that `address` lies in; nil where there are not so many.
  public init?(_ address: PeerAddress, bits: Int) {
    guard 0...128 ~= bits else { return nil }
    self.bits = bits
    high = address.high & Self.mask(bits)
    low = address.low & Self.mask(bits - 64)
  }

  /// Whether `address` lies in it, whatever its port and scope.
  public func contains(_ address: PeerAddress) -> Bool {
    address.high & Self.mask(bits) == high && address.low & Self.mask(bits - 64) == low
  }

  /// The IPv4 address whose bits behind the prefix are all one, to which all on a link listen
  /// (RFC 919); nil for IPv6, and for links of two (RFC 3021) or of one.
  public func broadcast(port: UInt16) -> PeerAddress? {
    guard high == 0, low >> 32 == 0xffff, 96...126 ~= bits else { return nil }
    return PeerAddress(high: 0, low: low | ~Self.mask(bits - 64), port: port)
  }

  /// The first `bits` of 64 bits.
  private static func mask(_ bits: Int) -> UInt64 {
    bits <= 0 ? 0 : bits >= 64 ? .max : ~(.max >> UInt64(bits))
  }
}
