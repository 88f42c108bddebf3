import Testing

@testable import ChatEngine

@Suite("NativeFrontend: talk")
struct NativeTalkTests {
  @Test("A number that was refused is refused again, whatever is said under it then")
  func repeatsRefusal() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    // Nothing at all, which is refused, under the numbers that the next two texts get.
    for number: UInt64 in [1, 2] {
      NativeRequest.say(NativeRequest.Say(number: number, text: [][...]))
        .append(to: &people[0].talk)
    }
    people[0].sayTalk(at: network.now)
    network.run(.seconds(1))
    people[0].client.say(bytes("one"), at: network.now)
    people[0].client.say(bytes("two"), at: network.now)
    network.run(.seconds(1))
    let failed = people[0].events.compactMap {
      if case .failed(let ticket, let words) = $0 {
        "\(ticket.number) \(String(decoding: words, as: UTF8.self))"
      } else {
        nil
      }
    }
    #expect(people[0].accepted() == [])
    #expect(failed == ["1 it was not passed on before", "2 it was not passed on before"])
    #expect(people[1].conversation.isEmpty)
  }

  private static func say(_ network: NativeNetwork, _ person: NativePerson, _ text: String) {
    person.client.say(bytes(text), at: network.now)
  }

  @Test("Everybody hears the same talk in the same order, and who said it where it came")
  func sameOrder() {
    let network = NativeNetwork(seed: 1)
    let people = network.join("Ann", "Ben", "Cem")
    for person in people { person.link.jitter = .milliseconds(20) }
    for round in 0..<30 {
      for (index, person) in people.enumerated() { Self.say(network, person, "\(index)-\(round)") }
      network.run(.milliseconds(13))
    }
    #expect(network.run(.seconds(10)) { people.allSatisfy { $0.conversation.count == 90 } })
    let names = ["Ann", "Ben", "Cem"]
    let heard = people.enumerated().map { index, person in
      person.conversation.map { line in
        // What a client said itself it knows by its number.
        guard line.hasPrefix("(me: "), let number = Int(line.dropFirst(5).dropLast()) else {
          return line
        }
        return "\(names[index]): \(index)-\(number - 1)"
      }
    }
    #expect(heard[0] == heard[1] && heard[1] == heard[2])
    #expect(people.allSatisfy { $0.accepted() == Array(1...30) })
  }

  @Test("What cannot be said comes back with a reason, and the rest goes on")
  func refuses() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    people[0].client.say([], at: network.now)
    people[0].client.say([0xff, 0xfe], at: network.now)
    Self.say(network, people[0], "fine")
    network.run(.seconds(1))
    #expect(people[0].failures() == ["it is empty", "it is not UTF-8"])
    #expect(people[0].accepted() == [3])
    #expect(people[1].conversation == ["Ann: fine"])
  }

  @Test("The longest text arrives")
  func longest() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    let text = String(repeating: "x", count: Limits.messageBytesMax)
    Self.say(network, people[0], text)
    #expect(network.run(.seconds(5)) { people[1].conversation == ["Ann: " + text] })
  }

  @Test("Loss, reordering and doubling lose nothing and double nothing", arguments: 0..<6)
  func badPath(seed: UInt64) {
    let network = NativeNetwork(seed: seed)
    let people = network.join("Ann", "Ben", "Cem")
    for person in people {
      person.link.lossPercent = 15
      person.link.duplicatePercent = 10
      person.link.jitter = .milliseconds(40)
    }
    for round in 1...40 {
      Self.say(network, people[0], "\(round)")
      if round % 8 == 0 { network.run(.milliseconds(200)) }
    }
    let isDone = network.run(.seconds(60)) {
      people.allSatisfy { $0.conversation.count == 40 } && people[0].pending == 0
    }
    #expect(isDone)
    #expect(people[1].conversation == (1...40).map { "Ann: \($0)" })
    #expect(people[2].conversation == people[1].conversation)
    #expect(people[0].accepted() == Array(1...40))
  }

  @Test("Talk beyond the budget waits and is not lost")
  func budget() {
    let network = NativeNetwork { $0.messagesPerSecond = 20 }
    let people = network.join("Ann", "Ben")
    let begin = network.now
    for number in 1...300 { Self.say(network, people[0], "\(number)") }
    #expect(network.run(.seconds(30)) { people[1].conversation.count == 300 })
    // 40 at once, the rest at 20 a second.
    let seconds = Double((network.now - begin) / .milliseconds(1)) / 1_000
    #expect((12.5...14).contains(seconds), "\(seconds)")
    #expect(people[1].conversation == (1...300).map { "Ann: \($0)" })
    network.run(.seconds(1))
    #expect(people[0].accepted().count == 300 && people[0].failures().isEmpty)
  }

  @Test("A client that leaves does so when all that it said is accepted, and is told of once")
  func leaves() {
    let network = NativeNetwork { $0.messagesPerSecond = 20 }
    let people = network.join("Ann", "Ben")
    for number in 1...100 { Self.say(network, people[0], "\(number)") }
    people[0].client.leave(at: network.now)
    #expect(network.run(.seconds(30)) { people[0].isEnded })
    #expect(people[0].ending == .left && people[0].accepted().count == 100)
    network.run(.seconds(1))
    #expect(people[1].conversation.count == 100)
    #expect(people[1].events.last == .departed("Ann"))
  }

  @Test("Who leaves at once is gone at once, and hears of no lost connection")
  func leavesNow() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    people[0].events.removeAll()
    people[0].client.leaveNow(at: network.now)
    network.run(.seconds(1))
    #expect(people[0].events == [.ended(.left)])
    #expect(people[1].events.last == .departed("Ann"))
  }

  @Test("A client that falls silent is let go after a minute")
  func silence() {
    let network = NativeNetwork()
    let people = network.join("Ann", "Ben")
    people[0].link.isDown = true
    network.run(.seconds(59))
    #expect(!people[1].events.contains(.departed("Ann")))
    network.run(.seconds(3))
    #expect(people[1].events.contains(.departed("Ann")))
    #expect(network.engine.clientCount == 1)
  }

  // MARK: Beside plain dialects

  @Test("Native and classic clients talk in one lobby")
  func mixed() {
    let network = NativeNetwork()
    let ann = network.join("Ann")[0]
    let ben = EngineHarness.address(1)
    network.receive(bytes("Ben has joined the chat."), from: ben)
    network.receive(bytes("Ben: hello"), from: ben)
    network.run(.seconds(1))
    #expect(ann.events.contains(.arrived("Ben")))
    #expect(ann.conversation == ["Ben: hello"])
    network.strangers.removeAll()
    Self.say(network, ann, "hi, Ben")
    network.run(.seconds(1))
    #expect(network.strangers == [Sent(ben, "Ann: hi, Ben")])
    network.strangers.removeAll()
    let jpeg = MadeJPEG().bytes
    network.receive(bytes("IMG:Ben:") + jpeg, from: ben)
    network.receive(bytes("Ben has left the chat."), from: ben)
    network.run(.seconds(2))
    #expect(ann.events.contains(.departed("Ben")))
    ann.client.leave(at: network.now)
    network.run(.seconds(1))
    #expect(ann.ending == .left)
  }
}
