import CLinux
import ChatEngine
import Glibc

/// Where a client looks for its server: `HOST`, `HOST:PORT`, `[IPV6]:PORT` or a bare IPv6 address.
public struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
  public let host: String
  public let port: UInt16
  /// This machine, when nobody said where the server is: tried over both families.
  public let isThisMachine: Bool

  /// The port of the classroom clients, and of chatd.
  public static let defaultPort: UInt16 = 12_345

  public static let thisMachine = ServerAddress(
    host: "localhost", port: defaultPort, isThisMachine: true)

  /// The same with a server of this machine that has another port.
  public static func thisMachine(port: UInt16) -> ServerAddress {
    ServerAddress(host: "localhost", port: port, isThisMachine: true)
  }

  /// An address in numbers; a link-local one with the name of its interface.
  public init(_ address: PeerAddress) {
    self.init(host: address.scopedHost, port: address.port, isThisMachine: false)
  }

  private init(host: String, port: UInt16, isThisMachine: Bool) {
    self.host = host
    self.port = port
    self.isThisMachine = isThisMachine
  }

  /// - Returns: nil when `text` is no address.
  public init?(_ text: String) {
    var host = text
    var port = Self.defaultPort
    var isNumeric = false
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else { return nil }
      host = String(text[text.index(after: text.startIndex)..<end])
      isNumeric = true
      let rest = text[text.index(after: end)...]
      if !rest.isEmpty {
        guard rest.hasPrefix(":"), let number = Self.port(rest.dropFirst()) else { return nil }
        port = number
      }
    } else if let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon {
      host = String(text[..<colon])
      guard let number = Self.port(text[text.index(after: colon)...]) else { return nil }
      port = number
    } else {
      isNumeric = text.contains(":")
    }
    if isNumeric, !Self.isNumeric(host) { return nil }
    guard !host.isEmpty, port != 0, host.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
      return nil
    }
    self.init(host: host, port: port, isThisMachine: false)
  }

  /// Whether this is the machine itself, under any of the names that it has for itself (RFC 6761).
  var isLoopback: Bool {
    host.lowercased() == "localhost" || Self.numeric(host, port: port)?.isLoopback == true
  }

  private static func port(_ text: Substring) -> UInt16? {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt16(text) : nil
  }

  /// Whether a host is an IPv6 address, whatever interface its scope names: that may come and go.
  private static func isNumeric(_ host: String) -> Bool {
    guard let percent = host.firstIndex(of: "%") else { return numeric(host, port: 0) != nil }
    let scope = host[host.index(after: percent)...]
    return !scope.isEmpty && !scope.contains("%")
      && numeric(String(host[..<percent]), port: 0)?.v4 == nil
      && numeric(String(host[..<percent]), port: 0) != nil
  }

  /// As a person writes it: without the port where it is the usual one.
  public var shortText: String {
    port == Self.defaultPort ? ShownText.string(host) : description
  }

  public var description: String {
    let host = ShownText.string(host)
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  /// An address in numbers, or nil where `host` is a name.
  static func numeric(_ host: String, port: UInt16) -> PeerAddress? {
    if case .success(let found) = lookUp(host, port, flags: AI_NUMERICHOST) { return found.first }
    return nil
  }

  /// The addresses of this host, in the order in which to try them. Blocks while the resolver
  /// works.
  func resolve() throws(Failure) -> [PeerAddress] {
    if let fault = missingInterface { throw Failure(.usage, "\(fault.figure): \(fault.advice)") }
    if isThisMachine {
      return [
        PeerAddress(v4: 127, 0, 0, 1, port: port), PeerAddress(high: 0, low: 1, port: port),
      ]
    }
    switch Self.lookUp(host, port, flags: AI_ADDRCONFIG) {
    case .success(let addresses) where !addresses.isEmpty: return Self.alternating(addresses)
    case .success: throw Failure(.notReached, "\(self): the name has no address")
    case .failure(let fault):
      throw Failure(.notReached, "\(self): the name could not be looked up: \(fault.text)")
    }
  }

  /// The same addresses with the two families by turns, so that one of them that does not get
  /// through delays the other once (RFC 8305 §4).
  static func alternating(_ addresses: [PeerAddress]) -> [PeerAddress] {
    guard let first = addresses.first else { return [] }
    var (same, other) = (addresses[...], addresses[...])
    same.removeAll { ($0.v4 == nil) != (first.v4 == nil) }
    other.removeAll { ($0.v4 == nil) == (first.v4 == nil) }
    var result: [PeerAddress] = []
    while !same.isEmpty || !other.isEmpty {
      if let next = same.popFirst() { result.append(next) }
      if let next = other.popFirst() { result.append(next) }
    }
    return result
  }

  struct LookUpFault: Error {
    /// Of getaddrinfo(3).
    let code: Int32

    var text: String { String(cString: gai_strerror(code)) }
  }

  /// The addresses of this host, also where this machine has none of their families; or why there
  /// are none. Blocks while the resolver works.
  func lookUp() -> Result<[PeerAddress], LookUpFault> {
    if isThisMachine { return .success((try? resolve()) ?? []) }
    if let address = Self.numeric(host, port: port) { return .success([address]) }
    return Self.lookUp(host, port, flags: AI_ADDRCONFIG).map(Self.alternating)
  }

  /// What is wrong, and what to write, where an address is one of a single link and does not say of
  /// which (RFC 4007 §6): each interface may have somebody else there.
  var missingInterface: (figure: String, advice: String)? {
    guard let address = Self.numeric(host, port: port), address.v4 == nil, address.isLinkLocal,
      address.scope == 0
    else { return nil }
    let interface = (try? NetworkInterfaces.current())?.up.first { !$0.isLoopback }
    return (
      "\(self) may be somebody else's on each link",
      "say on whose it is, as in [\(host)%\(interface?.name ?? "eth0")]"
    )
  }

  private static func lookUp(
    _ host: String, _ port: UInt16, flags: Int32
  ) -> Result<[PeerAddress], LookUpFault> {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(CLINUX_DATAGRAM)
    hints.ai_flags = flags
    var list: UnsafeMutablePointer<addrinfo>?
    let result = getaddrinfo(host, "\(port)", &hints, &list)
    guard result == 0 else {
      return .failure(LookUpFault(code: result))
    }
    defer { freeaddrinfo(list) }
    var addresses: [PeerAddress] = []
    var entry = list
    while let current = entry?.pointee, addresses.count < Limits.serverAddressesMax {
      if let raw = current.ai_addr, let address = SocketAddress.read(raw) {
        addresses.append(address)
      }
      entry = current.ai_next
    }
    return .success(addresses)
  }
}
