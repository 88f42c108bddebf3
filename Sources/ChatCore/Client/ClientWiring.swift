import ChatEngine
import Glibc

/// What a subcommand that speaks to a server has besides its own business: which server it is, what
/// is known of it, a loop, signals, and the connection.
struct ClientWiring {
  let server: ServerAddress
  let reactor: Reactor
  let signals: Signals
  let connection: ClientConnection
  private let options: ClientOptions
  private let trust: ServerTrust?

  /// - Parameters:
  ///   - deliveryTimeout: how long what was said may go without any progress.
  ///   - isOnlooker: whether it does not join.
  init(
    _ options: ClientOptions, deliveryTimeout: Duration? = nil, isOnlooker: Bool = false
  ) throws(Failure) {
    self.options = options
    // A wrong name is told of before a server is looked for.
    _ = try options.memberName()
    server = try options.serverAddress()
    trust = try options.trust(in: server)
    let engine = try options.engine(
      trust, deliveryTimeout: deliveryTimeout, isOnlooker: isOnlooker)
    let addresses = try server.resolve()
    do throws(SystemError) {
      reactor = try Reactor()
      signals = try Signals([SIGTERM, SIGINT], on: reactor)
    } catch {
      throw Failure(error)
    }
    connection = ClientConnection(to: addresses, engine, on: reactor)
  }

  /// Looks for the server, and runs until the loop is stopped.
  func run() throws(Failure) {
    connection.start()
    do throws(SystemError) {
      try reactor.run()
    } catch {
      throw Failure(error)
    }
  }

  /// The server has shown that it has this key: remembers it, and tells the person.
  func meet(_ key: PublicKey) {
    switch trust?.pin(key, at: connection.address) {
    case nil, .known?: break
    case .news(let text)?: tell(text)
    case .warning(let text)?: warn(text)
    }
  }

  /// Something that is good to know, for who wants to hear it.
  func tell(_ text: String) {
    if !options.isQuiet { note("* \(text)") }
  }

  /// What an ending means to the process; nil for a good one.
  func failure(_ ending: ClientEnding) -> Failure? {
    options.failure(
      ending, at: server, trust, unreachableError: connection.unreachableError)
  }
}
