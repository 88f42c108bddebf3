import ChatEngine

/// What was said, what became of it, and who was told: bookkeeping beside the engines, by which
/// they are judged.
///
/// Nothing in here comes from an engine's own books. What a server took is what it told its front
/// ends, what it kept is what came to its disk, and what a client was told is what its events say.
/// What is wrong becomes a violation.
struct Ledger {
  /// One life of one client program.
  typealias RunID = Int
  /// One room in one life of one server, which is one log; in all of its lives, where it keeps
  /// history.
  typealias LifeID = Int

  enum Fate: Equatable {
    case pending, accepted, failed
    /// The program that said it ended before it knew.
    case abandoned
  }

  struct Utterance {
    let isPicture: Bool
    let sender: RunID
    /// Its place in what its sender said, from 1 on; texts and pictures by themselves.
    let number: UInt64
    let bytes: [UInt8]
    /// Whether a server must take it.
    let isSound: Bool
    var kind = NativeRequest.Say.Kind.text
    var room = RoomName.lobby
    /// Which of its sender's stays in the room it was said in; nil where it was not there.
    var stay: Int? = 0
    var fate = Fate.pending
    /// Whether a disk had no room for it.
    var isDiskFull = false
    /// How often its server had been started when it was refused, or found no room.
    var refusedIn: Int?
    /// Where it is on a disk.
    var kept: Kept?
  }

  /// A message's place on a disk.
  struct Kept: Equatable {
    var room: RoomName
    var number: UInt64
    /// Milliseconds since 1970.
    var time: Int64
  }

  var violations: [Violation] = []
  var now = Simulation.start
  var utterances: [Utterance] = []
  var lives: [Life] = []
  var runs: [Run] = []
  /// The lobby's log by what clients know it by.
  var logs: [UInt64: LifeID] = [:]
  /// How often each server was started.
  var starts: [String: Int] = [:]

  /// A world that is broken is broken in many ways; the first few are enough.
  static let violationsMax = 20

  mutating func violate(_ what: String) {
    if violations.count < Self.violationsMax { violations.append(Violation(at: now, what: what)) }
  }

  // MARK: Programs

  /// One life of a client program.
  struct Run {
    let host: String
    let isNative: Bool
    var name: String
    var isEnded = false
    /// Whether it was asked to leave once all is said.
    var isLeaving = false
    /// By the numbers of tickets.
    var texts: [Int] = []
    var pictures: [Int] = []
    /// By room.
    var hearings: [RoomName: Hearing] = [:]
    /// The latest JOIN, or ENTER, that a server took.
    var attached: [RoomName: Attachment] = [:]
    /// How much it heard in rooms that it left.
    var heardBefore = 0
    /// How often it was in each room, and whether it wants to be.
    var stays: [RoomName: Int] = [:]
    var wanted: Set<RoomName> = [.lobby]

    subscript(room: RoomName) -> Hearing {
      get { hearings[room] ?? Hearing() }
      _modify { yield &hearings[room, default: Hearing()] }
    }

    /// What it hears of the lobby.
    var hearing: Hearing { self[.lobby] }

    var heardCount: Int {
      hearings.values.reduce(heardBefore) { $0 + $1.texts.count + $1.pictures.count }
    }

    /// Its stay in a room where it is.
    func stay(in room: RoomName) -> Int? {
      wanted.contains(room) ? stays[room, default: 0] : nil
    }
  }

  /// Where a log was when somebody joined, and what the room was about.
  struct Attachment {
    var life: LifeID
    var log: UInt64
    var texts: Int
    var pictures: Int
    var topic: String
  }

  mutating func newRun(of host: String, name: String, isNative: Bool) -> RunID {
    runs.append(Run(host: host, isNative: isNative, name: name))
    return runs.count - 1
  }

  /// The program is no more. What it does not know, nobody will tell it.
  mutating func end(_ run: RunID) {
    runs[run].isEnded = true
    for id in runs[run].texts + runs[run].pictures where utterances[id].fate == .pending {
      utterances[id].fate = .abandoned
    }
  }

  // MARK: What is said

