/// What native clients ask of the past, and what they are told of it.
///
/// A client asks for pages and takes them at its own pace: questions wait while what was answered
/// is not taken. So the server keeps of somebody who was away for long, or is slow, no more than a
/// page.
extension NativeFrontend {
  /// A question that is being looked up.
  struct Question {
    /// The session, which may have ended since.
    let session: UInt32
    let id: UInt64
  }

  mutating func take(
    _ question: NativeRequest.History, from peer: NativePeer, _ turn: inout Turn
  ) {
    guard peer.member != nil || mayLookOn(peer) else { return }
    guard peer.questions.waiting.count < Limits.historyQuestionsMax else {
      return peer.session.fail("questions")
    }
    if peer.questions.channel == nil {
      peer.questions.channel = question.channel
      guard peer.session.open(question.channel, room: nil, from: 0) else {
        return peer.session.fail("channel \(question.channel)")
      }
    }
    guard peer.questions.channel == question.channel else {
      return peer.session.fail("another channel for history")
    }
    peer.questions.waiting.append(question)
  }

  /// Has the next questions of a peer looked up, as far as it takes what it is answered.
  mutating func askNext(_ peer: NativePeer, _ turn: inout Turn) {
    guard peer.$questions, let channel = peer.questions.channel else { return }
    while let question = peer.questions.waiting.first,
      peer.questions.out < Limits.historyQuestionsOutMax,
      peer.session.backlogBytes(of: channel) < Limits.historyBacklogBytesHigh
    {
      peer.questions.waiting.removeFirst()
      do throws(Refused) {
        guard keepsHistory else { throw Refused(text: "this server keeps no history") }
        let wanted = try Self.wanted(question)
        peer.questions.out += 1
        questions[nextQuestion] = Question(session: peer.session.localID, id: question.id)
        turn.output.effects.append(.ask(nextQuestion, wanted))
        nextQuestion += 1
      } catch {
        end(question.id, isComplete: false, error.text, peer)
      }
    }
  }

  private struct Refused: Error {
    var text: String
  }

  private static func wanted(
    _ question: NativeRequest.History
  ) throws(Refused) -> HistoryQuestion {
    let limit = Int(clamping: question.limit)
    if case .search(let words) = question.selector {
      let rooms = question.room.isEmpty ? [] : [try key(question.room)]
      return .search(
        SearchQuery(rooms: rooms, words: words, limit: min(limit, Limits.searchMessagesMax)))
    }
    let (selector, forwards): (HistoryQuery.Selector, Bool) =
      switch question.selector {
      case .after(let number): (.after(number), true)
      case .before(let number): (.before(number), false)
      case .since(let time): (.since(Int64(clamping: time)), true)
      case .latest, .search: (.latest, false)
      }
    return .page(
      HistoryQuery(
        target: try key(question.room), selector: selector,
        limit: min(limit, Limits.historyPageMessagesMax), forwards: forwards))
  }

  private static func key(_ room: String) throws(Refused) -> RoomKey {
    do throws(RoomName.Fault) {
      return .room(try RoomName(room).text)
    } catch {
      throw Refused(text: error.text)
    }
  }

  /// Tells a client what it asked for, if it is still there.
  mutating func answer(_ number: UInt64, _ answer: HistoryAnswer, _ turn: inout Turn) {
    guard let question = questions.removeValue(forKey: number),
      let peer = peer(ofID: question.session), let channel = peer.questions.channel
    else { return }
    peer.questions.out -= 1
    switch answer {
    case .page(let page):
      peer.session.append(to: channel) { bytes in
        for message in page.messages {
          if let past = PastMessage(message) { NativePast.message(past).append(to: &bytes) }
        }
      }
      end(question.id, isComplete: page.isComplete, nil, peer)
    case .failure(let words): end(question.id, isComplete: false, words, peer)
    }
    askNext(peer, &turn)
    enqueue(peer)
  }

  private func end(_ id: UInt64, isComplete: Bool, _ failure: String?, _ peer: NativePeer) {
    guard let channel = peer.questions.channel else { return }
    peer.session.append(to: channel) { bytes in
      NativePast.end(question: id, isComplete: isComplete, failure: failure).append(to: &bytes)
    }
  }
}

/// What a question for the past was answered.
public enum HistoryAnswer: Sendable {
  case page(HistoryPage)
  /// One line for a person.
  case failure(String)
}

extension PastMessage {
  /// Nil for what stands in an inbox.
  init?(_ stored: StoredMessage) {
    guard case .room(let text) = stored.room, let room = try? RoomName(text) else { return nil }
    self.init(
      room: room, number: stored.number, time: stored.time, from: stored.author, kind: stored.kind,
      id: MessageID(run: stored.run, number: stored.authorNumber), body: stored.body)
  }
}
