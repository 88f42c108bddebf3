import ChatEngine

/// One direction of the way between a client's machine and the rest of the network.
struct Link {
  /// What it does to datagrams.
  struct Conditions {
    var lossPerMille = 0
    var duplicatePerMille = 0
    /// How many are overtaken by those behind them.
    var reorderPerMille = 0
    /// How many arrive with some bytes changed.
    var corruptPerMille = 0
    var delay = Duration.milliseconds(10)
    var jitter = Duration.zero
    /// 0 means: no limit.
    var bitsPerSecond = 0
    /// What waits for the rate at most; more is dropped.
    var queueBytesMax = 1 << 20
    /// The longest datagram, without IP and UDP headers, that gets through.
    var datagramBytesMax = Limits.datagramBytesMax

    /// The same way with nothing wrong with it.
    var healed: Conditions {
      Conditions(delay: delay, datagramBytesMax: datagramBytesMax)
    }
  }

  /// One copy of a datagram at the far end.
  struct Arrival {
    var at: Instant
    var isCorrupt = false
    /// Whether the network made it out of another.
    var isCopy = false
  }

  enum Loss { case lost, queueFull, tooLong, cut }

  var conditions: Conditions
  /// Whether nothing passes.
  var isCut = false
  private var busyUntil = Instant(nanoseconds: 0)
  private var lastArrival = Instant(nanoseconds: 0)

  init(_ conditions: Conditions) { self.conditions = conditions }

  /// Carries a datagram that is handed over at `now`.
  ///
  /// - Parameter isWhole: whether it may not be cut into fragments; what is cut is lost with each
  ///   of its fragments.
  mutating func carry(
    _ count: Int, isWhole: Bool, at now: Instant, _ random: inout SplitMix64
  ) -> Result<[Arrival], Loss> {
    if isCut { return .failure(.cut) }
    let fragments = max(
      1, (count + conditions.datagramBytesMax - 1) / conditions.datagramBytesMax)
    if isWhole && fragments > 1 { return .failure(.tooLong) }
    guard let departure = queue(count, at: now) else { return .failure(.queueFull) }
    for _ in 0..<fragments where random.chance(perMille: conditions.lossPerMille) {
      return .failure(.lost)
    }
    var arrivals = [arrival(departure, &random)]
    if random.chance(perMille: conditions.duplicatePerMille) {
      // Some copies come very late.
      let late = random.chance(perMille: 50) ? 30_000 : 500
      var copy = arrival(departure, &random)
      copy.at = copy.at + random.time(milliseconds: 0...late)
      copy.isCopy = true
      arrivals.append(copy)
    }
    return .success(arrivals)
  }

  /// When a datagram is through the slowest part of the way; nil when it found no room there.
  private mutating func queue(_ count: Int, at now: Instant) -> Instant? {
    guard conditions.bitsPerSecond > 0 else { return now }
    let waiting = max(0, busyUntil.nanoseconds(since: now))
    let waitingBytes = Int(waiting) / 1_000 * (conditions.bitsPerSecond / 1_000) / 8_000
    if waitingBytes + count > conditions.queueBytesMax { return nil }
    let taken = Int64(count) * 8_000_000 / Int64(conditions.bitsPerSecond / 1_000)
    busyUntil = max(busyUntil, now).advanced(byNanoseconds: taken)
    return busyUntil
  }

  private mutating func arrival(_ departure: Instant, _ random: inout SplitMix64) -> Arrival {
    let jitter = Int(conditions.jitter / .microseconds(1))
    let delay = conditions.delay + .microseconds(jitter > 0 ? random.int(0...jitter) : 0)
    var at = departure + delay
    if random.chance(perMille: conditions.reorderPerMille) {
      at = at + random.time(milliseconds: 1...40) + conditions.delay
    } else {
      at = max(at, lastArrival)
      lastArrival = at
    }
    return Arrival(at: at, isCorrupt: random.chance(perMille: conditions.corruptPerMille))
  }
}

extension Link.Loss: Error {}
