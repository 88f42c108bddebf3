import ChatEngine
import Glibc

/// The addresses of this machine's interfaces.
enum LocalAddresses {
  /// Those at which others may reach it: of interfaces that are up, without loopback and
  /// link-local ones, IPv4 first.
  static func reachable() -> [PeerAddress] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return [] }
    defer { freeifaddrs(list) }
    var found: [PeerAddress] = []
    var entry = list
    while let current = entry?.pointee {
      entry = current.ifa_next
      let flags = Int(current.ifa_flags)
      guard flags & Int(IFF_UP) != 0, flags & Int(IFF_LOOPBACK) == 0,
        let raw = current.ifa_addr, let address = SocketAddress.read(raw), !address.isLinkLocal
      else { continue }
      found.append(address)
    }
    return found.filter { $0.v4 != nil } + found.filter { $0.v4 == nil }
  }
}
