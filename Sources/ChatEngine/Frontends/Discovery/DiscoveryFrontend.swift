/// Answers those who look for a server.
///
/// Owns who is answered: nobody, whoever is on a link of this machine, or anybody; and how often.
/// In come questions and where they came from; out goes an answer that is no longer than its
/// question. Nothing is kept of who asked.
public struct DiscoveryFrontend {
  private let policy: DiscoveryPolicy
  private let classicPolicy: ClassicPolicy
  private let key: PublicKey
  private let needsPassword: Bool
  private let name: String
  private let port: UInt16
  private var limiter = RateLimiter()
  /// What lies on the links of this machine.
  public var link: [AddressPrefix] = []

  public init(_ configuration: ServerConfiguration, key: PublicKey) {
    policy = configuration.discovery
    classicPolicy = configuration.classicPolicy
    self.key = key
    needsPassword = configuration.password != nil
    name = configuration.serverName
    port = configuration.port
  }

  /// Whether an address can only be on one of this machine's links.
  private func isOnLink(_ address: PeerAddress) -> Bool {
    address.isLoopback || address.isLinkLocal || link.contains { $0.contains(address) }
  }

  private func refusal(
    _ question: DiscoveryQuestion, from address: PeerAddress
  ) -> DropReason? {
    switch policy {
    case .off: return .discoveryOff
    case .link where !isOnLink(address): return .notOnLink
    case .link, .any: break
    }
    // The answer means: you may talk here.
    if question == .text, !classicPolicy.admits(address) {
      return classicPolicy == .off ? .classicOff : .notPrivate
    }
    return nil
  }

  /// What one question is to be answered; nil for nothing.
  public mutating func answer(
    _ question: DiscoveryQuestion, from address: PeerAddress, _ turn: inout Turn
  ) -> DiscoveryAnswer? {
    if let reason = refusal(question, from: address) {
      turn.output.drop(reason, from: address, at: turn.now)
      return nil
    }
    switch question {
    // Programs of before ask so after each thing they say. It costs no more than what they say.
    case .text: return .text
    case .seek(let nonce):
      let rate = Rate(
        perSecond: Limits.discoveryAnswersPerSecond, burst: Limits.discoveryAnswersBurst)
      guard limiter.take(rate, at: turn.now) else {
        turn.output.drop(.discoveryAnswers, from: address, at: turn.now)
        return nil
      }
      return .found(
        DiscoveryAnswer.Found(
          nonce: nonce, key: key, needsPassword: needsPassword,
          servesPlain: classicPolicy.admits(address), port: port,
          people: UInt32(clamping: turn.hub.memberCount), name: name,
          unixSeconds: UInt64(clamping: turn.time.wall.unixSeconds)))
    }
  }
}
