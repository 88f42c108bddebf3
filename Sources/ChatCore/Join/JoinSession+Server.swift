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
    case .present, .listed, .arrived, .departed, .message, .topic, .picture, .pictureLost,
      .attachment, .missed, .restored:
      hear(event, in: .lobby)
    case .inRoom(let room, let event): hear(event, in: room)
    case .entered(let room): enter(room)
    case .notEntered(let room, let reason): keepOut(of: room, reason)
    case .parted(let room): leave(room)
    case .notice(let text): arrive(.notice(text))
    case .renamed(let name):
      conversation.ownName = name
      arrive(.renamed(name))
    case .accepted, .ownMessage, .failed, .progress: handleFate(event)
    case .figures(let ours, let theirs):
      let columns = TerminalSize(of: STDOUT_FILENO).columns - 2
      for line in FiguresText.session(ours: ours, theirs: theirs, columns: columns) {
        show(.help("  \(line)"))
      }
    case .past(let id, let message): takePast(message, of: id)
    case .pastEnd(let id, _, let failure): endPast(id, failure)
    case .sessions: break
    case .figuresUnknown:
      show(.complaint("the server is a chatd of an earlier version, which tells no figures"))
    case .connectionLost(let isShutDown):
      readingPace.noteLostConnection()
      isServerLost = true
      arrive(.connectionLost(isShutDown: isShutDown))
      showWaiting()
    case .ended(let ending): end(ending)
    }
    adjustFlow()
  }

  /// What is told of a room, the lobby or another.
  private func hear(_ event: ClientEvent, in room: RoomName) {
    switch event {
    case .present(let name): conversation[room]?.roster.add(name)
    case .arrived(let name):
      conversation[room]?.roster.add(name)
      arrive(.joined(name), in: room)
    case .departed(let name):
      conversation[room]?.roster.remove(name)
      arrive(.left(name), in: room)
    case .message(let heard):
      noteHeard(heard.from)
      readingPace.note(heardBytes: heard.text.count)
      arrive(.message(heard), in: room, at: heard.time)
    case .topic(let from, let text):
      conversation[room]?.topic = text
      arrive(.topic(from: from, text), in: room)
    case .picture(let from, let jpeg):
      noteHeard(from)
      receive(jpeg, from: from, in: room)
    case .pictureLost(let from):
      arrive(.complaint("a picture of \(ShownText.string(from)) did not arrive"), in: room)
    case .missed(let count):
      arrive(.missed(count, isReaderSlow: readingPace.wasSlow), in: room)
    case .attachment(let from, let attachment, _, let time):
      arrive(.attachment(from: from, attachment), in: room, at: time)
    case .restored(.whole): restore(.whole, in: room)
    case .restored(let how):
      if room == .lobby { isServerLost = false }
      // Who is here now is told after it.
      conversation[room]?.roster.removeAll()
      conversation[room]?.returning = how
    case .listed:
      if let how = conversation[room]?.returning { restore(how, in: room) }
      conversation[room]?.returning = nil
      if room != .lobby { tellOfEntering(room) }
    default: break
    }
  }

  /// Where nobody tells who is here, it is who is heard. A native server tells, and who said
  /// something while this client was away may have gone since.
  private func noteHeard(_ name: String) {
    if options.client.isClassic { conversation[.lobby]?.roster.add(name) }
  }

  private func begin() {
    hasJoined = true
    for room in options.rooms where room != .lobby { ask(for: room) }
    wanted = options.rooms.first == .lobby ? nil : options.rooms.first
    switch screen {
    case .terminal(let terminal):
      if options.following == .never { return quit(nil) }
      terminal.start()
      show(.status("you joined \(server); /help says more"))
    case .lines: if wanted == nil { beginInput() }
    }
  }

  /// Reads what is to be said, once it is known where.
  func beginInput() {
    guard case .lines(let lines) = screen, !isInputBegun else { return }
    isInputBegun = true
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
  func said(
    _ event: JoinEvent, in room: RoomName, line: Int? = nil, as ticket: MessageTicket?
  ) {
    let arrival = Arrival(room: room, time: Clocks.unixMilliseconds(), event: event)
    guard let ticket else { return show(arrival) }
    unplaced.add(arrival, as: ticket, line: line, at: reactor.now)
    showWaiting()
  }

  private func handleFate(_ event: ClientEvent) {
    switch event {
    case .accepted(let ticket):
      unplaced.accept(ticket)
      arrive(.accepted(isPicture: ticket.isPicture, number: ticket.number))
    case .ownMessage(let ticket):
      if let entry = unplaced.remove(ticket) { place(entry) }
    case .failed(let ticket, let reason):
      notPassedOn += 1
      let what = unplaced.remove(ticket).map(inWords)
      arrive(.failed(isPicture: ticket.isPicture, number: ticket.number, what, reason))
    default: break
    }
    showWaiting()
  }

  /// Something that this person said has its place.
  private func place(_ entry: Unsettled<Arrival>.Entry) {
    let said = entry.content
    if let room = said.room, case .said(let text, .topic) = said.event {
      conversation[room]?.topic = text
    }
    arrive(said.event, in: said.room)
  }

  /// Something that was said, as it is named where it did not get through.
  private func inWords(_ entry: Unsettled<Arrival>.Entry) -> String {
    let text = entry.content.event.shownText ?? ""
    if case .terminal = screen { return text }
    return quoted(text, line: entry.line)
  }

  private func restore(_ how: ClientReturn, in room: RoomName) {
    if room == .lobby { isServerLost = false }
    let here = how == .whole ? [] : conversation[room]?.roster.sorted ?? []
    arrive(.restored(how, here: here), in: room)
    if how != .whole { placeAccepted(in: room) }
    showWaiting()
  }

  /// What the server has, and will not be heard any more, has its place in what is not known.
  func placeAccepted(in room: RoomName) {
    for entry in unplaced.removeAccepted(where: { $0.room == room }) { place(entry) }
  }

  /// Shows a person what waits, once a part of it has waited for so long that it is no flicker.
  func showWaiting() {
    guard case .terminal(let terminal) = screen else { return }
    if waitingTimer == nil { waitingTimer = reactor.addTimer { [unowned self] in showWaiting() } }
    let due = unplaced.entries.first.map {
      $0.since + .milliseconds(Limits.pendingShownMilliseconds)
    }
    let isDue = isServerLost || due.map { $0 <= reactor.now } ?? false
    waitingTimer?.deadline = isDue ? nil : due
    let newest = isDue ? unplaced.entries.suffix(Limits.pendingLinesShownMax) : []
    terminal.setWaiting(
      newest.map { shownAsWaiting($0.content) }, of: isDue ? unplaced.entries.count : 0,
      notAccepted: isDue ? unplaced.notAcceptedCount : 0)
  }

  private func shownAsWaiting(_ said: Arrival) -> String {
    let text = said.event.shownText ?? ""
    guard let room = said.room, room != conversation.shown else { return text }
    return "#\(room) \(text)"
  }
}
