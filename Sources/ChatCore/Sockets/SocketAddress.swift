import CLinux
import ChatEngine
import Glibc

/// The kernel's form of an address, for a socket of one family.
///
/// A dual-stack socket is AF_INET6 and shows IPv4 peers as mapped addresses; AF_INET is for sockets
/// that are bound to an IPv4 address, and for machines whose kernel has no IPv6. Room for either,
/// with the length in use.
struct SocketAddress {
  var storage = sockaddr_in6()
  var length = socklen_t(MemoryLayout<sockaddr_in6>.size)

  init() {}

  init(_ peer: PeerAddress, family: Int32) {
    withUnsafeMutablePointer(to: &storage) { length = Self.write(peer, family, to: $0) }
  }

  /// Writes `peer` where a socket of `family` looks for it. One of IPv4 refuses an address of IPv6.
  ///
  /// - Returns: the length of what was written.
  @inline(__always)
  static func write(
    _ peer: PeerAddress, _ family: Int32, to pointer: UnsafeMutablePointer<sockaddr_in6>
  ) -> socklen_t {
    if family == AF_INET, let address = peer.v4 ?? (peer.isUnspecified ? 0 : nil) {
      let v4 = UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: sockaddr_in.self)
      v4.pointee = sockaddr_in()
      v4.pointee.sin_family = sa_family_t(AF_INET)
      v4.pointee.sin_port = peer.port.bigEndian
      v4.pointee.sin_addr.s_addr = address.bigEndian
      return socklen_t(MemoryLayout<sockaddr_in>.size)
    }
    pointer.pointee.sin6_family = sa_family_t(AF_INET6)
    pointer.pointee.sin6_port = peer.port.bigEndian
    pointer.pointee.sin6_flowinfo = 0
    pointer.pointee.sin6_scope_id = peer.scope
    let address = UnsafeMutableRawPointer(pointer) + 8
    address.storeBytes(of: peer.high.bigEndian, as: UInt64.self)
    address.storeBytes(of: peer.low.bigEndian, toByteOffset: 8, as: UInt64.self)
    return socklen_t(MemoryLayout<sockaddr_in6>.size)
  }

  /// Reads what the kernel wrote; nil for a family that is neither IPv4 nor IPv6.
  @inline(__always)
  static func read(_ pointer: UnsafeRawPointer) -> PeerAddress? {
    let family = Int32(pointer.loadUnaligned(as: sa_family_t.self))
    let port = UInt16(bigEndian: pointer.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    if family == AF_INET {
      let v4 = UInt32(bigEndian: pointer.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
      return PeerAddress(high: 0, low: 0xffff_0000_0000 | UInt64(v4), port: port)
    }
    guard family == AF_INET6 else { return nil }
    return PeerAddress(
      high: UInt64(bigEndian: pointer.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
      low: UInt64(bigEndian: pointer.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
      scope: pointer.loadUnaligned(fromByteOffset: 24, as: UInt32.self), port: port)
  }

  /// How many of the 128 bits of an address a netmask covers; nil for one of another family.
  ///
  /// - Parameter isV4: whether the mask is an IPv4 one, whose family the kernel may leave out.
  static func prefixBits(_ pointer: UnsafeRawPointer, isV4: Bool) -> Int? {
    if isV4 {
      let mask = pointer.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
      return 96 + mask.nonzeroBitCount
    }
    let high = pointer.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    let low = pointer.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
    return high.nonzeroBitCount + low.nonzeroBitCount
  }

  func withPointer<Result>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    withUnsafePointer(to: storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }
}
