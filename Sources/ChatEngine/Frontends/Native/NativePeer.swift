/// One session of a native client, and what the front end knows beside it.
final class NativePeer {
  let slot: UInt32
  /// Whether it asks for figures and has not joined.
  var isOnlooker = false
  /// When it will be looked at next.
  @Compact var queuedDeadline: Instant?
  /// The talk that waits for its sender's budget: when it goes on.
  @Compact var heldUntil: Instant?
  /// Until when it must have shown that it heard the Accept, and then have joined.
  @Compact var joinDeadline: Instant?
  var session: Session
  /// Until the client has shown that it heard the answer to its Init.
  var initiation: Initiation?
  /// Who it is in the chat, once it joined, and where it stands among those that did.
  var member: MemberID?
  var place: UInt32 = 0
  /// The low half of the number of the first event that it was to be told.
  var firstSeq: UInt32 = 0
  var run: UInt64 = 0
  @Seldom var uploads: Uploads
  @Seldom var stays: Stays
  @Seldom var questions: Questions

  /// What a client asks of the past.
  struct Questions: HasBeginning {
    /// Where it is answered.
    var channel: UInt64?
    var waiting: [NativeRequest.History] = []
    /// How many are being looked up.
    var out = 0
  }

  /// A room besides the lobby, on its channel.
  struct Stay {
    let room: RoomID
    let channel: UInt64
    /// Where the session stands among those in the room.
    var place: UInt32
  }

  struct Stays: HasBeginning {
    var list: [Stay] = []
  }

  /// Its stay in a room, if it is there; nobody stays in the lobby, where all are.
  func stay(in room: RoomID) -> Stay? { $stays ? stays.list.first { $0.room == room } : nil }

  /// The room that a channel is of.
  func room(on channel: UInt64) -> RoomID? {
    if channel == UInt64(Channel.talk.rawValue) { return .lobby }
    return $stays ? stays.list.first { $0.channel == channel }?.room : nil
  }

  func setPlace(in room: RoomID, _ place: UInt32) {
    guard let index = stays.list.firstIndex(where: { $0.room == room }) else { return }
    stays.list[index].place = place
  }

  /// How a session began.
  final class Initiation {
    let accept: [UInt8]
    /// The first bytes of the Init, by which the same one is known again.
    let ephemeral: PublicKey
    /// When the Accept went out; nil where it did more than once.
    var sentAt: Instant?

    init(accept: [UInt8], ephemeral: PublicKey, sentAt: Instant) {
      (self.accept, self.ephemeral, self.sentAt) = (accept, ephemeral, sentAt)
    }
  }

  /// The pictures of a client that are on their way here.
  struct Uploads: HasBeginning {
    /// What is being uploaded, and what waits to be.
    var current: NativeRequest.Offer?
    var offers: [NativeRequest.Offer] = []
    /// A picture that is whole and waits for its sender's budget.
    var finished: [UInt8]?
    /// How much of the current one had come when it got on last, and when that was.
    var bytesSeen = 0
    var lastProgress: Instant?

    var isEmpty: Bool { current == nil && offers.isEmpty && finished == nil }
  }

  init(session: consuming Session, slot: UInt32, initiation: Initiation) {
    self.session = session
    self.slot = slot
    self.initiation = initiation
  }

  /// The program that speaks through it, once it joined.
  var program: ClientProgram { ClientProgram(client: session.remoteKey, run: run) }

  /// Whether there are pictures on their way here; the memory for them goes with the last.
  var isUploading: Bool {
    if !$uploads { return false }
    if !uploads.isEmpty { return true }
    _uploads.drop()
    return false
  }

  /// When its front end has something to do for it.
  var nextDeadline: Instant? {
    session.nextDeadline.map { deadline(before: $0) }
  }

  /// The same where the session's next deadline is known.
  func deadline(before sessionDeadline: Instant) -> Instant {
    var deadline = sessionDeadline
    if let heldUntil { deadline = min(deadline, heldUntil) }
    if let joinDeadline { deadline = min(deadline, joinDeadline) }
    return deadline
  }
}

/// What the server remembers of a client program, so that nothing said twice is taken twice.
struct NativeRun {
  private static let nobody = UInt32.max

  private var speaker = nobody
  /// The greater, the later it was made.
  fileprivate var turn: UInt32 = 0
  var said = Numbers()
  /// Few programs ever show a picture.
  @Seldom var shown: Numbers

  /// How far the program's numbers of one kind were dealt with.
  struct Numbers: HasBeginning {
    /// The greatest that was taken; what comes again is known by it.
    var accepted: UInt64 = 0
    /// The greatest whose author was told what became of it: it is kept, or it failed.
    var settled: UInt64 = 0
    /// The latest that were refused for good.
    private var refused = RangeSet()

    /// The number up to which all was taken and its author was told so, for an author that may not
    /// have heard it. It says again what is behind that, and is told of each by itself.
    var taken: UInt64 { min(settled, (refused.first?.lowerBound ?? .max) - 1) }

    func isRefused(_ number: UInt64) -> Bool {
      refused.ranges.contains { $0.contains(number) }
    }

    mutating func refuse(_ number: UInt64) {
      guard number > 0, number < .max else { return }
      refused.insert(number..<number + 1)
      // Whoever said so much since knows long ago what became of the first.
      if refused.count > Limits.refusedRangesMax { refused.remove(refused.first!) }
    }

    /// What was refused for the moment was taken when it came again.
    mutating func take(_ number: UInt64) {
      accepted = number
      if number < .max { refused.remove(number..<number + 1) }
    }
  }

  /// The session that speaks for it now.
  var slot: UInt32? {
    get { speaker == Self.nobody ? nil : speaker }
    set { speaker = newValue ?? Self.nobody }
  }
}

/// The runs of the last while, the oldest forgotten first.
struct NativeRuns {
  private var runs: [ClientProgram: NativeRun] = [:]
  private var nextTurn: UInt32 = 0
  /// With more than so many some are forgotten.
  private var limit = Limits.runsMax

  /// Whether none was here yet.
  var isEmpty: Bool { runs.isEmpty }

  /// Remembers a run of the time before the server was started.
  mutating func restore(_ sender: StoreBatch.Sender) {
    var run = NativeRun()
    (run.said.accepted, run.said.settled) = (sender.said, sender.said)
    (run.shown.accepted, run.shown.settled) = (sender.shown, sender.shown)
    self[sender.program] = run
  }

  /// Whether a run was here before, and is not forgotten.
  func knows(_ key: ClientProgram) -> Bool { runs[key] != nil }

  /// The run of `key`, made where it is not known.
  subscript(_ key: ClientProgram) -> NativeRun {
    get { runs[key] ?? NativeRun() }
    set {
      var run = newValue
      if let known = runs[key] {
        run.turn = known.turn
        runs[key] = run
        return
      }
      run.turn = nextTurn
      nextTurn &+= 1
      runs[key] = run
      if runs.count > limit { forgetOldest() }
    }
  }

  /// Forgets an eighth at a time, so that it is seldom that all are looked at.
  private mutating func forgetOldest() {
    let share = Limits.runsMax / 8
    let away = runs.filter { $0.value.slot == nil }
    let oldest = away.sorted { $0.value.turn < $1.value.turn }.prefix(share)
    for (key, _) in oldest { runs[key] = nil }
    // Those whose client is here are kept, however many there are.
    limit = max(Limits.runsMax, runs.count + share)
  }
}
