import ChatEngine
import Glibc

/// What `chatd stats` was asked for.
public struct StatsOptions: Sendable {
  public var client = ClientOptions()
  public var isJSON = false
  /// Seconds between two looks; nil for one look, where `count` does not say otherwise.
  public var interval: Double?
  /// How often to look; nil for once without an interval, and for ever with one.
  public var count: Int?

  public init() {}
}

/// One `chatd stats`: has a session with the server without joining, and shows the figures of all.
final class StatsSession {
  private let options: StatsOptions
  private let server: ServerAddress
  private let trust: ServerTrust?
  private let reactor: Reactor
  private let signals: Signals
  private let connection: ClientConnection
  private var askTimer: Reactor.Timer?
  private var giveUpTimer: Reactor.Timer?
  private var shown = 0
  private var isLeaving = false
  private var outcome: Failure?

  init(_ options: StatsOptions) throws(Failure) {
    self.options = options
    server = try options.client.serverAddress()
    trust = try options.client.trust(in: server)
    let engine = try options.client.engine(trust, isOnlooker: true)
    let addresses = try server.resolve()
    do throws(SystemError) {
      reactor = try Reactor()
      signals = try Signals([SIGTERM, SIGINT], on: reactor)
    } catch {
      throw Failure(error)
    }
    connection = ClientConnection(to: addresses, engine, on: reactor)
    connection.onEvent = { [unowned self] in handle($0) }
    signals.handler = { [unowned self] in
      end(Failure($0 == SIGINT ? .interrupted : .terminated, ""))
    }
    askTimer = reactor.addTimer { [unowned self] in ask() }
    giveUpTimer = reactor.addTimer { [unowned self] in
      end(Failure(.notReached, "\(server) did not tell its figures"))
    }
  }

  func run() throws(Failure) {
    connection.start()
    do throws(SystemError) {
      try reactor.run()
    } catch {
      throw Failure(error)
    }
    if let outcome { throw outcome }
  }

  private func handle(_ event: ClientEvent) {
    switch event {
    case .met(let key):
      guard let trust else { break }
      switch trust.pin(key, at: connection.address) {
      case .known: break
      case .news(let text): if !options.client.isQuiet { note("* \(text)") }
      case .warning(let text): warn(text)
      }
    case .joined:
      giveUpTimer?.deadline = reactor.now + options.client.answerTimeout
      ask()
    case .restored:
      if !options.client.isQuiet { note("* back at \(server)") }
      ask()
    case .connectionLost:
      askTimer?.deadline = nil
      if !options.client.isQuiet { note("* \(server) no longer answers; trying again") }
    case .sessions(let figures, let rows): show(figures, rows)
    case .ended(let ending):
      outcome =
        outcome
        ?? options.client.failure(
          ending, at: server, trust, unreachableError: connection.unreachableError)
      reactor.stop()
    default: break
    }
  }

  /// Asks, and asks again if no answer comes.
  private func ask() {
    _ = connection.askSessions()
    askTimer?.deadline = reactor.now + .milliseconds(Limits.figuresRepeatMilliseconds)
  }

  private func show(_ figures: ServerFigures, _ rows: [SessionsPage.Row]) {
    // Both answers to a question that was repeated may come.
    if isLeaving || giveUpTimer?.deadline == nil && options.interval == nil && shown > 0 { return }
    giveUpTimer?.deadline = nil
    let lines =
      options.isJSON
      ? FiguresText.json(figures, rows, unixSeconds: Clocks.unixSeconds())
      : FiguresText.table(figures, rows).map { $0 + "\n" }
    let gap = shown > 0 && !options.isJSON ? "\n" : ""
    if let error = writeAll(Array((gap + lines.joined()).utf8), to: STDOUT_FILENO) {
      let failure = Failure(
        .failed, "standard output: \(SystemError(error, "write").reason)")
      return end(error == EPIPE ? nil : failure)
    }
    shown += 1
    if shown == options.count ?? (options.interval == nil ? 1 : nil) { return end(nil) }
    askTimer?.deadline = reactor.now + .seconds(options.interval ?? 1)
  }

  private func end(_ failure: Failure?) {
    outcome = outcome ?? failure
    if isLeaving { return reactor.stop() }
    isLeaving = true
    askTimer?.deadline = nil
    giveUpTimer?.deadline = nil
    connection.leaveNow()
  }
}

/// Shows the figures of a server's sessions, once or again and again.
public func showStats(_ options: StatsOptions) throws(Failure) {
  if options.client.isClassic {
    throw Failure(.usage, "--classic: nothing is measured with servers of dialect A")
  }
  try StatsSession(options).run()
}
