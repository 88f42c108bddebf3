import Testing

@testable import ChatEngine

@Suite("AddressPrefix")
struct AddressPrefixTests {
  private let host = PeerAddress(v4: 10, 1, 2, 3, port: 9)
  private let v6 = PeerAddress(high: 0x2001_0db8_0000_0001, low: 5, scope: 7, port: 9)

  @Test(
    "An address lies in the prefix of its first bits, and one that differs in the last does not")
  func contains() throws {
    for address in [host, v6] {
      for bits in 0...128 {
        let prefix = try #require(AddressPrefix(address, bits: bits))
        #expect(prefix.contains(address))
        #expect(prefix.contains(address.at(80)))
        for bit in 0..<128 {
          var other = address
          if bit < 64 { other.high ^= 1 << UInt64(63 - bit) }
          if bit >= 64 { other.low ^= 1 << UInt64(127 - bit) }
          #expect(prefix.contains(other) == (bit >= bits), "\(address) \(bits) \(bit)")
        }
      }
      #expect(AddressPrefix(address, bits: -1) == nil && AddressPrefix(address, bits: 129) == nil)
    }
  }

  @Test("Two hosts of one link have the same prefix")
  func isOneValue() {
    let other = PeerAddress(v4: 10, 1, 2, 200, port: 1)
    #expect(AddressPrefix(host, bits: 120) == AddressPrefix(other, bits: 120))
    #expect(AddressPrefix(host, bits: 121) != AddressPrefix(other, bits: 121))
  }

  @Test(
    "The broadcast address has all other bits set; links of two and IPv6 have none",
    arguments: [
      (120, "10.1.2.255:77"), (104, "10.255.255.255:77"), (126, "10.1.2.3:77"),
      (96, "255.255.255.255:77"), (127, nil), (128, nil), (95, nil), (0, nil),
    ] as [(Int, String?)])
  func knowsBroadcast(bits: Int, wanted: String?) {
    #expect(AddressPrefix(host, bits: bits)?.broadcast(port: 77)?.description == wanted)
    #expect(AddressPrefix(v6, bits: bits)?.broadcast(port: 77) == nil)
  }
}
