/// Datagrams that were decided and not yet sent: payloads once, and who gets them.
///
/// A message to a thousand clients is one payload and a thousand deliveries. The caller sends
/// `deliveries[sent...]` and calls `removeAll` when all are out; the room it took stays for the
/// next turn, so that a steady server allocates nothing.
public struct Outbox {
  public struct PayloadID: Hashable, Sendable {
    public var index: UInt32
  }

  /// Where a payload's bytes lie in `bytes`.
  public struct Payload: Sendable {
    public var offset: UInt32
    public var length: UInt32
  }

  public struct Delivery: Sendable {
    public var address: PeerAddress
    public var payload: PayloadID
  }

  public private(set) var bytes: [UInt8] = []
  public private(set) var payloads: [Payload] = []
  public private(set) var deliveries: [Delivery] = []
  /// How many of `deliveries` are out.
  public var sent = 0

  public init() {}

  public var isEmpty: Bool { sent == deliveries.count }

  /// Whether so much waits that the server must send before it decides anything more.
  public var isHigh: Bool {
    deliveries.count - sent >= Limits.outboxDeliveriesHigh || bytes.count >= Limits.outboxBytesHigh
  }

  /// Calls `body` with the payload bytes, the payloads, and the deliveries that are not yet out.
  /// The pointers are good until it returns.
  public func withWaiting<Result>(
    _ body: (
      UnsafePointer<UInt8>, UnsafeBufferPointer<Payload>, UnsafeBufferPointer<Delivery>
    ) -> Result
  ) -> Result {
    bytes.withUnsafeBufferPointer { bytes in
      payloads.withUnsafeBufferPointer { payloads in
        deliveries.withUnsafeBufferPointer { deliveries in
          body(
            bytes.baseAddress!, payloads,
            UnsafeBufferPointer(rebasing: deliveries[sent...]))
        }
      }
    }
  }

  public mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    payloads.removeAll(keepingCapacity: true)
    deliveries.removeAll(keepingCapacity: true)
    sent = 0
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
    let offset = bytes.count
    bytes.append(contentsOf: first.utf8)
    bytes.append(contentsOf: second.utf8)
    bytes.append(contentsOf: third.utf8)
    body.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    payloads.append(Payload(offset: UInt32(offset), length: UInt32(texts + body.count)))
    return PayloadID(index: UInt32(payloads.count - 1))
  }

  @inline(__always)
  public mutating func deliver(_ payload: PayloadID, to address: PeerAddress) {
    deliveries.append(Delivery(address: address, payload: payload))
  }
}
