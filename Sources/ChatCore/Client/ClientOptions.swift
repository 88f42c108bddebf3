import ChatEngine
import Glibc

/// What every subcommand that speaks to a server takes.
public struct ClientOptions: Sendable {
  public var name: String?
  public var server: ServerAddress?
  /// Whether the server is an unmodified one of dialect A, which answers no question.
  public var isClassic = false
  /// How long to wait for the server, in seconds; nil for the usual time.
  public var timeoutSeconds: Double?
  public var isQuiet = false

  public init() {}

  /// The name to go by: the one asked for, else the login name.
  func memberName() throws(Failure) -> MemberName {
    let login = getenv("USER").map { String(cString: $0) } ?? loginName() ?? "guest"
    do throws(MemberName.Fault) {
      return try MemberName(name ?? login)
    } catch {
      throw Failure(.usage, "--name \(ShownText.string(name ?? login)): \(error.text)")
    }
  }

  /// The server asked for, else the one that `CHATD_SERVER` names, else this machine.
  func serverAddress() throws(Failure) -> ServerAddress {
    if let server { return server }
    guard let text = getenv("CHATD_SERVER").map({ String(cString: $0) }), !text.isEmpty else {
      return .thisMachine
    }
    guard let address = ServerAddress(text) else {
      throw Failure(.usage, "CHATD_SERVER=\(ShownText.string(text)): not HOST or HOST:PORT")
    }
    return address
  }

  var answerTimeout: Duration {
    timeoutSeconds.map { .seconds($0) } ?? .seconds(Limits.answerTimeoutSecondsDefault)
  }

  /// What decides for this client.
  func engine() throws(Failure) -> ClientEngine {
    var configuration = ClassicClient.Configuration(name: try memberName())
    configuration.asks = !isClassic
    configuration.timeout = answerTimeout
    return .classic(ClassicClient(configuration))
  }

  /// What an ending means to the process that ran the client; nil for a good one.
  func failure(_ ending: ClientEnding, at server: ServerAddress) -> Failure? {
    switch ending {
    case .left: nil
    case .unreachable:
      Failure(.notReached, "no server at \(server); start one there with: chatd serve")
    case .notAnswered:
      Failure(
        .notReached,
        "\(server) did not answer within \(secondsText); "
          + "if a server from before chatd runs there, use --classic")
    case .notConfirmed:
      Failure(
        .notAcknowledged, "\(server) did not answer at the end; what was said last may be lost")
    case .lost: Failure(.notReached, "\(server) no longer answers")
    case .shutDown: Failure(.notReached, "\(server) was shut down")
    case .notLetIn(let text): Failure(.refused, "\(server) says \"\(ShownText.string(text))\"")
    }
  }

  private var secondsText: String {
    let seconds = timeoutSeconds ?? Double(Limits.answerTimeoutSecondsDefault)
    return seconds == seconds.rounded() ? "\(Int(seconds)) s" : "\(seconds) s"
  }

  private func loginName() -> String? {
    getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) }
  }
}
