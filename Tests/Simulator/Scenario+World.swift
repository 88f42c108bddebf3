import ChatEngine

/// How a world is drawn: its servers, its clients, and the ways between them.
extension Scenario {
  /// Datagrams that pass on the ways of real networks, without IP and UDP headers: what is taken to
  /// pass everywhere, tunnels, IPv6, IPv4, jumbo frames, and loopback.
  private static let pathBytes = [
    1_200, 1_232, 1_372, 1_452, 1_472, 8_952, Limits.datagramBytesMax,
  ]

  private mutating func drawKeyPair() -> KeyPair {
    var secret = SecretRandom(seed: random.bytes(32))
    return KeyPair.make(&secret)
  }

  mutating func drawServers(_ counts: ClosedRange<Int>, hasPassword: Bool) {
    let salt = random.bytes(16)
    let key = hasPassword ? PasswordKey.derive(password: Self.password, salt: salt) : nil
    for index in 0..<random.int(counts) {
      servers.append(
        Server(
          name: "s\(index + 1)", address: PeerAddress(v4: 10, 9, 0, UInt8(index), port: 12_345),
          keyPair: drawKeyPair(), password: key.map { ($0, salt) },
          messagesPerSecond: random.pick([0, 5, 50, 200, 200]), latency: drawLatency(),
          clockStart: drawClockStart()))
    }
  }

  private static let password = Array("correct horse".utf8)

  private mutating func drawLatency() -> Duration {
    random.pick([.zero, .microseconds(20), .microseconds(300), .milliseconds(8)])
  }

  private mutating func drawClockStart() -> Instant {
    Instant(nanoseconds: random.pick([0, 1, 1_000_000, 5_000_000_000_000, 1 << 60]))
  }

  mutating func drawClients() {
    let natives = random.int(2...8)
    let classics = random.chance(perMille: 500) ? random.int(1...3) : 0
    for index in 0..<natives + classics {
      var client = drawClient(index, isNative: index < natives)
      if index > 0, random.chance(perMille: 200) { draw(nameOf: &client) }
      clients.append(client)
    }
  }

  mutating func drawClient(_ index: Int, isNative: Bool) -> Client {
    let (up, down) = drawWay(isNative: isNative)
    let server = random.int(0...servers.count - 1)
    return Client(
      name: (isNative ? "n" : "c") + "\(index + 1)", server: server, isNative: isNative,
      memberName: try! MemberName("p\(index + 1)"), keyPair: drawKeyPair(),
      acceptsNumber: random.chance(perMille: 300),
      password: servers[server].password == nil ? nil : Self.password,
      deliveryTimeout: random.chance(perMille: 100) ? .seconds(random.int(20...60)) : nil,
      knowsServer: random.chance(perMille: 500),
      address: PeerAddress(
        v4: 10, UInt8(index + 1), 0, 1, port: UInt16(random.int(2_000...60_000))),
      up: up, down: down, latency: drawLatency(),
      clockStart: drawClockStart())
  }

  /// Two with one key, or two that want one name.
  private mutating func draw(nameOf client: inout Client) {
    let other = random.int(0...clients.count - 1)
    client.server = clients[other].server
    client.password = clients[other].password
    if client.isNative, clients[other].isNative, random.chance(perMille: 600) {
      client.keyPair = clients[other].keyPair
      if random.chance(perMille: 500) { client.memberName = clients[other].memberName }
      client.isRival = client.isRival || clients[other].isRival
    } else {
      client.memberName = clients[other].memberName
    }
    // Who has the same name and another key may be refused, each of them.
    for index in clients.indices where clients[index].memberName == client.memberName {
      let isOther =
        !client.isNative || !clients[index].isNative
        || clients[index].keyPair.publicKey != client.keyPair.publicKey
      if isOther { (clients[index].isRival, client.isRival) = (true, true) }
    }
  }

  // MARK: Ways

  mutating func drawWay(isNative: Bool) -> (up: Link.Conditions, down: Link.Conditions) {
    let path = random.pick(Self.pathBytes)
    let delay = random.time(milliseconds: random.pick([0...1, 1...30, 30...200]))
    let badness = random.pick([0, 0, 1, 2, 3])
    var ways = (0..<2).map { _ in
      var way = drawConditions(badness, isNative: isNative)
      (way.delay, way.datagramBytesMax) = (delay, path)
      return way
    }
    // Sometimes one direction only is bad.
    if random.chance(perMille: 200) { ways[random.int(0...1)] = Link.Conditions(delay: delay) }
    ways[0].datagramBytesMax = path
    ways[1].datagramBytesMax = path
    return (ways[0], ways[1])
  }

  private mutating func drawConditions(_ badness: Int, isNative: Bool) -> Link.Conditions {
    var way = Link.Conditions()
    if badness == 0 { return way }
    let lossMax = [0, 50, 200, 500][badness]
    if random.chance(perMille: 700) { way.lossPerMille = random.int(0...lossMax) }
    if random.chance(perMille: 500) { way.jitter = random.time(milliseconds: 0...40) }
    if random.chance(perMille: 500) { way.reorderPerMille = random.int(0...100 * badness) }
    if random.chance(perMille: 300) {
      way.bitsPerSecond = random.pick([500_000, 5_000_000, 50_000_000])
      way.queueBytesMax = random.int(30_000...500_000)
    }
    // A plain dialect could not tell these from what was said.
    if isNative {
      if random.chance(perMille: 500) { way.duplicatePerMille = random.int(0...100 * badness) }
      if random.chance(perMille: 300) { way.corruptPerMille = random.int(0...30 * badness) }
    }
    return way
  }

  mutating func drawPath() -> Int { random.pick(Self.pathBytes) }
}
