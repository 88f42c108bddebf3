import Testing

@testable import ChatEngine

@Suite("Hub: what is kept before it is told")
struct HubKeepingTests {
  /// A hub that keeps its history, with Ann and Ben, of whom was told.
  private func makeChat() throws -> HubChat {
    let chat = HubChat(keepsHistory: true)
    try chat.join("Ann", "Ben")
    let batch = chat.takeBatch()
    #expect(batch == nil, "notices are not kept")
    #expect(chat.events() == ["lobby: Ann joined", "lobby: Ben joined"])
    return chat
  }

  /// `den 3: text` of each message of a batch.
  private func lines(_ batch: StoreBatch?) -> [String] {
    (batch?.messages ?? []).map { message in
      guard case .room(let room) = message.room else { return "an inbox" }
      return "\(room) \(message.number): \(String(decoding: message.body, as: UTF8.self))"
    }
  }

  @Test("A message is told when it is kept, and not before")
  func waits() throws {
    let chat = try makeChat()
    try chat.say("Ann", "one")
    #expect(chat.events().isEmpty)
    #expect(chat.hub.waitingBytes == 3)
    let batch = chat.takeBatch()
    #expect(lines(batch) == ["lobby 1: one"])
    #expect(batch?.senders.map(\.said) == [1])
    #expect(chat.events().isEmpty)
    chat.settle()
    #expect(chat.events() == ["lobby 1: Ann: one"])
    #expect(chat.hub.waitingBytes == 0 && chat.hub.bytes.isEmpty)
  }

  @Test("One batch is out at a time; what comes meanwhile is the next, all of it")
  func oneAtATime() throws {
    let chat = try makeChat()
    var batches: [UInt64] = []
    try chat.say("Ann", "one")
    let first = chat.takeBatch()
    batches.append(try #require(first).id)
    for text in ["two", "three"] {
      try chat.say("Ben", text)
      let next = chat.takeBatch()
      #expect(next == nil)
    }
    chat.settle()
    #expect(chat.events() == ["lobby 1: Ann: one"])
    let taken = chat.takeBatch()
    let second = try #require(taken)
    #expect(lines(second) == ["lobby 2: two", "lobby 3: three"])
    #expect(second.senders.map(\.said) == [2], "the greatest of a program alone")
    batches.append(second.id)
    #expect(batches == [1, 2])
    chat.settle()
    #expect(chat.events() == ["lobby 2: Ben: two", "lobby 3: Ben: three"])
    let none = chat.takeBatch()
    #expect(none == nil)
  }

  @Test("Notices keep their place among messages, and need no batch of their own")
  func keepsOrder() throws {
    let chat = try makeChat()
    try chat.join("Cem")
    try chat.say("Cem", "one")
    chat.leave("Cem")
    try chat.join("Dan")
    _ = chat.takeBatch()
    #expect(chat.events() == ["lobby: Cem joined"])
    try chat.join("Eve")
    _ = chat.takeBatch()
    #expect(chat.events().isEmpty)
    chat.settle()
    #expect(
      chat.events() == [
        "lobby 1: Cem: one", "lobby: Cem left said", "lobby: Dan joined", "lobby: Eve joined",
      ])
    let none = chat.takeBatch()
    #expect(none == nil)
    try chat.say("Ann", "two")
    try chat.join("Fay")
    #expect(chat.events().isEmpty, "a message waits that is in no batch yet")
  }

