import Testing

@testable import ChatEngine

@Suite("Who looks for a server is answered")
struct DiscoveryFrontendTests {
  private static let question = bytes("DISCOVER_CHAT_SERVER")
  private static let seek = DiscoveryQuestion.seek(nonce: 7).bytes
  private static let here = PeerAddress(v4: 10, 1, 2, 3, port: 5_000)
  private static let neighbour = PeerAddress(v4: 10, 1, 2, 77, port: 5_000)
  private static let beyond = PeerAddress(v4: 10, 1, 3, 3, port: 5_000)
  private static let afar = PeerAddress(v4: 8, 8, 8, 8, port: 53)

  private static func harness(
    _ change: (inout ServerConfiguration) -> Void = { _ in }
  ) -> EngineHarness {
    let harness = EngineHarness {
      $0.discovery = .link
      $0.port = 12_345
      $0.serverName = "lab"
      $0.keyPair = NoiseTestKeys.server
      change(&$0)
    }
    harness.engine.setLink([AddressPrefix(here, bits: 120)!])
    return harness
  }

  private static func found(_ sent: [Sent]) -> DiscoveryAnswer.Found? {
    guard sent.count == 1, case .found(let found) = sent[0].bytes.answer else {
      return nil
    }
    return found
  }

  @Test("A Seek is told who the server is, where, and who is there")
  func answersSeek() {
    let harness = Self.harness()
    harness.receive(bytes("Ann:join"), from: Self.here)
    let sent = harness.receive(Self.seek, from: Self.neighbour)
    #expect(sent.first?.address == Self.neighbour)
    #expect(
      Self.found(sent)
        == DiscoveryAnswer.Found(
          nonce: 7, key: NoiseTestKeys.server.publicKey, needsPassword: false, servesPlain: true,
          port: 12_345, people: 1, name: "lab",
          unixSeconds: UInt64(harness.wall.unixSeconds)))
    #expect(harness.engine.clientCount == 1)
  }

  @Test("A password and who may speak plainly are told")
  func tellsPolicy() {
    let locked = Self.harness {
      $0.password = (SecretKey(copying: [UInt8](repeating: 1, count: 32).span)!, [0])
      $0.classicPolicy = .off
    }
    let found = Self.found(locked.receive(Self.seek, from: Self.here))
    #expect(found?.needsPassword == true && found?.servesPlain == false)
    #expect(locked.receive(Self.question, from: Self.here) == [], "nobody could talk plainly")
    #expect(locked.drops(.classicOff) == 1)
  }

  @Test("By default those on the link are answered, and nobody beyond it")
  func keepsToTheLink() {
    let harness = Self.harness()
    let onLink = [
      Self.here, Self.neighbour, PeerAddress(v4: 127, 3, 2, 1, port: 1),
      PeerAddress(v4: 169, 254, 3, 3, port: 1), PeerAddress(high: 0, low: 1, port: 1),
      PeerAddress(high: 0xfe80_0000_0000_0000, low: 9, scope: 3, port: 1),
    ]
    for address in onLink {
      #expect(
        harness.receive(Self.question, from: address) == [Sent(address, "CHAT_SERVER_FOUND")])
      #expect(Self.found(harness.receive(Self.seek, from: address)) != nil)
    }
    let others = [
      Self.beyond, Self.afar, PeerAddress(high: 0x2001_0db8_0000_0000, low: 9, port: 1),
      PeerAddress(high: 0xfd00_0000_0000_0000, low: 9, port: 1),
    ]
    for address in others {
      #expect(harness.receive(Self.question, from: address) == [])
      #expect(harness.receive(Self.seek, from: address) == [])
    }
    #expect(harness.drops(.notOnLink) == 8)
    harness.engine.setLink([])
    #expect(harness.receive(Self.seek, from: Self.neighbour) == [], "the link is gone")
  }

  @Test("The policy any answers everybody, off nobody; neither says it to a chat")
  func obeysThePolicy() {
    let open = Self.harness { $0.discovery = .any }
    #expect(Self.found(open.receive(Self.seek, from: Self.afar))?.servesPlain == false)
    #expect(open.receive(Self.question, from: Self.afar) == [], "nor could it talk plainly")
    #expect(open.drops(.notPrivate) == 1)
    let closed = Self.harness { $0.discovery = .off }
    closed.receive(bytes("Ann:join"), from: Self.here)
    closed.receive(bytes("Bob:join"), from: Self.neighbour)
    #expect(closed.receive(Self.seek, from: Self.here) == [])
    #expect(closed.receive(Self.question, from: Self.here) == [])
    #expect(closed.drops(.discoveryOff) == 2)
  }

  @Test("A question at the other port: the text goes out from there, a Found from the server's own")
  func answersAtTheOtherPort() {
    let harness = Self.harness()
    #expect(
      harness.receiveQuestion(Self.question, from: Self.here)
        == bytes("CHAT_SERVER_FOUND"))
    #expect(harness.takeSent() == [])
    #expect(harness.receiveQuestion(Self.seek, from: Self.here) == nil)
    #expect(Self.found(harness.takeSent()) != nil)
    var known = Self.here
    known.local = 3
    #expect(harness.receiveQuestion(Self.seek, from: known) == nil)
    #expect(harness.takeSent().first?.address.local == 0, "another socket has other numbers")
    for other in ["Ann:join", "", "Ann: hello"] {
      #expect(harness.receiveQuestion(bytes(other), from: Self.here) == nil)
    }
    #expect(harness.takeSent() == [] && harness.engine.clientCount == 0)
    harness.shutDown()
    #expect(harness.receiveQuestion(Self.seek, from: Self.here) == nil)
    #expect(harness.takeSent() == [], "who stops is not to be found")
  }

  @Test("A flood of questions is answered as far as the rate goes, and again later")
  func limitsAnswers() {
    let harness = Self.harness()
    let asked = Limits.discoveryAnswersBurst + 50
    let answered = (0..<asked).count { _ in
      !harness.receive(Self.seek, from: Self.here).isEmpty
    }
    #expect(answered == Limits.discoveryAnswersBurst)
    #expect(harness.drops(.discoveryAnswers) == 50)
    harness.advance(by: .seconds(1))
    #expect(!harness.receive(Self.seek, from: Self.here).isEmpty)
  }
}
