/// Datagrams that were decided and not yet sent: payloads once, and who gets them.
///
/// A message to a thousand clients is one payload and a thousand deliveries; a datagram for one is
/// a payload with one. The bytes lie one after the other in an arena that never moves, so a
/// datagram can be made where it is sent from, and consecutive ones to one address can go out as
/// one message. The caller sends `deliveries[sent...]` and calls `removeAll` when all are out; the
/// room it took stays for the next turn, so that a steady server allocates nothing.
///
/// What always holds: payloads are contiguous in the order of their numbers, none is empty, and
/// while `isHigh` is false there is room for one more datagram of `Limits.datagramBytesMax` and
/// all else that one decision adds (`Limits.outboxBytesMax`).
public struct Outbox: ~Copyable {
  public struct PayloadID: Hashable, Sendable {
    public var index: UInt32
  }

  /// Where a payload's bytes lie in the arena.
  public struct Payload: Sendable {
    public var offset: UInt32
    public var length: UInt32
  }

  public struct Delivery: Sendable {
    public var address: PeerAddress
    public var payload: PayloadID
    /// To be sent with "don't fragment"; its failure is nobody's loss.
    public var isProbe = false
  }

  /// As large as it can get; what was never written costs no memory.
  private var arena = UnsafeMutablePointer<UInt8>.allocate(capacity: Limits.outboxBytesMax)
  /// How far it was written since it was made.
  private var reachedBytes = 0
  /// How many bytes of the arena are in use.
  public private(set) var byteCount = 0
  public private(set) var payloads: [Payload] = []
  public private(set) var deliveries: [Delivery] = []
  /// How many of `deliveries` are out.
  public var sent = 0

  public init() {}

  deinit { arena.deallocate() }

  public var isEmpty: Bool { sent == deliveries.count }

  /// Whether so much waits that the server must send before it decides anything more.
  public var isHigh: Bool {
    deliveries.count - sent >= Limits.outboxDeliveriesHigh || byteCount >= Limits.outboxBytesHigh
  }

  /// Calls `body` with the payload bytes, the payloads, and the deliveries that are not yet out.
  /// The pointers are good until it returns.
  public func withWaiting<Result>(
    _ body: (
      UnsafePointer<UInt8>, UnsafeBufferPointer<Payload>, UnsafeBufferPointer<Delivery>
    ) -> Result
  ) -> Result {
    payloads.withUnsafeBufferPointer { payloads in
      deliveries.withUnsafeBufferPointer { deliveries in
        body(arena, payloads, UnsafeBufferPointer(rebasing: deliveries[sent...]))
      }
    }
  }

  /// The bytes of the last payload; nil where there is none.
  public var lastPayload: [UInt8]? {
    payloads.last.map {
      Array(UnsafeBufferPointer(start: arena + Int($0.offset), count: Int($0.length)))
    }
  }

  public mutating func removeAll() {
    reachedBytes = max(reachedBytes, byteCount)
    byteCount = 0
    payloads.removeAll(keepingCapacity: true)
    deliveries.removeAll(keepingCapacity: true)
    sent = 0
  }

  /// Gives back the room that a large turn took, if nothing waits.
  public mutating func releaseRoom() {
    guard deliveries.isEmpty, byteCount == 0, reachedBytes > Limits.outboxKeptBytesMax else {
      return
    }
    arena.deallocate()
    arena = .allocate(capacity: Limits.outboxBytesMax)
    reachedBytes = 0
    (payloads, deliveries) = ([], [])
  }

  /// Adds a payload made of three texts and a body, one after the other.
  ///
  /// - Returns: nil when all of it together is longer than a datagram can be.
  public mutating func addPayload(
    _ first: String, _ second: String = "", _ third: String = "", body: Span<UInt8> = Span()
  ) -> PayloadID? {
    precondition(!first.isEmpty, "a payload begins with a text")
    let texts = first.utf8.count + second.utf8.count + third.utf8.count
    guard texts + body.count <= Limits.datagramBytesMax else { return nil }
    let room = room(texts + body.count)
    var end = room.initialize(fromContentsOf: first.utf8)
    end = room[end...].initialize(fromContentsOf: second.utf8)
    end = room[end...].initialize(fromContentsOf: third.utf8)
    body.withUnsafeBufferPointer { _ = room[end...].initialize(fromContentsOf: $0) }
    return append(texts + body.count)
  }

  @inline(__always)
  public mutating func deliver(_ payload: PayloadID, to address: PeerAddress) {
    deliveries.append(Delivery(address: address, payload: payload))
  }

  /// Adds a datagram for one address, made in place.
  ///
  /// - Parameters:
  ///   - capacity: the most bytes that `body` writes, at most `Limits.datagramBytesMax`.
  ///   - isProbe: whether it is to be sent with "don't fragment"; when it cannot, it is dropped.
  ///   - body: writes the datagram from the start of what it is given, which is not initialized,
  ///     and returns how long it is. Nothing is added when that is 0.
  @inline(__always)
  public mutating func addDatagram(
    to address: PeerAddress, capacity: Int, isProbe: Bool = false,
    _ body: (UnsafeMutableBufferPointer<UInt8>) -> Int
  ) {
    let length = body(room(capacity))
    precondition(0...capacity ~= length, "a datagram longer than its room")
    if length == 0 { return }
    deliveries.append(Delivery(address: address, payload: append(length), isProbe: isProbe))
  }

  /// Adds a datagram for one address that was made already.
  public mutating func addDatagram(_ bytes: [UInt8], to address: PeerAddress) {
    addDatagram(to: address, capacity: bytes.count) { $0.initialize(fromContentsOf: bytes) }
  }

  /// Where the next payload of up to `capacity` bytes goes.
  private func room(_ capacity: Int) -> UnsafeMutableBufferPointer<UInt8> {
    precondition(
      0...Limits.datagramBytesMax ~= capacity && capacity <= Limits.outboxBytesMax - byteCount,
      "more was decided before anything was sent than the outbox holds")
    return UnsafeMutableBufferPointer(start: arena + byteCount, count: capacity)
  }

  /// Makes what was written at the arena's end the next payload.
  private mutating func append(_ length: Int) -> PayloadID {
    payloads.append(Payload(offset: UInt32(byteCount), length: UInt32(length)))
    byteCount += length
    return PayloadID(index: UInt32(payloads.count - 1))
  }
}
