import ChatEngine

/// What must hold of the datagrams themselves, whoever makes them (`Docs/Protocol.md`, "The native
/// protocol"): numbers are used once, none is too long, and strangers are told little.
struct WireWatch {
  /// One program's packets to one session of the other end.
  private struct Flow: Hashable {
    var sender: Int
    var receiver: UInt32?
  }

  private struct Numbers {
    var last: UInt64
    var phase: UInt8
    var phaseFirst: UInt64
    var phaseSince: Instant
  }

  /// What a server got from an address and sent there.
  private struct Account {
    var received = 0
    var sent = 0
    var hasData = false
    /// Whether something arrived there, and then something came from there.
    var wasReached = false
    var hasAnswered = false
  }

  private struct Path: Hashable {
    var server: PeerAddress
    var client: PeerAddress
  }

  /// Mostly one; another where a copy of an Init made a session that nobody will ever use.
  private var flows: [Flow: [Numbers]] = [:]
  /// The ephemeral keys of the handshakes that each program made or answered.
  private var handshakes: [Flow: Set<[UInt8]>] = [:]
  private var accounts: [Path: Account] = [:]

  private static let initiation: UInt8 = 0x82
  private static let accept: UInt8 = 0x83
  private static let data: ClosedRange<UInt8> = 0x86...0x89
  private static let phasePackets = UInt64(1) << 20

  static func isNative(_ bytes: [UInt8]) -> Bool { bytes.first.map { $0 & 0xf0 == 0x80 } ?? false }

  private static func isData(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 13 && data.contains(bytes[0])
  }

  // MARK: Numbers and sizes

  /// Looks at a datagram that is being sent.
  ///
  /// - Parameters:
  ///   - sender: one life of a program.
  ///   - path: the longest datagram that the way ever let through.
  /// - Returns: what is wrong with it.
  mutating func sent(
    _ bytes: [UInt8], by sender: Int, isProbe: Bool, path: Int, at now: Instant
  ) -> String? {
    if bytes.count > Limits.datagramBytesMax { return "a datagram of \(bytes.count) B" }
    guard Self.isNative(bytes) else { return nil }
    if !isProbe, bytes.count > max(path, Limits.sessionDatagramBytesMin) {
      return "a datagram of \(bytes.count) B for a path of \(path) that is no probe"
    }
    if bytes[0] == Self.initiation, bytes.count >= 58 {
      // To which session it leads is not known yet.
      let flow = Flow(sender: sender, receiver: nil)
      handshakes[flow, default: []].insert(Array(bytes[26..<58]))
    }
    if bytes[0] == Self.accept, bytes.count >= 37 {
      let flow = Flow(sender: sender, receiver: Self.receiver(of: bytes))
      handshakes[flow, default: []].insert(Array(bytes[5..<37]))
    }
    return Self.isData(bytes) ? number(of: bytes, by: sender, at: now) : nil
  }

  private static func receiver(of bytes: [UInt8]) -> UInt32 {
    bytes[1..<5].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
  }

  /// The number is one that no packet of these keys had: each is one more than the one before, and
  /// they begin again only with new keys.
  private mutating func number(of bytes: [UInt8], by sender: Int, at now: Instant) -> String? {
    let number = bytes[5..<13].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let phase = bytes[0] & 1
    let flow = Flow(sender: sender, receiver: Self.receiver(of: bytes))
    if number == 0 {
      let handshakes =
        handshakes[flow] ?? handshakes[Flow(sender: sender, receiver: nil)] ?? []
      if flows[flow, default: []].count == handshakes.count { return "number 0 again" }
      flows[flow, default: []].append(
        Numbers(last: 0, phase: phase, phaseFirst: 0, phaseSince: now))
      return phase == 0 ? nil : "a session that begins in phase 1"
    }
    guard let index = flows[flow]?.firstIndex(where: { $0.last + 1 == number }) else {
      return "number \(number) after \((flows[flow] ?? []).map(\.last))"
    }
    var numbers = flows[flow]![index]
    defer { flows[flow]![index] = numbers }
    numbers.last = number
    guard phase != numbers.phase else { return nil }
    // An hour, less what may pass between the handshake and the first packet.
    let isUsed =
      number - numbers.phaseFirst >= Self.phasePackets
      || now - numbers.phaseSince >= .seconds(3_600 - 60)
    (numbers.phase, numbers.phaseFirst, numbers.phaseSince) = (phase, number, now)
    return isUsed ? nil : "the key phase ends at number \(number)"
  }

  // MARK: Strangers

  /// A server was reached by a datagram.
  ///
  /// - Parameter isTrue: whether it is one that the client at that address sent, unchanged.
  mutating func reached(
    _ server: PeerAddress, by client: PeerAddress, _ bytes: [UInt8], isTrue: Bool
  ) {
    let path = Path(server: server, client: client)
    accounts[path, default: Account()].received += bytes.count
    if Self.isData(bytes) { accounts[path]!.hasData = true }
    if isTrue, accounts[path]!.wasReached { accounts[path]!.hasAnswered = true }
  }

  /// A client was reached at its address by a server's datagram.
  mutating func reached(client: PeerAddress, by server: PeerAddress) {
    accounts[Path(server: server, client: client), default: Account()].wasReached = true
  }

  /// A server sends a native datagram.
  ///
  /// - Returns: what is wrong with that.
  mutating func sent(by server: PeerAddress, to client: PeerAddress, _ bytes: [UInt8]) -> String? {
    let path = Path(server: server, client: client)
    var account = accounts[path] ?? Account()
    account.sent += bytes.count
    accounts[path] = account
    if account.hasAnswered { return nil }
    // A session that comes from a new address may be sent three times as much.
    let most = account.received * (account.hasData ? 3 : 1)
    if account.sent <= most { return nil }
    return "\(account.sent) B for \(client), which sent \(account.received) and never answered"
  }
}
