/// What a native client asks of the sessions, its own and all of the server's.
extension NativeClient {
  /// What this end has counted and measured of its session; nil where it has none.
  public var figures: SessionFigures? {
    guard var figures = session?.figures else { return nil }
    figures[.messagesSent] &+= talkSaid
    return figures
  }

  /// Asks what the server measures of this session; the answer is `.figures`.
  ///
  /// - Returns: false where there is no session now, or the server does not know figures.
  public func askFigures(at now: Instant) -> Bool { ask(.ownFigures, at: now) }

  /// Asks for the figures of all sessions; the answer is `.sessions`. To ask again before it is
  /// there begins anew.
  ///
  /// - Returns: as `askFigures` does.
  public func askSessions(at now: Instant) -> Bool {
    rows.removeAll()
    return ask(.allFigures(from: 0), at: now)
  }

  private func ask(_ request: NativeRequest, at now: Instant) -> Bool {
    guard phase == .joined, session != nil, tellsFigures else { return false }
    say(request)
    asksFigures = true
    flush(at: now)
    return true
  }

  /// A session is there, and this client does not join in it.
  func lookOn(at now: Instant) {
    phase = .joined
    giveUpAt = nil
    rows.removeAll()
    if wasJoined {
      events.append(.restored(.whole))
    } else {
      if let metKey, metKey != configuration.serverKey { events.append(.met(metKey)) }
      events.append(.joined)
    }
    (wasJoined, isLost, attempts) = (true, false, 0)
    askAgain()
    lastProgress = now
    leaveIfDone(at: now)
  }

  /// The session ended for an error of this client's. Where figures were asked for and not told, it
  /// is that question which a server of an earlier version does not know: it is not asked again.
  ///
  /// - Returns: false where it cannot be that.
  func takeFiguresRefused(at now: Instant) -> Bool {
    guard asksFigures else { return false }
    (asksFigures, tellsFigures) = (false, false)
    if configuration.isOnlooker {
      end(.figuresUnknown)
    } else {
      events.append(.figuresUnknown)
    }
    return true
  }

  func take(_ page: SessionsPage) {
    asksFigures = false
    // A client that was asked twice may hear two answers.
    if rows.count + page.rows.count > Limits.clientsMax * 2 { return }
    rows += page.rows
    if page.next > 0 {
      say(.allFigures(from: page.next))
    } else {
      events.append(.sessions(page.server, rows))
      rows.removeAll()
    }
  }
}
