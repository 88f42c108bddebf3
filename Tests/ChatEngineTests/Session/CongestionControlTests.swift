import Testing

@testable import ChatEngine

@Suite("CongestionControl")
struct CongestionControlTests {
  private func isClose(_ value: Double, _ expected: Double, within range: Double) -> Bool {
    abs(value - expected) <= range
  }

  @Test("It begins with ten datagrams, and counts what is in flight")
  func begins() {
    var control = CongestionControl()
    #expect(control.windowBytes == 12_000 && control.isSlowStart && control.bytesInFlight == 0)
    control.onSent(bytes: 11_000)
    #expect(control.bytesInFlight == 11_000)
    control.onDiscarded(bytes: 1_000)
    #expect(control.bytesInFlight == 10_000 && control.windowBytes == 12_000)
    control.onDiscarded(bytes: 99_000)
    #expect(control.bytesInFlight == 0)
  }

  @Test("In slow start the window grows by what is acknowledged")
  func doubles() {
    let flow = CongestionFlow()
    flow.run(seconds: 0.05, roundTrip: 50)
    #expect(isClose(flow.segments, 10 * 2.59, within: 0.1), "ten acknowledgments of a tenth each")
    #expect(flow.control.bytesInFlight == 0)
  }

  @Test("A loss takes 30 % once in a round trip")
  func shrinksOnce() {
    let flow = CongestionFlow(segments: 100)
    let before = flow.now
    flow.control.onLost(bytes: 1_200, newestLostSentAt: before, now: before)
    #expect(flow.control.windowBytes == 84_000 && !flow.control.isSlowStart)
    flow.now = before + .milliseconds(50)
    flow.control.onLost(bytes: 1_200, newestLostSentAt: before, now: flow.now)
    #expect(flow.control.windowBytes == 84_000)
    flow.ack(bytes: 50_000, milliseconds: 50)
    #expect(flow.control.windowBytes == 84_000, "that was sent before the loss was known")
    let later = before + .nanoseconds(1)
    flow.control.onLost(bytes: 1_200, newestLostSentAt: later, now: flow.now)
    #expect(isClose(flow.segments, 49, within: 0.01))
  }

  /// W_max = 100, K = ∛(30 / 0.4) = 4.217 s, W(t) = 0.4 (t − K)³ + 100.
  @Test("After a loss the window follows the cubic curve", arguments: [200.0, 400.0])
  func followsCurve(milliseconds: Double) {
    let flow = CongestionFlow(segments: 100, roundTrip: milliseconds)
    flow.lose(roundTrip: milliseconds)
    #expect(isClose(flow.segments, 70, within: 0.5))
    for (step, expected) in [(2.0, 95.64), (2.217, 100.0), (2.0, 103.2), (2.0, 125.62)] {
      flow.run(seconds: step, roundTrip: milliseconds)
      #expect(isClose(flow.segments, expected, within: 1.5), "\(flow.segments)")
    }
  }

  /// With a short round trip Reno is faster: 0.529 datagrams in each, and 1 beyond the old window.
  @Test("Where Reno would be faster the window grows as Reno's does")
  func isRenoFriendly() {
    let flow = CongestionFlow(segments: 100, roundTrip: 10)
    flow.lose(roundTrip: 10)
    for (step, expected) in [(0.3, 85.88), (0.267, 100.0), (0.5, 150.0)] {
      flow.run(seconds: step, roundTrip: 10)
      #expect(isClose(flow.segments, expected, within: 0.75), "\(flow.segments)")
    }
  }

  @Test("What is not used does not grow, and time without use is not made up for")
  func needsUse() {
    let flow = CongestionFlow()
    flow.run(seconds: 5, roundTrip: 50, isLimited: false)
    #expect(flow.control.windowBytes == 12_000 && flow.control.isSlowStart)
    let pausing = CongestionFlow(segments: 100, roundTrip: 200)
    let steady = CongestionFlow(segments: 100, roundTrip: 200)
    for flow in [pausing, steady] { flow.lose(roundTrip: 200) }
    pausing.run(seconds: 60, roundTrip: 200, isLimited: false)
    #expect(isClose(pausing.segments, 70, within: 0.5))
    for flow in [pausing, steady] { flow.run(seconds: 1, roundTrip: 200) }
    #expect(isClose(pausing.segments, steady.segments, within: 0.1))
    // An hour in which nothing is sent at all counts for no more than the round trip after it.
    pausing.now = pausing.now + .seconds(3_600)
    for flow in [pausing, steady] { flow.run(seconds: 0.2, roundTrip: 200) }
    steady.run(seconds: 0.2, roundTrip: 200)
    #expect(isClose(pausing.segments, steady.segments, within: 1))
  }

