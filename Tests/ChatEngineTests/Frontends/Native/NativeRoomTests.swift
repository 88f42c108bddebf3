import Testing

@testable import ChatEngine

@Suite("NativeFrontend: rooms")
struct NativeRoomTests {
  private static func name(_ room: String) -> RoomName { try! RoomName(room) }

  private static func enter(_ network: NativeNetwork, _ room: String, _ people: NativePerson...) {
    for person in people {
      let isNew = person.client.enter(name(room), at: network.now)
      #expect(isNew)
      let isIn = network.run(.seconds(5)) { person.events.contains(.entered(name(room))) }
      #expect(isIn, "\(person.client.givenName) is not in \(room)")
    }
  }

  private static func say(
    _ network: NativeNetwork, _ person: NativePerson, _ text: String, in room: String,
    as kind: NativeRequest.Say.Kind = .text
  ) {
    person.client.say(bytes(text), as: kind, in: name(room), at: network.now)
    network.run(.milliseconds(200))
  }

  @Test("What is said in a room is heard there by all others, and nowhere else")
  func hearsItsOwn() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben", "Cem")
    let (ann, ben, cem) = (people[0], people[1], people[2])
    Self.enter(network, "den", ann, ben)
    Self.enter(network, "attic", ben, cem)
    Self.say(network, ann, "in the den", in: "den")
    Self.say(network, cem, "in the attic", in: "attic")
    Self.say(network, ben, "waves", in: "attic", as: .action)
    Self.say(network, ben, "to all", in: "lobby")
    #expect(ben.conversation(in: "den") == ["Ann: in the den"])
    #expect(ben.conversation(in: "attic") == ["Cem: in the attic"])
    #expect(cem.conversation(in: "attic") == ["Ben: waves"])
    #expect(ann.conversation(in: "attic").isEmpty && cem.conversation(in: "den").isEmpty)
    #expect(ann.conversation == ["(me: 1)", "Ben: to all"])
    #expect(cem.numbers(in: "attic") == [2])
    #expect([ann, ben, cem].map { $0.accepted() } == [[1], [1, 2], [1]])
    for case .message(let heard) in cem.events(in: "attic") {
      #expect(heard.isAction && heard.time == network.time.wall.unixMilliseconds)
    }
  }

  @Test("Who enters is told who is there and what it is about; the others hear of it")
  func tellsNewcomers() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben", "Cem")
    Self.enter(network, "den", people[0], people[1])
    Self.say(network, people[0], "tea", in: "den", as: .topic)
    #expect(people[1].events(in: "den").contains(.topic(from: "Ann", text: bytes("tea"))))
    Self.enter(network, "den", people[2])
    network.run(.seconds(1))
    let told = people[2].events(in: "den")
    #expect(told.contains(.topic(from: nil, text: bytes("tea"))))
    #expect(told.contains(.present("Ann")) && told.contains(.present("Ben")))
    #expect(told.contains(.listed) && !told.contains(.present("Cem")))
    #expect(people[0].events(in: "den").filter { $0 == .arrived("Cem") }.count == 1)
    Self.say(network, people[2], "", in: "den", as: .topic)
    #expect(people[0].events(in: "den").last == .topic(from: "Cem", text: []))
  }

  @Test("A picture that is shown in a room goes to those who are there")
  func showsPictures() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben", "Cem")
    Self.enter(network, "den", people[0], people[1])
    let jpeg = NativePictureTests.jpeg(60_000)
    let before = people[2].received.reduce(0) { $0 + $1.count }
    people[0].client.show(jpeg, in: Self.name("den"), at: network.now)
    network.run(.seconds(5))
    #expect(people[1].events(in: "den").contains(.picture(from: "Ann", jpeg: jpeg)))
    #expect(people[0].accepted(pictures: true) == [1])
    let after = people[2].received.reduce(0) { $0 + $1.count }
    #expect(after - before < 5_000)
    // The next picture of the lobby comes all the same.
    people[1].client.show(jpeg, at: network.now)
    network.run(.seconds(5))
    #expect(people[2].conversation == ["Ben showed 60000 bytes"])
  }

  @Test("Who left a room hears it no more and cannot speak there; who enters again goes on")
  func partsAndEnters() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    Self.enter(network, "den", people[0], people[1])
    Self.say(network, people[0], "one", in: "den")
    let isLeft = people[1].client.part(Self.name("den"), at: network.now)
    #expect(isLeft)
    network.run(.seconds(1))
    Self.say(network, people[0], "two", in: "den")
    #expect(people[1].events.contains(.parted(Self.name("den"))))
    #expect(people[0].events(in: "den").last { $0 == .departed("Ben") } != nil)
    Self.say(network, people[1], "unheard", in: "den")
    #expect(people[1].failures() == ["you are not in that room"])
    people[1].client.show(NativePictureTests.jpeg(3_000), in: Self.name("den"), at: network.now)
    network.run(.seconds(2))
    #expect(people[1].failures() == ["you are not in that room", "you are not in that room"])
    people[1].events.removeAll { $0 == .entered(Self.name("den")) }
    Self.enter(network, "den", people[1])
    Self.say(network, people[0], "three", in: "den")
    Self.say(network, people[1], "four", in: "den")
    #expect(people[1].conversation(in: "den") == ["Ann: one", "Ann: three"])
    #expect(people[1].numbers(in: "den") == [1, 3])
    #expect(people[0].conversation(in: "den") == ["Ben: four"])
  }

  @Test("A client enters what it is not in, and as many rooms as it may")
  func bounds() {
    let network = NativeNetwork()
    let ann = network.join("Ann")[0]
    let isIn = ann.client.enter(.lobby, at: network.now)
    #expect(!isIn)
    for number in 0..<Limits.roomsPerMemberMax { Self.enter(network, "r\(number)", ann) }
    for room in ["r1", "another"] {
      let isIn = ann.client.enter(Self.name(room), at: network.now)
      #expect(!isIn)
    }
    let isLeft = ann.client.part(Self.name("another"), at: network.now)
    #expect(!isLeft)
  }

  @Test("Programs of one person are one member of a room, which leaves it with the last of them")
  func severalSessions() {
    let network = NativeNetwork()
    let ben = network.join("Ben")[0]
    let desk = network.add("Ann", key: 77)
    let phone = network.add("Ann", key: 77)
    network.run(.seconds(2))
    Self.enter(network, "den", ben, desk, phone)
    Self.say(network, desk, "hello", in: "den")
    #expect(phone.conversation(in: "den") == ["Ann: hello"])
    #expect(ben.conversation(in: "den") == ["Ann: hello"])
    _ = desk.client.part(Self.name("den"), at: network.now)
    Self.say(network, phone, "still here", in: "den")
    #expect(desk.conversation(in: "den").isEmpty)
    network.run(.seconds(1))
    #expect(!ben.events(in: "den").contains(.departed("Ann")))
    phone.client.leave(at: network.now)
    network.run(.seconds(1))
    #expect(ben.events(in: "den").filter { $0 == .departed("Ann") }.count == 1)
    #expect(ben.events(in: "den").filter { $0 == .arrived("Ann") }.count == 1)
    Self.say(network, desk, "not there", in: "den")
    #expect(desk.failures() == ["you are not in that room"])
  }

  @Test("Who comes back goes on in its rooms, nothing missed and nothing twice", arguments: 0..<8)
  func comesBack(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let network = NativeNetwork(seed: seed)
    let people = network.join("Ann", "Ben")
    Self.enter(network, "den", people[0], people[1])
    Self.enter(network, "attic", people[1], people[0])
    var said: [String: [Int]] = ["den": [], "attic": [], "lobby": []]
    for number in 1...40 {
      let room = random.pick(["den", "attic", "lobby"])
      said[room]!.append(number)
      for (person, tag) in zip(people, ["a", "b"]) {
        person.client.say(bytes("\(tag)\(number)"), in: Self.name(room), at: network.now)
      }
      network.run(.milliseconds(Int64.random(in: 0...60, using: &random)))
      if number % 10 == 0 {
        let away = people[Int.random(in: 0...1, using: &random)]
        away.link.isDown = true
        network.run(.seconds(random.pick([3, 61, 90])))
        away.link.isDown = false
      }
    }
    let isDone = network.run(.seconds(120)) {
      people.allSatisfy { $0.isJoined && $0.pending == 0 }
    }
    #expect(isDone)
    network.run(.seconds(5))
    for (person, tag) in [(people[0], "Ben: b"), (people[1], "Ann: a")] {
      #expect(person.failures().isEmpty)
      for (room, numbers) in said {
        let heard = room == "lobby" ? person.conversation : person.conversation(in: room)
        #expect(heard.filter { !$0.hasPrefix("(me") } == numbers.map { "\(tag)\($0)" })
      }
      for room in ["den", "attic"] {
        let numbers = person.numbers(in: room)
        #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
      }
    }
  }

  @Test(
    "After the server was started again everybody is in the same rooms, and what was said goes on")
  func survivesRestart() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    Self.enter(network, "den", people[0], people[1])
    Self.say(network, people[0], "before", in: "den")
    network.restart()
    people[0].client.say(bytes("meanwhile"), in: Self.name("den"), at: network.now)
    let isDone = network.run(.seconds(60)) {
      people.allSatisfy { person in
        person.pending == 0 && person.events(in: "den").contains(.restored(.restarted))
      }
    }
    #expect(isDone)
    network.run(.seconds(3))
    Self.say(network, people[0], "after", in: "den")
    #expect(people[0].failures().isEmpty)
    let heard = people[1].conversation(in: "den")
    #expect(heard.first == "Ann: before" && heard.last == "Ann: after")
    #expect(Set(heard).count == heard.count)
    for person in people {
      #expect(person.events.filter { $0 == .entered(Self.name("den")) }.count == 1)
    }
  }

  @Test("A room that is entered and left in one breath, again and again, does no harm")
  func comesAndGoes() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    for round in 0..<10 {
      for room in ["den", "attic"] {
        for person in people.prefix(round % 2 + 1) {
          _ = person.client.enter(Self.name(room), at: network.now)
          _ = person.client.part(Self.name(room), at: network.now)
        }
      }
      network.run(.milliseconds(300))
    }
    network.run(.seconds(1))
    for person in people { #expect(person.isJoined) }
    #expect(people[0].events.filter { $0 == .parted(Self.name("den")) }.count == 10)
    Self.enter(network, "den", people[0])
    network.run(.seconds(1))
    #expect(people[0].events.filter { $0 == .entered(Self.name("den")) }.count == 11)
  }

  @Test("Who goes for good is gone from its rooms, and nothing of its session stays")
  func vanishes() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben", "Cem")
    Self.enter(network, "den", people[0], people[1], people[2])
    people[1].link.isDown = true
    network.run(.seconds(70))
    #expect(people[0].events(in: "den").contains(.departed("Ben")))
    for person in [people[0], people[2]] { person.client.leave(at: network.now) }
    network.run(.seconds(2))
    #expect(network.engine.clientCount == 0)
    let footprint = network.engine.footprint
    #expect(footprint.sessions == 0 && footprint.queued == 0)
  }

  @Test("Of a log that is too small for its newest event that one is kept")
  func keepsNewest() {
    var log = NativeLog()
    var bytes = ByteLog()
    for count in [10, 5_000, 20, 5_000] {
      let seq = log.nextSeq
      let message = NativeEvent.Message(number: seq, time: 0, id: .none)
      let text = [UInt8](repeating: 65, count: count)
      log.append(
        NativeEvent(seq: seq, member: 1, kind: .said(text[...]), message: message), objectsEnd: 0)
      log.release(into: &bytes, bytesMax: 1_000)
      #expect(log.position(after: seq - 1, objectsEnd: 0)?.talk == bytes.base)
      #expect(log.beginning(objectsEnd: 0).seq == seq)
    }
  }
}
