import Testing

@testable import ChatEngine

@Suite("NativeFrontend: limits and the end")
struct NativeLimitTests {
  /// A stranger's handshake by hand.
  private struct Stranger {
    static let address = EngineHarness.address(77)

    static func cookie(_ network: NativeNetwork) -> [UInt8]? {
      network.strangers.removeAll()
      network.receive(Handshake.hello(nonce: 5), from: address)
      let answer = network.strangers.last?.bytes ?? []
      return answer.withUnsafeBufferPointer { Handshake.HelloAnswer.read($0)?.answer?.cookie }
    }

    static func initiation(
      _ network: NativeNetwork, cookie: [UInt8], id: UInt32 = 3, payload: [UInt8]? = nil,
      seed: UInt8 = 1
    ) -> [UInt8] {
      var noise = NoiseHandshake(
        initiator: NativeNetwork.keyPair(80), remote: network.engine.publicKey,
        ephemeral: NativeNetwork.keyPair(seed), psk: nil, prologue: Handshake.prologue)
      let wish = Handshake.Wish(clientID: id, offersAES: false)
      let message = try! noise.write(payload: payload ?? wish.bytes)
      return Handshake.initiation(cookie: cookie, message: message)
    }
  }

  @Test("Forged Hellos and Inits leave nothing behind, and no answer is longer than its question")
  func survivesFloods() {
    let network = NativeNetwork()
    let ann = network.join("Ann")[0]
    var random = SplitMix64(seed: 1)
    let before = network.engine.tables
    var answers = 0
    var isLonger = false
    for number in 0..<50_000 {
      let source = PeerAddress(v4: 10, 1, UInt8(number >> 8 & 255), UInt8(number & 255), port: 9)
      let length = Int.random(in: 1...400, using: &random)
      let bytes: [UInt8] =
        [random.chance(50) ? 0x80 : 0x82, 1]
        + (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
      network.strangers.removeAll()
      network.receive(bytes, from: source)
      answers += network.strangers.count
      isLonger = isLonger || network.strangers.contains { $0.bytes.count > bytes.count }
      if number % 100 == 0 { network.now = network.now + .milliseconds(1) }
    }
    #expect(network.engine.tables == before)
    #expect(!isLonger && answers > 1_000)
    ann.client.say(bytes("hello"), at: network.now)
    network.run(.seconds(1))
    #expect(ann.accepted() == [1])
  }

  @Test("An answer is as long as its Hello wishes, but not everybody's")
  func answersAtLength() {
    let network = NativeNetwork()
    let wish = Handshake.AnswerLength(bytes: 60_000, isWhole: false)
    let few = Handshake.hello(nonce: 1, count: 1_200, answer: wish)
    let count = Limits.longAnswersPerSecond
    for _ in 0..<count + 20 { network.receive(few, from: EngineHarness.address(77)) }
    let lengths = network.strangers.map(\.bytes.count)
    #expect(lengths.prefix(count).allSatisfy { $0 == few.count })
    #expect(lengths.count == count + 20 && lengths.dropFirst(count).allSatisfy { $0 < 256 })
    let answer = network.strangers[0].bytes
    #expect(answer.withUnsafeBufferPointer { Handshake.HelloAnswer.read($0)?.answer } != nil)
  }

  @Test("A cookie of another address or another time opens nothing")
  func checksCookies() throws {
    let network = NativeNetwork()
    let cookie = try #require(Stranger.cookie(network))
    let initiation = Stranger.initiation(network, cookie: cookie)
    network.strangers.removeAll()
    network.receive(initiation, from: EngineHarness.address(78))
    #expect(network.strangers.isEmpty)
    network.now = network.now + .seconds(122)
    network.receive(initiation, from: Stranger.address)
    #expect(network.strangers.isEmpty && network.drops(.badHandshake) == 2)
  }

  @Test("The same Init gets the same Accept, and makes one session")
  func repeatsAccept() throws {
    let network = NativeNetwork()
    let cookie = try #require(Stranger.cookie(network))
    let initiation = Stranger.initiation(network, cookie: cookie)
    network.strangers.removeAll()
    for _ in 0..<5 { network.receive(initiation, from: Stranger.address) }
    #expect(network.strangers.count == 5)
    #expect(Set(network.strangers.map(\.bytes)).count == 1)
    #expect(network.strangers[0].bytes[0] == 0x83)
    #expect(network.strangers[0].bytes.count < initiation.count)
    #expect(network.engine.tables.sessions == 1)
    // Nobody goes on with it.
    network.run(.seconds(12))
    #expect(network.engine.tables == ServerTables())
  }

  @Test("A changed Init is dropped without an answer, wherever it is changed")
  func dropsChangedInit() throws {
    let network = NativeNetwork { $0.joinsPerSecond = 0 }
    let cookie = try #require(Stranger.cookie(network))
    let initiation = Stranger.initiation(network, cookie: cookie)
    network.strangers.removeAll()
    for index in initiation.indices {
      var changed = initiation
      changed[index] ^= 1
      network.receive(changed, from: Stranger.address)
      network.receive(Array(initiation[..<index]), from: Stranger.address)
      network.now = network.now + .milliseconds(200)
    }
    for payload: [UInt8] in [[], [1, 2, 3, 4], [1, 2, 3, 4, 0, 6]] {
      network.receive(
        Stranger.initiation(network, cookie: cookie, payload: payload), from: Stranger.address)
    }
    #expect(network.strangers.isEmpty)
    #expect(network.engine.tables.sessions == 0)
  }

  @Test("Of an address that brings too many, the next are refused with a word, and others get in")
  func boundsJoins() throws {
    let network = NativeNetwork { $0.joinsPerSecond = 1 }
    let cookie = try #require(Stranger.cookie(network))
    network.strangers.removeAll()
    for seed in UInt8(1)...9 {
      network.receive(
        Stranger.initiation(network, cookie: cookie, seed: seed), from: Stranger.address)
    }
    #expect(network.strangers.filter { $0.bytes[0] == 0x83 }.count == 5)
    #expect(network.strangers.filter { $0.bytes[0] == 0x84 }.count == 4)
    let other = network.add("Ann")
    #expect(network.run(.seconds(2)) { other.isJoined })
  }

  @Test("One address brings so many new owners of names; who comes after them is in all the same")
  func boundsNewOwners() {
    let network = NativeNetwork { $0.joinsPerSecond = 0 }
    // Somebody joins under one name after the other, with one key after the other.
    for number in 0..<Limits.ownedNamesBurst + 5 {
      let person = network.add("N\(number)", key: UInt8(1 + number / Limits.ownedNamesPerKeyMax))
      person.address = PeerAddress(v4: 10, 9, 9, 9, port: UInt16(1_000 + number))
      #expect(network.run(.seconds(2)) { person.isJoined })
      person.client.leaveNow(at: network.now)
      network.remove(person)
    }
    #expect(network.drops(.nameNotOwned) == 5)
    let other = network.add("N\(Limits.ownedNamesBurst + 2)", key: 200)
    #expect(network.run(.seconds(2)) { other.isJoined })
    let first = network.add("N0", key: 201)
    #expect(network.run(.seconds(2)) { first.isEnded })
    #expect(network.drops(.nameNotOwned) == 5)
  }

  @Test("An upload that arrives other than it was offered is refused")
  func refusesDamaged() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    let jpeg = NativePictureTests.jpeg(2_000)
    people[0].client.session?.sendControl { bytes in
      NativeRequest.offer(
        NativeRequest.Offer(
          number: 1, object: 1, length: 2_000, hash: [UInt8](repeating: 1, count: 32))
      ).append(to: &bytes)
    }
    people[0].client.flush(at: network.now)
    #expect(network.run(.seconds(1)) { network.engine.tables.uploadBytes == 2_000 })
    people[0].client.sources.objects.append(jpeg, number: 1)
    people[0].client.flush(at: network.now)
    network.run(.seconds(1))
    #expect(people[0].client.pendingCount == 0 && people[1].conversation.isEmpty)
    #expect(network.engine.tables.uploadBytes == 0)
    people[0].client.lastShown = 1
    people[0].client.show(jpeg, at: network.now)
    network.run(.seconds(1))
    #expect(people[0].accepted(pictures: true) == [2])
    #expect(people[1].conversation == ["Ann showed 2000 bytes"])
  }

