import Testing

@testable import ChatEngine

@Suite("NativeFrontend: what is kept before it is told")
struct NativeKeepingTests {
  private static func makeNetwork(seed: UInt64 = 0) -> NativeNetwork {
    NativeNetwork(seed: seed) { $0.keepsHistory = true }
  }

  private static func say(_ network: NativeNetwork, _ person: NativePerson, _ text: String) {
    person.client.say(bytes(text), at: network.now)
  }

  @Test("A RECEIPT, and the others' hearing of it, come when the disk has it")
  func waitsForTheDisk() {
    let network = Self.makeNetwork()
    let people = network.join("Ann", "Ben")
    network.disk.delay = .milliseconds(700)
    Self.say(network, people[0], "hello")
    people[0].client.show(NativePictureTests.jpeg(5_000), at: network.now)
    network.run(.milliseconds(600))
    #expect(people[0].accepted().isEmpty && people[0].pending == 2)
    #expect(people[1].conversation.isEmpty && network.disk.messages.isEmpty)
    network.run(.milliseconds(1_800))
    #expect(people[0].accepted() == [1] && people[0].accepted(pictures: true) == [1])
    #expect(people[1].conversation == ["Ann: hello", "Ann showed 5000 bytes"])
    #expect(network.disk.messages.map(\.number) == [1, 2])
    #expect(network.disk.messages.map(\.run) == [people[0].client.run, people[0].client.run])
  }

  @Test("What the disk did not take fails for its author, nobody hears it, and numbers go on")
  func fails() {
    let network = Self.makeNetwork()
    let people = network.join("Ann", "Ben")
    let classic = EngineHarness.address(1)
    network.receive(bytes("Dan has joined the chat."), from: classic)
    Self.say(network, people[0], "one")
    network.run(.seconds(1))
    network.disk.failure = StoreFailure("the disk is full")
    network.strangers.removeAll()
    Self.say(network, people[0], "two")
    Self.say(network, people[0], "three")
    network.receive(bytes("Dan: four"), from: classic)
    network.run(.seconds(1))
    #expect(people[0].failures() == ["the disk is full", "the disk is full"])
    #expect(people[0].pending == 0)
    let told = network.strangers.map { String(decoding: $0.bytes, as: UTF8.self) }
    #expect(told.count == 1 && told[0].contains("the disk is full"), "\(told)")
    network.disk.failure = nil
    Self.say(network, people[0], "five")
    network.run(.seconds(1))
    #expect(people[1].conversation == ["Ann: one", "Ann: five"])
    #expect(people[0].conversation == ["(me: 1)", "(me: 4)"])
    #expect(network.disk.lines == ["lobby 1: one", "lobby 2: five"])
  }

  @Test("A server that ends while the disk has it not yet is said it again, once")
  func crashes() {
    let network = Self.makeNetwork()
    let people = network.join("Ann", "Ben")
    Self.say(network, people[0], "before")
    network.run(.seconds(1))
    network.disk.delay = nil
    for number in 1...5 { Self.say(network, people[0], "lost \(number)") }
    network.run(.seconds(3))
    #expect(people[0].pending == 5 && people[1].conversation == ["Ann: before"])
    network.restart()
    network.disk.delay = .milliseconds(4)
    let isDone = network.run(.seconds(60)) {
      people.allSatisfy { $0.isJoined && $0.pending == 0 }
    }
    #expect(isDone)
    network.run(.seconds(2))
    #expect(people[0].accepted() == Array(1...6))
    let texts = network.disk.messages.map { String(decoding: $0.body, as: UTF8.self) }
    #expect(texts == ["before"] + (1...5).map { "lost \($0)" })
  }

  @Test("What is refused is answered in its turn")
  func refusesInOrder() {
    let network = Self.makeNetwork()
    let ann = network.join("Ann")[0]
    network.disk.delay = .milliseconds(200)
    for text in ["one", "", "three", ""] { Self.say(network, ann, text) }
    network.run(.milliseconds(100))
    #expect(ann.accepted().isEmpty && ann.failures().isEmpty)
    network.run(.seconds(1))
    let answers = ann.events.compactMap { event -> UInt64? in
      switch event {
      case .accepted(let ticket), .failed(let ticket, _): ticket.number
      default: nil
      }
    }
    #expect(answers == [1, 2, 3, 4])
    #expect(ann.failures() == ["it is empty", "it is empty"])
    #expect(network.disk.lines == ["lobby 1: one", "lobby 2: three"])
  }

