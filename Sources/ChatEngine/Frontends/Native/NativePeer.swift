/// One session of a native client, and what the front end knows beside it.
final class NativePeer {
  var session: Session
  let slot: UInt32
  /// The answer to its Init, until the client has shown that it heard it.
  var accept: [UInt8]?
  /// The first bytes of its Init, by which the same one is known again.
  let ephemeral: PublicKey
  /// Who it is in the chat, once it joined.
  var member: MemberID?
  var run: UInt64 = 0
  /// What is being uploaded, and what waits to be.
  var upload: NativeRequest.Offer?
  var offers: [NativeRequest.Offer] = []
  /// A picture that is whole and waits for its sender's budget.
  var finished: [UInt8]?
  /// The talk that waits for its sender's budget: when it goes on.
  var heldUntil: Instant?
  /// Whether it stands in the queue of those that may have something to send, and when it will be
  /// looked at next.
  var isQueued = false
  var queuedDeadline: Instant?
  /// Until when it must have shown that it heard the Accept, and then have joined.
  var joinDeadline: Instant?
  /// Whether it asks for figures and has not joined.
  var isOnlooker = false
  /// The low half of the number of the first event that it was to be told.
  var firstSeq: UInt32 = 0

  init(session: consuming Session, slot: UInt32, accept: [UInt8], ephemeral: PublicKey) {
    self.session = session
    self.slot = slot
    (self.accept, self.ephemeral) = (accept, ephemeral)
  }

  /// When its front end has something to do for it.
  var nextDeadline: Instant? {
    var deadline = session.nextDeadline
    if let heldUntil { deadline = min(deadline ?? heldUntil, heldUntil) }
    if let joinDeadline { deadline = min(deadline ?? joinDeadline, joinDeadline) }
    return deadline
  }
}

/// What the server remembers of a client program, so that nothing said twice is taken twice.
struct NativeRun {
  /// The session that speaks for it now.
  var slot: UInt32?
  /// The greatest numbers that were accepted.
  var said: UInt64 = 0
  /// The last number of SAY that was refused for good.
  var lastRefused: UInt64 = 0
  var shown: UInt64 = 0
}

/// The runs of the last while, the oldest forgotten first.
struct NativeRuns {
  struct Key: Hashable {
    var client: PublicKey
    var run: UInt64
  }

  private var runs: [Key: NativeRun] = [:]
  private var order: [Key] = []
  private var forgotten = 0

  /// Whether none was here yet.
  var isEmpty: Bool { runs.isEmpty }

  /// Whether a run was here before, and is not forgotten.
  func knows(_ key: Key) -> Bool { runs[key] != nil }

  /// The run of `key`, made where it is not known.
  subscript(_ key: Key) -> NativeRun {
    get { runs[key] ?? NativeRun() }
    set {
      if runs.updateValue(newValue, forKey: key) == nil {
        order.append(key)
        forgetOldest()
      }
    }
  }

  private mutating func forgetOldest() {
    var kept = 0
    while runs.count > Limits.runsMax, kept < Limits.runsMax, forgotten < order.count {
      let key = order[forgotten]
      forgotten += 1
      if runs[key]?.slot == nil {
        runs[key] = nil
      } else {
        order.append(key)
        kept += 1
      }
    }
    if forgotten > order.count / 2 {
      order.removeFirst(forgotten)
      forgotten = 0
    }
  }
}
