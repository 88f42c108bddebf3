/// Which key each name belongs to: the first that used it.
///
/// What always holds: a name keeps its owner as long as the table lives; a key owns at most
/// `Limits.ownedNamesPerKeyMax` names, all keys together `Limits.ownedNamesMax`. Names beyond that
/// are used without being owned.
struct NameOwners {
  /// By `MemberName.key`, which is half of what a name takes.
  private var owners: [String: PublicKey] = [:]
  private var counts: [PublicKey: UInt8] = [:]
  private var claims: [(name: MemberName, owner: PublicKey)] = []

  /// Whether `owner` may use a name; nil is somebody without a key.
  func admits(_ owner: PublicKey?, to name: MemberName) -> Bool {
    owners[name.key].map { $0 == owner } ?? true
  }

  /// Makes a name somebody's that is nobody's yet.
  mutating func claim(_ name: MemberName, for owner: PublicKey) {
    if restore(name, for: owner) { claims.append((name, owner)) }
  }

  /// The same without telling.
  @discardableResult
  mutating func restore(_ name: MemberName, for owner: PublicKey) -> Bool {
    guard owners[name.key] == nil, owners.count < Limits.ownedNamesMax,
      counts[owner, default: 0] < Limits.ownedNamesPerKeyMax
    else { return false }
    owners[name.key] = owner
    counts[owner, default: 0] += 1
    return true
  }

  /// The names that were claimed since this was last asked.
  mutating func takeClaims() -> [(name: MemberName, owner: PublicKey)] {
    if claims.isEmpty { return [] }
    defer { claims = [] }
    return claims
  }
}
