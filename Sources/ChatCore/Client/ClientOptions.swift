import ChatEngine
import Glibc

/// What every subcommand that speaks to a server takes.
public struct ClientOptions: Sendable {
  public var name: String?
  public var server: ServerAddress?
  /// Whether to speak dialect A as its unmodified clients do.
  public var isClassic = false
  /// Whether the subcommand can do so at all.
  var canBeClassic = true
  /// How long to wait for the server, in seconds; nil for the usual time.
  public var timeoutSeconds: Double?
  public var isQuiet = false
  /// A file whose first line is the server's password.
  public var passwordFile: String?

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

  /// The server asked for, else the one that `CHATD_SERVER` names, else the one of this machine,
  /// else one that is found on this network. Servers of before say nothing by which they could be
  /// found.
  func serverAddress() throws(Failure) -> ServerAddress {
    if let server { return server }
    guard let text = getenv("CHATD_SERVER").map({ String(cString: $0) }), !text.isEmpty else {
      return isClassic ? .thisMachine : try ServerChoice(isQuiet: isQuiet).server()
    }
    guard let address = ServerAddress(text) else {
      throw Failure(.usage, "CHATD_SERVER=\(ShownText.string(text)): not HOST or HOST:PORT")
    }
    return address
  }

  /// Refuses rooms that cannot be entered.
  func check(_ rooms: [RoomName]) throws(Failure) {
    if isClassic, let room = rooms.first(where: { $0 != .lobby }) {
      throw Failure(.usage, "--room \(room): \(onlyTheLobby)")
    }
    let most = Limits.roomsPerMemberMax
    if Set(rooms).subtracting([.lobby]).count > most {
      throw Failure(.usage, "--room: nobody is in more than \(most) rooms besides the lobby")
    }
  }

  var answerTimeout: Duration {
    timeoutSeconds.map { .seconds($0) } ?? .seconds(Limits.answerTimeoutSecondsDefault)
  }

  /// What is known of a server; nil where it is one that has no keys.
  func trust(in server: ServerAddress) throws(Failure) -> ServerTrust? {
    // A wrong name is told of before keys are made.
    _ = try memberName()
    if isClassic { return nil }
    let trust = try ServerTrust(of: server)
    if let warning = trust.warning, !isQuiet { warn(warning) }
    return trust
  }

  /// What decides for this client.
  ///
  /// - Parameters:
  ///   - trust: what is known of the server.
  ///   - deliveryTimeout: how long what was said may go without any progress.
  ///   - isOnlooker: whether it only asks for figures, and does not join.
  func engine(
    _ trust: ServerTrust?, deliveryTimeout: Duration? = nil, isOnlooker: Bool = false
  ) throws(Failure) -> ClientEngine {
    let member = try memberName()
    guard let trust else {
      return .classic(ClassicClient(ClassicClient.Configuration(name: member)))
    }
    var configuration = NativeClient.Configuration(
      name: member, keyPair: trust.ownKeys, seed: KernelRandom.bytes(32))
    configuration.acceptsNumber = name == nil
    configuration.isPassing = trust.isPassing
    configuration.serverKey = trust.serverKey
    configuration.timeout = answerTimeout
    configuration.deliveryTimeout = deliveryTimeout
    configuration.isOnlooker = isOnlooker
    if let passwordFile {
      let file = try PasswordFile(passwordFile)
      if let warning = file.warning { warn(warning) }
      configuration.password = file.password
    }
    return .native(NativeClient(configuration))
  }

  /// What an ending means to the process that ran the client; nil for a good one.
  ///
  /// - Parameter unreachableError: why the server was found to be unreachable (`errno`).
  func failure(
    _ ending: ClientEnding, at server: ServerAddress, _ trust: ServerTrust?,
    unreachableError: Int32?
  ) -> Failure? {
    switch ending {
    case .left: nil
    case .unreachable:
      if let error = unreachableError, error != ECONNREFUSED {
        Failure(
          .notReached,
          "\(server) cannot be reached: \(SystemError(error, "reach it").reason); chatd doctor "
            + "--server \(server) says more")
      } else {
        Failure(.notReached, "no server at \(server); start one there with: chatd serve")
      }
    case .notAnswered:
      Failure(
        .notReached,
        "\(server) did not answer within \(secondsText)"
          // Who knows the server is not asked to speak in the clear.
          + (trust?.serverKey == nil && canBeClassic
            ? "; if an old server of dialect A runs there, use --classic" : ""))
    case .notConfirmed:
      Failure(
        .notAcknowledged,
        "\(server) did not say within \(secondsText) that it has everything; what was said last "
          + "may be lost")
    case .lost: Failure(.notReached, "\(server) no longer answers")
    case .notLetIn(let text): Failure(.refused, "\(server) says \"\(ShownText.string(text))\"")
    case .keyChanged(let key): trust?.changedKey(key)
    case .passwordNeeded:
      Failure(.refused, "\(server) needs a password; give it with --password-file FILE")
    case .wrongPassword: Failure(.refused, "\(server) says that the password is wrong")
    case .passwordNotAsked:
      Failure(
        .refused,
        "\(server) asks for no password, so it may not be the one that you mean; "
          + "leave out --password-file to speak with it all the same")
    case .otherVersion(let version):
      Failure(
        .failed, "\(server) speaks version \(version) of the protocol, and this chatd does not")
    case .figuresUnknown:
      Failure(
        .failed,
        "\(server) is a chatd of an earlier version, which tells no figures; a newer one does")
    case .faulty(let what):
      Failure(.failed, "\(server) and this chatd do not understand each other: \(what)")
    }
  }

  private var secondsText: String {
    shownSeconds(timeoutSeconds ?? Double(Limits.answerTimeoutSecondsDefault))
  }

  private func loginName() -> String? {
    getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) }
  }
}

/// `5 s`, `0.5 s`.
func shownSeconds(_ seconds: Double) -> String {
  seconds == seconds.rounded() ? "\(Int(seconds)) s" : "\(seconds) s"
}

/// Why a room cannot be entered in dialect A.
let onlyTheLobby = "dialect A, which --classic speaks, knows no room but the lobby"
