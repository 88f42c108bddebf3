import ChatEngine

/// The disk of a server: what is committed on it stays, whatever becomes of the server.
///
/// Holds what `chatd`'s database gives a server that starts: names, rooms with their topics and
/// next numbers, and how far programs had said and shown things; and judges by the ledger what is
/// put on it.
struct VirtualDisk {
  private struct Room {
    var topic = ""
    var nextNumber: UInt64 = 1
  }

  private(set) var ownedNames: [NameOwners.Owned] = []
  private var rooms: [(name: RoomName, room: Room)] = []
  private var senders: [StoreBatch.Sender] = []
  /// Until when nothing more finds room on it.
  var fullUntil = Simulation.start

  /// Why a batch failed, as a server tells it.
  static let fullWords = "the disk is full"

  /// How long a commit takes: mostly as long as on a disk, now and then as on one that sleeps.
  static func drawDelay(_ random: inout SplitMix64) -> Duration {
    random.chance(perMille: 20) ? .seconds(1) : .microseconds(random.int(100...50_000))
  }

  /// Puts a batch on the disk.
  mutating func write(_ batch: StoreBatch) {
    ownedNames += batch.names
    for message in batch.messages {
      if let place = place(of: message.room) { rooms[place].room.nextNumber = message.number + 1 }
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