  @Test("While a queue stands on the path the window does not grow, and goes on after it")
  func leavesRoomForTalk() {
    let flow = CongestionFlow(segments: 100, roundTrip: 20)
    flow.lose(roundTrip: 20)
    flow.run(seconds: 1, roundTrip: 60)
    // It takes a while for the smoothed round trip to be more than 2 · 20 + 20 ms.
    flow.run(seconds: 2, roundTrip: 61)
    let standing = flow.control.windowBytes
    flow.run(seconds: 20, roundTrip: 61)
    #expect(flow.control.windowBytes == standing)
    flow.run(seconds: 0.5, roundTrip: 20)
    #expect(flow.control.windowBytes > standing && flow.segments < 140)
  }

  @Test("Slow start heeds no queue, so that a first picture is not held back")
  func startsInQueue() {
    let flow = CongestionFlow()
    for milliseconds in [1.0, 40, 40, 40] { flow.ack(bytes: 1_200, milliseconds: milliseconds) }
    #expect(flow.control.isSlowStart && flow.control.windowBytes == 12_000 + 4 * 1_200)
  }

  @Test("After persistent congestion it begins with the least, and ends at the old threshold")
  func beginsAgain() {
    let flow = CongestionFlow(segments: 100)
    flow.lose(roundTrip: 50)
    flow.control.onPersistentCongestion()
    #expect(flow.control.windowBytes == 2_400 && flow.control.isSlowStart)
    flow.run(seconds: 0.3, roundTrip: 50)
    #expect(!flow.control.isSlowStart && isClose(flow.segments, 70, within: 3))
    let first = CongestionFlow(segments: 10)
    first.control.onPersistentCongestion()
    #expect(first.control.windowBytes == 2_400 && first.control.threshold == 8_400)
  }

  @Test("The window is at least two datagrams and at most 16 MiB")
  func isBounded() {
    let flow = CongestionFlow()
    for _ in 0..<20 {
      flow.now = flow.now + .seconds(1)
      flow.control.onLost(bytes: 1_200, newestLostSentAt: flow.now, now: flow.now)
    }
    #expect(flow.control.windowBytes == 2_400)
    let fast = CongestionFlow()
    for _ in 0..<60 { fast.run(seconds: 0.01, roundTrip: 10) }
    #expect(fast.control.windowBytes == 16 << 20)
    fast.lose(roundTrip: 10)
    fast.run(seconds: 100, roundTrip: 10)
    #expect(fast.control.windowBytes <= 16 << 20)
  }

  @Test("Longer datagrams make room for two of them, and the curve goes on from where it is")
  func takesLongerDatagrams() {
    var control = CongestionControl()
    control.datagramBytes = 1_472
    #expect(control.windowBytes == 12_000)
    control.datagramBytes = 65_507
    #expect(control.windowBytes == 131_014 && control.isSlowStart)
    let flow = CongestionFlow(segments: 100, roundTrip: 100)
    flow.lose(roundTrip: 100)
    flow.run(seconds: 3, roundTrip: 100)
    let before = flow.control.windowBytes
    flow.control.datagramBytes = 8_952
    #expect(flow.control.windowBytes == before)
    flow.run(seconds: 0.1, roundTrip: 100)
    // Reno's pace: one datagram, less than that while it is below the old window.
    #expect(flow.control.windowBytes - before < 8_952 && flow.control.windowBytes > before)
    flow.control.datagramBytes = 1_200
    flow.run(seconds: 0.1, roundTrip: 100)
    #expect(flow.control.windowBytes < before + 2 * 8_952)
  }

  @Test("Another path is begun from the start")
  func resets() {
    let flow = CongestionFlow(segments: 100)
    flow.lose(roundTrip: 50)
    flow.control.onSent(bytes: 5_000)
    flow.control.reset(datagramBytes: 1_200)
    #expect(flow.control.windowBytes == 12_000 && flow.control.isSlowStart)
    #expect(flow.control.bytesInFlight == 5_000 && flow.control.threshold.isInfinite)
  }

  @Test("It is small: there is one for each session")
  func isSmall() {
    #expect(MemoryLayout<CongestionControl>.size <= 160)
  }
}
