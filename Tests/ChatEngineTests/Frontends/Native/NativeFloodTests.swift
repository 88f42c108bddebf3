import Testing

@testable import ChatEngine

@Suite("NativeFrontend: floods from an address that others share")
struct NativeFloodTests {
  private static let host: (UInt8, UInt8, UInt8, UInt8) = (10, 9, 9, 9)
  private static let salt = [UInt8](repeating: 7, count: PasswordKey.saltBytes)

  private static func address(port: UInt16) -> PeerAddress {
    PeerAddress(v4: host.0, host.1, host.2, host.3, port: port)
  }

  private static func cookie(_ network: NativeNetwork, port: UInt16) throws -> [UInt8] {
    network.strangers.removeAll()
    network.receive(Handshake.hello(nonce: 5), from: address(port: port))
    let answer = try #require(network.strangers.last?.bytes)
    network.strangers.removeAll()
    return try #require(
      answer.withUnsafeBufferPointer { Handshake.HelloAnswer.read($0)?.answer?.cookie })
  }

  private static func initiation(
    _ network: NativeNetwork, _ cookie: [UInt8], seed: UInt8, guess: [UInt8]? = nil
  ) throws -> [UInt8] {
    let psk = guess.flatMap { SecretKey($0) }
    var noise = NoiseHandshake(
      initiator: NativeNetwork.keyPair(80), remote: network.engine.publicKey,
      ephemeral: NativeNetwork.keyPair(seed), psk: psk, prologue: Handshake.prologue)
    var wish = Handshake.Wish(clientID: 3, offersAES: false)
    let message = try noise.write { hash in
      if let psk { wish.proof = Handshake.proof(of: psk, hash: hash) }
      return wish.bytes
    }
    return Handshake.initiation(cookie: cookie, message: message)
  }

  /// Adds somebody at the address that the flood comes from.
  private static func add(
    _ network: NativeNetwork, _ name: String, port: UInt16,
    _ change: (inout NativeClient.Configuration) -> Void = { _ in }
  ) -> NativePerson {
    let person = network.add(name, isStarted: false, change)
    person.address = address(port: port)
    network.start(person)
    return person
  }

  /// 500 Inits a second that cannot be opened, each with a good cookie.
  ///
  /// - Returns: the milliseconds until somebody of the same address was in; nil after 30 s.
  private static func wait(ports: UInt16, seed: UInt64) throws -> Int? {
    let network = NativeNetwork(seed: seed)
    var random = SplitMix64(seed: seed)
    var person: NativePerson?
    var cookies: [UInt16: [UInt8]] = [:]
    let start = Int.random(in: 1_000...2_000, using: &random)
    for millisecond in stride(from: 0, to: start + 30_000, by: 2) {
      let port = 1_000 + UInt16(millisecond / 2 % Int(ports))
      if ports > 1 || cookies[port] == nil { cookies[port] = try cookie(network, port: port) }
      let junk = (0..<101).map { _ in UInt8.random(in: 0...255, using: &random) }
      network.receive(
        Handshake.initiation(cookie: cookies[port]!, message: junk), from: address(port: port))
      if millisecond >= start, person == nil {
        person = add(network, "Ann", port: 999) { $0.timeout = .seconds(60) }
      }
      network.run(.milliseconds(2))
      let workedOut = network.drops(.badHandshake)
      let bound =
        (Limits.badHandshakesPerSecond + Limits.badHandshakesPerSecondOfNewPorts)
        * (millisecond / 1_000 + 3)
      #expect(workedOut <= UInt64(bound), "\(workedOut) handshakes were worked out in vain")
      if person?.isJoined == true { return millisecond - start }
    }
    return nil
  }

  @Test("Who floods from one port keeps nobody else of the address out")
  func onePort() throws {
    for seed in UInt64(0)..<5 {
      let took = try #require(try Self.wait(ports: 1, seed: seed), "never got in")
      #expect(took < 1_000)
    }
  }

  @Test("Who floods from thousands of ports leaves the others of the address a fair chance")
  func manyPorts() throws {
    let took = try (UInt64(0)..<15).map { try Self.wait(ports: 5_000, seed: $0) ?? 30_000 }.sorted()
    #expect(took[took.count / 2] < 5_000 && took.last! < 20_000, "\(took) ms")
  }

  @Test("What all addresses together can make the server work out in vain is bounded")
  func boundsAll() {
    let now = Instant(nanoseconds: 1_000_000_000)
    var joins = JoinBudgets(rate: Rate(perSecond: 20, burst: 100), hashSeed: 1)
    var random = SecretRandom(seed: [UInt8](repeating: 1, count: 32))
    var count = 0
    for number in 0..<100_000 {
      let address = PeerAddress(
        v4: 10, UInt8(number >> 16), UInt8(number >> 8 & 255), UInt8(number & 255),
        port: UInt16(number & 0xfff))
      guard joins.admitsHandshake(of: address, at: now, &random) else { continue }
      joins.noteFailedHandshake(of: address, at: now)
      count += 1
    }
    #expect(count == Limits.badHandshakesPerSecondOfAll)
  }

  @Test("Wrong passwords do not use up the joins of their address")
  func guesses() throws {
    let password = try #require(PasswordKey.derive(password: bytes("secret"), salt: Self.salt))
      .copied
    let network = NativeNetwork {
      $0.password = (SecretKey(password)!, Self.salt)
      $0.joinsPerSecond = 1
    }
    let cookie = try Self.cookie(network, port: 1_000)
    for seed in UInt8(1)...100 {
      let guess = [UInt8](repeating: seed, count: 32)
      network.receive(
        try Self.initiation(network, cookie, seed: seed, guess: guess),
        from: Self.address(port: 1_000))
    }
    #expect(network.drops(.wrongPassword) <= UInt64(Limits.badHandshakesPerSecond + 1))
    let person = Self.add(network, "Ann", port: 999) { $0.password = bytes("secret") }
    #expect(network.run(.seconds(2)) { person.isJoined })
  }

  @Test("Handshakes that are refused because there were too many cost no more than others")
  func boundsRefusals() throws {
    let network = NativeNetwork { $0.joinsPerSecond = 1 }
    let cookie = try Self.cookie(network, port: 1_000)
    for seed in UInt8(1)...200 {
      network.receive(
        try Self.initiation(network, cookie, seed: seed), from: Self.address(port: 1_000))
    }
    #expect(network.drops(.joinsPerSecond) <= UInt64(Limits.badHandshakesPerSecond + 1))
  }

  @Test("Many who come back at once from one address all have their turn")
  func comingBack() {
    let network = NativeNetwork { $0.joinsPerSecond = 1 }
    var people: [NativePerson] = []
    for number in UInt16(0)..<12 {
      people.append(Self.add(network, "P\(number)", port: 2_000 + number))
      network.run(.milliseconds(1_500))
    }
    #expect(people.allSatisfy { $0.isJoined })
    network.restart()
    #expect(network.run(.seconds(120)) { network.engine.clientCount == 12 })
    #expect(people.allSatisfy { !$0.isEnded })
  }
}
