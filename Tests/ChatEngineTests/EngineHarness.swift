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
    // What lies on the link is a matter of the machine.
    configuration.discovery = .any
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

  /// Hands a datagram to the engine that came to the port on which servers are looked for.
  ///
  /// - Returns: what is to be answered from there.
  func receiveQuestion(_ bytes: [UInt8], from address: PeerAddress) -> [UInt8]? {
    engine.receiveQuestion(bytes.span, from: address, at: time)
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
    engine.announceShutdown(at: time)
    return takeSent()
  }

  /// Empties the outbox.
  func takeSent() -> [Sent] { engine.turn.output.outbox.takeDatagrams() }

  /// The transcript since the last time.
  func takeTranscript() -> String {
    defer { engine.turn.output.transcript.removeAll() }
    return String(decoding: engine.turn.output.transcript, as: UTF8.self)
  }

  func drops(_ reason: DropReason) -> UInt64 { engine.turn.output.counters.drops(reason) }
}

extension Outbox {
  /// What waits, as somebody would have it who sends it; empties it.
  mutating func takeDatagrams() -> [Sent] {
    defer { removeAll() }
    return withWaiting { bytes, payloads, deliveries in
      deliveries.map { delivery in
        let payload = payloads[Int(delivery.payload.index)]
        let datagram = UnsafeBufferPointer(
          start: bytes + Int(payload.offset), count: Int(payload.length))
        return Sent(delivery.address, Array(datagram))
      }
    }
  }
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
