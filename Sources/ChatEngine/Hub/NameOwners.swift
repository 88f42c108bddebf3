/// Which key each name belongs to: the first that used it.
///
/// What always holds: a key owns at most `Limits.ownedNamesPerKeyMax` names, all keys together
/// `Limits.ownedNamesMax`. Where there are as many, a new one takes the place of the name that was
/// used longest ago, of those that nobody has now; so nobody can take all that are left for ever.
/// Names that cannot be owned are used all the same.
///
/// Names stand in the order in which their use was last told (`takeClaims`), and that is told now
/// and then only. So whoever replays what was told has the same table in the same order.
public struct NameOwners: Sendable {
  public typealias Owned = (name: MemberName, owner: PublicKey)

  private struct Entry {
    var owner: PublicKey
    /// Its place in the order of use.
    var place: UInt64
    /// When its use was told, in this life of the server.
    @Compact var told: Instant? = nil
  }

  /// By `MemberName.key`.
  private var entries: [String: Entry] = [:]
  private var counts: [PublicKey: UInt8] = [:]
  /// The names in the order of their use. An entry with another place stands further behind.
  private var order: [(name: MemberName, place: UInt64)] = []
  private var orderTaken = 0
  private var nextPlace: UInt64 = 0
  private var claims: [Owned] = []

  /// - Parameter told: what earlier tables told of claims and uses, the oldest first.
  public init(replaying told: [Owned] = []) {
    for (name, owner) in told { restore(name, for: owner) }
  }

  /// All names, that whose use was told longest ago first.
  public var all: [Owned] {
    order[orderTaken...].compactMap { name, place in
      guard let entry = entries[name.key], entry.place == place else { return nil }
      return (name, entry.owner)
    }
  }

  /// Whether `owner` may use a name; nil is somebody without a key.
  func admits(_ owner: PublicKey?, to name: MemberName) -> Bool {
    entries[name.key].map { $0.owner == owner } ?? true
  }

  func isOwned(_ name: MemberName) -> Bool { entries[name.key] != nil }

  /// Makes a name somebody's that is nobody's yet, or notes that its owner uses it.
  ///
  /// - Parameter isHere: whether somebody uses a name now.
  /// - Returns: whether it is that owner's.
  mutating func use(
    _ name: MemberName, by owner: PublicKey, at now: Instant, isHere: (MemberName) -> Bool
  ) -> Bool {
    if let entry = entries[name.key] {
      guard entry.owner == owner else { return false }
      let gap = Duration.seconds(Limits.ownedNameToldSeconds)
      if let told = entry.told, told + gap > now { return true }
      tell(name, owner, at: now)
      return true
    }
    guard counts[owner, default: 0] < Limits.ownedNamesPerKeyMax, makeRoom(at: now, isHere)
    else { return false }
    counts[owner, default: 0] += 1
    tell(name, owner, at: now)
    return true
  }

  /// Replays what was told.
  mutating func restore(_ name: MemberName, for owner: PublicKey) {
    if let entry = entries[name.key] {
      if entry.owner == owner { place(name, owner, told: nil) }
      return
    }
    guard counts[owner, default: 0] < Limits.ownedNamesPerKeyMax,
      makeRoom(at: nil, { _ in false })
    else { return }
    counts[owner, default: 0] += 1
    place(name, owner, told: nil)
  }

  var hasClaims: Bool { !claims.isEmpty }

  /// The names that were claimed or used since this was last asked.
  mutating func takeClaims() -> [Owned] {
    if claims.isEmpty { return [] }
    defer { claims = [] }
    return claims
  }

  // MARK: The order of use

  /// How much the order takes.
  var orderCount: Int { order.count }

  private mutating func tell(_ name: MemberName, _ owner: PublicKey, at now: Instant?) {
    place(name, owner, told: now)
    claims.append((name, owner))
  }

  /// Puts a name behind all others.
  private mutating func place(_ name: MemberName, _ owner: PublicKey, told: Instant?) {
    entries[name.key] = Entry(owner: owner, place: nextPlace, told: told)
    order.append((name, nextPlace))
    nextPlace += 1
    if order.count > 2 * entries.count + 1_024 {
      order = order[orderTaken...].filter { entries[$0.name.key]?.place == $0.place }
      orderTaken = 0
    }
  }

  /// Takes away the name that was used longest ago, where there are as many as may be.
  private mutating func makeRoom(at now: Instant?, _ isHere: (MemberName) -> Bool) -> Bool {
    guard entries.count >= Limits.ownedNamesMax else { return true }
    for _ in 0..<entries.count {
      guard let name = takeOldest(), let owner = entries[name.key]?.owner else { return false }
      if isHere(name) {
        tell(name, owner, at: now)
        continue
      }
      entries[name.key] = nil
      let count = counts[owner, default: 1] - 1
      counts[owner] = count == 0 ? nil : count
      return true
    }
    return false
  }

  private mutating func takeOldest() -> MemberName? {
    while orderTaken < order.count {
      let (name, place) = order[orderTaken]
      orderTaken += 1
      if entries[name.key]?.place == place { return name }
    }
    return nil
  }
}
