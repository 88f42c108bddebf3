import Testing

@testable import ChatEngine
@testable import Simulator

/// A server with a log, somebody who speaks, and somebody who hears; both are in.
struct BookedLobby {
  var ledger = Ledger()
  var life: Ledger.LifeID
  let speaker: Ledger.RunID
  let hearer: Ledger.RunID
  private(set) var texts: [Int] = []
  /// What was told of each room: the number of its next message.
  private var numbers: [Ledger.LifeID: UInt64] = [:]

  static let room = try! RoomName("dev")
  static let time: Int64 = 1_000

  /// - Parameter keepsHistory: whether what is told must be on a disk, which is empty.
  init(keepsHistory: Bool = false) {
    life = ledger.newLife(of: "s", log: 1, disk: keepsHistory ? VirtualDisk() : nil)
    speaker = ledger.newRun(of: "a", name: "A", isNative: true)
    hearer = ledger.newRun(of: "b", name: "B", isNative: true)
    for run in [speaker, hearer] {
      ledger.attach(run, to: life, as: run == speaker ? "A" : "B")
      ledger.enter(run, life, isWhole: nil)
    }
  }

  /// Both enter a room.
  mutating func enterRoom() {
    for run in [speaker, hearer] { enterRoom(run) }
  }

  mutating func enterRoom(_ run: Ledger.RunID) {
    ledger.runs[run].wanted.insert(Self.room)
    ledger.runs[run].stays[Self.room, default: 0] += 1
    let log = ledger.log(of: Self.room, beside: life)
    ledger.attach(run, to: log)
    ledger.enter(run, log, isWhole: nil)
  }

  mutating func leaveRoom(_ run: Ledger.RunID) {
    ledger.runs[run].wanted.remove(Self.room)
    ledger.part(run, from: Self.room)
  }

  /// Says a text that the log does not have yet.
  @discardableResult
  mutating func say(_ kind: NativeRequest.Say.Kind = .text, in room: RoomName = .lobby) -> Int {
    _ = ledger.utter(false, by: speaker, isSound: true, as: kind, in: room) {
      Wording.text($0, count: 30)
    }
    texts.append(ledger.utterances.count - 1)
    return texts.count - 1
  }

  func bytes(_ text: Int) -> [UInt8] { ledger.utterances[texts[text]].bytes }

  func ticket(_ text: Int) -> MessageTicket {
    MessageTicket(isPicture: false, number: UInt64(text + 1))
  }

  // MARK: The server

  mutating func log(_ text: Int, number: UInt64? = nil, time: Int64 = time) {
    let said = ledger.utterances[texts[text]]
    let kind: HubEvent.Kind = said.kind == .topic ? .topic : .said(isAction: said.kind == .action)
    log(kind, bytes(text), in: said.room, number: number, time: time)
  }

  mutating func log(_ text: [UInt8]) { log(.said(isAction: false), text) }

  mutating func log(picture jpeg: [UInt8]) {
    let header = try! JPEGHeader.relayable(jpeg.span)
    log(.showed(header, hash: Blake2b.hash256(jpeg.span)), jpeg)
  }

  /// The server tells a message, as the next of its room or as another one.
  mutating func log(
    _ kind: HubEvent.Kind, _ body: [UInt8], in room: RoomName = .lobby, number: UInt64? = nil,
    time: Int64 = time
  ) {
    let log = ledger.log(of: room, beside: life)
    let next = numbers[log, default: 1]
    numbers[log] = next + 1
    var event = HubEvent(
      kind: kind, room: .lobby, member: MemberID(slot: 0, generation: 1),
      name: try! MemberName("A"), time: WallClock(unixMilliseconds: time), body: 0..<0)
    event.number = number ?? next
    ledger.read(event, body, in: log)
  }

  /// A text comes to the disk, or finds no room there.
  mutating func keep(
    _ text: Int, number: UInt64, in room: RoomName? = nil, time: Int64 = time, isFull: Bool = false
  ) {
    var batch = StoreBatch(id: 1)
    let said = ledger.utterances[texts[text]]
    batch.messages = [
      StoredMessage(
        room: .room((room ?? said.room).text), number: number, time: time, author: "A",
        body: said.bytes)
    ]
    if isFull { ledger.lose(batch, of: "s") } else { ledger.keep(batch, in: life) }
  }

  // MARK: The clients

  mutating func hear(_ text: Int, from name: String = "A", in room: RoomName? = nil) {
    let said = ledger.utterances[texts[text]]
    let room = room ?? said.room
    if said.kind == .topic {
      return ledger.hear(topic: said.bytes, in: room, from: name, by: hearer)
    }
    let log = ledger.log(of: room, beside: life)
    let place = ledger.lives[log].place(of: texts[text], false)
    let number = place.map { ledger.lives[log].marks[$0].number } ?? 0
    hear(said.bytes, from: name, in: room, number: number, isAction: said.kind == .action)
  }

  mutating func hear(
    _ text: [UInt8], by run: Ledger.RunID? = nil, from name: String = "A",
    in room: RoomName = .lobby, number: UInt64 = 1, isAction: Bool = false
  ) {
    var heard = Heard(from: name, text: text)
    (heard.number, heard.time, heard.isAction) = (number, Self.time, isAction)
    ledger.hear(heard, in: room, by: run ?? hearer)
  }

  mutating func accept(_ text: Int) {
    ledger.settle(ticket(text), by: speaker, in: life, isAccepted: true, "")
  }

  mutating func fail(_ text: Int, _ words: String) {
    ledger.settle(ticket(text), by: speaker, in: life, isAccepted: false, words)
  }

  /// The server is started again, and both come back.
  mutating func restart() {
    life = ledger.newLife(of: "s", log: 2)
    for run in [speaker, hearer] {
      ledger.attach(run, to: life, as: run == speaker ? "A" : "B")
      ledger.enter(run, life, isWhole: false)
    }
  }

  var isUpToDate: Bool { ledger.isUpToDate(hearer, in: life) }
  var faults: [String] { ledger.violations.map(\.what) }
}
