import ChatEngine

/// The server's socket as `--impair` makes it: what comes and what goes is lost, held back, doubled
/// and swapped on the way.
///
/// Owns the datagrams that are on their way, and the outbox of those that are to leave now. What
/// always holds: no more waits in each direction than `Limits.impairedDatagramsMax` and
/// `impairedBytesMax`; the rest is dropped as where a queue is full.
final class ImpairedSocket {
  private var inward: HeldDatagrams
  private var outward: HeldDatagrams
  /// What has come through and is to be sent.
  var outbox = Outbox()

  init(_ impairment: Impairment) {
    var seeds = SplitMix64(seed: impairment.seed ?? 0)
    inward = HeldDatagrams(ImpairedWay(impairment, seed: seeds.next()))
    outward = HeldDatagrams(ImpairedWay(impairment, seed: seeds.next()))
  }

  /// Whether nothing is on its way out.
  var isDrained: Bool { outward.isEmpty && outbox.isEmpty }

  /// When the next datagram is through, in either direction.
  var nextArrival: Instant? {
    [inward.nextArrival, outward.nextArrival].compactMap { $0 }.min()
  }

  /// Takes a datagram that came.
  func receive(_ bytes: Span<UInt8>, from source: PeerAddress, at now: Instant) {
    bytes.withUnsafeBufferPointer { inward.take($0, source, isProbe: false, at: now) }
  }

  /// The next datagram that is through by now.
  func nextReceived(at now: Instant) -> (bytes: [UInt8], source: PeerAddress)? {
    inward.next(at: now).map { ($0.bytes, $0.address) }
  }

  /// Takes everything out of `decided`, and has `deliver` send what is through by now.
  func send(
    _ decided: inout Outbox, at now: Instant, _ deliver: (inout Outbox) -> SendArena.Outcome
  ) -> SendArena.Outcome {
    decided.withWaiting { bytes, payloads, deliveries in
      for delivery in deliveries {
        let payload = payloads[Int(delivery.payload.index)]
        let datagram = UnsafeBufferPointer(
          start: bytes + Int(payload.offset), count: Int(payload.length))
        outward.take(datagram, delivery.address, isProbe: delivery.isProbe, at: now)
      }
    }
    decided.removeAll()
    var outcome = SendArena.Outcome.done
    repeat {
      fill(at: now)
      outcome = deliver(&outbox)
    } while outcome == .done && outward.isDue(at: now)
    return outcome
  }

  private func fill(at now: Instant) {
    while !outbox.isHigh, let datagram = outward.next(at: now) {
      outbox.addDatagram(
        to: datagram.address, capacity: datagram.bytes.count, isProbe: datagram.isProbe
      ) {
        $0.initialize(fromContentsOf: datagram.bytes)
      }
    }
  }

  /// What became of the datagrams, for the summary in the log.
  var fields: [(String, LogValue)] {
    inward.fields("in") + outward.fields("out")
  }
}

/// The datagrams of one direction that are on their way.
private struct HeldDatagrams {
  struct Datagram {
    var bytes: [UInt8]
    var address: PeerAddress
    var isProbe: Bool
  }

  /// What is due so soon is taken along, so that those of one turn need not wait for each other.
  private static let togetherNanoseconds: Int64 = 1_000

  private var way: ImpairedWay
  private var datagrams = Slab<Datagram>(capacity: Limits.impairedDatagramsMax)
  private var byteCount = 0
  private var arrivals = TimerQueue()
  /// Those for which there was no room here.
  private(set) var dropped: UInt64 = 0

  init(_ way: ImpairedWay) { self.way = way }

  func fields(_ direction: String) -> [(String, LogValue)] {
    let counts = way.counts
    return [
      ("impaired-\(direction)", .number(counts.datagrams)),
      ("lost-\(direction)", .number(counts.lost)),
      ("no-room-\(direction)", .number(counts.noRoom + dropped)),
      ("doubled-\(direction)", .number(counts.doubled)),
      ("reordered-\(direction)", .number(counts.reordered)),
    ]
  }

  var isEmpty: Bool { datagrams.count == 0 }
  var nextArrival: Instant? { arrivals.first }

  mutating func take(
    _ bytes: UnsafeBufferPointer<UInt8>, _ address: PeerAddress, isProbe: Bool, at now: Instant
  ) {
    guard case .arrives(let arrival, let copyArrival) = way.send(bytes: bytes.count, at: now)
    else { return }
    let datagram = Datagram(bytes: Array(bytes), address: address, isProbe: isProbe)
    hold(datagram, until: arrival)
    if let copyArrival { hold(datagram, until: copyArrival) }
  }

  private mutating func hold(_ datagram: Datagram, until arrival: Instant) {
    guard byteCount + datagram.bytes.count <= Limits.impairedBytesMax,
      let slot = datagrams.insert(datagram)
    else {
      dropped += 1
      return
    }
    byteCount += datagram.bytes.count
    arrivals.insert(arrival, slot)
  }

  func isDue(at now: Instant) -> Bool { arrivals.first.map { $0 <= Self.soon(now) } ?? false }

  private static func soon(_ now: Instant) -> Instant {
    now.advanced(byNanoseconds: togetherNanoseconds)
  }

  mutating func next(at now: Instant) -> Datagram? {
    guard let slot = arrivals.popDue(Self.soon(now)) else { return nil }
    let datagram = datagrams.remove(slot)
    byteCount -= datagram.bytes.count
    return datagram
  }
}
