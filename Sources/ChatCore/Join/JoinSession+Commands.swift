import ChatEngine
import Glibc

/// What a person types or pipes in, and what its commands do.
extension JoinSession {
  /// A line that was typed at the prompt; nil for the end.
  func take(_ line: TypedLine?) {
    switch line {
    case nil: quit(nil)
    case .nothing?: break
    case .say(let text)?: say(Array(text.utf8))
    case .command(let command, let argument)?: command.run(self, argument)
    case .path(let path)?: sendPicture(path)
    case .unknown(let word)?:
      show(.complaint("\(ShownText.string(word)) is no command; /help lists them, // says a slash"))
    }
  }

  /// A line of standard input.
  func take(_ line: LineSplitter.Line) {
    linesRead += 1
    switch line {
    case .text(let text):
      if readsCommands {
        take(TypedLine(String(decoding: text, as: UTF8.self)))
      } else if !text.isEmpty {
        say(text, line: linesRead)
      }
    case .tooLong(let bytes): refuse(bytes, line: linesRead)
    }
    adjustFlow()
  }

  /// Says a text in the room that is shown.
  func say(_ text: [UInt8], as kind: NativeRequest.Say.Kind = .text, line: Int? = nil) {
    let text = UTF8Text.repaired(text)
    if text.count > Limits.messageBytesMax { return refuse(text.count, line: line) }
    let room = conversation.shown
    said(.said(text, kind), in: room, line: line, as: connection.say(text, as: kind, in: room))
  }

  private func refuse(_ bytes: Int, line: Int?) {
    linesRefused += 1
    if case .lines = screen, linesRefused > Limits.unsentNamedMax { return }
    show(.complaint(tooLong(bytes, line: line)))
  }

  // MARK: Rooms

  /// The room that was typed; nil where that is none, which is said.
  private func room(_ typed: String) -> RoomName? {
    do throws(RoomName.Fault) {
      return try RoomName(typed: typed)
    } catch {
      show(.complaint(error.text))
      return nil
    }
  }

  func joinRoom(_ typed: String) {
    if typed.isEmpty { return show(.complaint("which room? /join ROOM")) }
    guard let room = room(typed) else { return }
    if conversation[room] != nil { return goTo(room) }
    if options.client.isClassic { return show(.complaint(onlyTheLobby)) }
    if !ask(for: room) {
      let count = Limits.roomsPerMemberMax
      return show(.complaint("nobody is in more than \(count) rooms; /part one of yours first"))
    }
    wanted = room
  }

  func partRoom(_ typed: String) {
    guard let room = typed.isEmpty ? conversation.shown : room(typed) else { return }
    if room == .lobby {
      show(.complaint("everybody stays in the lobby; /quit leaves the chat"))
    } else if !connection.part(room) {
      show(.complaint("you are not in #\(room)"))
    }
    asked.remove(room)
  }

  func showRooms() {
    let width = conversation.rooms.map(\.name.text.count).max() ?? 0
    for (index, room) in conversation.rooms.enumerated() {
      let mark = room.name == conversation.shown ? "*" : " "
      let gap = String(repeating: " ", count: width - room.name.text.count)
      let unread = room.unread == 0 ? "" : ", \(room.unread) unread"
      let topic = room.topic.isEmpty ? "" : "  \(ShownText.string(room.topic))"
      let people = room.roster.count + 1
      show(.help("\(mark) \(index + 1)  #\(room.name)\(gap)  \(people) here\(unread)\(topic)"))
    }
  }

  func topic(_ text: String) {
    if options.client.isClassic { return show(.complaint("with --classic there are no topics")) }
    if text.isEmpty {
      let topic = conversation.shownRoom.topic
      return show(
        .status(
          topic.isEmpty
            ? "nobody said what #\(conversation.shown) is about; /topic TEXT does"
            : "#\(conversation.shown) is about: \(ShownText.string(topic))"))
    }
    if text.utf8.count > Limits.topicBytesMax {
      return show(.complaint("a topic has at most \(Limits.topicBytesMax) bytes"))
    }
    say(text == "-delete" ? [] : Array(text.utf8), as: .topic)
  }

  func act(_ text: String) {
    if text.isEmpty { return show(.complaint("what do you do? /me waves")) }
    if options.client.isClassic { return say(Array((ClassicText.action + text).utf8)) }
    say(Array(text.utf8), as: .action)
  }

  func showWho() {
    let names = conversation.shownRoom.roster.sorted.map { ShownText.string($0) }
    let doubt = options.client.isClassic ? ", as far as was heard" : ""
    show(
      .status(
        names.isEmpty
          ? "nobody else is here\(doubt)"
          : "here\(doubt): \(names.joined(separator: ", ")), and you"))
  }

  // MARK: Pictures

  func image(_ argument: String) {
    if !argument.isEmpty { return sendPicture(TypedPath.path(argument)) }
    if case .terminal(let terminal) = screen {
      terminal.askPath()
    } else {
      show(.complaint("which picture? /image PATH"))
    }
  }

  private func sendPicture(_ path: String) {
    let expanded =
      path.hasPrefix("~/")
      ? (getenv("HOME").map { String(cString: $0) } ?? "~") + path.dropFirst() : path
    let isTaken = desk?.fit(
      path: expanded, bytesMax: connection.pictureBytesMax, for: conversation.shown)
    if isTaken != true {
      show(.complaint("too many pictures are waiting; try again in a moment"))
    }
  }

  // MARK: The screen and the session

  func clearScreen() {
    if case .terminal(let terminal) = screen { terminal.clear() }
  }

  func askFigures() {
    if !connection.askFigures() { show(.complaint("there is nothing to measure now")) }
  }

  func showHelp() {
    for line in Command.helpLines(columns: TerminalSize(of: STDOUT_FILENO).columns) {
      show(.help(line))
    }
  }
}
