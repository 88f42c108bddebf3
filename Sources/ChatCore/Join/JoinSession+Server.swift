import ChatEngine
import Glibc

/// What the server and its client tell a person who joined.
extension JoinSession {
  func handle(_ event: ClientEvent) {
    switch event {
    case .met(let key):
      switch trust?.pin(key, at: connection.address) {
      case nil, .known?: break
      case .news(let text)?: show(.status(text))
      case .warning(let text)?: show(.complaint(text))
      }
    case .joined: begin()
    case .present(let name): roster.add(name)
    case .arrived(let name):
      roster.add(name)
      arrive(.joined(name))
    case .departed(let name):
      roster.remove(name)
      arrive(.left(name))
    case .message(let heard):
      roster.add(heard.from)
      readingPace.note(heardBytes: heard.text.count)
      arrive(.message(from: heard.from, text: heard.text))
    case .picture(let from, let jpeg):
      roster.add(from)
      receive(jpeg, from: from)
    case .pictureLost(let from):
      arrive(.complaint("a picture of \(ShownText.string(from)) did not arrive"))
    case .notice(let text): arrive(.notice(text))
    case .renamed(let name): arrive(.renamed(name))
    case .accepted, .ownMessage, .failed, .progress: handleFate(event)
    case .figures(let ours, let theirs):
      let columns = TerminalSize(of: STDOUT_FILENO).columns - 2
      for line in FiguresText.session(ours: ours, theirs: theirs, columns: columns) {
        show(.help("  \(line)"))
      }
    case .sessions, .topic, .inRoom, .entered, .notEntered, .parted, .past, .pastEnd, .attachment:
      break
    case .figuresUnknown:
      show(.complaint("the server is a chatd of an earlier version, which tells no figures"))
    case .missed(let count):
      arrive(.missed(count, isReaderSlow: readingPace.wasSlow))
    case .connectionLost(let isShutDown):
      readingPace.noteLostConnection()
      isServerLost = true
      arrive(.connectionLost(isShutDown: isShutDown))
      showWaiting()
    case .restored(.whole): restore(.whole)
    case .restored(let how):
      // Who is here now is told after it.
      roster.removeAll()
      returning = how
    case .listed:
      if let how = returning { restore(how) }
      returning = nil
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
      outcome =
        outcome
        ?? options.client.failure(
          ending, at: server, trust, unreachableError: connection.unreachableError)
    }
    isOver = true
    finishIfIdle()
  }

  // MARK: What became of what was said

  /// This person said something. It is shown where it has its place among what others said; at once
  /// where nobody will tell.
  ///
  /// - Parameter line: of standard input, where it came from there.
  func said(_ event: JoinEvent, line: Int? = nil, as ticket: MessageTicket?) {
    guard let ticket else { return show(event) }
    unplaced.add(event, as: ticket, line: line, at: reactor.now)
    showWaiting()
  }

  private func handleFate(_ event: ClientEvent) {
    switch event {
    case .accepted(let ticket):
      unplaced.accept(ticket)
      arrive(.accepted(isPicture: ticket.isPicture, number: ticket.number))
    case .ownMessage(let ticket):
      if let entry = unplaced.remove(ticket) { arrive(entry.content) }
    case .failed(let ticket, let reason):
      notPassedOn += 1
      let what = unplaced.remove(ticket).map(inWords)
      arrive(.failed(isPicture: ticket.isPicture, number: ticket.number, what, reason))
    default: break
    }
    showWaiting()
  }

  /// Something that was said, as it is named where it did not get through.
  private func inWords(_ entry: Unsettled<JoinEvent>.Entry) -> String {
    let text = entry.content.shownText ?? ""
    if case .terminal = screen { return text }
    return quoted(text, line: entry.line)
  }

  private func restore(_ how: ClientReturn) {
    isServerLost = false
    arrive(.restored(how, here: how == .whole ? [] : roster.sorted))
    // What the server has, and will not be heard any more, has its place in what is not known.
    if how != .whole { for entry in unplaced.removeAccepted() { arrive(entry.content) } }
    showWaiting()
  }

  /// Shows a person what waits, once a part of it has waited for so long that it is no flicker.
  private func showWaiting() {
    guard case .terminal(let terminal) = screen else { return }
    if waitingTimer == nil { waitingTimer = reactor.addTimer { [unowned self] in showWaiting() } }
    let due = unplaced.entries.first.map {
      $0.since + .milliseconds(Limits.pendingShownMilliseconds)
    }
    let isDue = isServerLost || due.map { $0 <= reactor.now } ?? false
    waitingTimer?.deadline = isDue ? nil : due
    let newest = isDue ? unplaced.entries.suffix(Limits.pendingLinesShownMax) : []
    terminal.setWaiting(
      newest.map { $0.content.shownText ?? "" }, of: isDue ? unplaced.entries.count : 0,
      notAccepted: isDue ? unplaced.notAcceptedCount : 0)
  }
}