  @Test(
    "An offer that is too long, or of nothing, is refused, and holds nothing back",
    arguments: [0, UInt64(Limits.nativePictureBytesMax) + 1, ByteWriter.varintMax])
  func refusesLengths(length: UInt64) {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    people[0].client.session?.sendControl { bytes in
      NativeRequest.offer(
        NativeRequest.Offer(
          number: 1, object: 9, length: length, hash: [UInt8](repeating: 1, count: 32))
      ).append(to: &bytes)
    }
    people[0].client.lastShown = 1
    people[0].client.show(NativePictureTests.jpeg(2_000), at: network.now)
    network.run(.seconds(1))
    #expect(people[0].accepted(pictures: true) == [2])
    #expect(people[0].isJoined && network.engine.tables.uploadBytes == 0)
  }

  @Test("Uploads that nobody finishes give their room back when their sender goes")
  func givesUploadsBack() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    for object in UInt64(1)...3 {
      people[0].client.session?.sendControl { bytes in
        NativeRequest.offer(
          NativeRequest.Offer(
            number: object, object: object, length: 1_000_000,
            hash: [UInt8](repeating: 1, count: 32))
        ).append(to: &bytes)
      }
    }
    people[0].client.flush(at: network.now)
    network.run(.seconds(1))
    #expect(network.engine.tables.uploadBytes == 1_000_000, "one after the other")
    people[0].client.leaveNow(at: network.now)
    network.run(.seconds(1))
    #expect(network.engine.tables.uploadBytes == 0)
    #expect(network.engine.tables.sessions == 1)
  }

  @Test("Numbers of SAY that come twice make one event and a receipt each")
  func doubleNumbers() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    for number: UInt64 in [1, 1, 2, 1, 2, 3] {
      NativeRequest.say(NativeRequest.Say(number: number, text: bytes("\(number)")[...]))
        .append(to: &people[0].talk)
    }
    people[0].sayTalk(at: network.now)
    network.run(.seconds(1))
    #expect(people[1].conversation == ["Ann: 1", "Ann: 2", "Ann: 3"])
    #expect(people[0].isJoined)
  }

  @Test("What breaks the protocol ends the session with a word, and no other")
  func endsFaulty() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben", "Cem")
    people[0].client.session?.sendControl(0x7f)
    people[0].client.flush(at: network.now)
    people[1].client.session?.sendControl(0x10) { $0 += [1, 65] }
    people[1].client.flush(at: network.now)
    network.run(.seconds(1))
    for person in people[..<2] {
      guard case .faulty = person.ending else {
        Issue.record("it goes on: \(person.events)")
        continue
      }
    }
    #expect(people[2].isJoined && network.engine.clientCount == 1)
  }

  // MARK: The end

  @Test("A server that is told to stop waits until everybody has everything, then says so")
  func shutsDown() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    people[1].link.lossPercent = 30
    let jpeg = NativePictureTests.jpeg(50_000)
    people[0].client.say(bytes("last words"), at: network.now)
    people[0].client.show(jpeg, at: network.now)
    network.run(.seconds(5)) { people[0].pending == 0 }
    network.shutDown()
    let begin = network.now
    #expect(network.run(.seconds(5)) { network.engine.isDrained })
    #expect(network.now - begin <= .seconds(Limits.settleSecondsMax) + .milliseconds(1))
    network.run(.milliseconds(100))
    #expect(people[1].conversation.first == "Ann: last words")
    #expect(people[1].events.contains(.picture(from: "Ann", jpeg: jpeg)))
    #expect(people[0].events.contains(.connectionLost(isShutDown: true)))
  }

  @Test("Where all have everything, it stops at once; who cannot be reached holds it up for 2 s")
  func stopsInTime() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    network.run(.seconds(1))
    network.shutDown()
    #expect(network.engine.isDrained)
    network.run(.milliseconds(50))
    #expect(people.allSatisfy { $0.events.contains(.connectionLost(isShutDown: true)) })

    let other = NativeNetwork()
    let ann = other.join("Ann", "Ben")[0]
    ann.link.isDown = true
    ann.client.say(bytes("x"), at: other.now)
    other.people[1].client.say(bytes("unheard"), at: other.now)
    other.run(.milliseconds(100))
    other.shutDown()
    #expect(!other.run(.milliseconds(1_900)) { other.engine.isDrained })
    #expect(other.run(.milliseconds(200)) { other.engine.isDrained })
  }

  @Test("Nothing is accepted while the server stops, since not everybody could hear it")
  func acceptsNothingAtTheEnd() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben", "Cleo")
    network.run(.seconds(1))
    // The server has to wait for those who have not heard this.
    for slow in people.dropFirst() { slow.link.isDown = true }
    people[0].client.say(bytes("before"), at: network.now)
    network.run(.milliseconds(50)) { people[0].pending == 0 }
    network.shutDown()
    people[1].link.isDown = false
    people[1].client.say(bytes("after"), at: network.now)
    network.run(.seconds(3))
    #expect(network.engine.isDrained)
    #expect(people[1].pending == 1)
    #expect(people.allSatisfy { !$0.conversation.contains("Ben: after") })
  }

  @Test("A crowd that joins is told of itself in few datagrams")
  func crowd() {
    let network = NativeNetwork { $0.joinsPerSecond = 0 }
    let ann = network.join("Ann")[0]
    let before = ann.received.count
    for number in 0..<100 { network.add("P\(number)") }
    network.run(.seconds(2))
    #expect(network.engine.clientCount == 101)
    #expect(ann.events.filter { if case .arrived = $0 { true } else { false } }.count == 100)
    #expect(ann.received.count - before < 30, "\(ann.received.count - before)")
  }
}

/// How much a server remembers of others.
struct ServerTables: Equatable {
  var sessions = 0
  var unconfirmed = 0
  var uploadBytes = 0
}

extension ServerEngine {
  var tables: ServerTables {
    ServerTables(
      sessions: native.peers.count, unconfirmed: native.unconfirmed.count,
      uploadBytes: native.uploadBytes)
  }
}

extension NativePerson {
  /// Talk as somebody says it who does not keep to the numbers.
  var talk: [UInt8] {
    get { [] }
    set { client.sources.talk.append(newValue) }
  }

  func sayTalk(at now: Instant) { client.flush(at: now) }
}
