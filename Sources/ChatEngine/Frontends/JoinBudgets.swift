/// How many newcomers each address may bring, whatever it speaks, and how much work with those that
/// come to nothing.
///
/// Handshakes that come to nothing have three bounds. All together cost a bounded share of a
/// processor. An address has a small budget, which it need not share with anybody who does nothing
/// wrong. Once that is spent, it still has a larger one, but only for ports from which nothing bad
/// came lately, and among them by lot: so whoever floods from one port does not keep out others at
/// the same address; who floods from many needs an answer to a Hello for each try, and leaves the
/// others their part, however well he chooses his moments.
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
    /// Names that belong to somebody from now on.
    var names = RateLimiter()
    /// Handshakes that came to nothing; and those of other ports once that is spent.
    var failures = RateLimiter()
    var newPorts = Lottery()
  }

  /// Lets in so many of those that ask in a window of time, each with the same chance.
  private struct Lottery {
    private var window: UInt64 = 0
    private var asked: UInt32 = 0
    private var askedBefore: UInt32 = 0

    /// The chance is that of the window before; where more ask than then, it falls as they do. A
    /// flood that begins all at once so gets a little more, by the logarithm of its size.
    mutating func admits(at now: Instant, _ random: inout SecretRandom) -> Bool {
      let length = UInt64(Limits.handshakeWindowMilliseconds) * 1_000_000
      let current = now.nanoseconds / length
      if current != window {
        (askedBefore, asked) = (current == window + 1 ? asked : 0, 0)
        window = current
      }
      asked = min(asked, .max - 1) + 1
      let winners =
        Limits.badHandshakesPerSecondOfNewPorts * Limits.handshakeWindowMilliseconds / 1_000
      let count = UInt64(max(asked, askedBefore))
      return count <= winners || random.uint64() % count < winners
    }
  }

  private var budgets = [Budget](repeating: Budget(), count: Limits.joinBudgets)
  /// The same for all addresses, and for each address with its port.
  private var allFailures = RateLimiter()
  private var portFailures = [RateLimiter](
    repeating: RateLimiter(), count: Limits.handshakePortBudgets)
  private let rate: Rate
  private let hashSeed: UInt64

  /// - Parameter rate: of one address.
  public init(rate: Rate, hashSeed: UInt64) {
    (self.rate, self.hashSeed) = (rate, hashSeed)
  }

  /// Whether a handshake with an address is worth the arithmetic: not too many came to nothing
  /// lately.
  public mutating func admitsHandshake(
    of address: PeerAddress, at now: Instant, _ random: inout SecretRandom
  ) -> Bool {
    guard allFailures.nextTake(Self.allFailuresRate) <= now else { return false }
    let index = index(address)
    if budgets[index].failures.nextTake(Self.failureRate) <= now { return true }
    guard portFailures[portIndex(address)].nextTake(Self.portRate) <= now else { return false }
    return budgets[index].newPorts.admits(at: now, &random)
  }

  /// A handshake with an address came to nothing.
  public mutating func noteFailedHandshake(of address: PeerAddress, at now: Instant) {
    _ = allFailures.take(Self.allFailuresRate, at: now)
    _ = portFailures[portIndex(address)].take(Self.portRate, at: now)
    _ = budgets[index(address)].failures.take(Self.failureRate, at: now)
  }

  private static let allFailuresRate = Rate(
    perSecond: Limits.badHandshakesPerSecondOfAll, burstSeconds: 1)
  private static let failureRate = Rate(
    perSecond: Limits.badHandshakesPerSecond, burstSeconds: 1)
  private static let portRate = Rate(perSecond: 1, burst: 1)

  private func portIndex(_ address: PeerAddress) -> Int {
    // Its own mixture of seed and port, or neighbours would stand side by side in both tables.
    let seed = hashSeed ^ (UInt64(address.port) &+ 1) &* 0x9e37_79b9_7f4a_7c15
    return Int(address.hostHash(seed: seed) % UInt64(portFailures.count))
  }

  private func index(_ address: PeerAddress) -> Int {
    // Whoever has a public address of IPv6 has 2^64 of them (RFC 6177).
    var host = address
    if address.v4 == nil && !address.isPrivate { host.low = 0 }
    return Int(host.hostHash(seed: hashSeed) % UInt64(budgets.count))
  }

  /// Whether one more name may belong to somebody at an address; takes it from its budget.
  public mutating func takeName(_ address: PeerAddress, at now: Instant) -> Bool {
    let rate = Rate(perHour: Limits.ownedNamesPerHour, burst: Limits.ownedNamesBurst)
    return budgets[index(address)].names.take(rate, at: now)
  }

  /// Takes one from the budget of an address.
  public mutating func take(_ address: PeerAddress, at now: Instant) -> Verdict {
    let index = index(address)
    if budgets[index].joins.take(rate, at: now) { return .granted }
    let refusalRate = Rate(perSecond: Limits.joinRefusalsPerSecond, burstSeconds: 1)
    return budgets[index].refusals.take(refusalRate, at: now) ? .refused : .ignored
  }
}
