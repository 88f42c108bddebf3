import ChatEngine

/// The log of one room: of one life of a server, as it told it to its front ends, or, where the
/// server keeps history, of all its lives, as it came to its disk.
struct Life {
  let server: String
  /// By which clients know the latest life of the server.
  fileprivate(set) var log: UInt64
  var room = RoomName.lobby
  /// Whether messages are told once they are on the disk.
  var keepsHistory = false
  /// The lobby beside it.
  fileprivate(set) var lobby: Ledger.LifeID = 0
  /// The number of its next message.
  private(set) var nextNumber: UInt64 = 1
  private var latest = Int64.min
  /// How much of it was told, or was there when its server started.
  fileprivate(set) var toldTexts = 0
  fileprivate(set) var toldPictures = 0
  fileprivate(set) var toldNumber: UInt64 = 0
  /// What the room is about.
  fileprivate(set) var topic = ""
  /// What was said, in the order of the log.
  private(set) var texts: [Int] = []
  private(set) var pictures: [Int] = []
  /// Under which name.
  private(set) var names: [String] = []
  /// With which number and time.
  private(set) var marks: [Ledger.Mark] = []
  private(set) var textBytes = 0
  private(set) var pictureBytes = 0
  /// What was told of it: messages and notices.
  fileprivate(set) var events = 0
  /// Where the log begins that native clients get, once one was there: a server does not keep for
  /// long what none could come back for.
  fileprivate(set) var beginning: (texts: Int, pictures: Int)?
  private var placesOfTexts: [Int: Int] = [:]
  private var placesOfPictures: [Int: Int] = [:]
  /// The greatest number of each program.
  private var greatest: [Ledger.RunID: (text: UInt64, picture: UInt64)] = [:]

  /// All that it has was told.
  fileprivate mutating func tellAll() {
    (toldTexts, toldPictures, toldNumber) = (texts.count, pictures.count, nextNumber - 1)
  }

  init(server: String, log: UInt64) { (self.server, self.log) = (server, log) }

  func place(of id: Int, _ isPicture: Bool) -> Int? {
    isPicture ? placesOfPictures[id] : placesOfTexts[id]
  }

  fileprivate mutating func append(
    _ id: Int, _ said: Ledger.Utterance, _ mark: Ledger.Mark, name: String, isOrdered: Bool
  ) -> String? {
    defer { (nextNumber, latest) = (mark.number + 1, mark.time) }
    if mark.number != nextNumber { return "is number \(mark.number) and not \(nextNumber)" }
    // A server does not remember how late it was.
    if mark.time < latest, !keepsHistory { return "is earlier than what was said before it" }
    if place(of: id, said.isPicture) != nil { return "is in the log twice" }
    var numbers = greatest[said.sender] ?? (0, 0)
    let isInOrder = said.number > (said.isPicture ? numbers.picture : numbers.text)
    if said.isPicture {
      placesOfPictures[id] = pictures.count
      pictures.append(id)
      pictureBytes += said.bytes.count
      numbers.picture = said.number
    } else {
      placesOfTexts[id] = texts.count
      texts.append(id)
      names.append(name)
      marks.append(mark)
      textBytes += said.bytes.count
      numbers.text = said.number
    }
    greatest[said.sender] = numbers
    return isInOrder || !isOrdered ? nil : "is in the log behind what was said after it"
  }
}

extension Ledger {
  /// What a message is known by in its room.
  struct Mark: Equatable {
    var number: UInt64
    /// Milliseconds since 1970.
    var time: Int64
  }

  /// A server starts.
  ///
  /// - Parameter disk: what it knows of before, where it keeps history.
  /// - Returns: the log of its lobby.
  mutating func newLife(of server: String, log: UInt64, disk: VirtualDisk? = nil) -> LifeID {
    starts[server, default: 0] += 1
    let known = lives.firstIndex { $0.server == server && $0.room == .lobby && $0.keepsHistory }
    guard let disk, let known else {
      var life = Life(server: server, log: log)
      (life.keepsHistory, life.lobby) = (disk != nil, lives.count)
      logs[log] = lives.count
      lives.append(life)
      return lives.count - 1
    }
    logs[log] = known
    for index in lives.indices where lives[index].lobby == known {
      lives[index].log = log
      lives[index].tellAll()
      lives[index].topic = disk.topic(of: lives[index].room)
    }
    return known
  }

  /// The lobby of a server's life.
  func life(ofLog log: UInt64) -> LifeID? { logs[log] }

  /// The log of a room beside that of a lobby.
  func existingLog(of room: RoomName, beside life: LifeID) -> LifeID? {
    if room == .lobby { return life }
    return lives.lastIndex { $0.lobby == life && $0.room == room }
  }

  /// The same, begun where there is none.
  mutating func log(of room: RoomName, beside life: LifeID) -> LifeID {
    if let known = existingLog(of: room, beside: life) { return known }
    var log = Life(server: lives[life].server, log: lives[life].log)
    (log.room, log.keepsHistory, log.lobby) = (room, lives[life].keepsHistory, life)
    lives.append(log)
    return lives.count - 1
  }

