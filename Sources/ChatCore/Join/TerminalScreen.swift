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
  /// What was said and is not in its place yet: the newest of it, how much there is, and how much
  /// of that the server does not have.
  private var waiting: (newest: [String], count: Int, notAccepted: Int) = ([], 0, 0)
  /// Called with each line that was typed; nil when the person is done.
  var onLine: (TypedLine?) -> Void = { _ in }

  init(name: String, on reactor: Reactor) throws(SystemError) {
    self.reactor = reactor
    (askedName, ownName) = (name, name)
    let editor = LineEditor(prompt: "\(name)> ")
    self.editor = editor
    escapeTimer = reactor.addTimer { editor.dropLoneEscape() }
    keyWatch = try reactor.watch(STDIN_FILENO, for: .readable) { [unowned self] in takeKeys($0) }
    editor.onLine = { [unowned self] in take($0) }
  }

  /// Room for a picture, as the terminal is now.
  var canvas: TerminalCanvas? { TerminalCanvas(TerminalSize(of: STDOUT_FILENO)) }

  /// Names and commands that Tab completes.
  func setCompletion(_ names: @escaping () -> [String]) {
    editor.complete = { word, isFirst in
      let commands = isFirst ? TypedLine.commands.map(\.word) : []
      return (commands + names()).filter {
        !word.isEmpty && $0.lowercased().hasPrefix(word.lowercased())
      }
    }
  }

  func start() { editor.show() }

  /// Gives the terminal back.
  func finish() { editor.hide() }

  func resize() { editor.resize(below: waitingLines) }

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
    editor.clear()
    if isAskingPath { endAsking() }
    return true
  }

  /// Lets the next line be a picture's path.
  func askPath() {
    isAskingPath = true
    showPrompt()
  }

  func show(_ event: JoinEvent) {
    switch event {
    case .message(let from, let text): say(from, ShownText.string(text))
    case .said(let text): say(ownName, ShownText.string(text))
    case .showed(let summary): say(ownName, style.dim("sent \(summary)"))
    case .help(let text): line(text)
    case .picture(let picture):
      say(picture.from, style.dim("sent \(picture.text)"))
      if let art = picture.art { editor.write(above: art) }
    case .joined(let name): remark("\(ShownText.string(name)) joined")
    case .left(let name): remark("\(ShownText.string(name)) left")
    case .notice(let text): remark(ShownText.string(text))
    case .renamed(let name):
      ownName = ShownText.string(name)
      showPrompt()
      remark(
        name == askedName
          ? "you are \(ownName) again" : "your name is taken, so you are \(ownName)")
    case .failed, .missed: line(style.failure("! \(event.sessionText ?? "")"))
    case .connectionLost, .restored: remark(event.sessionText ?? "")
    case .accepted: break
    case .status(let text): remark(text)
    case .complaint(let text): line(style.failure("! \(text)"))
    }
  }

  private func say(_ from: String, _ text: String) {
    let name = ShownText.string(from)
    line("\(style.dim(time())) \(style.name(name, of: name)) \(text)")
  }

  private func remark(_ text: String) { line(style.dim("\(time()) * \(text)")) }

  private func line(_ text: String) { editor.write(above: Array("\(text)\n".utf8)) }

  private func time() -> String {
    var bytes: [UInt8] = []
    clock.read().appendTime(to: &bytes)
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
    let prompt =
      isAskingPath
      ? "Enter the full image path: "
      : count == 0 ? "\(ownName)> " : "\(ownName) (\(count) not accepted yet)> "
    editor.setPrompt(prompt, below: waitingLines)
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
