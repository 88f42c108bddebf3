import ChatEngine
import Glibc

/// One `chatd send` or `chatd send-image`: joins, says everything, leaves, and knows how it went.
final class SendSession {
  private let wiring: ClientWiring
  private let server: ServerAddress
  private let reactor: Reactor
  private let connection: ClientConnection
  private var input: InputReader?
  private var inputWatch: Reactor.Watch?
  private var endTimer: Reactor.Timer?
  /// Until when the server has to say whether this client is let into the room.
  private var entryTimer: Reactor.Timer?
  private let answerTimeout: Duration
  private var lines = LineSplitter(lineBytesMax: Limits.messageBytesMax)
  private var isInputEnded = true
  private let room: RoomName
  /// Whether this client is where it is to say something.
  private var isThere = false
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

  init(_ options: ClientOptions, in room: RoomName) throws(Failure) {
    (self.room, answerTimeout) = (room, options.answerTimeout)
    wiring = try ClientWiring(options, deliveryTimeout: options.answerTimeout)
    (server, reactor, connection) = (wiring.server, wiring.reactor, wiring.connection)
    connection.onEvent = { [unowned self] in handle($0) }
    connection.onRoom = { [unowned self] in readInput() }
    wiring.signals.handler = { [unowned self] in handle(signal: $0) }
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
    try wiring.run()
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
    case .joined: if room == .lobby { begin() } else { enter() }
    case .entered: begin()
    case .notEntered(let room, let reason):
      let words = "\(server): #\(room): \(ShownText.string(reason))"
      outcome = outcome ?? Failure(.refused, words)
      connection.leaveNow()
    case .ended(let ending):
      outcome = outcome ?? wiring.failure(ending)
      reactor.stop()
    case .met(let key): wiring.meet(key)
    case .accepted(let ticket): _ = pending.remove(ticket)
    case .failed(let ticket, let reason): refused(ticket, ShownText.string(reason))
    case .progress(_, let bytes, let all): onProgress(bytes, all)
    case .connectionLost(let isShutDown):
      let how = isShutDown ? "is shutting down" : "no longer answers"
      wiring.tell("\(server) \(how); trying again")
    case .restored: wiring.tell("back at \(server)")
    case .renamed(let name): wiring.tell("the name is taken; this is \(ShownText.string(name))")
    case .notice(let text): wiring.tell(ShownText.string(text))
    default: break
    }
  }

  private func enter() {
    _ = connection.enter(room)
    entryTimer = reactor.addTimer { [unowned self] in
      outcome = Failure(
        .notAcknowledged, "\(server) did not say in time whether this client may enter #\(room)")
      connection.leaveNow()
    }
    entryTimer?.deadline = reactor.now + answerTimeout
  }

  /// Says what there is to say.
  private func begin() {
    isThere = true
    entryTimer = nil
    for message in messages { say(message) }
    for picture in pictures { keep("the picture", as: connection.show(picture, in: room)) }
    readInput()
    leaveIfDone()
  }

  private func readInput() {
    guard isThere, !isInputEnded else { return }
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
    keep(String(decoding: begin, as: UTF8.self), line: line, as: connection.say(text, in: room))
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
    if isInputEnded, isThere {
      inputWatch = nil
      connection.leave()
    }
  }
}
