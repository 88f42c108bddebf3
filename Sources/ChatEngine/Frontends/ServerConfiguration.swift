/// What a server is told when it starts.
public struct ServerConfiguration: Sendable {
  public var clientsMax = Limits.clientsDefault
  /// From one address; 0 means no limit.
  public var joinsPerSecond = Limits.joinsPerSecondDefault
  /// From one client; 0 means no limit.
  public var messagesPerSecond = Limits.messagesPerSecondDefault
  public var idleTimeout = Duration.seconds(Limits.idleTimeoutSecondsDefault)
  public var classicPolicy = ClassicPolicy.private
  /// A secret of this process; the same seed makes the same decisions.
  public var hashSeed: UInt64 = 0
  public var keepsTranscript = true
  public var savesPictures = false

  public init() {}
}
