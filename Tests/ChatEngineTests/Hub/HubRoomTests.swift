import Testing

@testable import ChatEngine

@Suite("Hub: rooms")
struct HubRoomTests {
  @Test("Who enters and leaves a room is told there, and so is what is said, with numbers of it")
  func tellsOfRooms() throws {
    let chat = HubChat()
    try chat.join("Ann", "Ben", "Cem")
    try chat.enter("Ann", "den")
    try chat.enter("Ben", "den")
    try chat.enter("Ben", "attic")
    try chat.say("Ann", "one", in: "den")
    try chat.say("Ben", "one", in: "attic")
    try chat.say("Cem", "one")
    try chat.say("Ben", "two", in: "den")
    try chat.part("Ann", "den")
    try chat.say("Ben", "three", in: "den")
    #expect(
      chat.events().dropFirst(3) == [
        "den: Ann joined", "den: Ben joined", "attic: Ben joined", "den 1: Ann: one",
        "attic 1: Ben: one", "lobby 1: Cem: one", "den 2: Ben: two", "den: Ann left said",
        "den 3: Ben: three",
      ])
  }

  @Test("To enter where one is already does nothing, and neither does to leave where one is not")
  func entersOnce() throws {
    let chat = HubChat()
    try chat.join("Ann", "Ben")
    let den = try chat.enter("Ann", "den")
    #expect(try chat.enter("Ann", "den") == den)
    #expect(try chat.enter("Ann", "lobby") == .lobby)
    try chat.part("Ben", "den")
    chat.hub.part(chat["Ann"], from: .lobby, .said, at: moment(1))
    #expect(chat.events().dropFirst(2) == ["den: Ann joined"])
    try chat.part("Ann", "den")
    try chat.enter("Ann", "den")
    #expect(chat.events() == ["den: Ann left said", "den: Ann joined"])
  }

  @Test("Only who is in a room speaks, shows pictures and says what it is about there")
  func refusesStrangers() throws {
    let chat = HubChat()
    try chat.join("Ann", "Ben")
    let den = try chat.enter("Ann", "den")
    let jpeg = MadeJPEG().bytes
    #expect(throws: Hub.SpeechRefusal.notInRoom) { try chat.say("Ben", "hello", in: "den") }
    #expect(throws: Hub.SpeechRefusal.notInRoom) { try chat.setTopic("Ben", "x", of: "den") }
    #expect(throws: Hub.SpeechRefusal.notInRoom) {
      try chat.hub.show(chat["Ben"], in: den, jpeg.span, at: moment(1))
    }
    try chat.hub.show(chat["Ann"], in: den, jpeg.span, at: moment(1))
    try chat.part("Ann", "den")
    #expect(throws: Hub.SpeechRefusal.notInRoom) { try chat.say("Ann", "hello", in: "den") }
  }

  @Test("Who leaves the chat leaves its rooms, and the others stay where they stand")
  func leavesAll() throws {
    let chat = HubChat()
    let names = (0..<20).map { "P\($0)" }
    for name in names {
      try chat.join(name)
      try chat.enter(name, "den")
      if name != "P3" { try chat.enter(name, "attic") }
    }
    _ = chat.events()
    chat.leave("P3")
    #expect(chat.events() == ["den: P3 left said", "lobby: P3 left said"])
    chat.leave("P0")
    #expect(
      chat.events() == ["den: P0 left said", "attic: P0 left said", "lobby: P0 left said"])
    for name in names where !["P0", "P3"].contains(name) { try chat.part(name, "attic") }
    for (room, count) in [("den", 18), ("attic", 0)] {
      var here: [String] = []
      chat.hub.forEachMember(of: try chat.id(room)) { here.append($1.text) }
      #expect(Set(here).count == count && here.count == count)
    }
  }

  @Test("A room in which nothing was said is forgotten when its last event is told, others are not")
  func forgets() throws {
    let chat = HubChat()
    try chat.join("Ann", "Ben")
    let quiet = try chat.enter("Ann", "quiet")
    try chat.enter("Ann", "loud")
    try chat.say("Ann", "hello", in: "loud")
    for room in ["quiet", "loud"] { try chat.part("Ann", room) }
    #expect(chat.rooms == ["loud", "quiet"])
    // What an event is of can be looked up when it is told.
    #expect(chat.events().suffix(2) == ["quiet: Ann left said", "loud: Ann left said"])
    #expect(chat.rooms == ["loud"])
    let again = try chat.enter("Ben", "quiet")
    #expect(again != quiet)
    try chat.enter("Ben", "loud")
    try chat.say("Ben", "again", in: "loud")
    #expect(
      chat.events() == ["quiet: Ben joined", "loud: Ben joined", "loud 2: Ben: again"])
  }

  @Test("A room that is left and entered again before anybody is told is the same room")
  func comesAndGoes() throws {
    let chat = HubChat()
    try chat.join("Ann", "Ben")
    for _ in 0..<3 {
      for name in ["Ann", "Ben"] {
        try chat.enter(name, "den")
        try chat.part(name, "den")
      }
    }
    let line = ["den: Ann joined", "den: Ann left said", "den: Ben joined", "den: Ben left said"]
    let told = Array(chat.events().dropFirst(2))
    let expected: [String] = Array(repeatElement(line, count: 3).joined())
    #expect(told == expected)
    #expect(chat.rooms.isEmpty)
  }

  @Test("There are so many rooms and no more; one that is forgotten makes way")
  func boundsRooms() throws {
    let chat = HubChat()
    var made = 1
    var number = 0
    while made < Limits.roomsMax {
      try chat.join("P\(number)")
      for _ in 0..<min(Limits.roomsPerMemberMax, Limits.roomsMax - made) {
        try chat.enter("P\(number)", "r\(made)")
        made += 1
      }
      number += 1
    }
    try chat.join("Ann")
    #expect(throws: Hub.RoomRefusal.tooManyRooms) { try chat.enter("Ann", "another") }
    try chat.enter("Ann", "r5")
    try chat.part("P0", "r1")
    _ = chat.events()
    try chat.enter("Ann", "another")
    #expect(throws: Hub.RoomRefusal.tooManyRooms) { try chat.enter("Ann", "r1") }
  }

  @Test("A member is in so many rooms and no more, until it leaves one")
  func boundsStays() throws {
    let chat = HubChat()
    try chat.join("Ann")
    for number in 0..<Limits.roomsPerMemberMax { try chat.enter("Ann", "r\(number)") }
    #expect(throws: Hub.RoomRefusal.tooManyOwn) { try chat.enter("Ann", "another") }
    #expect(chat.rooms.count == Limits.roomsPerMemberMax, "no room is made for who is not let in")
    try chat.part("Ann", "r7")
    try chat.enter("Ann", "another")
  }

  @Test("A topic holds from when it is told, for its own room, and an empty one takes it away")
  func topics() throws {
    let chat = HubChat()
    try chat.join("Ann")
    let den = try chat.enter("Ann", "den")
    try chat.setTopic("Ann", "tea", of: "den")
    #expect(chat.hub.topic(of: den).isEmpty)
    #expect(chat.events().last == "den 1: Ann set tea")
    #expect(chat.hub.topic(of: den) == "tea" && chat.hub.topic(of: .lobby).isEmpty)
    let long = String(repeating: "x", count: Limits.topicBytesMax)
    #expect(throws: Hub.SpeechRefusal.topicTooLong) {
      try chat.setTopic("Ann", long + "x", of: "den")
    }
    try chat.setTopic("Ann", long, of: "den")
    _ = chat.events()
    #expect(chat.hub.topic(of: den) == long)
    try chat.setTopic("Ann", "", of: "den")
    #expect(chat.events() == ["den 3: Ann set "])
    #expect(chat.hub.topic(of: den).isEmpty)
  }
}
