import Testing

@testable import ChatEngine

@Suite("NativeClient: coming into rooms")
struct NativeRoomEntryTests {
  private let deploys = try! RoomName("deploys")

  private func texts(_ person: NativePerson, in room: RoomName) -> [String] {
    person.events.compactMap { event in
      guard case .inRoom(room, .message(let heard)) = event else { return nil }
      return "\(heard.from): \(String(decoding: heard.text, as: UTF8.self))"
    }
  }

  @Test("What is said, and asked for, while the list of who is here comes in gets through")
  func speaksWhileListed() {
    let network = NativeNetwork { $0.joinsPerSecond = 0 }
    let ann = network.join("Ann")[0]
    // Enough people for a list of several datagrams.
    for number in 0..<60 { network.add("Somebody with a long name \(number)") }
    network.run(.seconds(3))
    #expect(network.engine.clientCount == 61)
    #expect(ann.client.enter(deploys, at: network.now))
    let ben = network.add("Ben")
    ben.link.bytesPerSecond = 20_000
    #expect(network.run(.seconds(5)) { ben.events.contains(.joined) })
    #expect(!ben.isJoined, "the list must still be coming in")
    _ = ben.client.say(Array("early".utf8), at: network.now)
    #expect(ben.client.enter(deploys, at: network.now))
    #expect(network.run(.seconds(5)) { ben.events.contains(.entered(deploys)) && ben.pending == 0 })
    #expect(ben.accepted() == [1])
    #expect(ann.conversation == ["Ben: early"])
    _ = ben.client.say(Array("here".utf8), in: deploys, at: network.now)
    network.run(.seconds(1))
    #expect(texts(ann, in: deploys) == ["Ben: here"])
  }

  @Test("The topic is told to whoever comes in, of the lobby and of a room")
  func tellsTopics() {
    let network = NativeNetwork()
    let ann = network.join("Ann")[0]
    #expect(ann.client.enter(deploys, at: network.now))
    network.run(.seconds(1))
    _ = ann.client.say(Array("tea".utf8), as: .topic, at: network.now)
    _ = ann.client.say(Array("green".utf8), as: .topic, in: deploys, at: network.now)
    network.run(.seconds(1))
    let ben = network.join("Ben")[0]
    #expect(ben.client.enter(deploys, at: network.now))
    network.run(.seconds(1))
    #expect(ben.events.contains(.topic(from: nil, text: Array("tea".utf8))))
    #expect(ben.events.contains(.inRoom(deploys, .topic(from: nil, text: Array("green".utf8)))))
  }

  @Test("Who parts while a new session is being made does not come back into the room")
  func partsMeanwhile() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    for person in people { #expect(person.client.enter(deploys, at: network.now)) }
    network.run(.seconds(1))
    network.restart()
    #expect(network.run(.seconds(60)) { people[0].client.phase == .joining })
    #expect(people[0].client.part(deploys, at: network.now))
    network.run(.seconds(100))
    #expect(people[0].events.contains(.parted(deploys)))
    _ = people[1].client.say(Array("alone".utf8), in: deploys, at: network.now)
    network.run(.seconds(1))
    #expect(people.map(\.pending) == [0, 0])
    #expect(texts(people[0], in: deploys) == [])
    // Ann was there before the restart, and never came back.
    #expect(people[1].events.contains(.inRoom(deploys, .departed("Ann"))))
  }
}
