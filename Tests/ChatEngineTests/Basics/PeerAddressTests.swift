import Testing

@testable import ChatEngine

@Suite("PeerAddress")
struct PeerAddressTests {
  /// Eight groups as RFC 4291 writes them.
  private func v6(_ groups: [UInt16], scope: UInt32 = 0, port: UInt16 = 5) -> PeerAddress {
    let halves = [groups[..<4], groups[4...]].map { half in
      half.reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
    }
    return PeerAddress(high: halves[0], low: halves[1], scope: scope, port: port)
  }

  @Test(
    "IPv6 addresses are written as RFC 5952 wants them",
    arguments: [
      ([0, 0, 0, 0, 0, 0, 0, 0], "::"),
      ([0, 0, 0, 0, 0, 0, 0, 1], "::1"),
      ([1, 0, 0, 0, 0, 0, 0, 0], "1::"),
      ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], "2001:db8::1"),
      // §4.2.2: one zero group alone is not shortened.
      ([0x2001, 0xdb8, 0, 1, 1, 1, 1, 1], "2001:db8:0:1:1:1:1:1"),
      ([0, 1, 1, 1, 1, 1, 1, 0], "0:1:1:1:1:1:1:0"),
      // §4.2.3: the longest run, and the first of equal ones.
      ([0x2001, 0, 0, 1, 0, 0, 0, 1], "2001:0:0:1::1"),
      ([0x2001, 0xdb8, 0, 0, 1, 0, 0, 1], "2001:db8::1:0:0:1"),
      ([0, 0, 1, 0, 0, 0, 1, 0], "0:0:1::1:0"),
      ([1, 2, 3, 4, 5, 6, 0, 0], "1:2:3:4:5:6::"),
      ([0, 0, 3, 4, 5, 6, 7, 8], "::3:4:5:6:7:8"),
      // §4.1, §4.3: no leading zeros, lower case.
      ([0x2001, 0xdb8, 0xabc, 0xd, 0xef, 0xfff, 0x1, 0xffff], "2001:db8:abc:d:ef:fff:1:ffff"),
      // Neither mapped nor shortened to dots.
      ([0, 0, 0, 0, 0, 0xfffe, 0xc000, 0x201], "::fffe:c000:201"),
      ([0, 0, 0, 0, 0, 0, 0xc000, 0x201], "::c000:201"),
      ([0, 0, 0, 1, 0, 0xffff, 0xc000, 0x201], "::1:0:ffff:c000:201"),
    ] as [([UInt16], String)])
  func writesV6(groups: [UInt16], text: String) {
    #expect(v6(groups).host == text)
    #expect(v6(groups, port: 65_535).description == "[\(text)]:65535")
  }

  @Test("An IPv4 address is written in dots and held in its mapped form")
  func writesV4() {
    let address = PeerAddress(v4: 192, 0, 2, 255, port: 12_345)
    #expect(address.description == "192.0.2.255:12345")
    #expect(address.host == "192.0.2.255")
    #expect(address.v4 == 0xc000_02ff)
    #expect(address == v6([0, 0, 0, 0, 0, 0xffff, 0xc000, 0x02ff], port: 12_345))
  }

  @Test("A link-local address shows its interface")
  func writesScope() {
    let address = v6([0xfe80, 0, 0, 0, 0, 0, 0, 7], scope: 3)
    #expect(address.host == "fe80::7%3")
    #expect(address.description == "[fe80::7%3]:5")
  }

  @Test("Port and scope tell addresses apart")
  func comparesAll() {
    let address = v6([0xfe80, 0, 0, 0, 0, 0, 0, 7], scope: 3)
    #expect(address != v6([0xfe80, 0, 0, 0, 0, 0, 0, 7], scope: 4))
    #expect(address != v6([0xfe80, 0, 0, 0, 0, 0, 0, 7], scope: 3, port: 6))
  }

  @Test(
    "IPv4: loopback, RFC 1918 and link-local are private, their neighbours are not",
    arguments: [
      ((127, 0, 0, 1), true), ((127, 255, 255, 255), true), ((126, 255, 255, 255), false),
      ((128, 0, 0, 0), false), ((10, 0, 0, 0), true), ((10, 255, 255, 255), true),
      ((9, 255, 255, 255), false), ((11, 0, 0, 0), false), ((172, 15, 255, 255), false),
      ((172, 16, 0, 0), true), ((172, 31, 255, 255), true), ((172, 32, 0, 0), false),
      ((192, 167, 255, 255), false), ((192, 168, 0, 0), true), ((192, 168, 255, 255), true),
      ((192, 169, 0, 0), false), ((169, 253, 255, 255), false), ((169, 254, 0, 0), true),
      ((169, 254, 255, 255), true), ((169, 255, 0, 0), false), ((0, 0, 0, 0), false),
      ((100, 64, 0, 1), false), ((8, 8, 8, 8), false), ((255, 255, 255, 255), false),
    ] as [((UInt8, UInt8, UInt8, UInt8), Bool)])
  func knowsPrivateV4(parts: (UInt8, UInt8, UInt8, UInt8), isPrivate: Bool) {
    let address = PeerAddress(v4: parts.0, parts.1, parts.2, parts.3, port: 1)
    #expect(address.isPrivate == isPrivate, "\(address)")
  }

  @Test(
    "IPv6: loopback, fe80::/10 and fc00::/7 are private, their neighbours are not",
    arguments: [
      ([0, 0, 0, 0, 0, 0, 0, 1], true), ([0, 0, 0, 0, 0, 0, 0, 0], false),
      ([0, 0, 0, 0, 0, 0, 0, 2], false), ([0, 0, 0, 1, 0, 0, 0, 1], false),
      ([0xfe80, 0, 0, 0, 0, 0, 0, 1], true), ([0xfebf, 0xffff, 0, 0, 0, 0, 0, 1], true),
      ([0xfe7f, 0xffff, 0, 0, 0, 0, 0, 1], false), ([0xfec0, 0, 0, 0, 0, 0, 0, 1], false),
      ([0xfc00, 0, 0, 0, 0, 0, 0, 1], true), ([0xfdff, 0xffff, 0, 0, 0, 0, 0, 1], true),
      ([0xfbff, 0xffff, 0, 0, 0, 0, 0, 1], false), ([0xfe00, 0, 0, 0, 0, 0, 0, 1], false),
      ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], false), ([0xff02, 0, 0, 0, 0, 0, 0, 1], false),
      // The low half of a mapped private address, not mapped.
      ([0, 0, 0, 0, 0, 0, 0x0a00, 1], false), ([1, 0, 0, 0, 0, 0xffff, 0x0a00, 1], false),
    ] as [([UInt16], Bool)])
  func knowsPrivateV6(groups: [UInt16], isPrivate: Bool) {
    #expect(v6(groups).isPrivate == isPrivate, "\(v6(groups))")
  }
}
