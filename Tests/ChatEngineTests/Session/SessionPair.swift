import Testing

@testable import ChatEngine

/// One way of a path: what becomes of the datagrams that are sent over it.
struct SimulatedLink {
  var delay = Duration.milliseconds(10)
  /// Nil for a link without a queue.
  var bytesPerSecond: Double?
  /// How long a datagram may wait for those before it; one that would wait longer is dropped.
  var queue = Duration.milliseconds(100)
  /// Longer datagrams are swallowed.
  var mtu = Limits.datagramBytesMax
  var lossPercent = 0
  var duplicatePercent = 0
  /// Each datagram takes up to so much longer, so that some pass others.
  var jitter = Duration.zero
  var isDown = false
  /// Until when the link is busy with what was sent before.
  var busyUntil = Instant(nanoseconds: 0)

  /// When a datagram arrives that is sent now: never, once, or twice.
  mutating func arrivals(
    of count: Int, at now: Instant, _ random: inout SplitMix64
  ) -> [Instant] {
    if isDown || count > mtu || random.chance(lossPercent) { return [] }
    var sent = now
    if let bytesPerSecond {
      let start = max(now, busyUntil)
      if start - now > queue { return [] }
      sent = start.advanced(byNanoseconds: Int64(Double(count) / bytesPerSecond * 1e9))
      busyUntil = sent
    }
    let copies = random.chance(duplicatePercent) ? 2 : 1
    return (0..<copies).map { _ in
      let most = jitter.components.attoseconds / 1_000_000_000
      return (sent + delay).advanced(
        byNanoseconds: most == 0 ? 0 : Int64.random(in: 0...most, using: &random))
    }
  }
}

/// One end of a session, with all that it heard.
final class SessionEnd {
  var session: Session
  var sources = Session.SendSources()
  var outbox = Outbox()
  var random: SecretRandom
  let scratch = PacketScratch()
  /// Where it is, as the other end sees it.
  var ownAddress: PeerAddress
  var link = SimulatedLink()
  /// Whether what came is taken from the session.
  var isReading = true
  var heard: [(at: Instant, message: [UInt8])] = []
  var controls: [[UInt8]] = []
  var objects: [(number: UInt64, bytes: [UInt8])] = []
  /// The side channels that are read, and what came on each.
  var readSides: Set<UInt64> = []
  var sides: [UInt64: [[UInt8]]] = [:]
  /// All datagrams that it sent.
  var sent: [(at: Instant, to: PeerAddress, bytes: [UInt8])] = []
  /// Datagrams that the session did not take.
  var refused = 0

  init(session: consuming Session, address: PeerAddress, seed: UInt8) {
    self.session = session
    ownAddress = address
    random = SecretRandom(seed: [UInt8](repeating: seed, count: 32))
  }

  var ending: Session.Ending? { session.ending }
  var talks: [[UInt8]] { heard.map(\.message) }
  var datagramBytes: Int { session.pathMTU.current }
  var isSettled: Bool { session.isSettled(sources) }
  var isClosing: Bool { session.isClosing }
  /// Where it sends to.
  var target: PeerAddress { session.address }
  var isProven: Bool { session.unprovenBytes == nil }
  var isSlowStart: Bool { session.congestion.isSlowStart }
  var isPathSuspect: Bool { session.probeCount >= Limits.suspectProbeTimeouts }
  var deadline: Instant? { session.nextDeadline }
  var talkSettled: UInt64 { session.talkSettled }
  var controlSettled: UInt64 { session.control.settled }
  var talkReceived: UInt64 { session.talkIn.next }
  /// How many ranges of packet numbers the next ACK names.
  var ackRanges: Int { session.received.numbers.count }

  func expect(_ number: UInt64, length: Int, sharedKey: CipherKey? = nil) -> Bool {
    session.expectObject(number, length: length, sharedKey: sharedKey)
  }

  func takeLost() -> [UInt64] { session.takeLostObjects() }

  func say(_ body: [UInt8]) {
    sources.talk.append { bytes in
      Session.appendMessage(0x10, { $0 += body }, to: &bytes)
    }
  }

  func control(_ body: [UInt8]) { session.sendControl(0x20) { $0 += body } }

  /// Says something in one of the sources' rooms.
  func say(_ body: [UInt8], inRoom room: Int) {
    while sources.rooms.count <= room { sources.rooms.append(ByteLog()) }
    sources.rooms[room].append { bytes in
      Session.appendMessage(0x10, { $0 += body }, to: &bytes)
    }
  }

  /// Says something on a side channel that has bytes of its own.
  func say(_ body: [UInt8], side number: UInt64) {
    session.append(to: number) { bytes in
      Session.appendMessage(0x10, { $0 += body }, to: &bytes)
    }
  }

  /// Expects a side channel, and reads it.
  func expectSide() -> UInt64? {
    guard let number = session.expectSide() else { return nil }
    readSides.insert(number)
    return number
  }

  func open(_ number: UInt64, room: UInt32?, from position: UInt64 = 0) -> Bool {
    session.open(number, room: room, from: position)
  }

