import ChatEngine
import Glibc

/// One `chatd join`: the connection, the pictures, and a screen, which is a terminal or a pipe.
final class JoinSession {
  enum Screen {
    case terminal(TerminalScreen)
    case lines(LineScreen)
  }

  let options: JoinOptions
  let server: ServerAddress
  let trust: ServerTrust?
  let reactor: Reactor
  let signals: Signals
  let connection: ClientConnection
  let screen: Screen
  let readsCommands: Bool
  var desk: PictureDesk?
  var roster = Roster()
  var order = ArrivalOrder()
  /// Set while the client is back and not yet told who is here.
  var returning: ClientReturn?
  var received = 0
  var hasJoined = false
  var isInputEnded = false
  var wantsLeave = false
  /// Lines of standard input.
  var linesRead = 0
  var linesRefused = 0
  var notPassedOn = 0
  /// What this person said and the server did not yet put in its place.
  var unplaced = Unsettled<JoinEvent>()
  var waitingTimer: Reactor.Timer?
  /// Whether the server does not answer, as far as is known.
  var isServerLost = false
  /// Whether what is missing may be missing because of whoever reads the screen.
  var readingPace = ReadingPace()
  /// Set once the connection has ended; the process goes on while pictures are being saved.
  var isOver = false
  /// Whether `--timeout` is over, so that a reader that stalls is not waited for.
  var isLate = false
  var outcome: Failure?
  var deadlineTimer: Reactor.Timer?
  var endTimer: Reactor.Timer?

  init(_ options: JoinOptions) throws(Failure) {
    self.options = options
    let name = try options.client.memberName()
    server = try options.client.serverAddress()
    trust = try options.client.trust(in: server)
    let addresses = try server.resolve()
    let isTyped = isatty(STDIN_FILENO) == 1
    let hasScreen =
      isTyped && isatty(STDOUT_FILENO) == 1 && !options.isJSON
      && !TerminalStyle.isDumb
    readsCommands = isTyped
    do throws(SystemError) {
      reactor = try Reactor()
      signals = try Signals(
        [SIGTERM, SIGINT, SIGHUP] + (hasScreen ? [SIGWINCH, SIGTSTP] : []), on: reactor)
      screen =
        hasScreen
        ? .terminal(try TerminalScreen(name: name.text, on: reactor))
        : .lines(
          try LineScreen(
            isJSON: options.isJSON, isQuiet: options.client.isQuiet, on: reactor))
    } catch {
      throw Failure(error)
    }
    connection = ClientConnection(
      to: addresses, try options.client.engine(trust), on: reactor)
    do throws(SystemError) {
      desk = try PictureDesk(
        store: try Self.store(options), opens: options.opensPictures, on: reactor
      ) { [unowned self] in handle($0) }
    } catch {
      throw Failure(.failed, "--save-dir: \(error); choose another, or use --no-save")
    }
    connect()
  }

  /// Where pictures are saved. A current folder that cannot be written to is no reason not to talk.
  private static func store(_ options: JoinOptions) throws(SystemError) -> PictureStore? {
    guard options.savesPictures else { return nil }
    if let directory = options.saveDirectory {
      return try PictureStore(directory: directory, isMade: true)
    }
    do throws(SystemError) {
      return try PictureStore(directory: ".", isMade: false)
    } catch {
      if !options.client.isQuiet { note("* pictures are not saved: \(error)") }
      return nil
    }
  }

  func connect() {
    connection.onEvent = { [unowned self] in handle($0) }
    connection.onRoom = { [unowned self] in adjustFlow() }
    signals.handler = { [unowned self] in handle(signal: $0) }
    switch screen {
    case .terminal(let terminal):
      terminal.onLine = { [unowned self] in take($0) }
      terminal.setCompletion { [unowned self] in roster.sorted }
    case .lines(let lines):
      lines.onLine = { [unowned self] in take($0) }
      lines.onProgress = { [unowned self] in
        presentArrivals()
        adjustFlow()
        if lines.isReaderGone { quit(nil) }
        if let failure = lines.takeFailure() { quit(failure) }
        finishIfIdle()
      }
      lines.onInputEnd = { [unowned self] error in
        isInputEnded = true
        if let error { outcome = Failure(error) }
        leaveIfDone()
      }
    }
  }

