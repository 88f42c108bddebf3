/// One direction of a network that is impaired: what becomes of each datagram.
///
/// Holds no datagram; whoever asks keeps it until the instants that are named. What always holds:
/// which faults the n-th datagram meets depends on the seed and on n alone, whatever came before
/// it; those that are not reordered arrive in the order in which they were sent, no two at the same
/// instant.
public struct ImpairedWay: Sendable {
  public enum Fate: Equatable, Sendable {
    case lost
    /// Too much waits for the rate already.
    case noRoom
    case arrives(at: Instant, copyAt: Instant?)
  }

  /// What became of the datagrams so far.
  public struct Counts: Equatable, Sendable {
    public var datagrams: UInt64 = 0
    public var lost: UInt64 = 0
    public var noRoom: UInt64 = 0
    public var doubled: UInt64 = 0
    public var reordered: UInt64 = 0
  }

  private let impairment: Impairment
  private var random: SplitMix64
  private var busyUntil = Instant(nanoseconds: 0)
  private var lastArrival = Instant(nanoseconds: 0)
  public private(set) var counts = Counts()

  /// - Parameter seed: of this direction.
  public init(_ impairment: Impairment, seed: UInt64) {
    self.impairment = impairment
    random = SplitMix64(seed: seed)
  }

  /// Decides for a datagram of `bytes` that is sent at `now`.
  public mutating func send(bytes: Int, at now: Instant) -> Fate {
    counts.datagrams += 1
    // Each datagram draws as often, whatever is done with it.
    let isLost = chance(impairment.lossPerMillion)
    let isDoubled = chance(impairment.duplicatesPerMillion)
    let isReordered = chance(impairment.reorderedPerMillion)
    let (delay, copyDelay) = (drawDelay(), drawDelay())
    let lateness = Double(random.next() >> 11) / Double(1 << 53)
    // What is lost is lost behind the slowest part of the way.
    guard let departure = depart(bytes, at: now) else {
      counts.noRoom += 1
      return .noRoom
    }
    if isLost {
      counts.lost += 1
      return .lost
    }
    var arrival = departure.advanced(byNanoseconds: delay)
    if isReordered {
      counts.reordered += 1
      let most = max(delay, Int64(Limits.impairedReorderMilliseconds) * 1_000_000)
      arrival = max(arrival, lastArrival)
        .advanced(byNanoseconds: Int64(lateness * Double(most)) + 1)
    } else {
      arrival = inOrder(arrival)
    }
    guard isDoubled else { return .arrives(at: arrival, copyAt: nil) }
    counts.doubled += 1
    return .arrives(at: arrival, copyAt: inOrder(departure.advanced(byNanoseconds: copyDelay)))
  }

  /// Not before any that was sent earlier.
  private mutating func inOrder(_ arrival: Instant) -> Instant {
    lastArrival = max(arrival, lastArrival.advanced(byNanoseconds: 1))
    return lastArrival
  }

  private mutating func chance(_ perMillion: Int) -> Bool {
    random.next() % 1_000_000 < UInt64(perMillion)
  }

  /// In nanoseconds.
  private mutating func drawDelay() -> Int64 {
    let jitter = UInt64(impairment.jitterMicroseconds) * 1_000
    let drawn = Int64(random.next() % (2 * jitter + 1))
    return max(0, Int64(impairment.delayMicroseconds) * 1_000 + drawn - Int64(jitter))
  }

  /// When a datagram is through the slowest part of the way; nil where it finds no room there. One
  /// always finds room where nothing waits.
  private mutating func depart(_ bytes: Int, at now: Instant) -> Instant? {
    guard impairment.bitsPerSecond > 0 else { return now }
    let taken = nanoseconds(toSend: bytes)
    let waiting = max(0, busyUntil.nanoseconds(since: now))
    if waiting > 0, waiting + taken > nanoseconds(toSend: Limits.impairedQueueBytesMax) {
      return nil
    }
    busyUntil = max(busyUntil, now).advanced(byNanoseconds: taken)
    return busyUntil
  }

  private func nanoseconds(toSend bytes: Int) -> Int64 {
    Int64(bytes) * 8_000_000_000 / Int64(impairment.bitsPerSecond)
  }
}
