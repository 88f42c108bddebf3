import Testing

@testable import ChatEngine

@Suite("NativeFrontend: pictures")
struct NativePictureTests {
  /// A picture of so many bytes that may be relayed.
  static func jpeg(_ count: Int, _ seed: UInt8 = 0) -> [UInt8] {
    var made = MadeJPEG()
    let room = count - made.header.count - 2
    made.scan = (0..<room).map { UInt8(($0 &* 31 &+ Int(seed)) % 251) }
    return made.bytes
  }

  @Test("A picture arrives as it is, at native and at classic clients", arguments: [2_000, 60_000])
  func shows(count: Int) {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben", "Cem")
    let classic = EngineHarness.address(1)
    network.receive(bytes("Dan has joined the chat."), from: classic)
    network.strangers.removeAll()
    let jpeg = Self.jpeg(count)
    people[0].client.show(jpeg, at: network.now)
    #expect(network.run(.seconds(10)) { people[0].pending == 0 })
    network.run(.seconds(2))
    for person in people[1...] {
      #expect(person.events.contains(.picture(from: "Ann", jpeg: jpeg)))
    }
    #expect(people[0].accepted(pictures: true) == [1])
    #expect(people[0].conversation == ["(me: picture 1)"])
    #expect(network.strangers == [Sent(classic, bytes("IMG:Ann:") + jpeg)])
  }

  @Test("Pictures of classic clients arrive at native ones")
  func fromClassic() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    let classic = EngineHarness.address(1)
    network.receive(bytes("Dan has joined the chat."), from: classic)
    let jpeg = Self.jpeg(30_000)
    network.receive(bytes("IMG:Dan:") + jpeg, from: classic)
    network.run(.seconds(2))
    for person in people { #expect(person.events.contains(.picture(from: "Dan", jpeg: jpeg))) }
  }

  @Test("Many pictures of many people over bad paths all arrive, once", arguments: 0..<3)
  func badPath(seed: UInt64) {
    let network = NativeNetwork(seed: seed)
    let people = network.join("Ann", "Ben", "Cem")
    for (index, person) in people.enumerated() {
      person.link.lossPercent = 5
      person.link.jitter = .milliseconds(10)
      person.link.mtu = [1_472, 9_000, 65_507][index]
    }
    for number in 0..<6 {
      for person in people {
        person.client.show(Self.jpeg(40_000 + number * 997, UInt8(number)), at: network.now)
      }
    }
    let isDone = network.run(.seconds(120)) {
      people.allSatisfy { $0.conversation.count == 18 && $0.pending == 0 }
    }
    #expect(isDone, "\(people.map(\.conversation.count))")
    for person in people {
      let pictures = person.events.compactMap { event -> [UInt8]? in
        if case .picture(_, let jpeg) = event { jpeg } else { nil }
      }
      #expect(pictures.count == 12)
      for number in 0..<6 {
        let jpeg = Self.jpeg(40_000 + number * 997, UInt8(number))
        #expect(pictures.filter { $0 == jpeg }.count == 2)
      }
    }
  }

  @Test("A client that showed more than the credit still gets what others show")
  func ownPicturesUseNoCredit() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    for number in 0..<90 {
      people[0].client.show(Self.jpeg(60_000, UInt8(number)), at: network.now)
      if number % 10 == 9 {
        #expect(network.run(.seconds(20)) { people[0].pending == 0 })
      }
    }
    for number in 0..<60 {
      people[1].client.show(Self.jpeg(60_000, UInt8(number)), at: network.now)
      if number % 10 == 9 {
        #expect(network.run(.seconds(20)) { people[1].pending == 0 })
      }
    }
    network.run(.seconds(5))
    #expect(people[0].conversation.filter { $0.hasPrefix("Ben showed") }.count == 60)
    #expect(people[1].conversation.filter { $0.hasPrefix("Ann showed") }.count == 90)
  }

  @Test("What is no picture is refused with a reason, and the next one arrives")
  func refusesOthers() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    people[0].client.show(bytes("this is no picture"), at: network.now)
    people[0].client.show(Self.jpeg(3_000), at: network.now)
    #expect(network.run(.seconds(5)) { people[0].pending == 0 })
    network.run(.seconds(1))
    #expect(people[0].failures().count == 1 && people[0].accepted(pictures: true) == [2])
    #expect(people[1].conversation == ["Ann showed 3000 bytes"])
  }

  @Test("More pictures than are uploaded at once wait for each other")
  func waitsForUploads() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    for number in 0..<60 {
      people[0].client.show(Self.jpeg(5_000, UInt8(number)), at: network.now)
    }
    #expect(network.run(.seconds(30)) { people[0].pending == 0 })
    network.run(.seconds(2))
    #expect(people[0].accepted(pictures: true) == Array(1...60))
    #expect(people[1].conversation.count == 60)
  }

  @Test("Talk goes on beside a picture that takes long")
  func talkBesideUpload() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    people[0].link.bytesPerSecond = 20_000
    people[0].client.show(Self.jpeg(60_000), at: network.now)
    network.run(.milliseconds(500))
    people[0].client.say(bytes("meanwhile"), at: network.now)
    #expect(network.run(.seconds(2)) { people[1].conversation == ["Ann: meanwhile"] })
    #expect(network.run(.seconds(20)) { people[1].conversation.count == 2 })
  }
}
