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
  var order = ArrivalOrder()
  var conversation: Conversation
  /// Rooms that were asked for, until it is known whether this client is let in.
  var asked: Set<RoomName> = []
  /// The room to show as soon as this client is there.
  var wanted: RoomName?
  /// What was asked of the past, by the numbers of the questions.
  var recalls: [UInt64: Recall] = [:]
  var received = 0
  var hasJoined = false
  /// Whether standard input is read, or was found not to be.
  var isInputBegun = false
  var isInputEnded = false
  var wantsLeave = false
  /// Lines of standard input.
  var linesRead = 0
  var linesRefused = 0
  var notPassedOn = 0
  /// What this person said and the server did not yet put in its place.
  var unplaced = Unsettled<Arrival>()
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
    try options.client.check(options.rooms)
    conversation = Conversation(ownName: name.text)
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
      terminal.onSwitch = { [unowned self] in goTo($0) }
      terminal.complete = { [unowned self] word, before in
        Command.completions(
          of: word, after: before, people: conversation.shownRoom.roster.sorted,
          rooms: conversation.rooms.map(\.name.text))
      }
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
    let notAccepted = unplaced.notAcceptedLines { $0.event.shownText ?? "" }
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

  // MARK: Flow

  var isScreenBusy: Bool {
    if case .lines(let lines) = screen { return lines.isBusy }
    return false
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
