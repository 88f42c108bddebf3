import Testing

@testable import ChatEngine

@Suite("NativeFrontend: after the server was started again")
struct NativeRestartTests {
  private static let classic = EngineHarness.address(50)

  private static func say(_ network: NativeNetwork, _ person: NativePerson, _ text: String) {
    person.client.say(bytes(text), at: network.now)
  }

  /// What a person told since the server was started again.
  private static func since(_ person: NativePerson) -> ArraySlice<ClientEvent> {
    person.events.firstIndex(of: .restored(.restarted)).map { person.events[$0...] } ?? []
  }

  private static func names(
    _ events: some Sequence<ClientEvent>, _ name: (ClientEvent) -> String?
  ) -> [String] {
    events.compactMap(name)
  }

  private static func arrived(_ person: NativePerson) -> [String] {
    names(since(person)) { if case .arrived(let name) = $0 { name } else { nil } }
  }

  private static func departed(_ person: NativePerson) -> [String] {
    names(since(person)) { if case .departed(let name) = $0 { name } else { nil } }
  }

  @Test("Who only listens hears all that was said before it noticed, and is told so once")
  func silentListener() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben", "Cem")
    network.run(.seconds(1))
    network.restart()
    Self.say(network, people[1], "first")
    #expect(network.run(.seconds(5)) { people[1].isJoined && people[1].pending == 0 })
    let jpeg = NativePictureTests.jpeg(3_000)
    people[1].client.show(jpeg, at: network.now)
    for number in 1...3 { Self.say(network, people[1], "more \(number)") }
    network.run(.seconds(1)) { people[1].pending == 0 }
    #expect(people[0].conversation.isEmpty, "it has noticed nothing yet")
    network.run(.seconds(Int64(Limits.sessionKeepAliveSeconds + 5)))
    for person in [people[0], people[2]] {
      let texts = person.conversation.filter { $0.contains(": ") }
      #expect(texts == ["Ben: first", "Ben: more 1", "Ben: more 2", "Ben: more 3"])
      #expect(person.conversation.contains("Ben showed 3000 bytes"))
    }
    for person in people {
      let events = person.events
      #expect(events.count { $0 == .connectionLost(isShutDown: false) } == 1)
      #expect(events.count { $0 == .restored(.restarted) } == 1)
      #expect(!events.contains { if case .missed = $0 { true } else { false } })
    }
  }

  @Test("Of those who were here before, nobody is announced again, in whatever order they come")
  func announcesNobody() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben", "Cem")
    network.run(.seconds(1))
    network.restart()
    for person in people {
      Self.say(network, person, "here")
      network.run(.seconds(2))
    }
    network.run(.seconds(Int64(Limits.returnSecondsMax + 5)))
    for person in people {
      #expect(Self.arrived(person) == [] && Self.departed(person) == [])
      #expect(person.client.roster.sorted() == ["Ann", "Ben", "Cem"])
    }
    let transcript = String(decoding: network.engine.turn.output.transcript, as: UTF8.self)
    for name in ["Ann", "Ben", "Cem"] { #expect(transcript.contains("* \(name) is back\n")) }
    #expect(!transcript.contains("joined"))
    let late = network.join("Dan")[0]
    network.run(.seconds(1))
    for person in people { #expect(Self.arrived(person) == ["Dan"]) }
    let listed = late.events.firstIndex(of: .listed) ?? 0
    #expect(Self.names(late.events[listed...]) { "\($0)" } == ["listed"])
  }

  @Test("Who does not come back is told of as gone, once, after a while")
  func tellsOfTheGone() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben", "Cem")
    network.run(.seconds(1))
    people[2].link.isDown = true
    network.restart()
    Self.say(network, people[0], "here")
    network.run(.seconds(Int64(Limits.returnSecondsMax - 10)))
    #expect(Self.departed(people[0]) == [])
    network.run(.seconds(30))
    #expect(Self.departed(people[0]) == ["Cem"])
    #expect(Self.departed(people[1]) == ["Cem"])
    people[2].link.isDown = false
    network.run(.seconds(60))
    #expect(Self.arrived(people[0]) == ["Cem"] && Self.departed(people[2]) == [])
  }

  @Test("Who came, left and came again before one is back is simply here")
  func oldPresences() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    people[0].link.isDown = true
    network.restart()
    Self.say(network, people[1], "one")
    network.run(.seconds(3))
    people[1].client.leave(at: network.now)
    network.run(.seconds(1))
    let again = network.add("Ben", key: 2)
    #expect(network.run(.seconds(2)) { again.isJoined })
    let guest = network.join("Guest")[0]
    Self.say(network, guest, "was here")
    network.run(.seconds(1))
    guest.client.leave(at: network.now)
    people[0].link.isDown = false
    network.run(.seconds(90))
    #expect(people[0].client.roster.sorted() == ["Ann", "Ben"])
    #expect(Self.arrived(people[0]) == ["Guest"] && Self.departed(people[0]) == ["Guest"])
    #expect(people[0].conversation == ["Ben: one", "Guest: was here"])
  }

  @Test("What plain clients say before the first native one is back is heard, up to a bound")
  func plainTalk() {
    for count in [20, 300] {
      let network = NativeNetwork { $0.messagesPerSecond = 0 }
      let ann = network.join("Ann")[0]
      network.restart()
      network.receive(bytes("Old has joined the chat."), from: Self.classic)
      for number in 1...count { network.receive(bytes("Old: \(number)"), from: Self.classic) }
      network.run(.seconds(Int64(Limits.sessionKeepAliveSeconds + 5)))
      network.receive(bytes("Old: last"), from: Self.classic)
      network.run(.seconds(1))
      if count < Limits.unheardEventsMax {
        #expect(ann.conversation == (1...count).map { "Old: \($0)" } + ["Old: last"])
      } else {
        #expect(ann.conversation == ["Old: last"])
        #expect(ann.events.contains(.missed(count + 1)))
        #expect(network.engine.footprint.talkLogBytes < 1_000)
      }
    }
  }

  @Test("A newcomer hears nothing of what was said before")
  func newcomer() {
    let network = NativeNetwork()
    let people = network.join("Ann")
    Self.say(network, people[0], "before")
    network.run(.seconds(1))
    let late = network.join("Late")[0]
    network.run(.seconds(1))
    #expect(late.conversation.isEmpty)
  }
}
