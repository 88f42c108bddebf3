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
  private var pending = 0
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

  func resize() { editor.resize() }

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
    editor.setPrompt("Enter the full image path: ")
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
    eraseTyped(line)
    if isAskingPath {
      endAsking()
      let path = TypedLine.path(line)
      if !path.isEmpty { onLine(.image(path)) }
    } else {
      onLine(TypedLine(line))
    }
  }

  private func endAsking() {
    isAskingPath = false
    showPrompt()
  }

  /// Says in the prompt how much of what was said the server does not have yet.
  func setPending(_ count: Int) {
    if count == pending { return }
    pending = count
    if !isAskingPath { showPrompt() }
  }

  private func showPrompt() {
    editor.setPrompt(pending == 0 ? "\(ownName)> " : "\(ownName) (\(pending) not accepted yet)> ")
  }

  /// Takes away the finished line: what was said is shown as everyone sees it.
  private func eraseTyped(_ line: String) {
    let columns = max(1, TerminalSize(of: STDOUT_FILENO).columns)
    let cells = cellWidth(editor.prompt) + cellWidth(line)
    let rows = max(1, (cells + columns - 1) / columns)
    _ = writeAll(Array("\u{1b}[\(rows)A\r\u{1b}[J".utf8), to: STDOUT_FILENO)
  }
}
