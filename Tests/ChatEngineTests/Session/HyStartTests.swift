import Testing

@testable import ChatEngine

@Suite("HyStart")
struct HyStartTests {
  /// A slow start over rounds whose length the test says.
  private final class Start {
    var hyStart = HyStart()
    var window = 12_000
    private var now = Instant(nanoseconds: 1_000_000_000)

    /// One round: the window is acknowledged in ten pieces.
    func round(_ milliseconds: Double, bytes: Int? = nil) {
      let length = Int64(milliseconds * 1e6)
      let piece = (bytes ?? window) / 10
      // All was sent when the round began, and comes back from the end of the round on.
      let sentAt = now
      now = now.advanced(byNanoseconds: length)
      for _ in 0..<10 {
        window += hyStart.growth(
          bytes: piece, sentAt: sentAt, now: now, roundTrip: length, datagramBytes: 1_200)
      }
    }
  }

  @Test("While round trips stay as they are the window doubles")
  func doubles() {
    let start = Start()
    for _ in 0..<6 { start.round(50) }
    #expect(start.window == 12_000 << 6 && !start.hyStart.isConservative)
  }

  @Test("Round trips that grow by an eighth slow it down, and five rounds later it is over")
  func ends() {
    let start = Start()
    for _ in 0..<3 { start.round(50) }
    #expect(start.window == 96_000)
    start.round(56.2)
    #expect(start.window == 192_000 && !start.hyStart.isConservative, "less than 6.25 ms more")
    start.round(50)
    start.round(62.5)
    #expect(start.hyStart.isConservative)
    let before = start.window
    for round in 1...4 {
      start.round(62.5)
      #expect(!start.hyStart.isDone, "round \(round)")
    }
    #expect(abs(Double(start.window) / Double(before) - 2.44) < 0.01, "1.25 to the fourth")
    start.round(62.5)
    #expect(start.hyStart.isDone)
    let after = start.window
    start.round(62.5)
    #expect(start.window == after)
  }

  @Test("Jitter is forgiven when round trips shrink again")
  func forgivesJitter() {
    let start = Start()
    for milliseconds in [50.0, 50, 70] { start.round(milliseconds) }
    #expect(start.hyStart.isConservative)
    start.round(65)
    #expect(!start.hyStart.isConservative && !start.hyStart.isDone)
    let before = start.window
    start.round(65)
    #expect(start.window == before * 2)
  }

  @Test("Less than 4 ms never count, more than 16 ms always")
  func clampsDelay() {
    func isSlowed(_ first: Double, _ second: Double) -> Bool {
      let start = Start()
      start.round(first)
      start.round(second)
      return start.hyStart.isConservative
    }
    #expect(!isSlowed(1, 4.9) && isSlowed(1, 5.1))
    #expect(!isSlowed(400, 415) && isSlowed(400, 417))
  }

  @Test("A round of less than eight datagrams says nothing")
  func needsSamples() {
    let start = Start()
    start.round(50)
    start.round(90, bytes: 8 * 1_200 - 10)
    #expect(!start.hyStart.isConservative)
    start.round(150, bytes: 8 * 1_200)
    #expect(start.hyStart.isConservative)
  }

  @Test("The session's window leaves slow start with it")
  func endsSlowStart() {
    let flow = CongestionFlow()
    flow.run(seconds: 0.15, roundTrip: 50)
    for _ in 0..<8 { flow.run(seconds: 0.07, roundTrip: 70) }
    #expect(!flow.control.isSlowStart)
    #expect(Int(flow.control.threshold) <= flow.control.windowBytes)
    let window = flow.control.windowBytes
    flow.run(seconds: 0.07, roundTrip: 70)
    #expect(flow.control.windowBytes - window < 2 * 1_200)
  }
}
