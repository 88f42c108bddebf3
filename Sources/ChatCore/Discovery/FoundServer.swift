import ChatEngine

/// A server that answered, however many ways it was heard.
public struct FoundServer: Sendable, Equatable {
  /// What it calls itself; nobody vouches for it.
  public var name: String
  /// Nil for one of before, which only said that it is there.
  public var key: PublicKey?
  public var needsPassword: Bool
  public var people: Int
  /// Where it was heard, with its port, the best to go to first.
  public var addresses: [PeerAddress]
  /// The interface on whose link it is; nil where that is not known.
  public var interface: String?
  /// How it was asked: `broadcast eth0`, `multicast eth0`, `text`, in the order of the answers.
  public var ways: [String]
  /// Whether it runs on this machine.
  public var isHere: Bool
  /// By how much its clock is ahead of this machine's, to a second or two; nil where it is not
  /// known.
  public var aheadSeconds: Int64?

  public var isPlain: Bool { key == nil }

  /// Where a client goes; nil for a server of before, which speaks nothing that a client does.
  public var server: ServerAddress? {
    guard !isPlain, let address = addresses.first else { return nil }
    return address.isLoopback ? .thisMachine(port: address.port) : ServerAddress(address)
  }

  /// As a person writes it: without the port where it is the usual one.
  public var place: String {
    guard let server else { return addresses.first?.scopedHost ?? "?" }
    return server.shortText
  }
}

/// The servers that answered so far, each once.
public struct FoundServers: Sendable {
  private let interfaces: NetworkInterfaces
  private var natives: [FoundServer] = []
  private var plain: [FoundServer] = []

  public init(_ interfaces: NetworkInterfaces) { self.interfaces = interfaces }

  /// Those of this machine first, then by name and address. Who answered in both ways is no server
  /// of before.
  public var all: [FoundServer] {
    let others = plain.filter { other in
      !natives.contains { native in
        native.isHere && other.isHere
          || native.addresses.contains { $0.isHost(of: other.addresses[0]) }
      }
    }
    return (natives + others).sorted { a, b in
      if a.isHere != b.isHere { return a.isHere }
      if a.isPlain != b.isPlain { return b.isPlain }
      return (a.name, a.place) < (b.name, b.place)
    }
  }

  /// Takes an answer that came from `source` to a question that was asked in some `way`.
  public mutating func add(_ answer: DiscoveryAnswer, from source: PeerAddress, way: String) {
    switch answer {
    case .found(let found): add(found, from: source.at(found.port), way)
    case .text: addPlain(source)
    case .other: break
    }
  }

  private mutating func add(
    _ found: DiscoveryAnswer.Found, from address: PeerAddress, _ way: String
  ) {
    let isHere = interfaces.has(address)
    guard let index = natives.firstIndex(where: { $0.key == found.key }) else {
      if natives.count >= Limits.foundServersMax { return }
      natives.append(
        FoundServer(
          name: found.name, key: found.key, needsPassword: found.needsPassword,
          people: Int(found.people), addresses: [address],
          interface: interfaces.name(for: address), ways: [way], isHere: isHere,
          aheadSeconds: found.unixSeconds.map { Int64(clamping: $0) &- Clocks.unixSeconds() }))
      return
    }
    natives[index].isHere = natives[index].isHere || isHere
    if !natives[index].ways.contains(way), natives[index].ways.count < Limits.foundAddressesMax {
      natives[index].ways.append(way)
    }
    if !natives[index].addresses.contains(address),
      natives[index].addresses.count < Limits.foundAddressesMax
    {
      natives[index].addresses.append(address)
      natives[index].addresses.sort { ($0.distance, $0.low) < ($1.distance, $1.low) }
      natives[index].interface = interfaces.name(for: natives[index].addresses[0])
    }
  }

  private mutating func addPlain(_ address: PeerAddress) {
    guard plain.count < Limits.foundServersMax,
      !plain.contains(where: { $0.addresses == [address] })
    else { return }
    plain.append(
      FoundServer(
        name: "", key: nil, needsPassword: false, people: 0, addresses: [address],
        interface: interfaces.name(for: address), ways: ["text"], isHere: interfaces.has(address)))
  }
}

extension PeerAddress {
  /// Whether it is the same host's, whatever the port.
  fileprivate func isHost(of other: PeerAddress) -> Bool {
    at(0) == other.at(0)
  }

  /// The best address of a server has the least: its own machine's, then those that mean the same
  /// everywhere on the network, IPv4 first because people can read it, then link-local ones.
  fileprivate var distance: Int {
    if isLoopback { return v4 != nil ? 0 : 1 }
    if isLinkLocal { return v4 != nil ? 4 : 5 }
    return v4 != nil ? 2 : 3
  }
}
