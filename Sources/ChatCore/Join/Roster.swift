import ChatEngine

/// Who was heard since this client joined. Dialect A has no list to ask for.
struct Roster {
  private var names: Set<String> = []

  /// In alphabetical order.
  var sorted: [String] { names.sorted() }

  mutating func add(_ name: String) {
    if names.count < Limits.rosterNamesMax { names.insert(name) }
  }

  mutating func remove(_ name: String) { names.remove(name) }
}
