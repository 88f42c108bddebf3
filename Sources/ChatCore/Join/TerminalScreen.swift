import ChatEngine
import Glibc

/// `chatd join` at a terminal: the conversation scrolls up, and the line that is being typed stays
/// at the bottom.
final class TerminalScreen {
  private let reactor: Reactor
  private let editor: LineEditor
  private let style = TerminalStyle()
  private let escapeTimer: Reactor.Timer
  private var keyWatch: Reactor.Watch?
  private var clock = LocalClock()
  private let askedName: String
  private var ownName: String
  private var isAskingPath = false
  /// The room that is shown, and what is unread in others.
  private var place: (room: RoomName, marks: [Conversation.Mark]) = (.lobby, [])
  /// What was begun to be typed in rooms that are not shown.
  private var drafts: [RoomName: String] = [:]
  /// What was said and is not in its place yet: the newest of it, how much there is, and how much
  /// of that the server does not have.
  private var waiting: (newest: [String], count: Int, notAccepted: Int) = ([], 0, 0)
  /// Called with each line that was typed; nil when the person is done.
  var onLine: (TypedLine?) -> Void = { _ in }
  /// Called with each key that asks for another room.
  var onSwitch: (Switch) -> Void = { _ in }

  /// Another room to show.
  enum Switch: Equatable {
    /// Counted from 1.
    case number(Int)
    /// So many places on from the one that is shown.
    case step(Int)
  }

  /// Alt-1 to Alt-9 as terminals send them, Ctrl-N and Ctrl-P.
  private static let switches: [[UInt8]: Switch] = Dictionary(
    uniqueKeysWithValues: (1...9).map { ([0x1b, UInt8(ascii: "0") + UInt8($0)], .number($0)) }
      + [([0x0e], .step(1)), ([0x10], .step(-1))])
  private static let clearKey: [UInt8] = [0x0c]

  init(name: String, on reactor: Reactor) throws(SystemError) {
    self.reactor = reactor
    (askedName, ownName) = (name, name)
    let editor = LineEditor(prompt: "\(name)> ")
    self.editor = editor
    escapeTimer = reactor.addTimer { editor.dropLoneEscape() }
    keyWatch = try reactor.watch(STDIN_FILENO, for: .readable) { [unowned self] in takeKeys($0) }
    editor.onLine = { [unowned self] in take($0) }
    for (key, target) in Self.switches {
      editor.shortcuts[key] = { [unowned self] in onSwitch(target) }
    }
    editor.shortcuts[Self.clearKey] = { [unowned self] in clear() }
  }

  /// Room for a picture, as the terminal is now.
  var canvas: TerminalCanvas? { TerminalCanvas(TerminalSize(of: STDOUT_FILENO)) }

  /// What Tab completes a word to, with what stands before it on the line.
  var complete: (_ word: String, _ before: String) -> [String] {
    get { editor.complete }
    set { editor.complete = newValue }
  }

  func start() { editor.show() }

  /// Gives the terminal back.
  func finish() { editor.hide() }

  func resize() {
    editor.resize(below: pinnedLines)
    showPrompt()
  }

  func clear() { editor.clearScreen() }

  /// Stops the process as Ctrl-Z does, and comes back with the prompt.
  func suspend() {
    editor.lend {
      _ = writeAll(Array("\r\n".utf8), to: STDOUT_FILENO)
      kill(getpid(), SIGSTOP)
    }
  }

  /// Ctrl-C: empties the line.
  ///
  /// - Returns: false where it was empty.
  func interrupt() -> Bool {
    if editor.isEmpty && !isAskingPath { return false }
    editor.replace()
    if isAskingPath { endAsking() }
    return true
  }

  /// Lets the next line be a picture's path.
  func askPath() {
    isAskingPath = true
    showPrompt()
  }

  func show(_ arrival: Arrival) {
    let time = arrival.time
    switch arrival.event {
    case .message(let heard):
      say(heard.from, ShownText.string(heard.text), isAction: heard.isAction, at: time)
    case .said([], .topic): remark("you took the topic away", at: time)
    case .said(let text, .topic): remark("you set the topic: \(ShownText.string(text))", at: time)
    case .said(let text, let kind):
      say(ownName, ShownText.string(text), isAction: kind == .action, at: time)
    case .showed(let summary): say(ownName, style.dim("sent \(summary)"), at: time)
    case .help(let text): line(text)
    case .picture(let picture):
      say(picture.from, style.dim("sent \(picture.text)"), at: time)
      if let art = picture.art { editor.write(above: art) }
    case .renamed(let name):
      ownName = ShownText.string(name)
      showPrompt()
      remark(
        name == askedName
          ? "you are \(ownName) again" : "your name is taken, so you are \(ownName)", at: time)
    case .failed, .missed: line(style.failure("! \(arrival.sessionText(shown: place.room) ?? "")"))
    case .notEntered, .complaint: line(style.failure("! \(arrival.placeText ?? "")"))
    case .connectionLost, .restored: remark(arrival.sessionText(shown: place.room) ?? "", at: time)
    case .attachment, .topic, .entered, .parted, .joined, .left, .notice, .status:
      remark(arrival.placeText ?? "", at: time)
    case .accepted: break
    }
  }