  @Test("What is not kept has failed, in its place, and its numbers are given again")
  func fails() throws {
    let chat = try makeChat()
    try chat.enter("Ann", "den")
    try chat.say("Ann", "kept", in: "den")
    _ = chat.takeBatch()
    chat.settle()
    _ = chat.events()
    for text in ["two", "three"] { try chat.say("Ann", text, in: "den") }
    try chat.say("Ben", "one")
    try chat.setTopic("Ann", "tea", of: "den")
    try chat.join("Cem")
    #expect(
      lines(chat.takeBatch()) == ["den 2: two", "den 3: three", "lobby 1: one", "den 4: tea"])
    try chat.say("Ben", "later")
    chat.settle("the disk is full")
    #expect(
      chat.events() == [
        "den: Ann: two [the disk is full]", "den: Ann: three [the disk is full]",
        "lobby: Ben: one [the disk is full]", "den: Ann set tea [the disk is full]",
        "lobby: Cem joined",
      ])
    #expect(chat.hub.topic(of: try chat.id("den")).isEmpty)
    try chat.say("Ann", "again", in: "den")
    #expect(lines(chat.takeBatch()) == ["lobby 1: later", "den 2: again"])
    chat.settle()
    #expect(chat.events() == ["lobby 1: Ben: later", "den 2: Ann: again"])
  }

  @Test("What was refused is told to its author in its turn, and is not kept")
  func refusesInOrder() throws {
    let chat = try makeChat()
    chat.refuse("Ann", "too early")
    try chat.say("Ann", "one")
    chat.refuse("Ann", "too long")
    try chat.say("Ann", "two")
    chat.refuse("Ann", "too late")
    #expect(lines(chat.takeBatch()) == ["lobby 1: one", "lobby 2: two"])
    #expect(chat.events() == ["lobby: Ann:  [too early]"])
    chat.settle()
    #expect(
      chat.events() == [
        "lobby 1: Ann: one", "lobby: Ann:  [too long]", "lobby 2: Ann: two",
        "lobby: Ann:  [too late]",
      ])
    chat.refuse("Ann", "alone")
    let none = chat.takeBatch()
    #expect(none == nil)
    #expect(chat.events() == ["lobby: Ann:  [alone]"])
  }

  @Test("The number of the next message that is told is known, whatever is in a batch")
  func nextNumbers() throws {
    let chat = try makeChat()
    #expect(chat.hub.nextNumber(in: .lobby) == 1)
    try chat.say("Ann", "one")
    try chat.say("Ann", "two")
    _ = chat.takeBatch()
    #expect(chat.hub.nextNumber(in: .lobby) == 1)
    chat.settle()
    _ = chat.hub.nextEvent()
    #expect(chat.hub.nextNumber(in: .lobby) == 2)
    _ = chat.events()
    #expect(chat.hub.nextNumber(in: .lobby) == 3)
    try chat.say("Ann", "three")
    _ = chat.takeBatch()
    chat.settle("no")
    #expect(chat.hub.nextNumber(in: .lobby) == 3)
    _ = chat.events()
    #expect(chat.hub.nextNumber(in: .lobby) == 3)
  }

  @Test("A room whose only message failed is forgotten with it; one whose message waits is not")
  func forgetsAfterFailure() throws {
    let chat = try makeChat()
    for _ in 0..<2 {
      try chat.enter("Ann", "den")
      try chat.say("Ann", "one", in: "den")
      try chat.part("Ann", "den")
      _ = chat.takeBatch()
      _ = chat.events()
      #expect(chat.rooms == ["den"])
      chat.settle("no")
      #expect(chat.events() == ["den: Ann: one [no]", "den: Ann left said"])
      #expect(chat.rooms.isEmpty)
    }
  }

  @Test(
    "Bodies are those that were said, however batches, failures and notices mix", arguments: 0..<6)
  func mixes(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let chat = try makeChat()
    var (expected, told): ([String], [String]) = ([], [])
    var texts: [String] = []
    var isOut = false
    for step in 0..<400 {
      if random.chance(60) {
        let text = "\(step) " + String(repeating: "x", count: step % 37)
        try chat.say(random.chance(50) ? "Ann" : "Ben", text)
        texts.append(text)
      }
      if random.chance(20) { chat.refuse("Ann", "no") }
      if random.chance(30), !isOut { isOut = chat.takeBatch() != nil }
      if random.chance(30), isOut {
        chat.settle(random.chance(20) ? "full" : nil)
        isOut = false
      }
      if random.chance(70) { told += chat.events() }
    }
    if isOut { chat.settle() }
    if chat.takeBatch() != nil { chat.settle() }
    told += chat.events()
    let bodies = told.filter { !$0.hasSuffix("[no]") }
    expected = texts
    #expect(bodies.count == expected.count)
    var number = 0
    for (line, text) in zip(bodies, expected) {
      if line.hasSuffix(" [full]") {
        #expect(line.contains(": \(text) [full]"))
      } else {
        number += 1
        #expect(line.hasPrefix("lobby \(number): ") && line.hasSuffix(": \(text)"))
      }
    }
    #expect(number > 50 && number < expected.count)
    #expect(chat.hub.bytes.isEmpty && chat.hub.waitingBytes == 0)
  }
}
