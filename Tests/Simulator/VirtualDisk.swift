import ChatEngine

/// The disk of a server: what is committed on it stays, whatever becomes of the server.
///
/// Holds what `chatd`'s database gives a server that starts: names, rooms with their topics and
/// next numbers, and how far programs had said and shown things; and gives out pages of messages.
struct VirtualDisk {
  private struct Room {
    var topic = ""
    /// Numbered from 1 on, without gaps, which the ledger sees to.
    var messages: [StoredMessage] = []
    var nextNumber: UInt64 { (messages.last?.number ?? 0) + 1 }
  }

  private(set) var ownedNames: [NameOwners.Owned] = []
  private var rooms: [(name: RoomName, room: Room)] = []
  private var senders: [StoreBatch.Sender] = []
  /// Until when nothing more finds room on it.
  var fullUntil = Simulation.start
  /// How many questions in a row were not answered.
  private var failures = 0

  /// Why a batch failed, as a server tells it.
  static let fullWords = "the disk is full"
  /// Why a question failed.
  static let unreadWords = "the disk cannot be read"
  /// After so many failures it answers: a client does not ask for ever.
  private static let failuresMax = 2

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
    rooms.first { $0.name == room }?.room.nextNumber ?? 1
  }

  func topic(of room: RoomName) -> String { rooms.first { $0.name == room }?.room.topic ?? "" }

  /// Whether it knows any program again.
  var knowsSenders: Bool { !senders.isEmpty }

  /// Tells a server that starts what it knew.
  func complete(_ configuration: inout ServerConfiguration) {
    configuration.ownedNames = ownedNames
    configuration.senders = senders
    configuration.rooms = rooms.map { name, room in
      KeptRoom(name: name, topic: room.topic, nextNumber: room.nextNumber)
    }
  }
}

/// What is asked of it.
extension VirtualDisk {
  /// Answers a question, or now and then does not.
  mutating func answer(_ question: HistoryQuestion, _ random: inout SplitMix64) -> HistoryAnswer {
    guard case .page(var query) = question else { return .failure("nothing is searched here") }
    if failures < Self.failuresMax, random.chance(perMille: 100) {
      failures += 1
      return .failure(Self.unreadWords)
    }
    failures = 0
    // Long texts make short pages, so that there are more of them.
    if random.chance(perMille: 300) { query.bytesMax = random.int(1...2_000) }
    return .page(page(query))
  }

  /// Messages of one room, in ascending order; none where there is no such room.
  func page(_ query: HistoryQuery) -> HistoryPage {
    guard case .room(let name) = query.target else {
      return HistoryPage(messages: [], isComplete: true)
    }
    let all = rooms.first { $0.name.text == name }?.room.messages ?? []
    let meant =
      switch query.selector {
      case .after(let number): all.filter { $0.number > number }
      case .before(let number): all.filter { $0.number < number }
      case .since(let time): Array(all.drop { $0.time < time })
      case .latest: all
      }
    let inOrder = query.forwards ? meant : meant.reversed()
    var messages: [StoredMessage] = []
    var bytes = 0
    for message in inOrder.prefix(query.limit) {
      bytes += message.body.count + message.author.utf8.count
      if bytes > query.bytesMax, !messages.isEmpty { break }
      messages.append(message)
    }
    let isComplete = messages.count == meant.count
    if !query.forwards { messages.reverse() }
    return HistoryPage(messages: messages, isComplete: isComplete)
  }
}
