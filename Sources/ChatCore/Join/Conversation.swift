import ChatEngine

/// The rooms that a person is in, in order, the one that is shown, and what the others hold that
/// was not shown yet.
///
/// What always holds: the lobby is the first room, and one of the rooms is shown.
struct Conversation {
  struct Room {
    let name: RoomName
    var topic: [UInt8] = []
    var roster = Roster()
    /// Set while the client is back and not yet told who is there.
    var returning: ClientReturn?
    /// Whether this person was told of being there.
    var isTold = false
    /// What people said and showed there since it was shown last, and how much of that names this
    /// person.
    fileprivate(set) var unread = 0
    fileprivate(set) var mentions = 0
    fileprivate var backlog = Backlog()

    init(_ name: RoomName) { self.name = name }
  }

  /// What arrived in a room that is not shown, the newest of it.
  struct Backlog {
    private(set) var arrivals: [Arrival] = []
    private var bytes = 0
    /// How much came before it and is no longer here.
    private(set) var dropped = 0

    mutating func add(_ arrival: Arrival) {
      arrivals.append(arrival)
      bytes += arrival.event.bytes
      var excess = max(0, arrivals.count - Limits.roomBacklogEventsMax)
      bytes -= arrivals[..<excess].reduce(0) { $0 + $1.event.bytes }
      while bytes > Limits.roomBacklogBytesMax, excess < arrivals.count - 1 {
        bytes -= arrivals[excess].event.bytes
        excess += 1
      }
      arrivals.removeFirst(excess)
      dropped += excess
    }
  }

  /// What this person is called here.
  var ownName: String
  private(set) var rooms = [Room(.lobby)]
  private(set) var shown = RoomName.lobby
  /// The room that was shown before.
  private var before = RoomName.lobby

  init(ownName: String) { self.ownName = ownName }

  /// Nil where this person is not there. A room is changed by this, and not made.
  subscript(name: RoomName) -> Room? {
    get { rooms.first { $0.name == name } }
    set {
      guard let newValue, let index = rooms.firstIndex(where: { $0.name == name }) else { return }
      rooms[index] = newValue
    }
  }

  var shownRoom: Room { self[shown] ?? rooms[0] }

  /// The number of a room, from 1.
  func number(of name: RoomName) -> Int? {
    rooms.firstIndex { $0.name == name }.map { $0 + 1 }
  }

  /// The room of a number, which is counted from 1.
  func room(_ number: Int) -> RoomName? {
    rooms.indices.contains(number - 1) ? rooms[number - 1].name : nil
  }

  /// The room so many places behind the one that is shown, and from the last on to the first.
  func room(after steps: Int) -> RoomName {
    let here = (number(of: shown) ?? 1) - 1
    let place = (here + steps) % rooms.count
    return rooms[place < 0 ? place + rooms.count : place].name
  }

  /// This person is in a room now.
  mutating func add(_ name: RoomName) {
    if self[name] == nil { rooms.append(Room(name)) }
  }

  /// This person is no longer in a room.
  ///
  /// - Returns: the room to show instead, where that one was shown.
  mutating func remove(_ name: RoomName) -> RoomName? {
    guard name != .lobby, let index = rooms.firstIndex(where: { $0.name == name }) else {
      return nil
    }
    rooms.remove(at: index)
    if before == name { before = .lobby }
    if shown != name { return nil }
    let next = self[before] == nil ? .lobby : before
    (shown, before) = (.lobby, .lobby)
    return next
  }

  /// Shows a room.
  ///
  /// - Returns: what arrived there while it was not shown.
  mutating func show(_ name: RoomName) -> Backlog {
    guard let index = rooms.firstIndex(where: { $0.name == name }) else { return Backlog() }
    if name != shown { (before, shown) = (shown, name) }
    defer { (rooms[index].backlog, rooms[index].unread, rooms[index].mentions) = (Backlog(), 0, 0) }
    return rooms[index].backlog
  }

  /// Keeps what arrived in a room that is not shown.
  ///
  /// - Returns: whether it names this person.
  mutating func keep(_ arrival: Arrival, in name: RoomName) -> Bool {
    guard let index = rooms.firstIndex(where: { $0.name == name }) else { return false }
    var isMention = false
    switch arrival.event {
    // Who came and went meanwhile is not read by anybody; `/who` tells who is there.
    case .joined, .left: return false
    case .message(let heard):
      isMention = Self.isNamed(ownName, in: heard.text)
      rooms[index].unread += 1
    case .picture: rooms[index].unread += 1
    default: break
    }
    if isMention { rooms[index].mentions += 1 }
    rooms[index].backlog.add(arrival)
    return isMention
  }

  /// A room with something unread.
  struct Mark: Equatable {
    let number: Int
    let room: RoomName
    let unread: Int
    /// Whether this person is named in it.
    let isMention: Bool
  }

  var marks: [Mark] {
    rooms.enumerated().filter { $0.element.unread > 0 }.map { index, room in
      Mark(
        number: index + 1, room: room.name, unread: room.unread, isMention: room.mentions > 0)
    }
  }

  /// Whether a text has a name in it, in any case, and not as a part of a longer word.
  static func isNamed(_ name: String, in text: [UInt8]) -> Bool {
    let text = Array(String(decoding: text, as: UTF8.self).lowercased().unicodeScalars)
    let name = Array(name.lowercased().unicodeScalars)
    guard let first = name.first, text.count >= name.count else { return false }
    return (0...text.count - name.count).contains { start in
      let end = start + name.count
      return text[start] == first && text[start..<end].elementsEqual(name)
        && !(start > 0 && isWord(text[start - 1])) && !(end < text.count && isWord(text[end]))
    }
  }

  /// Whether a character goes on with a word, in writing that keeps words apart.
  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar == "-" || scalar.properties.isCased
      || scalar.properties.numericType != nil
  }
}

extension [Conversation.Mark] {
  /// `[2:deploys 3+, 3:ops 1!]`, where an exclamation mark says that this person was named; nil
  /// where there is nothing unread.
  ///
  /// - Parameter nameCells: how much of a room's name is shown.
  func text(nameCells: Int) -> String? {
    if isEmpty { return nil }
    let marks = map { mark in
      let name = cut(mark.room.text, toCells: nameCells)
      return "\(mark.number):\(name) \(mark.unread)\(mark.isMention ? "!" : "+")"
    }
    return "[\(marks.joined(separator: ", "))]"
  }
}
