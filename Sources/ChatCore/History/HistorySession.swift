import ChatEngine
import Glibc

/// One `chatd history` or `chatd search`: has a session with the server without joining, asks for
/// the past, and writes it to standard output, the oldest first.
///
/// What always holds: no more is asked for while the reader of standard output has not taken what
/// came; where the connection is lost, it goes on behind the last message that was shown.
final class HistorySession {
  private let options: HistoryOptions
  private let wiring: ClientWiring
  private let reactor: Reactor
  private let connection: ClientConnection
  private let output: PastOutput
  private var giveUpTimer: Reactor.Timer?
  /// What is asked for, and how far it is: all from some message on, as it comes,
  private var onwards: PastPages?
  /// or the newest so many,
  private var latest: LatestPages?
  /// or those with some words, of which the newest come first.
  private var found: [[UInt8]] = []
  private var text = PastText()
  /// Questions without an answer; those of them that the loss of a connection may have cut off.
  private var open: Set<UInt64> = []
  private var cut: Set<UInt64> = []
  private var lastHeard: Instant
  private var count = 0
  private var isDone = false
  private var isLeaving = false
  private var outcome: Failure?

  init(_ options: HistoryOptions) throws(Failure) {
    self.options = options
    wiring = try ClientWiring(options.client, isOnlooker: true)
    (reactor, connection) = (wiring.reactor, wiring.connection)
    lastHeard = reactor.now
    do throws(SystemError) {
      output = try PastOutput(on: reactor)
    } catch {
      throw Failure(error)
    }
    output.onProgress = { [unowned self] in proceed() }
    connection.onEvent = { [unowned self] in handle($0) }
    wiring.signals.handler = { [unowned self] in
      end(Failure($0 == SIGINT ? .interrupted : .terminated, ""))
    }
    giveUpTimer = reactor.addTimer { [unowned self] in giveUp() }
    plan()
  }

  func run() throws(Failure) {
    try wiring.run()
    if let outcome { throw outcome }
  }

  private func plan() {
    if options.words != nil { return }
    let time: (Double) -> Int64 = { max(0, Clocks.unixMilliseconds() - Int64($0 * 1_000)) }
    let limit = options.limit ?? (options.since == nil ? Limits.historyMessagesDefault : nil)
    guard let limit else {
      switch options.since {
      case nil, .all: onwards = PastPages(.after(0))
      case .number(let number): onwards = PastPages(.after(number))
      case .secondsAgo(let seconds): onwards = PastPages(.since(UInt64(time(seconds))))
      }
      return
    }
    switch options.since {
    case nil, .all: latest = LatestPages(limit: limit, from: .none)
    case .number(let number): latest = LatestPages(limit: limit, from: .number(number))
    case .secondsAgo(let seconds):
      latest = LatestPages(limit: limit, from: .time(time(seconds)))
    }
  }

  // MARK: What happens

  private func handle(_ event: ClientEvent) {
    switch event {
    case .met(let key): wiring.meet(key)
    case .joined:
      lastHeard = reactor.now
      proceed()
    case .connectionLost:
      cut.formUnion(open)
      onwards?.restart()
      wiring.tell("\(wiring.server) no longer answers; trying again")
    case .restored:
      wiring.tell("back at \(wiring.server)")
      lastHeard = reactor.now
      proceed()
    case .past(let id, let message): take(message, of: id)
    case .pastEnd(let id, let isComplete, let failure):
      takeEnd(of: id, isComplete: isComplete, failure)
    case .ended(let ending):
      outcome = outcome ?? wiring.failure(ending)
      reactor.stop()
    default: break
    }
  }

  private func take(_ message: PastMessage, of id: UInt64) {
    lastHeard = reactor.now
    if isLeaving || isDone { return }
    if onwards != nil {
      guard onwards?.take(message, of: id) == true else { return }
      output.add(line(message))
    } else if latest != nil {
      latest?.take(message) { line(message) }
    } else {
      found.append(line(message))
    }
    count += 1
  }

  private func line(_ message: PastMessage) -> [UInt8] {
    options.isJSON ? text.json(message) : text.line(message, showsPlace: options.words != nil)
  }

  private func takeEnd(of id: UInt64, isComplete: Bool, _ failure: [UInt8]?) {
    lastHeard = reactor.now
    open.remove(id)
    let wasCut = cut.remove(id) != nil
    if isLeaving || isDone { return }
    if let failure {
      guard wasCut else {
        return end(
          Failure(.failed, "\(wiring.server) says \"\(ShownText.string(failure))\""))
      }
      restart(id)
    } else {
      finish(id, isComplete: isComplete)
    }
    proceed()
  }

  /// An answer was cut off.
  private func restart(_ id: UInt64) {
    onwards?.end(id, isComplete: false)
    latest?.restart()
    if !found.isEmpty { (found, count) = ([], 0) }
  }

  /// An answer is whole.
  private func finish(_ id: UInt64, isComplete: Bool) {
    onwards?.end(id, isComplete: isComplete)
    latest?.end(isComplete: isComplete)
    isDone = onwards?.isDone ?? latest?.isDone ?? true
    guard isDone else { return }
    latest?.takeText().forEach(output.add)
    found.reversed().forEach(output.add)
    if options.words != nil, !isComplete {
      wiring.tell("there are more; --limit N shows up to \(Limits.searchMessagesMax)")
    }
  }

  // MARK: What is to be done

  /// Asks for more, where there is room for it; ends when all is written.
  private func proceed() {
    if isLeaving { return }
    output.push()
    if output.isReaderGone { return end(nil) }
    if let failure = output.takeFailure() { return end(failure) }
    if isDone {
      if output.isWritten { end(verdict) }
      return
    }
    while !output.isBusy, let question = nextQuestion {
      let room = options.words == nil ? options.room ?? .lobby : options.room
      guard let id = connection.askPast(of: room, question.selector, limit: question.limit) else {
        break
      }
      open.insert(id)
      onwards?.ask(id)
    }
    // Who has answered once is waited for, as long as the connection is not given up.
    giveUpTimer?.deadline =
      open.isEmpty || count > 0 ? nil : lastHeard + options.client.answerTimeout
  }

  private var nextQuestion: PastPages.Question? {
    if let onwards { return onwards.question }
    guard open.isEmpty else { return nil }
    return latest?.question
      ?? PastPages.Question(
        selector: .search(options.words ?? ""),
        limit: options.limit ?? Limits.historyMessagesDefault)
  }

  /// What it means that all is shown.
  private var verdict: Failure? {
    if count > 0 { return nil }
    if options.words != nil { return Failure(.failed, "nothing found") }
    wiring.tell("nothing of \(options.room ?? .lobby) is kept that is meant")
    return nil
  }

  private func giveUp() {
    if count > 0 { return }
    let due = lastHeard + options.client.answerTimeout
    if due > reactor.now {
      giveUpTimer?.deadline = due
    } else {
      end(Failure(.notReached, "\(wiring.server) does not tell the past"))
    }
  }

  private func end(_ failure: Failure?) {
    outcome = outcome ?? failure
    if isLeaving { return reactor.stop() }
    isLeaving = true
    giveUpTimer?.deadline = nil
    connection.leaveNow()
  }
}

/// Shows what was said: the newest messages, those from some time on, or those with some words.
public func showHistory(_ options: HistoryOptions) throws(Failure) {
  try HistorySession(options).run()
}
