import Testing

@testable import ChatEngine

@Suite("NativeFrontend: joining")
struct NativeJoiningTests {
  private static let salt = [UInt8](repeating: 7, count: 16)
  /// Made once: each takes a while.
  private static let password = PasswordKey.derive(password: bytes("secret"), salt: salt)!.copied

  private static func withPassword() -> NativeNetwork {
    NativeNetwork { $0.password = (SecretKey(password)!, salt) }
  }

  @Test("A client gets in, meets the server's key, and hears who is here")
  func joins() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben", "Cem")
    let key = network.engine.publicKey
    #expect(Array(people[0].events.prefix(2)) == [.met(key), .joined])
    let present = people[2].events.compactMap { event in
      if case .present(let name) = event { name } else { nil }
    }
    #expect(present.filter { $0 != "Cem" }.sorted() == ["Ann", "Ben"])
    network.run(.seconds(1))
    let arrived = people[0].events.filter { if case .arrived = $0 { true } else { false } }
    #expect(arrived == [.arrived("Ben"), .arrived("Cem")])
    #expect(network.engine.clientCount == 3)
  }

  @Test("A key that is known from before is not met again; another is refused")
  func knowsKey() {
    let network = NativeNetwork()
    let key = network.engine.publicKey
    let person = network.add("Ann") { $0.serverKey = key }
    #expect(network.run(.seconds(2)) { person.isJoined })
    #expect(person.events.first == .joined)
    let other = network.add("Ben") { $0.serverKey = NativeNetwork.keyPair(66).publicKey }
    network.run(.seconds(1))
    #expect(other.ending == .keyChanged(key))
    #expect(network.engine.clientCount == 1)
  }

  @Test("Over a bad path a client gets in all the same", arguments: 0..<8)
  func joinsOverLoss(seed: UInt64) {
    let network = NativeNetwork(seed: seed)
    let person = network.add("Ann", isStarted: false)
    person.link.lossPercent = 30
    person.link.duplicatePercent = 30
    person.link.jitter = .milliseconds(50)
    network.start(person)
    #expect(network.run(.seconds(20)) { person.isJoined || person.isEnded })
    if person.isEnded { #expect(person.ending == .notAnswered) }
    #expect(network.engine.clientCount <= 1)
  }

  @Test("Nobody answers: a client gives up in time")
  func givesUp() {
    let network = NativeNetwork()
    let person = network.add("Ann", isStarted: false)
    person.link.isDown = true
    network.start(person)
    network.run(.seconds(4))
    #expect(!person.isEnded && (4...6).contains(person.sent.count))
    network.run(.seconds(1))
    #expect(person.ending == .notAnswered)
  }

  // MARK: Passwords

  @Test("With the right password a client gets in")
  func rightPassword() {
    let network = Self.withPassword()
    let person = network.add("Ann") { $0.password = bytes("secret") }
    #expect(network.run(.seconds(2)) { person.isJoined })
  }

  @Test("With a wrong password, or none, it does not, and no answer depends on the right one")
  func wrongPassword() {
    let network = Self.withPassword()
    let wrong = network.add("Ann") { $0.password = bytes("Secret") }
    let none = network.add("Ben")
    network.run(.seconds(2))
    #expect(wrong.ending == .wrongPassword)
    #expect(none.ending == .passwordNeeded)
    #expect(network.engine.clientCount == 0)
    #expect(network.drops(.wrongPassword) == 1)
    // A HelloAnswer each, and a refusal that is made of the handshake without the password.
    #expect(wrong.received.map(\.first) == [0x81, 0x84])
    // An answer that would end a client is believed the second time.
    #expect(none.received.map(\.first) == [0x81, 0x81])
    let other = NativeNetwork {
      $0.password = (SecretKey([UInt8](repeating: 1, count: 32))!, Self.salt)
    }
    let same = other.add("Ann") { $0.password = bytes("Secret") }
    other.run(.seconds(2))
    #expect(same.received == wrong.received, "another password, the same words")
  }

  @Test("A forged refusal ends nobody's joining")
  func forgedRefusal() {
    let network = Self.withPassword()
    let person = network.add("Ann") { $0.password = bytes("secret") }
    network.run(.seconds(2)) {
      for reason in UInt8(0)...4 {
        let id = person.client.localID
        var forged: [UInt8] = [0x84]
        forged.appendU32(id)
        forged += [reason] + [UInt8](repeating: 0, count: 16)
        person.client.receive(forged.span, at: network.now)
      }
      return person.isJoined
    }
    #expect(person.isJoined)
  }

  // MARK: Names and room

  @Test("A name that belongs to another key is refused, or gets a number")
  func ownedName() {
    let network = NativeNetwork()
    let ann = network.join("Ann")[0]
    ann.client.leave(at: network.now)
    network.run(.seconds(1))
    #expect(ann.ending == .left && network.engine.clientCount == 0)
    let thief = network.add("Ann")
    network.run(.seconds(1))
    #expect(thief.ending == .notLetIn(bytes("the name Ann belongs to somebody else's key")))
    let numbered = network.add("Ann") { $0.acceptsNumber = true }
    #expect(network.run(.seconds(1)) { numbered.isJoined })
    #expect(numbered.events.contains(.renamed("Ann-2")))
    let again = network.add("Ann", key: 1)
    #expect(network.run(.seconds(1)) { again.isJoined })
    #expect(again.events.allSatisfy { if case .renamed = $0 { false } else { true } })
  }

  @Test("A name that a classic client has is in use")
  func nameInUse() {
    let network = NativeNetwork()
    network.receive(bytes("Ann:join"), from: EngineHarness.address(1))
    let refused = network.add("Ann")
    network.run(.seconds(1))
    #expect(refused.ending == .notLetIn(bytes("somebody here has the name Ann")))
    let numbered = network.add("Ann") { $0.acceptsNumber = true }
    #expect(network.run(.seconds(1)) { numbered.isJoined })
    #expect(numbered.events.contains(.renamed("Ann-2")))
  }

  @Test("A full chat says that it is full")
  func full() {
    let network = NativeNetwork { $0.clientsMax = 2 }
    let people = network.join("Ann", "Ben")
    let late = network.add("Cem")
    network.run(.seconds(1))
    #expect(late.ending == .notLetIn(bytes("the chat is full")))
    people[0].client.leave(at: network.now)
    network.run(.seconds(1))
    let next = network.add("Dan")
    #expect(network.run(.seconds(1)) { next.isJoined })
  }

  @Test("Whoever comes with the same key is the same member, until the last of its sessions goes")
  func sameMember() {
    let network = NativeNetwork()
    let ben = network.join("Ben")[0]
    let first = network.add("Ann", key: 50)
    let second = network.add("Ann", key: 50)
    #expect(network.run(.seconds(2)) { first.isJoined && second.isJoined })
    #expect(network.engine.clientCount == 2)
    network.run(.seconds(1))
    first.client.say(bytes("one"), at: network.now)
    network.run(.seconds(1))
    second.client.say(bytes("two"), at: network.now)
    network.run(.seconds(1))
    #expect(ben.conversation == ["Ann: one", "Ann: two"])
    #expect(first.conversation == ["(me: 1)", "Ann: two"])
    #expect(second.conversation == ["Ann: one", "(me: 1)"])
    first.client.leave(at: network.now)
    network.run(.seconds(1))
    #expect(!ben.events.contains(.departed("Ann")))
    second.client.leave(at: network.now)
    network.run(.seconds(1))
    #expect(ben.events.filter { $0 == .departed("Ann") }.count == 1)
    #expect(ben.events.filter { $0 == .arrived("Ann") }.count == 1)
  }

  @Test("A server whose name is too long for its answer is met all the same")
  func longServerName() {
    let network = NativeNetwork { $0.serverName = String(repeating: "€", count: 40) }
    let person = network.add("Ann")
    #expect(network.run(.seconds(2)) { person.isJoined })
  }
}