  /// A server let a client in; what it logs from here on is for that client.
  mutating func attach(_ run: RunID, to life: LifeID, as name: String) {
    attach(run, to: life)
    if runs[run].isNative, lives[life].beginning == nil {
      let isKept = lives[life].events <= Limits.unheardEventsMax
      lives[life].beginning =
        isKept ? (0, 0) : (lives[life].toldTexts, lives[life].toldPictures)
    }
    runs[run].name = name
  }

  /// A server let a client into a room.
  mutating func attach(_ run: RunID, to log: LifeID) {
    runs[run].attached[lives[log].room] = Attachment(
      life: log, log: lives[log].log, texts: lives[log].toldTexts,
      pictures: lives[log].toldPictures, topic: lives[log].topic)
  }

  // MARK: What a server tells

  /// A server told its front ends that something happened in a room.
  mutating func read(_ event: HubEvent, _ body: [UInt8], in log: LifeID) {
    if event.failure != nil { return }
    lives[log].events += 1
    guard event.isMessage else { return }
    guard let id = utterance(body, isPicture: event.isPicture) else {
      return violate("\(lives[log].server) told \(body.count) B that nobody said")
    }
    let said = utterances[id]
    let what = describe(id)
    let mark = Mark(number: event.number, time: event.time.unixMilliseconds)
    if !said.isSound { violate("\(what) is not sound and is told") }
    if runs[said.sender].isNative, said.fate == .failed { violate("\(what) failed and is told") }
    if said.room != lives[log].room { violate("\(what) is told in \(lives[log].room)") }
    if !said.isPicture, event.kind != Self.kind(said.kind) {
      violate("\(what), a \(said.kind), is told as \(event.kind)")
    }
    if lives[log].keepsHistory {
      if said.kept != Kept(room: lives[log].room, number: mark.number, time: mark.time) {
        violate("\(what) is told as \(mark), and kept as \(String(describing: said.kept))")
      }
      if mark.number != lives[log].toldNumber + 1 {
        violate("\(what) is told as \(mark) after \(lives[log].toldNumber)")
      }
    } else {
      append(id, mark, to: log, name: event.name.text)
    }
    lives[log].toldNumber = mark.number
    if said.isPicture { lives[log].toldPictures += 1 } else { lives[log].toldTexts += 1 }
    if said.kind == .topic { lives[log].topic = String(decoding: body, as: UTF8.self) }
  }

  private mutating func append(_ id: Int, _ mark: Mark, to log: LifeID, name: String) {
    // The network of a plain client keeps no order.
    let isOrdered = runs[utterances[id].sender].isNative
    let fault = lives[log].append(id, utterances[id], mark, name: name, isOrdered: isOrdered)
    if let fault { violate("\(describe(id)) \(fault)") }
  }

  private static func kind(_ said: NativeRequest.Say.Kind) -> HubEvent.Kind {
    switch said {
    case .text: .said(isAction: false)
    case .action: .said(isAction: true)
    case .topic: .topic
    }
  }

  /// Which text or picture this is, whole.
  func utterance(_ bytes: [UInt8], isPicture: Bool) -> Int? {
    let id = isPicture ? Wording.id(ofPicture: bytes) : Wording.id(ofText: bytes)
    guard let id, utterances.indices.contains(id), utterances[id].bytes == bytes,
      utterances[id].isPicture == isPicture
    else { return nil }
    return id
  }

  // MARK: What a server keeps

  /// A batch came to a server's disk.
  ///
  /// - Parameter life: its lobby's log.
  mutating func keep(_ batch: StoreBatch, in life: LifeID) {
    let server = lives[life].server
    for message in batch.messages {
      guard case .room(let text) = message.room, let room = try? RoomName(text) else {
        violate("\(server) keeps a message of \(message.room)")
        continue
      }
      guard let id = utterance(of: message, batch) else {
        violate("\(server) keeps \(message.body.count) B that nobody said")
        continue
      }
      let said = utterances[id]
      if said.kept != nil { violate("\(describe(id)) is on the disk twice") }
      if said.room != room { violate("\(describe(id)) is kept as of \(room)") }
      // Who speaks a plain dialect is told nothing.
      if runs[said.sender].isNative, said.fate == .failed {
        violate("\(describe(id)) failed and is kept")
      }
      utterances[id].kept = Kept(room: room, number: message.number, time: message.time)
      append(
        id, Mark(number: message.number, time: message.time), to: log(of: room, beside: life),
        name: message.author)
    }
  }

  /// A batch found no room on a server's disk.
  mutating func lose(_ batch: StoreBatch, of server: String) {
    for message in batch.messages {
      guard let id = utterance(of: message, batch) else { continue }
      (utterances[id].isDiskFull, utterances[id].refusedIn) = (true, starts[server])
    }
  }

  /// Which text or picture a message is.
  private func utterance(of message: StoredMessage, _ batch: StoreBatch) -> Int? {
    guard message.kind == .picture else { return utterance(message.body, isPicture: false) }
    guard let attached = StoredAttachment(message.body),
      let file = batch.files.first(where: { $0.hash == attached.hash })
    else { return nil }
    return utterance(file.bytes, isPicture: true)
  }
}
