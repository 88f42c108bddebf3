import ChatEngine
import Glibc

/// What arrives, in which room, and which of the rooms is shown.
extension JoinSession {
  /// Something came from the server: it is shown in the order in which it came.
  ///
  /// - Parameters:
  ///   - room: nil for what is about the session.
  ///   - time: the server's, in milliseconds since 1970; 0 where it is this moment's.
  func arrive(_ event: JoinEvent, in room: RoomName? = nil, at time: Int64 = 0) {
    order.add(
      Arrival(room: room, time: time == 0 ? Clocks.unixMilliseconds() : time, event: event))
    presentArrivals()
  }

  /// Shows what arrived, as far as it is ready and the screen takes it.
  func presentArrivals() {
    while !isScreenBusy, let arrival = order.next() { present(arrival) }
  }

  private func present(_ arrival: Arrival) {
    if let count = options.count, received >= count { return }
    show(arrival)
    switch arrival.event {
    case .message, .picture:
      received += 1
      if received == options.count { quit(nil) }
    default: break
    }
  }

  /// Shows what this program has to say itself.
  func show(_ event: JoinEvent) {
    show(Arrival(room: nil, time: Clocks.unixMilliseconds(), event: event))
  }

  func show(_ arrival: Arrival) {
    switch screen {
    case .lines(let lines): lines.show(arrival)
    case .terminal(let terminal):
      guard let room = arrival.room, room != conversation.shown, conversation[room] != nil else {
        return terminal.show(arrival)
      }
      if room == .lobby, case .restored = arrival.event { return terminal.show(arrival) }
      if conversation.keep(arrival, in: room) {
        terminal.showMention(arrival, number: conversation.number(of: room) ?? 0)
      }
      terminal.setPlace(conversation.shown, marks: conversation.marks)
    }
  }

  // MARK: Coming and going

  /// Asks to be let into a room.
  ///
  /// - Returns: false where that is not possible.
  @discardableResult
  func ask(for room: RoomName) -> Bool {
    if asked.contains(room) { return true }
    guard connection.enter(room) else { return false }
    asked.insert(room)
    return true
  }

  /// This client is in a room that it asked for; who is there follows.
  func enter(_ room: RoomName) {
    asked.remove(room)
    conversation.add(room)
    if wanted == room {
      wanted = nil
      goTo(room)
      beginInput()
    }
  }

  /// All who are in a room are told.
  func tellOfEntering(_ room: RoomName) {
    guard let entered = conversation[room], !entered.isTold else { return }
    conversation[room]?.isTold = true
    if room != conversation.shown, case .terminal = screen {
      let number = conversation.number(of: room) ?? 0
      show(.status("you are in #\(room), too\(Self.key(of: number).map { " (\($0))" } ?? "")"))
    } else {
      arrive(.entered(here: entered.roster.sorted), in: room)
    }
  }

  /// The key that shows the room of a number, where there is one.
  static func key(of number: Int) -> String? { (1...9).contains(number) ? "Alt-\(number)" : nil }

  /// The server does not let this client into a room, or not again after a while.
  func keepOut(of room: RoomName, _ reason: [UInt8]) {
    asked.remove(room)
    forget(room, .notEntered(reason))
    if wanted == room {
      wanted = nil
      // What was meant for that room is not said in another.
      if case .lines = screen, !isInputBegun {
        outcome = Failure(.refused, "\(server): #\(room): \(ShownText.string(reason))")
        quit(outcome)
      }
    }
  }

  func leave(_ room: RoomName) { forget(room, .parted) }

  private func forget(_ room: RoomName, _ event: JoinEvent) {
    placeAccepted(in: room)
    // Of a room that is not shown it is told where the person looks.
    let isShown = conversation.shown == room
    if isShown { arrive(event, in: room) }
    defer { if !isShown { arrive(event, in: room) } }
    if let next = conversation.remove(room) { showRoom(next) }
    if case .terminal(let terminal) = screen {
      terminal.setPlace(conversation.shown, marks: conversation.marks)
    }
    showWaiting()
  }

  // MARK: Which room is shown

  /// Shows another room, as a key asks for it.
  func goTo(_ target: TerminalScreen.Switch) {
    let room =
      switch target {
      case .number(let number): conversation.room(number)
      case .step(let steps): conversation.room(after: steps)
      }
    if let room { goTo(room) }
  }

  /// Shows a room that this person is in, with what was not read there.
  func goTo(_ room: RoomName) {
    if room != conversation.shown { showRoom(room) }
  }

  private func showRoom(_ room: RoomName) {
    let backlog = conversation.show(room)
    guard case .terminal(let terminal) = screen else {
      if readsCommands { show(.status("* what you type is said in #\(room) now")) }
      return
    }
    terminal.goTo(room, topic: conversation[room]?.topic ?? [], marks: conversation.marks)
    if backlog.dropped > 0 {
      show(.status("\(backlog.dropped) before this are not kept here"))
    }
    for arrival in backlog.arrivals { terminal.show(arrival) }
    showWaiting()
  }

  // MARK: Pictures

  func receive(_ jpeg: [UInt8], from name: String, in room: RoomName) {
    let canvas =
      switch screen {
      case .terminal(let terminal): terminal.canvas
      case .lines(let lines): lines.canvas
      }
    if desk?.receive(jpeg, from: name, canvas: canvas) == true {
      order.addPicture(in: room)
    } else {
      let from = ShownText.string(name)
      arrive(.complaint("a picture of \(from) was lost: too many came at once"), in: room)
    }
  }

  func handle(_ result: PictureDesk.Result) {
    switch result {
    case .arrived(let picture):
      order.finish(.picture(picture), at: Clocks.unixMilliseconds())
      presentArrivals()
    case .fitted(let jpeg, let summary, let room):
      if wantsLeave || isOver { break }
      said(.showed(summary), in: room, as: connection.show(jpeg, in: room))
    case .failed(let reason): show(.complaint(reason))
    }
    finishIfIdle()
  }
}
