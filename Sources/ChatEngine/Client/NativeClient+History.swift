/// What a native client asks of the past: for its person, and to fill what it missed.
extension NativeClient {
  /// A question that is not answered to its end.
  struct Question {
    var id: UInt64
    var room: RoomName?
    var selector: NativeRequest.History.Selector
    var limit: UInt64
    /// Whether it fills a gap in a room, and its answer is told as if it had been heard.
    var isCatchUp = false
    /// How often the same was asked in vain.
    var failures = 0
    /// What came of its answer already.
    var count = 0
  }

  /// Asks for messages of the past; `.past` and `.pastEnd` follow.
  ///
  /// - Parameters:
  ///   - room: nil for all rooms, where words are looked for.
  ///   - limit: a page has at most `Limits.historyPageMessagesMax`.
  /// - Returns: by which the answer is known; nil where too many were asked.
  public func askPast(
    of room: RoomName?, _ selector: NativeRequest.History.Selector, limit: Int, at now: Instant
  ) -> UInt64? {
    guard questions.count < Limits.historyQuestionsOutMax * 4 else { return nil }
    let id = ask(
      Question(id: 0, room: room, selector: selector, limit: UInt64(clamping: limit)))
    flush(at: now)
    return id
  }

  private func ask(_ question: Question) -> UInt64 {
    var question = question
    lastQuestion += 1
    question.id = lastQuestion
    questions.append(question)
    if isInSession { sayLast() }
    return question.id
  }

  /// Says the question that came last, unless so many wait that it is said in its turn.
  private func sayLast() {
    if questions.count <= Limits.historyQuestionsMax, let last = questions.last { say(last) }
  }

  /// Whether questions may be asked in this session.
  private var isInSession: Bool {
    session != nil && (phase == .joining && wasJoined || phase == .joined)
  }

  private func say(_ question: Question) {
    if pastChannel == nil { pastChannel = session?.expectSide() }
    guard let pastChannel else { return }
    say(
      .history(
        NativeRequest.History(
          channel: pastChannel, id: question.id, room: question.room?.text ?? "",
          selector: question.selector, limit: question.limit)))
  }

  /// A new session: what was not answered in the last one is asked again, as far as nothing came.
  func askAgain() {
    pastChannel = nil
    (catchUpsFailed, catchUpAgainAt) = ([], nil)
    let old = questions
    questions = []
    for question in old where !question.isCatchUp {
      if question.count == 0 {
        questions.append(question)
        sayLast()
      } else {
        events.append(
          .pastEnd(question.id, isComplete: false, failure: Array("the connection was lost".utf8)))
      }
    }
  }

  /// Takes what came of answers.
  func takePast(at now: Instant) {
    guard let pastChannel else { return }
    while isHearing, let message = session?.takeMessage(side: pastChannel) {
      guard let past = NativePast(message), !questions.isEmpty else {
        session?.fail("what was not asked of the past, or type \(message.first ?? 0)")
        return
      }
      switch past {
      case .message(let message):
        questions[0].count += 1
        if questions[0].isCatchUp {
          catchUp(message)
        } else {
          events.append(.past(questions[0].id, message))
        }
      case .end(let id, let isComplete, let failure):
        let question = questions.removeFirst()
        if questions.count >= Limits.historyQuestionsMax {
          say(questions[Limits.historyQuestionsMax - 1])
        }
        guard id == question.id else {
          session?.fail("another answer than was asked for")
          return
        }
        if question.isCatchUp {
          endCatchUp(of: question, isFailed: failure != nil, at: now)
        } else {
          events.append(
            .pastEnd(id, isComplete: isComplete, failure: failure.map { Array($0.utf8) }))
        }
      }
    }
  }

  // MARK: Catching up

  /// Asks for what is missing of a room before something that is heard goes on.
  ///
  /// - Parameter failures: how often that was asked in vain.
  func beginCatchUp(of room: RoomName, after number: UInt64, failures: Int = 0) {
    _ = ask(
      Question(
        id: 0, room: room, selector: .after(number),
        limit: UInt64(Limits.historyPageMessagesMax), isCatchUp: true, failures: failures))
  }

  private func catchUp(_ message: PastMessage) {
    withHearing(of: message.room) { hearing, told in
      hearing.takePast(message, ownRun: run, &told)
    }
  }

  private func endCatchUp(of question: Question, isFailed: Bool, at now: Instant) {
    guard let room = question.room else { return }
    // A disk that cannot be read for a moment must cost nothing that it has.
    if isFailed, question.failures + 1 < Limits.catchUpFailuresMax {
      catchUpsFailed.append((room, question.failures + 1))
      if catchUpAgainAt == nil { catchUpAgainAt = now + .seconds(Limits.catchUpAgainSeconds) }
      return
    }
    var next: UInt64?
    withHearing(of: room) { hearing, told in
      next = hearing.endPage(hadNone: question.count == 0 || isFailed, &told)
    }
    if let next { beginCatchUp(of: room, after: next) }
  }

  /// Asks once more for what could not be told. A new session does so by itself.
  func catchUpAgain() {
    let failed = catchUpsFailed
    (catchUpsFailed, catchUpAgainAt) = ([], nil)
    guard isInSession else { return }
    for (room, failures) in failed {
      var after: UInt64?
      withHearing(of: room) { hearing, _ in after = hearing.catchUpAfter }
      if let after { beginCatchUp(of: room, after: after, failures: failures) }
    }
  }

  /// Changes what was heard of a room, and tells what that brings.
  private func withHearing(
    of room: RoomName, _ body: (inout NativeHearing, inout [ClientEvent]) -> Void
  ) {
    if room == .lobby {
      body(&hearing, &events)
    } else if let index = rooms.firstIndex(where: { $0.name == room }) {
      var told: [ClientEvent] = []
      body(&rooms[index].hearing, &told)
      tell(told, of: room)
    }
  }
}
