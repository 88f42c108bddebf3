import ChatEngine
import Glibc

/// One `chatd send` or `chatd send-image`: joins, says everything, leaves, and knows how it went.
final class SendSession {
  private let options: ClientOptions
  private let server: ServerAddress
  private let trust: ServerTrust?
  private let reactor: Reactor
  private let signals: Signals
  private let connection: ClientConnection
  private var input: InputReader?
  private var inputWatch: Reactor.Watch?
  private var endTimer: Reactor.Timer?
  private var lines = LineSplitter(lineBytesMax: Limits.messageBytesMax)
  private var isInputEnded = true
  private var hasJoined = false
  private var isStopping = false
  private var linesRefused = 0
  /// What the server did not pass on.
  private var failures = 0
  private var said = 0
  /// Lines of standard input.
  private var linesRead = 0
  /// What the server does not have yet: how it begins.
  private var pending = Unsettled<String>()
  private var outcome: Failure?
  /// Called with how much of a picture has arrived.
  var onProgress: (_ bytes: Int, _ of: Int) -> Void = { _, _ in }
  /// What is said as soon as the server is there.
  var messages: [[UInt8]] = []
  var pictures: [[UInt8]] = []

  init(_ options: ClientOptions) throws(Failure) {
    self.options = options
    // A wrong name is told of before a server is looked for.
    _ = try options.memberName()
    server = try options.serverAddress()
    trust = try options.trust(in: server)
    let engine = try options.engine(trust, deliveryTimeout: options.answerTimeout)
    let addresses = try server.resolve()
    do throws(SystemError) {
      reactor = try Reactor()
      signals = try Signals([SIGTERM, SIGINT], on: reactor)
    } catch {
      throw Failure(error)
    }
    connection = ClientConnection(to: addresses, engine, on: reactor)
    connection.onEvent = { [unowned self] in handle($0) }
    connection.onRoom = { [unowned self] in readInput() }
    signals.handler = { [unowned self] in handle(signal: $0) }
  }

  /// Says each line of standard input, too.
  func readLines() throws(Failure) {
    do throws(SystemError) {
      let input = try InputReader(fd: STDIN_FILENO)
      self.input = input
      isInputEnded = false
      inputWatch = try reactor.watch(input.fd, for: []) { [unowned self] _ in takeInput(input) }
    } catch {
      throw Failure(error)
    }
  }

  /// Runs until everything is said and confirmed, as far as the dialect can.
  func run() throws(Failure) {
    connection.start()
    do throws(SystemError) {
      try reactor.run()
    } catch {
      throw Failure(error)
    }
    if let outcome { throw outcome.adding(pending.notAcceptedLines { $0 }) }
    if failures > 0 {
      throw Failure(.partlyDone, "\(failures) of \(said) not passed on")
    }
    if linesRefused > 0 {
      throw Failure(
        .partlyDone,
        "\(linesRefused) of the lines were longer than "
          + "\(Limits.messageBytesMax) bytes and were not sent")
    }
  }

  /// Leaves; who is not let go at once, or asks twice, goes all the same.
  private func handle(signal: Int32) {
    if isStopping { return reactor.stop() }
    isStopping = true
    outcome = Failure(signal == SIGINT ? .interrupted : .terminated, "")
    endTimer = reactor.addTimer { [unowned self] in reactor.stop() }
    endTimer?.deadline = reactor.now + .seconds(1)
    connection.leaveNow()
  }

  private func handle(_ event: ClientEvent) {
    switch event {
    case .joined:
      hasJoined = true
      for message in messages { say(message) }
      for picture in pictures { keep("the picture", as: connection.show(picture)) }
      readInput()
      leaveIfDone()
    case .ended(let ending):
      outcome =
        outcome
        ?? options.failure(
          ending, at: server, trust, unreachableError: connection.unreachableError)
      reactor.stop()
    case .met(let key):
      guard let trust else { break }
      switch trust.pin(key, at: connection.address) {
      case .known: break
      case .news(let text): if !options.isQuiet { note("* \(text)") }
      case .warning(let text): warn(text)
      }
    case .accepted(let ticket): _ = pending.remove(ticket)
    case .failed(let ticket, let reason): refused(ticket, ShownText.string(reason))
    case .progress(_, let bytes, let all): onProgress(bytes, all)
    case .connectionLost(let isShutDown):
      if !options.isQuiet {
        note("* \(server) \(isShutDown ? "is shutting down" : "no longer answers"); trying again")
      }
    case .restored:
      if !options.isQuiet { note("* back at \(server)") }
    case .renamed(let name):
      if !options.isQuiet { note("* the name is taken; this is \(ShownText.string(name))") }
    case .notice(let text):
      if !options.isQuiet { note("* \(ShownText.string(text))") }
    default: break
    }
  }

  private func readInput() {
    guard hasJoined, !isInputEnded else { return }
    inputWatch?.interest = connection.isBusy ? [] : .readable
  }

  private func takeInput(_ input: InputReader) {
    for arrival in input.take() {
      switch arrival {
      case .bytes(let bytes): lines.add(bytes).forEach(say)
      case .end: isInputEnded = true
      case .failed(let error):
        outcome = Failure(error)
        isInputEnded = true
      }
    }
    if isInputEnded { lines.finish().map(say) }
    readInput()
    leaveIfDone()
  }

  private func say(_ line: LineSplitter.Line) {
    linesRead += 1
    switch line {
    case .text(let text):
      let text = UTF8Text.repaired(text)
      if text.count > Limits.messageBytesMax { return refuse(text.count) }
      if !text.isEmpty { say(text, line: linesRead) }
    case .tooLong(let bytes): refuse(bytes)
    }
  }

  private func say(_ text: [UInt8], line: Int? = nil) {
    // What is kept is what may have to be quoted, and that it is not all.
    let begin = text.prefix(4 * (Limits.quotedCharactersMax + 1))
    keep(String(decoding: begin, as: UTF8.self), line: line, as: connection.say(text))
  }

  private func keep(_ what: String, line: Int? = nil, as ticket: MessageTicket?) {
    said += 1
    if let ticket { pending.add(what, as: ticket, line: line, at: reactor.now) }
  }

  private func refuse(_ bytes: Int) {
    linesRefused += 1
    if linesRefused <= Limits.unsentNamedMax { warn(tooLong(bytes, line: linesRead)) }
  }

  private func refused(_ ticket: MessageTicket, _ reason: String) {
    failures += 1
    let entry = pending.remove(ticket)
    if failures <= Limits.unsentNamedMax {
      let what = entry.map { quoted($0.content, line: $0.line) } ?? "?"
      warn("not sent: \(what) (\(server): \(reason))")
    }
  }

  private func leaveIfDone() {
    if isInputEnded, hasJoined {
      inputWatch = nil
      connection.leave()
    }
  }
}
