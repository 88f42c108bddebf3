import ChatEngine

/// What was said, what became of it, and who was told: bookkeeping beside the engines, by which
/// they are judged.
///
/// Nothing in here comes from an engine's own books. What a server took is read from its
/// transcript; what a client was told is what its events say. What is wrong becomes a violation.
struct Ledger {
  /// One life of one client program.
  typealias RunID = Int
  /// One life of one server, which is one log.
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
    var fate = Fate.pending
  }

  var violations: [Violation] = []
  var now = Simulation.start
  var utterances: [Utterance] = []
  var lives: [Life] = []
  var runs: [Run] = []

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
    var hearing = Hearing()
    /// The latest JOIN that a server took.
    var attached: Attachment?
  }

  /// Where a log was when somebody joined.
  struct Attachment {
    var life: LifeID
    var texts: Int
    var pictures: Int
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
    _ isPicture: Bool, by run: RunID, isSound: Bool, _ make: (Int) -> [UInt8]
  ) -> [UInt8] {
    let id = utterances.count
    let number = (isPicture ? runs[run].pictures : runs[run].texts).count + 1
    utterances.append(
      Utterance(
        isPicture: isPicture, sender: run, number: UInt64(number), bytes: make(id),
        isSound: isSound))
    if isPicture { runs[run].pictures.append(id) } else { runs[run].texts.append(id) }
    return utterances[id].bytes
  }

  func id(of ticket: MessageTicket, by run: RunID) -> Int? {
    let said = ticket.isPicture ? runs[run].pictures : runs[run].texts
    return said.indices.contains(Int(ticket.number) - 1) ? said[Int(ticket.number) - 1] : nil
  }

  /// A client was told what became of something. It is in the log of the server's life that the
  /// client is in, or it is not.
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
    let isLogged = life.map { lives[$0].place(of: id, utterances[id].isPicture) != nil } ?? false
    if isAccepted != isLogged {
      violate("\(what) is said to be \(utterances[id].fate), but in the log: \(isLogged)")
    }
    let isExpected = utterances[id].isSound ? isAccepted || isExcuse(words) : !isAccepted
    if !isExpected { violate("\(what) came out as \(utterances[id].fate): \(words)") }
  }

  /// What a server may say to something sound.
  private func isExcuse(_ words: String) -> Bool {
    words.hasPrefix("too many pictures are under way")
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
    return "\(kind) \(id) (\(said.number) of \(runs[said.sender].host), \(said.bytes.count) B)"
  }
}
