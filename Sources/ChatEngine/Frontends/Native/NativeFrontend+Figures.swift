/// What native clients are told of the sessions.
extension NativeFrontend {
  /// Tells a client what the server measures of its session.
  mutating func tellFigures(to peer: NativePeer, _ turn: inout Turn) {
    guard mayAsk(peer, &turn) else { return }
    NativeReply.figures(figures(of: peer)).send(on: &peer.session)
  }

  /// Tells a client of all sessions, from slot `first` on, as many as a message holds.
  mutating func tellSessions(from first: UInt64, to peer: NativePeer, _ turn: inout Turn) {
    guard mayAsk(peer, &turn) else { return }
    var page = SessionsPage()
    page.server = serverFigures(people: turn.hub.memberCount, turn.output.counters)
    var slot = UInt32(clamping: first)
    while slot < peers.slotCount, page.rows.count < Limits.figuresPerMessage {
      if let other = peers.existing(slot) {
        let name = other.member.map { turn.hub.name(of: $0).text } ?? ""
        page.rows.append(SessionsPage.Row(name: name, figures: figures(of: other)))
      }
      slot += 1
    }
    page.next = slot < peers.slotCount ? UInt64(slot) : 0
    NativeReply.sessions(page).send(on: &peer.session)
  }

  /// Whether a question is answered now. Who has a session knows the password, where there is one,
  /// and need not have joined to look on; but few may do only that.
  private mutating func mayAsk(_ peer: NativePeer, _ turn: inout Turn) -> Bool {
    let rate = Rate(perSecond: Limits.figuresPerSecond, burst: Limits.figuresPerSecond)
    guard peer.session.controlBacklogBytes <= Limits.controlBacklogBytesHigh,
      figureAnswers.take(rate, at: turn.now)
    else {
      turn.output.drop(.figures, from: peer.session.address, at: turn.now)
      return false
    }
    return peer.member != nil || mayLookOn(peer)
  }

  /// Whether somebody who has not joined may ask for things.
  mutating func mayLookOn(_ peer: NativePeer) -> Bool {
    if peer.isOnlooker { return true }
    guard onlookers < Limits.onlookersMax else {
      peer.session.close(.refused, "too many look on without having joined")
      return false
    }
    onlookers += 1
    (peer.isOnlooker, peer.joinDeadline) = (true, nil)
    return true
  }

  /// A peer has joined, or is gone: if it looked on, it does no more.
  mutating func stopLookingOn(_ peer: NativePeer) {
    if peer.isOnlooker { onlookers -= 1 }
    peer.isOnlooker = false
  }

  private func figures(of peer: NativePeer) -> SessionFigures {
    var figures = peer.session.figures
    if peer.member != nil {
      let told = lobby.log.seq(at: peer.session.talkNext) &- peer.firstSeq
      figures[.messagesSent] &+= UInt64(UInt32(truncatingIfNeeded: told))
    }
    return figures
  }

  private func serverFigures(people: Int, _ counters: ServerCounters) -> ServerFigures {
    var figures = ServerFigures()
    figures[.sessions] = UInt64(peers.count)
    figures[.people] = UInt64(people)
    figures[.datagramsReceived] = counters.datagramsIn
    figures[.messages] = counters.messages
    figures[.pictures] = counters.pictures
    figures[.joined] = counters.joined
    figures[.left] = counters.left
    figures[.lost] = counters.lost
    figures[.dropped] = counters.drops.reduce(0, &+)
    return figures
  }
}
