import Testing

@testable import ChatEngine

@Suite("Pacer")
struct PacerTests {
  private let start = Instant(nanoseconds: 7_000_000_000)

  /// A pacer for a window of so many datagrams and a round trip, that sends whenever it may.
  private final class Sender {
    var pacer = Pacer()
    var now: Instant
    var sends = 0

    /// It begins two seconds after `start`.
    init(segments: Int, milliseconds: Double, isSlowStart: Bool = false, at start: Instant) {
      now = start
      let flow = CongestionFlow(segments: segments * 10 / (isSlowStart ? 10 : 7))
      if !isSlowStart { flow.control.onLost(bytes: 0, newestLostSentAt: start, now: start) }
      flow.trip.reset()
      flow.trip.sample(latest: Int64(milliseconds * 1e6), ackDelay: 0)
      pacer.adapt(to: flow.control, flow.trip, at: start)
      // Long enough to fill the bucket.
      now = now + .seconds(2)
    }

    /// Sends datagrams of so many bytes until it must wait; how many bytes.
    func burst(_ bytes: Int = 1_200) -> Int {
      var sum = 0
      while pacer.canSend(bytes: bytes, at: now) {
        pacer.onSent(bytes: bytes, at: now)
        sum += bytes
        sends += 1
      }
      return sum
    }

    /// Sends for `seconds`, waking up when it should; how many bytes.
    func run(seconds: Double) -> Int {
      let end = now.advanced(byNanoseconds: Int64(seconds * 1e9))
      var sum = burst()
      while pacer.nextSend(bytes: 1_200) <= end {
        now = pacer.nextSend(bytes: 1_200)
        let sent = burst()
        #expect(sent > 0, "it was woken for nothing")
        if sent == 0 { break }
        sum += sent
      }
      return sum
    }
  }

  private func isClose(_ value: Int, _ expected: Double, percent: Double) -> Bool {
    abs(Double(value) - expected) <= expected * percent / 100
  }

  @Test("Ten datagrams go at once, then 1.25 windows in a round trip")
  func sendsSteadily() {
    let sender = Sender(segments: 70, milliseconds: 100, at: start)
    #expect(sender.burst() == 12_000)
    // 1.25 · 84,000 bytes in 100 ms.
    #expect(isClose(sender.run(seconds: 10), 10_500_000, percent: 0.5))
  }

  @Test("In slow start it is twice the window")
  func sendsFasterInSlowStart() {
    let sender = Sender(segments: 100, milliseconds: 100, isSlowStart: true, at: start)
    _ = sender.burst()
    #expect(isClose(sender.run(seconds: 10), 24_000_000, percent: 0.5))
  }

  @Test("A near peer gets 64 KiB at once, a fast one a millisecond's worth")
  func holdsBursts() {
    let near = Sender(segments: 70, milliseconds: 1.9, at: start)
    #expect(near.burst(16) == 65_536)
    let fast = Sender(segments: 7_000, milliseconds: 20, at: start)
    // 1.25 · 8,400,000 bytes in 20 ms are 525,000 in one.
    #expect(isClose(fast.burst(100), 525_000, percent: 0.1))
  }

  @Test("A pause fills the bucket and no more")
  func fillsUp() {
    let sender = Sender(segments: 70, milliseconds: 100, at: start)
    for _ in 0..<3 {
      #expect(sender.burst() == 12_000)
      sender.now = sender.now + .seconds(3_600)
    }
  }

  @Test("When it says, it may send; a moment sooner it may not")
  func tellsWhen() {
    // 21,000 bytes a second: far less than one datagram in half a millisecond.
    let sender = Sender(segments: 7, milliseconds: 500, at: start)
    _ = sender.burst()
    for _ in 0..<50 {
      let next = sender.pacer.nextSend(bytes: 1_200)
      #expect(next > sender.now)
      #expect(!sender.pacer.canSend(bytes: 1_200, at: next.advanced(byNanoseconds: -1_000)))
      sender.now = next
      #expect(sender.burst() == 1_200)
    }
    sender.now = sender.now + .seconds(9)
    #expect(sender.pacer.nextSend(bytes: 1_200) <= sender.now)
  }

  @Test("A fast sender wakes up for half a millisecond's worth, not for each datagram")
  func wakesSeldom() {
    let sender = Sender(segments: 7_000, milliseconds: 20, at: start)
    _ = sender.burst()
    sender.sends = 0
    var wakes = 0
    while sender.now < start + .seconds(3) {
      sender.now = sender.pacer.nextSend(bytes: 1_200)
      _ = sender.burst()
      wakes += 1
    }
    #expect(wakes <= 2_100 && sender.sends > 430_000)
  }

  @Test("What goes without asking is paid for, but for one burst at most")
  func paysDebts() {
    let sender = Sender(segments: 70, milliseconds: 100, at: start)
    sender.pacer.onSent(bytes: 1_000_000, at: sender.now)
    let next = sender.pacer.nextSend(bytes: 1_200)
    // 12,000 owed and 1,200 to send, at 1,050 bytes a millisecond.
    #expect(isClose(Int(next.nanoseconds(since: sender.now)), 12_571_428, percent: 0.1))
  }

  @Test("A datagram that is longer than the bucket goes when that is full")
  func sendsLongOnes() {
    var pacer = Pacer()
    #expect(pacer.canSend(bytes: 65_507, at: start))
    pacer.onSent(bytes: 65_507, at: start)
    let next = pacer.nextSend(bytes: 65_507)
    #expect(pacer.canSend(bytes: 65_507, at: next) && next < start + .seconds(1))
  }

  @Test("It is small: there is one for each session")
  func isSmall() {
    #expect(MemoryLayout<Pacer>.size <= 32)
  }
}