  @Test(
    "Who comes back while the disk works is answered when it is done, and nothing is kept twice")
  func comesBackMeanwhile() {
    let network = Self.makeNetwork()
    let people = network.join("Ann", "Ben")
    network.disk.delay = .seconds(100)
    for number in 1...3 { Self.say(network, people[0], "text \(number)") }
    network.run(.milliseconds(500))
    network.disk.delay = .milliseconds(4)
    people[0].link.isDown = true
    network.run(.seconds(65))
    people[0].link.isDown = false
    #expect(network.run(.seconds(20)) { people[0].isJoined })
    #expect(people[0].pending == 3)
    #expect(network.run(.seconds(60)) { people[0].pending == 0 })
    #expect(people[0].accepted() == [1, 2, 3])
    network.run(.seconds(3))
    #expect(network.disk.lines == (1...3).map { "lobby \($0): text \($0)" })
    #expect(people[1].conversation == (1...3).map { "Ann: text \($0)" })
  }

  @Test("While too much waits for the disk nothing more is taken, and nothing is lost")
  func holdsBack() {
    let network = NativeNetwork {
      $0.keepsHistory = true
      $0.messagesPerSecond = 0
    }
    let people = network.join("Ann", "Ben")
    network.disk.delay = nil
    let count = Limits.keepingBytesHigh / 50_000 * 2
    let text = [UInt8](repeating: 65, count: 50_000)
    for _ in 0..<count { people[0].client.say(text, at: network.now) }
    network.run(.seconds(30))
    #expect(people[0].accepted().isEmpty)
    let waiting = network.engine.waitingBytes
    #expect((Limits.keepingBytesHigh...Limits.keepingBytesHigh + 100_000).contains(waiting))
    network.settleDisk()
    network.disk.delay = .milliseconds(50)
    #expect(network.run(.seconds(60)) { people[0].pending == 0 })
    network.run(.seconds(10))
    #expect(people[1].conversation.count == count)
    #expect(network.disk.messages.map(\.number) == (1...UInt64(count)).map { $0 })
    #expect(network.disk.batchCount < count)
  }

  @Test("Who comes and goes is told in its place, without anything else having to happen")
  func tellsNotices() {
    let network = Self.makeNetwork()
    let people = network.join("Ann", "Ben")
    network.disk.delay = .milliseconds(300)
    Self.say(network, people[0], "hello")
    network.run(.milliseconds(50))
    let cem = network.add("Cem")
    network.run(.milliseconds(100))
    #expect(cem.isJoined && !people[1].events.contains(.arrived("Cem")))
    network.run(.milliseconds(400))
    #expect(
      people[1].events.suffix(2).map { event in
        if case .message = event { "message" } else { "\(event)" }
      } == ["message", "\(ClientEvent.arrived("Cem"))"])
    cem.client.leave(at: network.now)
    network.run(.milliseconds(300))
    #expect(people[1].events.last == .departed("Cem"))
    #expect(cem.conversation == ["Ann: hello"], "it was told after Cem had come")
  }

  @Test("Over bad ways and a slow disk all is kept and heard once, in one order", arguments: 0..<6)
  func survives(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let network = Self.makeNetwork(seed: seed)
    let people = network.join("Ann", "Ben")
    for person in people {
      person.link.lossPercent = 10
      person.link.jitter = .milliseconds(20)
    }
    for number in 1...60 {
      network.disk.delay = .milliseconds(Int64.random(in: 0...400, using: &random))
      for (person, tag) in zip(people, ["a", "b"]) { Self.say(network, person, "\(tag)\(number)") }
      network.run(.milliseconds(Int64.random(in: 0...80, using: &random)))
    }
    #expect(network.run(.seconds(120)) { people.allSatisfy { $0.pending == 0 } })
    network.run(.seconds(5))
    #expect(network.disk.messages.map(\.number) == Array(1...120))
    let texts = network.disk.messages.map { String(decoding: $0.body, as: UTF8.self) }
    for (person, tag) in [(people[0], "b"), (people[1], "a")] {
      let heard = person.conversation.filter { !$0.hasPrefix("(me") }.map {
        $0.split(separator: " ")[1]
      }
      #expect(heard.map(String.init) == texts.filter { $0.hasPrefix(tag) })
      #expect(person.accepted() == Array(1...60))
    }
  }
}