  /// Runs until the person, the input, or the server is done.
  func run() throws(Failure) {
    startDeadline()
    connection.start()
    do throws(SystemError) {
      try reactor.run()
    } catch {
      outcome = Failure(error)
    }
    switch screen {
    case .terminal(let terminal): terminal.finish()
    case .lines(let lines):
      lines.finish()
      outcome = lines.takeFailure() ?? outcome
      if outcome == nil, !lines.isWritten {
        outcome = Failure(.failed, "standard output was not read to the end in time")
      }
    }
    let notAccepted = unplaced.notAcceptedLines { $0.shownText ?? "" }
    if let outcome { throw outcome.adding(notAccepted) }
    let lost = linesRefused + notPassedOn
    if case .lines = screen, lost > 0 {
      throw Failure(.partlyDone, "\(lost) of what was said did not get through")
    }
  }

  // MARK: Ends

  /// `--timeout` ends a session in a pipe; at a terminal it is only for the server's answer.
  func startDeadline() {
    guard case .lines = screen, let seconds = options.client.timeoutSeconds else { return }
    deadlineTimer = reactor.addTimer { [unowned self] in
      guard hasJoined else { return }
      isLate = true
      if let count = options.count, received < count {
        outcome = Failure(
          .notAcknowledged, "\(received) of \(count) messages came within the time")
      }
      quit(outcome)
    }
    deadlineTimer?.deadline = reactor.now + .seconds(seconds)
  }

  /// Leaves the chat, and ends with `outcome`.
  func quit(_ outcome: Failure?) {
    self.outcome = self.outcome ?? outcome
    if isOver || wantsLeave { return reactor.stop() }
    wantsLeave = true
    connection.leave()
  }

  func leaveIfDone() {
    guard isInputEnded, hasJoined, !wantsLeave else { return }
    switch options.following {
    case .always: return
    case .untilInputEnds where options.count != nil || options.client.timeoutSeconds != nil: return
    case .untilInputEnds, .never: quit(nil)
    }
  }

  func handle(signal: Int32) {
    switch (signal, screen) {
    case (SIGWINCH, .terminal(let terminal)): terminal.resize()
    case (SIGTSTP, .terminal(let terminal)): terminal.suspend()
    case (SIGINT, .terminal(let terminal)) where terminal.interrupt(): break
    default:
      // What waits is not worth a minute to somebody who wants to be gone.
      endTimer = reactor.addTimer { [unowned self] in reactor.stop() }
      endTimer?.deadline = reactor.now + .seconds(1)
      outcome = outcome ?? Failure(signal == SIGINT ? .interrupted : .terminated, "")
      if isOver || wantsLeave { return reactor.stop() }
      wantsLeave = true
      connection.leaveNow()
    }
  }

  func finishIfIdle() {
    var isShown = order.count == 0
    if case .lines(let lines) = screen {
      isShown = lines.isReaderGone || isLate || isShown && lines.isWritten
    }
    if isOver, isShown, desk?.pending ?? 0 == 0 { reactor.stop() }
  }

  // MARK: What arrives

  /// Something came from the server: it is shown in the order in which it came.
  func arrive(_ event: JoinEvent) {
    order.add(event)
    presentArrivals()
  }

  /// Shows what arrived, as far as it is ready and the screen takes it.
  func presentArrivals() {
    while !isScreenBusy, let event = order.next() { present(event) }
  }

  var isScreenBusy: Bool {
    if case .lines(let lines) = screen { return lines.isBusy }
    return false
  }

