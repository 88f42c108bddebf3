@testable import ChatEngine

/// A sender whose window is always full, over a path that loses only what it is told to.
final class CongestionFlow {
  var control = CongestionControl()
  var trip = RoundTrip()
  var now = Instant(nanoseconds: 1_000_000_000)

  /// The window in datagrams of 1,200 bytes.
  var segments: Double { Double(control.windowBytes) / 1_200 }

  /// In slow start: brings the window to so many datagrams with one acknowledgment.
  init(segments: Int = 10, roundTrip milliseconds: Double = 50) {
    let bytes = segments * 1_200 - control.windowBytes
    if bytes > 0 { ack(bytes: bytes, milliseconds: milliseconds) }
  }

  /// An acknowledgment of what was sent so many milliseconds ago.
  func ack(bytes: Int, milliseconds: Double, isLimited: Bool = true) {
    let nanoseconds = Int64(milliseconds * 1e6)
    trip.sample(latest: nanoseconds, ackDelay: 0)
    control.onSent(bytes: bytes)
    control.onAcked(
      bytes: bytes, sentAt: now.advanced(byNanoseconds: -nanoseconds), now: now, roundTrip: trip,
      wasWindowLimited: isLimited)
  }

  /// Goes on for `seconds`; each round trip a window is acknowledged, in ten pieces.
  func run(seconds: Double, roundTrip milliseconds: Double, isLimited: Bool = true) {
    let pieces = Int((seconds * 1_000 / milliseconds * 10).rounded())
    for _ in 0..<pieces {
      now = now.advanced(byNanoseconds: Int64(milliseconds * 1e5))
      ack(bytes: control.windowBytes / 10, milliseconds: milliseconds, isLimited: isLimited)
    }
  }

  /// Loses a datagram that was sent just now, and waits until what was in flight is acknowledged.
  func lose(roundTrip milliseconds: Double) {
    control.onSent(bytes: 1_200)
    control.onLost(bytes: 1_200, newestLostSentAt: now, now: now)
    run(seconds: milliseconds / 1_000, roundTrip: milliseconds)
  }
}
