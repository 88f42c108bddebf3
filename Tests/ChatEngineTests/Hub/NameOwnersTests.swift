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
    var now = Instant(nanoseconds: 1_000_000_000)
    var hub = Hub(clientsMax: 100, speechRate: Rate(perSecond: 10, burst: 3))

    func join(
      _ name: String, _ owner: Int? = nil, _ ifTaken: Hub.TakenName = .refuse
    ) throws(Hub.Refusal) -> MemberID {
      let member = try hub.join(
        NameOwnersTests.name(name), owner: owner.map(NameOwnersTests.key), ifTaken: ifTaken,
        at: moment(1))
      if hub.name(of: member).text == name { _ = hub.own(member, at: now) }
      return member
    }

    func name(_ member: MemberID) -> String { hub.name(of: member).text }

    var claims: [String] {
      let now = Instant(nanoseconds: 1)
      guard let batch = hub.takeBatch(at: now) else { return [] }
      hub.settleBatch(at: now)
      return batch.names.map(\.name.text)
    }
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
    chat.hub.leave(ann, .said, at: moment(1))
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
    chat.hub.leave(classic, .said, at: moment(1))
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
    chat.hub.leave(beyond, .said, at: moment(1))
    #expect(chat.name(try chat.join("Beyond", 2)) == "Beyond")
    #expect(chat.claims == ["Beyond"])
  }

  /// A table that is full: `n0` was used longest ago.
  private static func full(_ now: Instant) -> NameOwners {
    var owners = NameOwners()
    for number in 0..<Limits.ownedNamesMax {
      _ = owners.use(name("n\(number)"), by: key(number), at: now) { _ in false }
    }
    return owners
  }

  @Test("When all that can be owned are, the name gives way that was used longest ago")
  func givesWay() {
    var now = Instant(nanoseconds: 1_000_000_000)
    var owners = Self.full(now)
    var told = owners.takeClaims()
    #expect(told.count == Limits.ownedNamesMax)
    now = now + .seconds(Int64(Limits.ownedNameToldSeconds))
    // The first is used again, the second is here.
    #expect(owners.use(Self.name("n0"), by: Self.key(0), at: now) { _ in false })
    let isOwned = owners.use(Self.name("late"), by: Self.key(1 << 20), at: now) {
      $0 == Self.name("n1")
    }
    #expect(isOwned && !owners.admits(nil, to: Self.name("late")))
    #expect(owners.admits(nil, to: Self.name("n2")))
    for number in [0, 1, 3] { #expect(!owners.admits(nil, to: Self.name("n\(number)"))) }
    told += owners.takeClaims()
    #expect(told.suffix(3).map(\.name.text) == ["n0", "n1", "late"])
    // Whoever reads what was written down has the same.
    let again = NameOwners(replaying: told)
    #expect(again.all.map(\.name) == owners.all.map(\.name))
    #expect(again.all.count == Limits.ownedNamesMax)
    // One whose name gave way gets it again, like any other.
    #expect(owners.use(Self.name("n2"), by: Self.key(2), at: now) { _ in false })
    #expect(owners.admits(nil, to: Self.name("n3")))
  }

  @Test("Where all names are in use, the next is not owned, and nothing changes")
  func allHere() {
    let now = Instant(nanoseconds: 1_000_000_000)
    var owners = Self.full(now)
    #expect(!owners.use(Self.name("late"), by: Self.key(1 << 20), at: now) { _ in true })
    #expect(owners.admits(nil, to: Self.name("late")) && owners.all.count == Limits.ownedNamesMax)
  }

  @Test("That a name is used is told once in a while, and after a start")
  func tellsUse() throws {
    let chat = Chat()
    chat.hub.restore(Self.name("Ann"), ownedBy: Self.key(1))
    for _ in 0..<5 { chat.hub.leave(try chat.join("Ann", 1), .said, at: moment(1)) }
    #expect(chat.claims == ["Ann"])
    chat.now = chat.now + .seconds(Int64(Limits.ownedNameToldSeconds) - 1)
    chat.hub.leave(try chat.join("Ann", 1), .said, at: moment(1))
    #expect(chat.claims == [])
    chat.now = chat.now + .seconds(1)
    chat.hub.leave(try chat.join("Ann", 1), .said, at: moment(1))
    #expect(chat.claims == ["Ann"])
  }

  @Test("The order of use takes no more room than the names")
  func orderIsBounded() {
    var owners = NameOwners()
    var now = Instant(nanoseconds: 1_000_000_000)
    for _ in 0..<10_000 {
      now = now + .seconds(Int64(Limits.ownedNameToldSeconds))
      for number in 0..<3 {
        _ = owners.use(Self.name("n\(number)"), by: Self.key(1), at: now) { _ in false }
      }
      _ = owners.takeClaims()
    }
    #expect(owners.all.map(\.name.text) == ["n0", "n1", "n2"])
    #expect(owners.orderCount < 2_000)
  }

  @Test("Names that were owned before the server was started still are, and are not told again")
  func restores() {
    let chat = Chat()
    chat.hub.restore(Self.name("Ann"), ownedBy: Self.key(1))
    chat.hub.restore(Self.name("Ann"), ownedBy: Self.key(2))
    #expect(chat.claims == [])
    #expect(throws: Hub.Refusal.nameOwned) { try chat.join("Ann", 2) }
    #expect(throws: Never.self) { _ = try chat.join("Ann", 1) }
  }
}
