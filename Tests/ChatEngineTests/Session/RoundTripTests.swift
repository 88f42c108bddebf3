import Testing

@testable import ChatEngine

@Suite("RoundTrip")
struct RoundTripTests {
  private let millisecond: Int64 = 1_000_000

  /// After samples of round trips and delays in milliseconds.
  private func after(_ samples: (latest: Int64, delay: Int64)...) -> RoundTrip {
    var trip = RoundTrip()
    for (latest, delay) in samples {
      trip.sample(latest: latest * millisecond, ackDelay: delay * millisecond)
    }
    return trip
  }

  @Test("Before the first sample, a path is taken for a slow one")
  func begins() {
    let trip = RoundTrip()
    #expect(!trip.hasSample && trip.minimum == 0)
    #expect(trip.smoothed == 333 * millisecond && trip.variation == 166_500_000)
    // 333 + 4 · 166.5 + 50.
    #expect(trip.probeTimeout == 1_049 * millisecond)
    #expect(trip.lossDelay == 374_625_000)
  }

  @Test("The first sample is taken whole, its delay notwithstanding")
  func takesFirst() {
    let trip = after((100, 40))
    #expect(trip.hasSample && trip.latest == 100 * millisecond && trip.minimum == trip.latest)
    #expect(trip.smoothed == 100 * millisecond && trip.variation == 50 * millisecond)
    #expect(trip.probeTimeout == 350 * millisecond && trip.lossDelay == 112_500_000)
  }

  @Test("Further samples count for an eighth, less the peer's delay")
  func smooths() {
    let trip = after((100, 0), (200, 20))
    // 7/8 · 100 + 1/8 · 180, and 3/4 · 50 + 1/4 · |100 − 180|.
    #expect(trip.smoothed == 110 * millisecond && trip.variation == 57_500_000)
    #expect(trip.adjusted == 180 * millisecond && trip.minimum == 100 * millisecond)
    #expect(trip.lossDelay == 225 * millisecond, "9/8 of the latest, which is the longer one")
  }

  @Test("A delay counts as far as it does not make the way shorter than the least")
  func doubtsDelays() {
    #expect(after((100, 0), (110, 11)).adjusted == 100 * millisecond)
    #expect(after((1, 0), (50, 50)).adjusted == millisecond)
    #expect(after((100, 0), (110, 10)).adjusted == 100 * millisecond)
    #expect(after((100, 0), (300, 200)).adjusted == 250 * millisecond, "at most 50 ms count")
    #expect(after((100, 0), (200, -9)).adjusted == 200 * millisecond)
  }

  @Test("The least is kept until it is forgotten")
  func keepsMinimum() {
    var trip = after((100, 0), (80, 0), (300, 0))
    #expect(trip.minimum == 80 * millisecond)
    trip.forgetMinimum()
    trip.sample(latest: 200 * millisecond, ackDelay: 0)
    #expect(trip.minimum == 200 * millisecond && trip.hasSample)
    trip.reset()
    #expect(trip.minimum == 0 && !trip.hasSample && trip.smoothed == 333 * millisecond)
  }

  @Test("Waits are at least a millisecond, and times from nowhere do no harm")
  func isBounded() {
    var trip = RoundTrip()
    for _ in 0..<100 { trip.sample(latest: 30_000, ackDelay: 0) }
    #expect(trip.lossDelay == millisecond)
    #expect(trip.probeTimeout == 51 * millisecond + 30_000)
    for latest in [Int64.max, .min, 0] { trip.sample(latest: latest, ackDelay: .max) }
    #expect(trip.minimum == 1 && trip.smoothed > 0 && trip.probeTimeout < 120_000 * millisecond)
  }
}
