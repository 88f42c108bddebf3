/// How many newcomers each address may bring, whatever it speaks.
///
/// Addresses are hashed, without their ports, to `Limits.joinBudgets` budgets, so that forged ones
/// cannot grow a table; who does not know the seed cannot choose whom to share one with.
public struct JoinBudgets {
  public enum Verdict: Sendable {
    case granted
    /// Over the limit; it may be told so.
    case refused
    /// Over the limit, and too often to be told: the source may be forged.
    case ignored
  }

  private struct Budget {
    var joins = RateLimiter()
    var refusals = RateLimiter()
    /// Handshakes that came to nothing.
    var failures = RateLimiter()
  }

  private var budgets = [Budget](repeating: Budget(), count: Limits.joinBudgets)
  private let rate: Rate
  private let hashSeed: UInt64

  /// - Parameter rate: of one address.
  public init(rate: Rate, hashSeed: UInt64) {
    (self.rate, self.hashSeed) = (rate, hashSeed)
  }

  /// Whether a handshake with an address is worth the arithmetic: not many came to nothing lately.
  public func admitsHandshake(of address: PeerAddress, at now: Instant) -> Bool {
    budgets[index(address)].failures.nextTake(Self.failureRate) <= now
  }

  /// A handshake with an address came to nothing.
  public mutating func noteFailedHandshake(of address: PeerAddress, at now: Instant) {
    _ = budgets[index(address)].failures.take(Self.failureRate, at: now)
  }

  private static let failureRate = Rate(
    perSecond: Limits.badHandshakesPerSecond, burstSeconds: 1)

  private func index(_ address: PeerAddress) -> Int {
    // Whoever has a public address of IPv6 has 2^64 of them (RFC 6177).
    var host = address
    if address.v4 == nil && !address.isPrivate { host.low = 0 }
    return Int(host.hostHash(seed: hashSeed) % UInt64(budgets.count))
  }

  /// Takes one from the budget of an address.
  public mutating func take(_ address: PeerAddress, at now: Instant) -> Verdict {
    let index = index(address)
    if budgets[index].joins.take(rate, at: now) { return .granted }
    let refusalRate = Rate(perSecond: Limits.joinRefusalsPerSecond, burstSeconds: 1)
    return budgets[index].refusals.take(refusalRate, at: now) ? .refused : .ignored
  }
}
