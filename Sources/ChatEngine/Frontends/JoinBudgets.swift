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
  }

  private var budgets = [Budget](repeating: Budget(), count: Limits.joinBudgets)
  private let rate: Rate
  private let hashSeed: UInt64

  /// - Parameter rate: of one address.
  public init(rate: Rate, hashSeed: UInt64) {
    (self.rate, self.hashSeed) = (rate, hashSeed)
  }

  /// Takes one from the budget of an address.
  public mutating func take(_ address: PeerAddress, at now: Instant) -> Verdict {
    let index = Int(address.hostHash(seed: hashSeed) % UInt64(budgets.count))
    if budgets[index].joins.take(rate, at: now) { return .granted }
    let refusalRate = Rate(perSecond: Limits.joinRefusalsPerSecond, burstSeconds: 1)
    return budgets[index].refusals.take(refusalRate, at: now) ? .refused : .ignored
  }
}
