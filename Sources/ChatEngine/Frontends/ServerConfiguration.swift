/// What a server is told when it starts.
public struct ServerConfiguration: Sendable {
  public var clientsMax = Limits.clientsDefault
  /// From one address; 0 means no limit.
  public var joinsPerSecond = Limits.joinsPerSecondDefault
  /// From one client; 0 means no limit.
  public var messagesPerSecond = Limits.messagesPerSecondDefault
  public var idleTimeout = Duration.seconds(Limits.idleTimeoutSecondsDefault)
  public var classicPolicy = ClassicPolicy.private
  public var discovery = DiscoveryPolicy.link
  /// Where clients are told that the server is.
  public var port: UInt16 = 0
  /// A secret of this process; the same seed makes the same decisions.
  public var hashSeed: UInt64 = 0
  /// 32 bytes that nobody else knows, from which the keys of sessions are drawn.
  public var secretSeed = [UInt8](repeating: 0, count: 32)
  /// Where the ids of sessions begin, in their upper 15 bits. It should differ from start to start:
  /// then a session from before is told that it is not known, and is not taken for a new one.
  public var firstSessionGeneration: UInt32 = 0
  /// The server's long-lived key; nil for one of this process.
  public var keyPair: KeyPair?
  /// What the password was made into, and the salt that clients need for the same.
  public var password: (key: SecretKey, salt: [UInt8])?
  /// Whether AES-GCM is taken where clients offer it.
  public var takesAES = Cipher.hasFastAES
  /// What the server calls itself.
  public var serverName = ""
  /// Names that keys owned before.
  public var ownedNames: [(name: MemberName, owner: PublicKey)] = []
  /// Rooms that were kept from before, and how far programs had said and shown things.
  public var rooms: [KeptRoom] = []
  public var senders: [StoreBatch.Sender] = []
  public var keepsTranscript = true
  /// Whether messages are told only once they are kept for ever.
  public var keepsHistory = false
  public var savesPictures = false

  public init() {}
}

/// Whom the plain-text dialects are served to. A forged source must not turn the server into an
/// amplifier, so by default only addresses that cannot come from afar are.
public enum ClassicPolicy: String, Sendable, CaseIterable {
  case off
  case `private`
  case any

  func admits(_ address: PeerAddress) -> Bool {
    switch self {
    case .off: false
    case .private: address.isPrivate
    case .any: true
    }
  }
}

/// Whose questions for a server are answered. A server that answers anybody can be found from afar.
public enum DiscoveryPolicy: String, Sendable, CaseIterable {
  /// Those of hosts that share a link with this machine, and of this machine.
  case link
  case any
  case off
}
