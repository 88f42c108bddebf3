import Testing

@testable import ChatEngine

@Suite("Handshake datagrams")
struct HandshakeTests {
  private static func answer(_ name: String, salt: [UInt8]? = nil) -> Handshake.HelloAnswer {
    Handshake.HelloAnswer(
      nonce: 77, cookie: [UInt8](repeating: 4, count: 24),
      serverKey: NoiseTestKeys.server.publicKey, salt: salt, peoplePresent: 5, serverName: name)
  }

  private static func written(_ answer: Handshake.HelloAnswer) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 1_000) { buffer, count in
      var writer = ByteWriter(buffer)
      answer.write(to: &writer)
      count = writer.count
    }
  }

  private static func read(
    _ bytes: [UInt8]
  ) -> (version: UInt8, nonce: UInt64, answer: Handshake.HelloAnswer?)? {
    bytes.withUnsafeBufferPointer { Handshake.HelloAnswer.read($0) }
  }

  private static func nonce(_ bytes: [UInt8]) -> UInt64? {
    bytes.withUnsafeBufferPointer { Handshake.helloNonce($0) }
  }

  @Test("A Hello is read back, and none that is shorter than the longest answer")
  func readsHello() {
    let hello = Handshake.hello(nonce: 0x0102_0304_0506_0708)
    #expect(hello.count == 256 && Self.nonce(hello) == 0x0102_0304_0506_0708)
    for count in hello.indices { #expect(Self.nonce(Array(hello[..<count])) == nil) }
    #expect(Self.nonce(hello + [0]) != nil)
    #expect(Self.nonce([0x81] + hello.dropFirst()) == nil)
    #expect(Self.nonce([0x80, 0] + hello.dropFirst(2)) == nil)
    #expect(Self.nonce([0x80, 2] + hello.dropFirst(2)) != nil, "a newer client is answered")
  }

  @Test("An answer is read back, and is no longer than the question")
  func readsAnswer() throws {
    for name in ["", "Zimmer", String(repeating: "é", count: 32)] {
      for salt in [nil, [UInt8](repeating: 9, count: 16)] {
        let answer = Self.answer(name, salt: salt)
        let bytes = Self.written(answer)
        #expect(bytes.count <= Handshake.hello(nonce: 0).count)
        #expect(Self.read(bytes)?.answer == answer)
        for count in bytes.indices { #expect(Self.read(Array(bytes[..<count]))?.answer == nil) }
      }
    }
  }

  @Test("An answer may say what the clock shows")
  func readsClock() throws {
    var answer = Self.answer("Zimmer")
    answer.unixSeconds = 1_700_000_000
    let bytes = Self.written(answer)
    #expect(Self.read(bytes + [0, 0])?.answer == answer)
    let short = try #require(Self.read(Array(bytes.dropLast()))?.answer)
    #expect(short.unixSeconds == nil && short.serverName == "Zimmer")
  }

  @Test("A Hello says how long its answer should be, at most as long as itself")
  func wishesLength() {
    func wish(_ hello: [UInt8]) -> Handshake.AnswerLength {
      hello.withUnsafeBufferPointer { Handshake.answerLength($0) }
    }
    #expect(wish(Handshake.hello(nonce: 1)) == .usual)
    let whole = Handshake.AnswerLength(bytes: 1_200, isWhole: true)
    #expect(wish(Handshake.hello(nonce: 1, count: 1_200, answer: whole)) == whole)
    #expect(wish(Handshake.hello(nonce: 1, count: 1_000, answer: whole)).bytes == 1_000)
    #expect(wish([0x80, 1]) == .usual)
  }

  @Test("A name that is too long is cut between characters, so that the answer can be read")
  func cutsName() throws {
    for name in [String(repeating: "€", count: 30), String(repeating: "a", count: 300)] {
      let bytes = Self.written(Self.answer(name))
      #expect(bytes.count <= 256)
      let read = try #require(Self.read(bytes)?.answer)
      #expect(name.hasPrefix(read.serverName) && read.serverName.utf8.count >= 62)
    }
  }

  @Test("An answer of another version tells its version, and is not read further")
  func tellsVersion() {
    var bytes = Self.written(Self.answer("x"))
    bytes[1] = 2
    #expect(Self.read(bytes)?.version == 2 && Self.read(bytes)?.nonce == 77)
    #expect(Self.read(bytes)?.answer == nil)
  }

  @Test("Init, Accept and Reset are read back, and cut ones are not")
  func readsOthers() throws {
    let initiation = Handshake.initiation(
      cookie: [UInt8](repeating: 1, count: 24), message: [2, 3])
    initiation.withUnsafeBufferPointer { bytes in
      let read = Handshake.readInitiation(bytes)
      #expect(read.map { Array($0.cookie) } == [UInt8](repeating: 1, count: 24))
      #expect(read.map { Array($0.message) } == [2, 3])
    }
    for count in 0..<26 {
      #expect(initiation.prefix(count).isInitiation == false)
    }
    #expect(([0x82, 2] + initiation.dropFirst(2)).isInitiation == false)

    let accept = Handshake.accept(clientID: 0xaabb_ccdd, message: [5])
    #expect(accept.clientID == 0xaabb_ccdd)
    for count in 0..<5 { #expect(Array(accept[..<count]).clientID == nil) }

    let reset = Handshake.reset(sessionID: 9, token: [UInt8](repeating: 6, count: 16))
    #expect(reset.resetID == 9)
    for count in reset.indices { #expect(Array(reset[..<count]).resetID == nil) }
    #expect((reset + [0]).resetID == nil)
    // Shorter than the least packet, so that two servers never answer each other for ever.
    #expect(reset.count < PacketHeader.plainBytes + 1 + PacketHeader.tagBytes)
  }

  @Test("A refusal is the server's word only with the right key, for the right client, unchanged")
  func readsRefusal() {
    let key = [UInt8](repeating: 8, count: 32)
    for reason in [Handshake.Refusal.wrongPassword, .full, .tooMany] {
      let refusal = Handshake.refusal(reason, clientID: 12, key: key)
      #expect(refusal.refusal(12, key) == reason)
      #expect(refusal.refusal(13, key) == nil)
      #expect(refusal.refusal(12, [UInt8](repeating: 7, count: 32)) == nil)
      for index in refusal.indices {
        var changed = refusal
        changed[index] ^= 1
        #expect(changed.refusal(12, key) == nil)
        #expect(Array(refusal[..<index]).refusal(12, key) == nil)
      }
      #expect((refusal + [0]).refusal(12, key) == nil)
    }
  }

  @Test("A cookie is good for its address and port, for two minutes, and unchanged")
  func checksCookies() {
    var random = SecretRandom(seed: [UInt8](repeating: 1, count: 32))
    let cookies = Cookies(&random)
    let others = Cookies(&random)
    let address = PeerAddress(v4: 10, 0, 0, 1, port: 4_000)
    let made = Instant(nanoseconds: 1_000_000_000_000)
    let cookie = cookies.make(for: address, at: made)
    #expect(cookie.count == 24)
    #expect(cookies.takes(cookie, address, made))
    #expect(cookies.takes(cookie, address, made + .seconds(120)))
    #expect(!cookies.takes(cookie, address, made + .seconds(121)))
    #expect(!cookies.takes(cookie, address, made + .seconds(-1)))
    #expect(!cookies.takes(cookie, PeerAddress(v4: 10, 0, 0, 1, port: 4_001), made))
    #expect(!cookies.takes(cookie, PeerAddress(v4: 10, 0, 0, 2, port: 4_000), made))
    #expect(!others.takes(cookie, address, made))
    for index in cookie.indices {
      var changed = cookie
      changed[index] ^= 0x10
      #expect(!cookies.takes(changed, address, made + .seconds(60)))
      #expect(!cookies.takes(Array(cookie[..<index]), address, made))
    }
    #expect(!cookies.takes(cookie + [0], address, made))
  }
}

enum NoiseTestKeys {
  static var server: KeyPair { KeyPair(hex: NoiseVector.responderStatic) }
  static var client: KeyPair { KeyPair(hex: NoiseVector.initiatorStatic) }
}

extension Collection where Element == UInt8 {
  fileprivate var isInitiation: Bool {
    Array(self).withUnsafeBufferPointer { Handshake.readInitiation($0) != nil }
  }
  fileprivate var clientID: UInt32? {
    Array(self).withUnsafeBufferPointer { Handshake.readAccept($0)?.clientID }
  }
  fileprivate var resetID: UInt32? {
    Array(self).withUnsafeBufferPointer { Handshake.readReset($0)?.sessionID }
  }
  fileprivate func refusal(_ clientID: UInt32, _ key: [UInt8]) -> Handshake.Refusal? {
    Array(self).withUnsafeBufferPointer {
      Handshake.readRefusal($0, clientID: clientID, key: key)
    }
  }
}

extension Cookies {
  fileprivate func takes(_ cookie: [UInt8], _ address: PeerAddress, _ now: Instant) -> Bool {
    cookie.withUnsafeBufferPointer { accepts($0, from: address, at: now) }
  }
}
