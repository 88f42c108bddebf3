import ChatEngine

/// The disk of a server: what is committed on it stays, whatever becomes of the server.
///
/// Holds what `chatd`'s database gives a server that starts: names, rooms with their topics and
/// next numbers, and how far programs had said and shown things; and judges by the ledger what is
/// put on it.
struct VirtualDisk {
  private struct Room {
    var topic = ""
    /// Number 1 first.
    var messages: [StoredMessage] = []
  }

  private(set) var ownedNames: [NameOwners.Owned] = []
  private var rooms: [(name: RoomName, room: Room)] = []
  private var senders: [StoreBatch.Sender] = []
  /// Until when nothing more finds room on it.
  var fullUntil = Simulation.start

  /// Why a batch failed, as a server tells it.
  static let fullWords = "the disk is full"
  /// Why a question is not answered: at most so often in a row, since clients do not ask for ever.
  private static let unreadWords = "the disk cannot be read"
  private static let failuresMax = 3
  private var failures = 0

  /// How long a commit takes: mostly as long as on a disk, now and then as on one that sleeps.
  static func drawDelay(_ random: inout SplitMix64) -> Duration {
    random.chance(perMille: 20) ? .seconds(1) : .microseconds(random.int(100...50_000))
  }

  /// Puts a batch on the disk.
  mutating func write(_ batch: StoreBatch) {
    ownedNames += batch.names
    for message in batch.messages {
      if let place = place(of: message.room) { rooms[place].room.messages.append(message) }
    }
    for topic in batch.topics {
      if let place = place(of: topic.room) { rooms[place].room.topic = topic.text }
    }
    for sender in batch.senders {
      if let place = senders.firstIndex(where: { $0.key == sender.key && $0.run == sender.run }) {
        senders[place].said = max(senders[place].said, sender.said)
        senders[place].shown = max(senders[place].shown, sender.shown)
      } else {
        senders.append(sender)
      }
    }
  }

  private mutating func place(of key: RoomKey) -> Int? {
    guard case .room(let text) = key, let name = try? RoomName(text) else { return nil }
    if let place = rooms.firstIndex(where: { $0.name == name }) { return place }
    rooms.append((name, Room()))
    return rooms.count - 1
  }

  func nextNumber(in room: RoomName) -> UInt64 {
    UInt64(rooms.first { $0.name == room }?.room.messages.count ?? 0) + 1
  }

  func topic(of room: RoomName) -> String { rooms.first { $0.name == room }?.room.topic ?? "" }

  /// Answers a question, now and then with a short page, or not at all.
  mutating func answer(
    _ question: HistoryQuestion, _ random: inout SplitMix64
  ) -> HistoryAnswer {
    if failures < Self.failuresMax, random.chance(perMille: 100) {
      failures += 1
      return .failure(Self.unreadWords)
    }
    failures = 0
    var question = question
    if case .page(var query) = question, random.chance(perMille: 300) {
      query.bytesMax = random.int(1...3_000)
      question = .page(query)
    }
    return answer(question)
  }

  /// Reads a page of a room, as `chatd`'s database gives it.
  func answer(_ question: HistoryQuestion) -> HistoryAnswer {
    guard case .page(let query) = question, case .room(let text) = query.target else {
      return .failure("that is not looked for here")
    }
    let all = rooms.first { $0.name.text == text }?.room.messages ?? []
    let meant =
      switch query.selector {
      case .after(let number): all.filter { $0.number > number }
      case .before(let number): all.filter { $0.number < number }
      case .since(let time): all.drop { $0.time < time }.map(\.self)
      case .latest: all
      }
    var bytes = 0
    let fit = (query.forwards ? meant : meant.reversed()).prefix(query.limit).prefix { message in
      defer { bytes += message.body.count + message.author.utf8.count }
      return bytes == 0 || bytes + message.body.count + message.author.utf8.count <= query.bytesMax
    }
    return .page(
      HistoryPage(
        messages: query.forwards ? Array(fit) : fit.reversed(),
        isComplete: fit.count == meant.count))
  }

  /// Whether it knows any program again.
  var knowsSenders: Bool { !senders.isEmpty }

  /// Tells a server that starts what it knew.
  func complete(_ configuration: inout ServerConfiguration) {
    configuration.ownedNames = ownedNames
    configuration.senders = senders
    configuration.rooms = rooms.map { name, room in
      KeptRoom(name: name, topic: room.topic, nextNumber: UInt64(room.messages.count) + 1)
    }
  }
}
