import CLinux
import ChatEngine

/// The addresses of this machine that peers of one socket spoke to, numbered from 1 in the order
/// in which they were first seen, and what has a message leave from each (IP_PKTINFO of ip(7)).
///
/// A machine with several addresses on one link would answer from the first of them, whichever was
/// asked, and whoever asked another one would not know the answer for one. At most
/// `Limits.sourceAddressesMax`; peers of others are answered from where the kernel takes it.
final class SourceAddresses {
  private let family: Int32
  private let controls = UnsafeMutablePointer<clinux_source_control>.allocate(
    capacity: Limits.sourceAddressesMax)
  private var addresses: [(high: UInt64, low: UInt64)] = []
  /// The one that was asked for last, which is asked for again as a rule.
  private var last = 0

  init(family: Int32) {
    self.family = family
    addresses.reserveCapacity(Limits.sourceAddressesMax)
  }

  deinit { controls.deallocate() }

  /// The number of an address, given to it now where it has none; 0 where there is no more room.
  @inline(__always)
  func number(of local: clinux_local) -> UInt16 {
    let (high, low) = withUnsafeBytes(of: local.address) {
      (
        $0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
      )
    }
    if last < addresses.count, addresses[last] == (high, low) { return UInt16(last + 1) }
    return find(high, low, local)
  }

  private func find(_ high: UInt64, _ low: UInt64, _ local: clinux_local) -> UInt16 {
    if let index = addresses.firstIndex(where: { $0 == (high, low) }) {
      last = index
    } else if addresses.count < Limits.sourceAddressesMax {
      last = addresses.count
      var local = local
      clinux_source(controls + last, family, &local)
      addresses.append((high, low))
    } else {
      return 0
    }
    return UInt16(last + 1)
  }

  /// Has `message` leave from the address of that number.
  @inline(__always)
  func leave(from number: UInt16, _ message: UnsafeMutablePointer<clinux_message>) {
    if number != 0 { clinux_leave_from(message, controls + (Int(number) - 1)) }
  }
}
