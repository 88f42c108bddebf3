import CLinux
import ChatEngine
import Glibc

/// One interface of this machine, as it was when it was looked at.
public struct NetworkInterface: Sendable, Equatable {
  public struct Address: Sendable, Equatable {
    /// Port 0; a link-local address has its scope.
    public var address: PeerAddress
    /// What lies on the same link; of a link of two, the other end.
    public var prefix: AddressPrefix?
    /// The other end of a link of two.
    public var peer: PeerAddress?
  }

  public var name: String
  /// By which the kernel knows it; a scope.
  public var index: UInt32
  public var isUp: Bool
  /// Whether the link is there: a cable is plugged in, an access point was found.
  public var isRunning: Bool
  public var isLoopback: Bool
  public var isPointToPoint: Bool
  public var canBroadcast: Bool
  public var canMulticast: Bool
  public var addresses: [Address] = []
}

/// The interfaces of this machine (getifaddrs(3)).
public struct NetworkInterfaces: Sendable, Equatable {
  /// In the kernel's order.
  public private(set) var all: [NetworkInterface] = []

  public init(_ all: [NetworkInterface]) { self.all = all }

  /// Looks at them now; at most `Limits.interfacesMax`, with as many addresses in all as
  /// `Limits.interfaceAddressesMax`.
  public static func current() throws(SystemError) -> NetworkInterfaces {
    var list: UnsafeMutablePointer<ifaddrs>?
    try checked(getifaddrs(&list), "look at the network interfaces")
    defer { freeifaddrs(list) }
    var found = NetworkInterfaces([])
    var entry = list
    while let current = entry?.pointee {
      entry = current.ifa_next
      found.add(current)
    }
    return found
  }

  private mutating func add(_ entry: ifaddrs) {
    let name = String(cString: entry.ifa_name)
    var index = all.firstIndex { $0.name == name }
    if index == nil, all.count < Limits.interfacesMax {
      index = all.count
      all.append(NetworkInterface(name, flags: Int(entry.ifa_flags)))
    }
    guard let index, let raw = entry.ifa_addr, let address = SocketAddress.read(raw),
      all.reduce(0, { $0 + $1.addresses.count }) < Limits.interfaceAddressesMax
    else { return }
    all[index].add(address, mask: entry.ifa_netmask, other: entry.ifa_ifu.ifu_dstaddr)
  }

  public var up: [NetworkInterface] { all.filter(\.isUp) }

  /// What lies on the links that are up: whose hosts are reached without a router.
  public var prefixes: [AddressPrefix] {
    up.flatMap { interface in interface.addresses.compactMap(\.prefix) }
  }

  /// The same for a server that listens on one address only: the links of its interface.
  public func prefixes(servedAt address: PeerAddress) -> [AddressPrefix] {
    let here = up.filter { $0.has(address) }
    return here.flatMap { interface in interface.addresses.compactMap(\.prefix) }
  }

  /// Whether an address is one of this machine's own.
  public func has(_ address: PeerAddress) -> Bool {
    address.isLoopback || all.contains { $0.has(address) }
  }

  /// The name of the interface on whose link an address lies.
  public func name(for address: PeerAddress) -> String? {
    if address.scope != 0 { return all.first { $0.index == address.scope }?.name }
    return up.first { interface in
      interface.addresses.contains { $0.prefix?.contains(address) == true }
    }?.name
  }

  /// The addresses at which others may reach this machine: of interfaces that are up, without
  /// loopback and link-local ones, IPv4 first.
  public var reachable: [PeerAddress] {
    let found = up.filter { !$0.isLoopback }.flatMap { interface in
      interface.addresses.map(\.address).filter { !$0.isLinkLocal }
    }
    return found.filter { $0.v4 != nil } + found.filter { $0.v4 == nil }
  }
}

extension NetworkInterface {
  fileprivate init(_ name: String, flags: Int) {
    self.name = name
    index = if_nametoindex(name)
    isUp = flags & Int(IFF_UP) != 0
    isRunning = flags & Int(IFF_RUNNING) != 0
    isLoopback = flags & Int(IFF_LOOPBACK) != 0
    isPointToPoint = flags & Int(IFF_POINTOPOINT) != 0
    canBroadcast = flags & Int(IFF_BROADCAST) != 0
    canMulticast = flags & Int(IFF_MULTICAST) != 0
  }

  /// - Parameter other: of a link of two, the address of the other end.
  fileprivate mutating func add(
    _ address: PeerAddress, mask: UnsafeMutablePointer<sockaddr>?,
    other: UnsafeMutablePointer<sockaddr>?
  ) {
    // The kernel gives an own address for the other end where none was set.
    let peer =
      isPointToPoint
      ? other.flatMap { SocketAddress.read($0) }.flatMap { $0 == address ? nil : $0 } : nil
    let bits = mask.flatMap { SocketAddress.prefixBits($0, isV4: address.v4 != nil) }
    addresses.append(
      Address(
        address: address, prefix: bits.flatMap { AddressPrefix(peer ?? address, bits: $0) },
        peer: peer))
  }

  /// Whether an address is this interface's, whatever its port.
  func has(_ address: PeerAddress) -> Bool {
    addresses.contains { $0.address.high == address.high && $0.address.low == address.low }
  }
}
