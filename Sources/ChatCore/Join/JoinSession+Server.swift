import ChatEngine

/// What the server and its client tell a person who joined.
extension JoinSession {
  func handle(_ event: ClientEvent) {
    switch event {
    case .met(let key):
      if let trust { show(.status(trust.pin(key))) }
    case .joined: begin()
    case .present(let name): roster.add(name)
    case .arrived(let name):
      roster.add(name)
      arrive(.joined(name))
    case .departed(let name):
      roster.remove(name)
      arrive(.left(name))
    case .message(let from, let text):
      roster.add(from)
      arrive(.message(from: from, text: text))
    case .picture(let from, let jpeg):
      roster.add(from)
      receive(jpeg, from: from)
    case .pictureLost(let from):
      arrive(.complaint("a picture of \(ShownText.string(from)) did not arrive"))
    case .notice(let text): arrive(.notice(text))
    case .renamed(let name): arrive(.renamed(name))
    case .accepted, .ownMessage, .failed, .progress: handleFate(event)
    case .figures(let ours, let theirs):
      for line in FiguresText.session(ours: ours, theirs: theirs) { show(.help("  \(line)")) }
    case .sessions: break
    case .missed(let count): arrive(.missed(count))
    case .connectionLost(let isShutDown):
      arrive(.connectionLost(isShutDown: isShutDown))
    case .restored(let isWhole):
      // Who is here now is told after it.
      if !isWhole { roster.removeAll() }
      arrive(.restored(isWhole: isWhole))
    case .ended(let ending): end(ending)
    }
    adjustFlow()
  }

  private func begin() {
    hasJoined = true
    switch screen {
    case .terminal(let terminal):
      if options.following == .never { return quit(nil) }
      terminal.start()
      show(.status("you joined \(server); /help says more"))
    case .lines(let lines):
      if options.following == .never && readsCommands {
        isInputEnded = true
        leaveIfDone()
        return
      }
      do throws(SystemError) {
        try lines.startInput()
      } catch {
        outcome = Failure(error)
        quit(outcome)
      }
    }
  }

  private func end(_ ending: ClientEnding) {
    // Somebody who asked to go is not told that the server missed it.
    if !(wantsLeave && outcome != nil) {
      outcome = outcome ?? options.client.failure(ending, at: server, trust)
    }
    isOver = true
    finishIfIdle()
  }

  // MARK: What became of what was said

  /// This person said something. It is shown where it has its place among what others said; at once
  /// where nobody will tell.
  func said(_ event: JoinEvent, as ticket: MessageTicket?) {
    guard let ticket else { return show(event) }
    unplaced[ticket] = event
    if pendingTimer == nil {
      pendingTimer = reactor.addTimer { [unowned self] in showPending() }
    }
    if pendingTimer?.deadline == nil {
      pendingTimer?.deadline = reactor.now + .milliseconds(Limits.pendingShownMilliseconds)
    }
  }

  private func handleFate(_ event: ClientEvent) {
    switch event {
    case .accepted(let ticket):
      arrive(.accepted(isPicture: ticket.isPicture, number: ticket.number))
    case .ownMessage(let ticket):
      if let event = unplaced.removeValue(forKey: ticket) { arrive(event) }
    case .failed(let ticket, let reason):
      notPassedOn += 1
      let what = unplaced.removeValue(forKey: ticket)
      arrive(
        .failed(isPicture: ticket.isPicture, number: ticket.number, what?.shownText, reason))
    default: break
    }
    if connection.pendingCount == 0, case .terminal(let terminal) = screen {
      terminal.setPending(0)
      pendingTimer?.deadline = nil
    }
  }

  /// Something has waited for so long that a person should know.
  private func showPending() {
    let count = connection.pendingCount
    if case .terminal(let terminal) = screen { terminal.setPending(count) }
    if count > 0 {
      pendingTimer?.deadline = reactor.now + .milliseconds(Limits.pendingShownMilliseconds)
    }
  }
}
