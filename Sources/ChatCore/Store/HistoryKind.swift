import ChatEngine

/// What kinds of messages are called in JSON.
extension StoredKind {
  private static let names: [(StoredKind, String)] = [
    (.text, "text"), (.action, "action"), (.picture, "picture"), (.file, "file"),
    (.topic, "topic"),
  ]

  /// Nil where no kind is called so.
  init?(name: String) {
    guard let kind = Self.names.first(where: { $0.1 == name })?.0 else { return nil }
    self = kind
  }

  var name: String { Self.names.first { $0.0 == self }?.1 ?? "text" }

  /// Whether the body is what somebody wrote, else it describes a file.
  var isText: Bool { self != .picture && self != .file }
}