  /// A new text or picture of `run`, which is to say it at once.
  mutating func utter(
    _ isPicture: Bool, by run: RunID, isSound: Bool, as kind: NativeRequest.Say.Kind = .text,
    in room: RoomName = .lobby, _ make: (Int) -> [UInt8]
  ) -> [UInt8] {
    let id = utterances.count
    let number = (isPicture ? runs[run].pictures : runs[run].texts).count + 1
    utterances.append(
      Utterance(
        isPicture: isPicture, sender: run, number: UInt64(number), bytes: make(id),
        isSound: isSound, kind: kind, room: room, stay: runs[run].stay(in: room)))
    if isPicture { runs[run].pictures.append(id) } else { runs[run].texts.append(id) }
    return utterances[id].bytes
  }

  func id(of ticket: MessageTicket, by run: RunID) -> Int? {
    let said = ticket.isPicture ? runs[run].pictures : runs[run].texts
    return said.indices.contains(Int(ticket.number) - 1) ? said[Int(ticket.number) - 1] : nil
  }

  /// A client was told what became of something. What was accepted is kept, or, where its server
  /// keeps nothing, in the log of the server's life that the client is in; what failed is not.
  ///
  /// - Parameter life: the lobby's log.
  mutating func settle(
    _ ticket: MessageTicket, by run: RunID, in life: LifeID?, isAccepted: Bool, _ words: String
  ) {
    guard let id = id(of: ticket, by: run) else {
      return violate("\(runs[run].host) was told of \(ticket), which it never said")
    }
    let what = describe(id)
    if utterances[id].fate != .pending {
      return violate("\(what) was \(utterances[id].fate) and is now said to be settled again")
    }
    utterances[id].fate = isAccepted ? .accepted : .failed
    let isTaken: Bool
    if let life, !lives[life].keepsHistory {
      let log = log(of: utterances[id].room, beside: life)
      isTaken = lives[log].place(of: id, utterances[id].isPicture) != nil
    } else {
      isTaken = utterances[id].kept != nil
    }
    // A server that was started again knows what it kept last of a program, and no more what it
    // refused before that.
    let refusedIn = utterances[id].refusedIn ?? (utterances[id].isSound ? nil : 1)
    if isAccepted, !isTaken, let life, let refusedIn, lives[life].keepsHistory,
      refusedIn < starts[lives[life].server, default: 0]
    {
      return
    }
    if isAccepted != isTaken {
      violate("\(what) is said to be \(utterances[id].fate), but it is taken: \(isTaken)")
    }
    let isExpected =
      utterances[id].isSound ? isAccepted || isExcuse(words, for: id) : !isAccepted
    if !isExpected { violate("\(what) came out as \(utterances[id].fate): \(words)") }
  }

  /// What a server may say to something sound.
  private func isExcuse(_ words: String, for id: Int) -> Bool {
    let said = utterances[id]
    switch words {
    case VirtualDisk.fullWords: return said.isDiskFull
    case "it was not passed on before": return said.isDiskFull || isMisplaced(said)
    case "you are not in that room": return isMisplaced(said)
    default: return words.hasPrefix("too many pictures are under way")
    }
  }

  /// Whether its author is not, or no more, in the room in which it was said.
  private func isMisplaced(_ said: Utterance) -> Bool {
    let now = runs[said.sender].stay(in: said.room)
    return said.room != .lobby && (said.stay == nil || now != said.stay)
  }

  /// A client was told how much of a picture has arrived.
  mutating func noteProgress(
    _ ticket: MessageTicket, by run: RunID, bytes: Int, of total: Int
  ) {
    guard let id = id(of: ticket, by: run), ticket.isPicture else {
      return violate("\(runs[run].host) was told of progress of \(ticket)")
    }
    if total != utterances[id].bytes.count || !(0...total).contains(bytes) {
      violate("\(describe(id)) is said to have made \(bytes) of \(total) B")
    }
  }

  func hasPending(_ run: RunID) -> Bool {
    (runs[run].texts + runs[run].pictures).contains { utterances[$0].fate == .pending }
  }

  /// At the end: who still lives knows what became of everything.
  mutating func checkNothingIsPending() {
    for (run, told) in runs.enumerated() where told.isNative && !told.isEnded {
      for id in told.texts + told.pictures where utterances[id].fate == .pending {
        violate("\(describe(id)) is still pending at the end of run \(run)")
      }
    }
  }

  func describe(_ id: Int) -> String {
    let said = utterances[id]
    let kind = said.isPicture ? "picture" : "text"
    let place = said.room == .lobby ? "" : ", in \(said.room)"
    return
      "\(kind) \(id) (\(said.number) of \(runs[said.sender].host), \(said.bytes.count) B\(place))"
  }
}
