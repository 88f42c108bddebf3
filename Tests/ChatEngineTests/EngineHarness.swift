@testable import ChatEngine

/// One datagram that the engine sent.
struct Sent: Equatable, CustomStringConvertible {
  let address: PeerAddress
  let bytes: [UInt8]

  init(_ address: PeerAddress, _ bytes: [UInt8]) {
    (self.address, self.bytes) = (address, bytes)
  }

  init(_ address: PeerAddress, _ text: String) { self.init(address, Array(text.utf8)) }

  var description: String { "\(address) ← \(ShownText.string(Array(bytes.prefix(80))))" }
}

/// A server's engine driven by bytes and times, with no socket: what it sends is handed back as
/// addresses and bytes.
final class EngineHarness {
  let engine: ServerEngine
  var now = Instant(nanoseconds: 1_000_000_000_000)
  /// 12:34:56 UTC.
  var wall = WallClock(unixSeconds: 45_296)

  init(_ change: (inout ServerConfiguration) -> Void = { _ in }) {
    var configuration = ServerConfiguration()
    change(&configuration)
    engine = ServerEngine(configuration)
  }

  /// A private address of its own for each number.
  static func address(_ number: Int) -> PeerAddress {
    PeerAddress(
      v4: 10, UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255), port: 4_000)
  }

  private var time: TurnTime { TurnTime(instant: now, wall: wall) }

  /// Hands a datagram to the engine.
  ///
  /// - Returns: what it sent, in order.
  @discardableResult
  func receive(_ bytes: [UInt8], from address: PeerAddress) -> [Sent] {
    engine.receive(bytes.span, from: address, at: time)
    return takeSent()
  }

  @discardableResult
  func receive(_ text: String, from number: Int) -> [Sent] {
    receive(Array(text.utf8), from: Self.address(number))
  }

  @discardableResult
  func reportUnreachable(_ number: Int) -> [Sent] {
    engine.handleUnreachable(Self.address(number), at: time)
    return takeSent()
  }

  /// Moves the clock on and lets the engine do what is due.
  @discardableResult
  func advance(by span: Duration) -> [Sent] {
    now = now + span
    engine.advance(to: time)
    return takeSent()
  }

  @discardableResult
  func shutDown() -> [Sent] {
    engine.announceShutdown()
    return takeSent()
  }

  /// Empties the outbox.
  func takeSent() -> [Sent] {
    let outbox = engine.output.outbox
    let sent = outbox.deliveries[outbox.sent...].map { delivery in
      let payload = outbox.payloads[Int(delivery.payload.index)]
      let start = Int(payload.offset)
      return Sent(delivery.address, Array(outbox.bytes[start..<start + Int(payload.length)]))
    }
    engine.output.outbox.removeAll()
    return sent
  }

  /// The transcript since the last time.
  func takeTranscript() -> String {
    defer { engine.output.transcript.removeAll() }
    return String(decoding: engine.output.transcript, as: UTF8.self)
  }

  func drops(_ reason: DropReason) -> UInt64 { engine.output.counters.drops(reason) }
}

/// What was sent to the address of `number`, as text.
func sent(_ number: Int, _ text: String) -> Sent { Sent(EngineHarness.address(number), text) }

extension [Sent] {
  /// The same deliveries in an order that does not depend on who is told first.
  var byAddress: [Sent] {
    enumerated().sorted { a, b in
      (a.element.address.low, a.offset) < (b.element.address.low, b.offset)
    }.map(\.element)
  }
}

extension LogValue {
  /// The value as text, whatever it holds.
  var plain: String {
    switch self {
    case .text(let text): text
    case .number(let number): "\(number)"
    }
  }
}
