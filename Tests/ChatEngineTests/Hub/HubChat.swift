@testable import ChatEngine

/// A hub with members by their names, and what it tells as lines of text.
final class HubChat {
  var hub: Hub
  private(set) var members: [String: MemberID] = [:]
  private var said: [String: UInt64] = [:]

  init(
    keepsHistory: Bool = false, clientsMax: Int = 2_000,
    rate: Rate = Rate(perSecond: 0, burst: 1)
  ) {
    hub = Hub(clientsMax: clientsMax, speechRate: rate, keepsHistory: keepsHistory)
  }

  subscript(_ name: String) -> MemberID { members[name]! }

  /// Lets somebody in, with a key of its own.
  func join(_ names: String...) throws {
    for name in names {
      let key = PublicKey(Blake2b.hash256(bytes(name).span))!
      members[name] = try hub.join(
        MemberName(name), owner: key, ifTaken: .refuse, at: moment(1))
    }
  }

  func leave(_ name: String) { hub.leave(members.removeValue(forKey: name)!, .said, at: moment(1)) }

  @discardableResult
  func enter(_ name: String, _ room: String) throws -> RoomID {
    try hub.enter(self[name], RoomName(room), at: moment(1))
  }

  func part(_ name: String, _ room: String) throws {
    hub.part(self[name], from: try id(room), .said, at: moment(1))
  }

  func say(_ name: String, _ text: String, in room: String = "lobby") throws {
    said[name, default: 0] += 1
    try hub.say(
      self[name], in: id(room), bytes(text).span, id: MessageID(run: 7, number: said[name]!),
      at: moment(1))
  }

  func setTopic(_ name: String, _ text: String, of room: String) throws {
    try hub.setTopic(self[name], of: id(room), bytes(text).span, at: moment(1))
  }

  /// What the front end refuses of itself.
  func refuse(_ name: String, _ reason: String) {
    said[name, default: 0] += 1
    hub.refuse(self[name], id: MessageID(run: 7, number: said[name]!), reason, at: moment(1))
  }

  func takeBatch() -> StoreBatch? { hub.takeBatch(at: Instant(nanoseconds: 1)) }

  /// What is out is kept, or fails for a reason.
  func settle(_ failure: String? = nil) {
    hub.settleBatch(failure.map { StoreFailure($0) }, at: Instant(nanoseconds: 1))
  }

  func id(_ room: String) throws -> RoomID {
    let id = hub.room(try RoomName(room))
    guard let id else { throw Hub.SpeechRefusal.notInRoom }
    return id
  }

  /// The rooms that there are, the lobby left out.
  var rooms: [String] {
    var names: [String] = []
    hub.forEachRoom { name, _, _ in names.append(name.text) }
    return names.filter { $0 != "lobby" }.sorted()
  }

  /// The events since the last time, as `lobby: Ann joined` and `den 3: Ann: text`; of a failure
  /// the reason stands in brackets.
  func events() -> [String] {
    var lines: [String] = []
    while let event = hub.nextEvent() {
      let body = String(decoding: hub.bytes[hub.place(of: event)], as: UTF8.self)
      let room = hub.name(of: event.room).text
      let place = event.number == 0 ? room : "\(room) \(event.number)"
      let what =
        switch event.kind {
        case .joined: " joined"
        case .left(let reason): " left \(reason)"
        case .said(isAction: false): ": \(body)"
        case .said(isAction: true): " \(body)"
        case .topic: " set \(body)"
        case .showed: " showed \(body.utf8.count) bytes"
        }
      let failure = event.failure.map { " [\($0.text)]" } ?? ""
      lines.append("\(place): \(event.name.text)\(what)\(failure)")
    }
    return lines
  }
}