  func present(_ event: JoinEvent) {
    if let count = options.count, received >= count { return }
    show(event)
    switch event {
    case .message, .picture:
      received += 1
      if received == options.count { quit(nil) }
    default: break
    }
  }

  func show(_ event: JoinEvent) {
    switch screen {
    case .terminal(let terminal): terminal.show(event)
    case .lines(let lines): lines.show(event)
    }
  }

  // MARK: Pictures

  func receive(_ jpeg: [UInt8], from name: String) {
    let canvas =
      switch screen {
      case .terminal(let terminal): terminal.canvas
      case .lines(let lines): lines.canvas
      }
    if desk?.receive(jpeg, from: name, canvas: canvas) == true {
      order.addPicture()
    } else {
      arrive(.complaint("a picture of \(ShownText.string(name)) was lost: too many came at once"))
    }
  }

  func handle(_ result: PictureDesk.Result) {
    switch result {
    case .arrived(let picture):
      order.finish(.picture(picture))
      presentArrivals()
    case .fitted(let jpeg, let summary):
      if wantsLeave || isOver { break }
      said(.showed(summary), as: connection.show(jpeg))
    case .failed(let reason): show(.complaint(reason))
    }
    finishIfIdle()
  }

  // MARK: Input

  /// A line that was typed at the prompt; nil for the end.
  func take(_ line: TypedLine?) {
    switch line {
    case nil, .quit?: quit(nil)
    case .nothing?: break
    case .say(let text)?: say(Array(text.utf8))
    case .image(let path)?: sendPicture(path)
    case .askImage?:
      if case .terminal(let terminal) = screen {
        terminal.askPath()
      } else {
        show(.complaint("which picture? /image PATH"))
      }
    case .who?: showWho()
    case .stats?:
      if !connection.askFigures() { show(.complaint("there is nothing to measure now")) }
    case .help?:
      for command in TypedLine.commands {
        let usage = command.word + command.arguments
        let gap = String(repeating: " ", count: max(1, 14 - usage.count))
        show(.help("  \(usage)\(gap)\(command.help)"))
      }
      show(.help("  //text        says \"/text\""))
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

  func say(_ text: [UInt8], line: Int? = nil) {
    let text = UTF8Text.repaired(text)
    if text.count > Limits.messageBytesMax { return refuse(text.count, line: line) }
    said(.said(text), line: line, as: connection.say(text))
  }

  func refuse(_ bytes: Int, line: Int?) {
    linesRefused += 1
    if case .lines = screen, linesRefused > Limits.unsentNamedMax { return }
    show(.complaint(tooLong(bytes, line: line)))
  }

  func sendPicture(_ path: String) {
    let expanded =
      path.hasPrefix("~/")
      ? (getenv("HOME").map { String(cString: $0) } ?? "~") + path.dropFirst() : path
    if desk?.fit(path: expanded, bytesMax: connection.pictureBytesMax) != true {
      show(.complaint("too many pictures are waiting; try again in a moment"))
    }
  }

  func showWho() {
    let names = roster.sorted.map { ShownText.string($0) }
    let doubt = options.client.isClassic ? ", as far as was heard" : ""
    show(
      .status(
        names.isEmpty
          ? "nobody else is here\(doubt)"
          : "here\(doubt): \(names.joined(separator: ", ")), and you"))
  }

  /// Reads no more than can be sent, and receives no more than can be written.
  func adjustFlow() {
    if isOver { return }
    if case .lines(let lines) = screen { lines.setReading(!connection.isBusy) }
    let isReceiving = !isScreenBusy && order.count < Limits.arrivalsHeldMax
    readingPace.note(isReceiving: isReceiving)
    connection.setReceiving(isReceiving)
  }
}

/// Joins, and stays until the person, the input or the server is done.
public func join(_ options: JoinOptions) throws(Failure) {
  try JoinSession(options).run()
}
