import ChatEngine

/// Who else is here. A native server tells; in dialect A it is who was heard since this client
/// joined.
struct Roster {
  private var names: Set<String> = []

  var count: Int { names.count }

  /// In alphabetical order.
  var sorted: [String] { names.sorted() }

  mutating func add(_ name: String) {
    if names.count < Limits.rosterNamesMax { names.insert(name) }
  }

  mutating func remove(_ name: String) { names.remove(name) }

  mutating func removeAll() { names.removeAll() }
}
