/// What is kept of an event.
extension StoreBatch {
  /// Adds a message, which has its number.
  ///
  /// - Parameter body: its text, or its JPEG, which is kept as a file.
  mutating func add(_ event: HubEvent, in room: RoomName, _ body: [UInt8]) {
    var message = StoredMessage(
      room: .room(room.text), number: event.number, time: event.time.unixMilliseconds,
      author: event.name.text, authorKey: event.owner, run: event.id?.run ?? 0,
      authorNumber: event.id?.number ?? 0, body: body)
    switch event.kind {
    case .said(let isAction): message.kind = isAction ? .action : .text
    case .showed(let header, let known):
      let hash = known ?? Blake2b.hash256(body.span)
      message.kind = .picture
      message.body =
        StoredAttachment(
          hash: hash, length: UInt64(body.count), width: UInt32(header.width),
          height: UInt32(header.height), name: ""
        ).encoded
      files.append((hash, body))
    case .topic:
      message.kind = .topic
      topics.append(
        Topic(
          room: message.room, text: String(decoding: body, as: UTF8.self),
          author: event.name.text, time: message.time))
    case .joined, .left: preconditionFailure("a notice is not kept")
    }
    messages.append(message)
  }
}

extension StoreBatch.Sender {
  /// The mark of an event's author; nil where its program would not be known again.
  init?(of event: HubEvent) {
    guard let program = event.program, let id = event.id else { return nil }
    self.init(key: program.client, run: program.run, said: 0, shown: 0)
    if case .showed = event.kind { shown = id.number } else { said = id.number }
  }

  /// The program that it marks.
  var program: ClientProgram { ClientProgram(client: key, run: run) }

  /// Takes over what is greater.
  mutating func merge(_ other: Self) {
    (said, shown) = (max(said, other.said), max(shown, other.shown))
  }
}
