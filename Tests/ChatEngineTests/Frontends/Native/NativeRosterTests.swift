import Testing

@testable import ChatEngine

@Suite("NativeRoster")
struct NativeRosterTests {
  /// A hub, and a roster that follows it as a front end has it.
  private struct Lobby {
    var hub: Hub

    init(keepsHistory: Bool = false) {
      hub = Hub(
        clientsMax: 1_000, speechRate: Rate(perSecond: 0, burst: 1), keepsHistory: keepsHistory)
    }

    var roster = NativeRoster()

    /// Lets a native client in, and gives the list that it is told.
    mutating func admit(_ name: String) throws -> (member: MemberID, people: [String]) {
      let member = try hub.join(MemberName(name), ifTaken: .refuse, at: moment(1))
      roster.add(member, hub.name(of: member))
      roster.refresh(from: hub)
      let people = try people()
      tell()
      return (member, people)
    }

    mutating func tell() { while let event = hub.nextEvent() { roster.note(event) } }

    /// Who is in the list; it must end with an empty message, the only one.
    func people() throws -> [String] {
      var bytes: [UInt8] = []
      roster.append(to: &bytes)
      var people: [String] = []
      var messages = 0
      while true {
        messages += 1
        let (length, head) = bytes.withUnsafeBufferPointer { bytes in
          var reader = ByteReader(bytes)
          return (reader.varint(), reader.offset)
        }
        let end = try head + Int(#require(length))
        guard case .present(let part)? = NativeReply(bytes[head..<end]) else {
          Issue.record("no PRESENT")
          return people
        }
        bytes.removeSubrange(..<end)
        #expect(part.count <= Limits.presentPerMessage && part.isEmpty == bytes.isEmpty)
        if part.isEmpty {
          #expect(messages == roster.messageCount)
          return people
        }
        people += part.map(\.name)
      }
    }
  }

  @Test("Tells each newcomer of everybody who is here, itself among them, each once")
  func tellsEverybody() throws {
    var lobby = Lobby()
    var names: [String] = []
    for number in 0..<2 * Limits.presentPerMessage + 3 {
      names.append("P\(number)")
      let people = try lobby.admit("P\(number)").people
      #expect(people == names)
    }
  }

  @Test("Who left is not told of, and who came by another front end is")
  func followsTheHub() throws {
    var lobby = Lobby()
    let members = try (0..<300).map { try lobby.admit("P\($0)").member }
    for member in members.prefix(100) { lobby.hub.leave(member, .said, at: moment(1)) }
    lobby.tell()
    _ = try lobby.hub.join(MemberName("Classic"), ifTaken: .refuse, at: moment(1))
    lobby.tell()
    let expected = (100..<300).map { "P\($0)" } + ["Classic"]
    #expect(try lobby.admit("Ann").people.sorted() == (expected + ["Ann"]).sorted())
    _ = try lobby.hub.join(MemberName("Another"), ifTaken: .refuse, at: moment(1))
    lobby.tell()
    #expect(
      try lobby.admit("Ben").people.sorted() == (expected + ["Ann", "Another", "Ben"]).sorted())
  }

  @Test("Who has left stands on the list until that is told, since newcomers are told of it, too")
  func waitsForDepartures() throws {
    var lobby = Lobby(keepsHistory: true)
    // Notices are told when what is kept before them is.
    let keep = { (lobby: inout Lobby) in
      if lobby.hub.takeBatch(at: Instant(nanoseconds: 1)) != nil {
        lobby.hub.settleBatch(at: Instant(nanoseconds: 1))
      }
      lobby.tell()
    }
    let members = try ["Ann", "Ben", "Cem"].map { try lobby.admit($0).member }
    keep(&lobby)
    try lobby.hub.say(members[0], bytes("hello").span, at: moment(1))
    lobby.hub.leave(members[1], .said, at: moment(1))
    _ = lobby.hub.takeBatch(at: Instant(nanoseconds: 1))
    // The list is fresh, then it is written anew.
    #expect(try lobby.admit("Dan").people == ["Ann", "Ben", "Cem", "Dan"])
    lobby.hub.settleBatch(at: Instant(nanoseconds: 1))
    lobby.tell()
    try lobby.hub.say(members[0], bytes("again").span, at: moment(1))
    lobby.hub.leave(members[2], .said, at: moment(1))
    _ = try lobby.hub.join(MemberName("Eve"), ifTaken: .refuse, at: moment(1))
    _ = lobby.hub.takeBatch(at: Instant(nanoseconds: 1))
    #expect(try lobby.admit("Fay").people.sorted() == ["Ann", "Cem", "Dan", "Eve", "Fay"])
    #expect(try lobby.admit("Gus").people.count == 6)
    lobby.hub.settleBatch(at: Instant(nanoseconds: 1))
    keep(&lobby)
    #expect(try lobby.admit("Hal").people.sorted() == ["Ann", "Dan", "Eve", "Fay", "Gus", "Hal"])
    keep(&lobby)
    #expect(try lobby.admit("Ida").people.count == 7, "each once")
  }
}
