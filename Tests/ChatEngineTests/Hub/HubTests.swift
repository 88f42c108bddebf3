import Testing

@testable import ChatEngine

@Suite("Hub")
struct HubTests {
  private static let rate = Rate(perSecond: 10, burst: 3)

  private final class Chat {
    var hub: Hub

    init(clientsMax: Int = 5) { hub = Hub(clientsMax: clientsMax, speechRate: HubTests.rate) }

    func join(_ name: String, _ ifTaken: Hub.TakenName = .refuse) throws -> MemberID {
      try hub.join(try MemberName(name), ifTaken: ifTaken, at: moment(1))
    }

    func say(_ member: MemberID, _ text: String, at now: Instant) throws {
      try hub.say(member, Array(text.utf8).span, at: moment(now.nanoseconds))
    }

    func name(_ member: MemberID) -> String { hub.name(of: member).text }

    /// The events since the last time, as `Ann joined`.
    func events() -> [String] {
      var texts: [String] = []
      while let event = hub.nextEvent() {
        let body = hub.place(of: event)
        let what =
          switch event.kind {
          case .joined: "joined"
          case .said(let isAction):
            "\(isAction ? "did" : "said") \(String(decoding: hub.bytes[body], as: UTF8.self))"
          case .topic: "set the topic \(String(decoding: hub.bytes[body], as: UTF8.self))"
          case .showed(let header, _): "showed \(body.count) bytes \(header.width)"
          case .left(let reason): "left \(reason)"
          }
        texts.append("\(event.name.text) \(what)")
      }
      return texts
    }
  }

  @Test("What happens becomes events, in order, each taken once")
  func tellsEvents() throws {
    let chat = Chat()
    let ann = try chat.join("Ann")
    let bob = try chat.join("Bob")
    let now = Instant(nanoseconds: 1)
    try chat.say(bob, "hello", at: now)
    #expect(chat.events() == ["Ann joined", "Bob joined", "Bob said hello"])
    #expect(chat.events() == [])
    let jpeg = MadeJPEG(width: 7).bytes
    try chat.hub.show(ann, jpeg.span, at: moment(1))
    chat.hub.leave(bob, .unreachable, at: moment(1))
    #expect(
      chat.events() == ["Ann showed \(jpeg.count) bytes 7", "Bob left unreachable"])
    #expect(chat.hub.memberCount == 1)
  }

  @Test("What was said is kept until all events were taken, however much it is, and no longer")
  func keepsWhatWasSaid() throws {
    let chat = Chat()
    let (ann, bob) = (try chat.join("Ann"), try chat.join("Bob"))
    let now = Instant(nanoseconds: 1)
    let jpeg = MadeJPEG(width: 7).bytes
    try chat.say(ann, "one", at: now)
    try chat.hub.show(bob, jpeg.span, at: moment(1))
    try chat.say(bob, "", at: now)
    try chat.say(ann, "four", at: now)
    #expect(chat.hub.bytes == bytes("one") + jpeg + bytes("four"))
    #expect(
      chat.events().dropFirst(2) == [
        "Ann said one", "Bob showed \(jpeg.count) bytes 7", "Bob said ", "Ann said four",
      ])
    #expect(chat.hub.bytes.isEmpty)
    try chat.say(ann, "again", at: now)
    #expect(chat.events() == ["Ann said again"])
  }

  @Test("What is no picture that may be passed on is refused with the reason")
  func refusesPictures() throws {
    let chat = Chat()
    let ann = try chat.join("Ann")
    _ = chat.events()
    let text = bytes("no picture")
    #expect(throws: Hub.SpeechRefusal.picture(.notJPEG)) {
      try chat.hub.show(ann, text.span, at: moment(1))
    }
    #expect(chat.hub.bytes.isEmpty)
    #expect(chat.events() == [])
  }

  @Test("A taken name is refused, also in another case, and free again after its owner left")
  func refusesTakenNames() throws {
    let chat = Chat()
    let ann = try chat.join("Ann")
    #expect(throws: Hub.Refusal.nameTaken) { try chat.join("ANN") }
    #expect(chat.hub.memberCount == 1)
    chat.hub.leave(ann, .said, at: moment(1))
    let next = try chat.join("ANN")
    #expect(chat.name(next) == "ANN")
    #expect(chat.events() == ["Ann joined", "Ann left said", "ANN joined"])
  }

  @Test("A newcomer that may be numbered gets the first free number")
  func numbersNewcomers() throws {
    let chat = Chat()
    _ = try chat.join("Ann", .number)
    let second = try chat.join("ann", .number)
    let third = try chat.join("Ann", .number)
    #expect([chat.name(second), chat.name(third)] == ["ann-2", "Ann-3"])
    chat.hub.leave(second, .idle, at: moment(1))
    let again = try chat.join("Ann", .number)
    #expect(chat.name(again) == "Ann-2")
    // Somebody may go by that name from the start.
    let other = try chat.join("Ann-4")
    #expect(chat.name(other) == "Ann-4")
    #expect(throws: Hub.Refusal.nameTaken) { try chat.join("Ann-2") }
  }

  @Test("When every number is taken the newcomer is refused")
  func runsOutOfNumbers() throws {
    let chat = Chat(clientsMax: 2_000)
    for _ in 1...Limits.nameNumberMax { _ = try chat.join("Ann", .number) }
    #expect(throws: Hub.Refusal.nameTaken) { try chat.join("Ann", .number) }
    #expect(chat.hub.memberCount == Limits.nameNumberMax)
  }

  @Test("A full hub refuses, says nothing of it to others, and has room again after one left")
  func isBounded() throws {
    let chat = Chat(clientsMax: 2)
    let ann = try chat.join("Ann")
    _ = try chat.join("Bob")
    _ = chat.events()
    #expect(throws: Hub.Refusal.full) { try chat.join("Cid") }
    #expect(throws: Hub.Refusal.full) { try chat.join("Ann", .number) }
    #expect(chat.events() == [])
    chat.hub.leave(ann, .said, at: moment(1))
    _ = try chat.join("Cid")
    #expect(chat.events() == ["Ann left said", "Cid joined"])
  }

  @Test("A slot that is used again belongs to another member")
  func renewsSlots() throws {
    let chat = Chat()
    let ann = try chat.join("Ann")
    chat.hub.leave(ann, .said, at: moment(1))
    let bob = try chat.join("Bob")
    #expect(bob.slot == ann.slot)
    #expect(bob.generation != ann.generation)
    #expect(bob != ann)
  }

  @Test("Each member has its own budget of speech, and a new member a full one")
  func limitsSpeech() throws {
    let chat = Chat()
    let now = Instant(nanoseconds: 1)
    let (ann, bob) = (try chat.join("Ann"), try chat.join("Bob"))
    func admitted(_ member: MemberID) -> Int {
      (0..<10).count { _ in (try? chat.say(member, "x", at: now)) != nil }
    }
    #expect(admitted(ann) == 3)
    #expect(admitted(bob) == 3)
    chat.hub.leave(ann, .said, at: moment(1))
    let cid = try chat.join("Cid")
    #expect(admitted(cid) == 3)
  }
}

/// A time so many nanoseconds after the clock's beginning.
func moment(_ nanoseconds: UInt64) -> TurnTime {
  TurnTime(
    instant: Instant(nanoseconds: nanoseconds), wall: WallClock(unixMilliseconds: 1_000))
}
