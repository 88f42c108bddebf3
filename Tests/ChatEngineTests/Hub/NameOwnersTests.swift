import Testing

@testable import ChatEngine

@Suite("Names that belong to keys")
struct NameOwnersTests {
  private static func key(_ number: Int) -> PublicKey {
    var bytes: [UInt8] = []
    bytes.appendU64(UInt64(number))
    return PublicKey(bytes + [UInt8](repeating: 1, count: 24))!
  }

  private static func name(_ text: String) -> MemberName { try! MemberName(text) }

  /// As with all that an expectation calls, held where it can be changed.
  private final class Chat {
    var hub = Hub(clientsMax: 100, speechRate: Rate(perSecond: 10, burst: 3))

    func join(
      _ name: String, _ owner: Int? = nil, _ ifTaken: Hub.TakenName = .refuse
    ) throws(Hub.Refusal) -> MemberID {
      try hub.join(
        NameOwnersTests.name(name), owner: owner.map(NameOwnersTests.key), ifTaken: ifTaken)
    }

    func name(_ member: MemberID) -> String { hub.name(of: member).text }

    var claims: [String] { hub.takeClaims().map(\.name.text) }
    var events: Int {
      var count = 0
      while hub.nextEvent() != nil { count += 1 }
      return count
    }
  }

  @Test("The first key that uses a name owns it; nobody else gets it, also when it is away")
  func firstOwns() throws {
    let chat = Chat()
    let ann = try chat.join("Ann", 1)
    #expect(chat.claims == ["Ann"] && chat.claims == [])
    #expect(throws: Hub.Refusal.nameOwned) { try chat.join("Ann", 2) }
    #expect(throws: Hub.Refusal.nameOwned) { try chat.join("Ann") }
    chat.hub.leave(ann, .said)
    #expect(throws: Hub.Refusal.nameOwned) { try chat.join("Ann", 2) }
    #expect(throws: Hub.Refusal.nameOwned) { try chat.join("Ann") }
    #expect(chat.name(try chat.join("Ann", nil, .number)) == "Ann-2")
    #expect(chat.name(try chat.join("Ann", 2, .number)) == "Ann-3")
    #expect(chat.name(try chat.join("Ann", 1)) == "Ann")
    // A number was given, not chosen: it is nobody's.
    #expect(chat.claims == [])
  }

  @Test("Where somebody without a key has a name, a key must wait, and then owns it")
  func classicFirst() throws {
    let chat = Chat()
    let classic = try chat.join("Ann")
    #expect(throws: Hub.Refusal.nameTaken) { try chat.join("Ann", 1) }
    #expect(chat.name(try chat.join("Ann", 1, .number)) == "Ann-2")
    chat.hub.leave(classic, .said)
    #expect(chat.name(try chat.join("Ann", 3)) == "Ann")
    #expect(throws: Hub.Refusal.nameOwned) { try chat.join("Ann") }
  }

  @Test("The same key with the same name is the same member, and that is no event")
  func attaches() throws {
    let chat = Chat()
    let ann = try chat.join("Ann", 1)
    let other = try chat.join("Ann", 2, .number)
    #expect(chat.events == 2)
    #expect(try chat.join("Ann", 1) == ann)
    #expect(try chat.join("Ann", 2, .number) == other, "the number that it has already")
    #expect(chat.events == 0 && chat.hub.memberCount == 2)
    let second = try chat.join("Annie", 1)
    #expect(second != ann)
  }

  @Test("A key owns so many names and no more; further ones are used without being owned")
  func boundsPerKey() throws {
    let chat = Chat()
    for number in 0..<Limits.ownedNamesPerKeyMax { _ = try chat.join("N\(number)", 1) }
    let beyond = try chat.join("Beyond", 1)
    #expect(chat.claims.count == Limits.ownedNamesPerKeyMax)
    chat.hub.leave(beyond, .said)
    #expect(chat.name(try chat.join("Beyond", 2)) == "Beyond")
    #expect(chat.claims == ["Beyond"])
  }

  @Test("All keys together own so many names and no more")
  func boundsAll() {
    var owners = NameOwners()
    for number in 0..<Limits.ownedNamesMax {
      owners.claim(Self.name("n\(number)"), for: Self.key(number))
    }
    #expect(owners.takeClaims().count == Limits.ownedNamesMax)
    owners.claim(Self.name("last"), for: Self.key(1))
    #expect(owners.takeClaims().isEmpty)
    #expect(owners.admits(nil, to: Self.name("last")))
    #expect(!owners.admits(nil, to: Self.name("n5")))
    #expect(owners.admits(Self.key(5), to: Self.name("n5")))
  }

  @Test("Names that were owned before the server was started still are, and are not told again")
  func restores() {
    let chat = Chat()
    chat.hub.restore(Self.name("Ann"), ownedBy: Self.key(1))
    chat.hub.restore(Self.name("Ann"), ownedBy: Self.key(2))
    #expect(chat.claims == [])
    #expect(throws: Hub.Refusal.nameOwned) { try chat.join("Ann", 2) }
    #expect(throws: Never.self) { _ = try chat.join("Ann", 1) }
    #expect(chat.claims == [])
  }
}
