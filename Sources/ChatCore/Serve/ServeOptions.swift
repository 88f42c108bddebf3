import ChatEngine

/// What `chatd serve` was asked for.
public struct ServeOptions: Sendable {
  public var server = ServerConfiguration()
  /// Where to listen, as it was written; nil for every address of this machine.
  public var bindHost: String?
  public var port = ServerAddress.defaultPort
  /// The folder to keep pictures in; nil keeps none.
  public var saveImages: String?
  /// Files instead of standard output and standard error; reopened on SIGHUP.
  public var transcriptFile: String?
  public var logFile: String?
  public var logFormat = LogFormat.text
  public var logLevel = LogLevel.info

  /// Whom the plain dialects are served to; nil for private addresses, and for nobody where a
  /// password is needed, since they know of none.
  public var classicPolicy: ClassicPolicy?
  /// The port on which servers are looked for.
  public var discoveryPort = DiscoveryGroup.port
  /// Whether messages are kept, for how long, and how much room the database may take; nil for
  /// ever, and for any.
  public var keepsHistory = true
  public var keepSeconds: Double?
  public var keepBytesMax: Int?
  /// Where the key and the history are; nil for where the environment says.
  public var stateFolder: String?
  /// A file whose first line clients must know.
  public var passwordFile: String?
  /// What the server calls itself; nil for the machine's name.
  public var serverName: String?
  /// What is done to datagrams on purpose.
  public var impairment: Impairment?

  public init() {}
}
