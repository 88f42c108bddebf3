/// Who is in a room, by what one client's person was told.
struct Presence {
  private(set) var told: Set<String> = []
  /// Who was here before the server was started again, and was not told of since.
  private(set) var awaited: Set<String> = []

  mutating func isHere(_ name: String) {
    told.insert(name)
    awaited.remove(name)
  }

  /// - Returns: whether that can be.
  mutating func comes(_ name: String) -> Bool {
    let isNew = !told.contains(name) && !awaited.contains(name)
    told.insert(name)
    return isNew
  }

  /// - Returns: whether that can be.
  mutating func goes(_ name: String) -> Bool {
    told.remove(name) != nil || awaited.remove(name) != nil
  }

  /// The list begins anew: what was missed may have been somebody's leaving.
  mutating func beginAnew(isRestarted: Bool) {
    if isRestarted { awaited.formUnion(told) }
    told.removeAll()
  }
}