  /// Shows in one row that somebody named this person in a room that is not shown.
  ///
  /// - Parameter number: that of the room.
  func showMention(_ arrival: Arrival, number: Int) {
    guard let room = arrival.room, case .message(let heard) = arrival.event else { return }
    let key = JoinSession.key(of: number).map { " (\($0))" } ?? ""
    let from = ShownText.string(heard.from)
    let text = String(ShownText.string(heard.text).map { $0 == "\t" ? " " : $0 })
    let author = heard.isAction ? "* \(from)" : "\(from):"
    let row =
      "\(self.time(arrival.time)) #\(cut(room.text, toCells: nameCells))\(key) \(author) \(text)"
    line(style.dim(cut(row, toCells: TerminalSize(of: STDOUT_FILENO).columns - 1)))
  }

  /// Goes on in another room: a rule with its name and topic, and what was begun to be typed there.
  func goTo(_ room: RoomName, topic: [UInt8], marks: [Conversation.Mark]) {
    isAskingPath = false
    drafts[place.room] = editor.isEmpty ? nil : editor.text
    place = (room, marks)
    showPrompt()
    editor.replace(with: drafts.removeValue(forKey: room) ?? "")
    let columns = TerminalSize(of: STDOUT_FILENO).columns - 1
    let title = "── #\(room) " + (topic.isEmpty ? "" : "── \(ShownText.string(topic)) ")
    let shown = cut(String(title.map { $0 == "\t" ? " " : $0 }), toCells: columns)
    let rest = max(0, min(columns, Limits.ruleColumnsMax) - cellWidth(shown))
    line(style.dim(shown + String(repeating: "─", count: rest)))
  }

  /// Says which room is shown, and what is unread in others.
  func setPlace(_ room: RoomName, marks: [Conversation.Mark]) {
    if (room, marks) == place { return }
    place = (room, marks)
    showPrompt()
  }

  private func say(_ from: String, _ text: String, isAction: Bool = false, at time: Int64) {
    let name = ShownText.string(from)
    let mark = isAction ? "* " : ""
    line("\(style.dim(self.time(time))) \(mark)\(style.name(name, of: name)) \(text)")
  }

  private func remark(_ text: String, at time: Int64) {
    line(style.dim("\(self.time(time)) * \(text)"))
  }

  private func line(_ text: String) { editor.write(above: Array("\(text)\n".utf8)) }

  /// The hour and minute of a moment, in milliseconds since 1970, here.
  private func time(_ milliseconds: Int64) -> String {
    var bytes: [UInt8] = []
    clock.at(milliseconds).appendTime(to: &bytes)
    return String(decoding: bytes.prefix(5), as: UTF8.self)
  }

  // MARK: Keys

  private func takeKeys(_ readiness: Reactor.Interest) {
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = read(STDIN_FILENO, &buffer, buffer.count)
    if count > 0 {
      editor.type(buffer[..<count])
      escapeTimer.deadline =
        editor.hasPartialKey ? reactor.now + .milliseconds(Limits.escapeMilliseconds) : nil
    } else if count == 0 || errno != EINTR && errno != EAGAIN {
      onLine(nil)
    }
  }

  private func take(_ line: String?) {
    guard let line else {
      if isAskingPath {
        endAsking()
        editor.show()
      } else {
        onLine(nil)
      }
      return
    }
    if isAskingPath {
      endAsking()
      onLine(TypedLine(askedPath: line) { access($0, F_OK) == 0 })
    } else {
      onLine(TypedLine(line))
    }
  }

  private func endAsking() {
    isAskingPath = false
    showPrompt()
  }

  /// Shows above the prompt what was said and is not in its place yet, and counts in the prompt
  /// what of it the server does not have.
  ///
  /// - Parameters:
  ///   - newest: the newest of it, at most `Limits.pendingLinesShownMax`.
  ///   - count: how much it is.
  func setWaiting(_ newest: [String], of count: Int, notAccepted: Int) {
    if (newest, count, notAccepted) == waiting { return }
    waiting = (newest, count, notAccepted)
    showPrompt()
  }

  private func showPrompt() {
    let count = waiting.notAccepted
    let room = place.room == .lobby ? "" : "#\(cut(place.room.text, toCells: nameCells)) "
    let prompt =
      isAskingPath
      ? "Enter the full image path: "
      : count == 0 ? "\(room)\(ownName)> " : "\(room)\(ownName) (\(count) not accepted yet)> "
    editor.setPrompt(prompt, below: pinnedLines)
  }

  /// How much of a room's name is shown, so that a long one leaves a row for other things.
  private var nameCells: Int { max(8, TerminalSize(of: STDOUT_FILENO).columns / 3) }

  /// What waits, and below it what is unread in other rooms.
  private var pinnedLines: [String] {
    guard let marks = place.marks.text(nameCells: nameCells) else { return waitingLines }
    return waitingLines
      + [style.strong(cut(marks, toCells: TerminalSize(of: STDOUT_FILENO).columns - 1))]
  }

  /// A row each; the ellipsis stands where the time will.
  private var waitingLines: [String] {
    let size = TerminalSize(of: STDOUT_FILENO)
    // The conversation keeps most of the rows.
    let shown = waiting.newest.suffix(max(1, size.rows / 3))
    let more = waiting.count - shown.count
    let lines = (more > 0 ? ["\(more) more before"] : []) + shown.map { "\(ownName) \($0)" }
    return lines.map { line in
      let text = String(line.map { $0 == "\t" ? " " : $0 })
      return style.dim(cut("    … \(text)", toCells: size.columns - 1))
    }
  }
}