  func receive(_ bytes: [UInt8], from source: PeerAddress, at now: Instant) {
    let isTaken = bytes.withUnsafeBufferPointer {
      session.receive($0, from: source, at: now, scratch: scratch, random: &random)
    }
    if !isTaken { refused += 1 }
    if isReading { read(at: now) }
  }

  func read(at now: Instant) {
    while let message = session.takeMessage(.control) { controls.append(Array(message)) }
    while let message = session.takeMessage(.talk) { heard.append((now, Array(message))) }
    for number in readSides {
      while let message = session.takeMessage(side: number) {
        sides[number, default: []].append(Array(message))
      }
    }
    objects += session.takeObjects()
    session.dropTaken()
  }

  /// Lets the session put out what it may.
  func flush(at now: Instant) -> [Sent] {
    var count = 0
    while count < 10_000, !outbox.isHigh, session.send(into: &outbox, from: sources, at: now) {
      count += 1
    }
    let datagrams = outbox.takeDatagrams()
    sent += datagrams.map { (now, $0.address, $0.bytes) }
    return datagrams
  }
}

/// Two ends of a session and the path between them, in virtual time.
final class SessionPair {
  private struct Arrival {
    var at: Instant
    var order: Int
    var toB: Bool
    var source: PeerAddress
    var target: PeerAddress
    var bytes: [UInt8]
  }

  /// The end that keeps alive, as a client, and the other, as a server.
  let a: SessionEnd
  let b: SessionEnd
  var now = Instant(nanoseconds: 1_000_000_000_000)
  /// What a test does to datagrams on their way; nil drops one.
  var change: (([UInt8], _ toB: Bool) -> [UInt8]?)?
  private var random: SplitMix64
  /// The latest first.
  private var arrivals: [Arrival] = []
  private var order = 0

  static func address(_ number: UInt8) -> PeerAddress {
    PeerAddress(v4: 10, 0, 0, number, port: 4_000)
  }

  static func key(_ byte: UInt8) -> CipherKey { CipherKey([UInt8](repeating: byte, count: 32))! }

  init(
    seed: UInt64 = 0, cipher: Cipher = .chaChaPoly,
    _ change: (inout SimulatedLink) -> Void = { _ in }
  ) {
    random = SplitMix64(seed: seed)
    let remote = NoiseTestKeys.server.publicKey
    a = SessionEnd(
      session: Session(
        localID: 11, remoteID: 22, remoteKey: remote, address: Self.address(2),
        keys: (Self.key(1), Self.key(2)), cipher: cipher, keepsAlive: true, at: now),
      address: Self.address(1), seed: 1)
    b = SessionEnd(
      session: Session(
        localID: 22, remoteID: 11, remoteKey: remote, address: Self.address(1),
        keys: (Self.key(2), Self.key(1)), cipher: cipher, keepsAlive: false, at: now),
      address: Self.address(2), seed: 2)
    for end in [a, b] { change(&end.link) }
  }

  /// Lets time pass, at most until `isDone`.
  ///
  /// - Returns: whether it is.
  @discardableResult
  func run(_ span: Duration, until isDone: () -> Bool = { false }) -> Bool {
    let end = now + span
    for _ in 0..<2_000_000 {
      carry(a.flush(at: now), from: a, toB: true)
      carry(b.flush(at: now), from: b, toB: false)
      if isDone() { return true }
      let due = [arrivals.last?.at, a.session.nextDeadline, b.session.nextDeadline]
        .compactMap { $0 }.min()
      guard let due, due <= end else {
        now = end
        return isDone()
      }
      now = max(now, due)
      while let arrival = arrivals.last, arrival.at <= now {
        arrivals.removeLast()
        deliver(arrival)
      }
      for end in [a, b] { end.session.advance(to: now) }
    }
    Issue.record("deadlines that do not move on")
    return false
  }

  private func deliver(_ arrival: Arrival) {
    let end = arrival.toB ? b : a
    guard end.ownAddress == arrival.target else { return }
    end.receive(arrival.bytes, from: arrival.source, at: now)
  }

  private func carry(_ datagrams: [Sent], from end: SessionEnd, toB: Bool) {
    for datagram in datagrams {
      let bytes = change.map { $0(datagram.bytes, toB) } ?? datagram.bytes
      guard let bytes else { continue }
      for at in end.link.arrivals(of: bytes.count, at: now, &random) {
        let arrival = Arrival(
          at: at, order: order, toB: toB, source: end.ownAddress, target: datagram.address,
          bytes: bytes)
        order += 1
        var (low, high) = (0, arrivals.count)
        while low < high {
          let middle = (low + high) / 2
          if arrivals[middle].at > at { low = middle + 1 } else { high = middle }
        }
        arrivals.insert(arrival, at: low)
      }
    }
  }
}

extension ReceivedPackets {
  /// All that is told in an ACK.
  var numbers: RangeSet {
    var all = lower
    if !highest.isEmpty { all.insert(highest) }
    return all
  }
}
