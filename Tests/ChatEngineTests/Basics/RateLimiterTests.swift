import Testing

@testable import ChatEngine

@Suite("RateLimiter")
struct RateLimiterTests {
  private let start = Instant(nanoseconds: 5_000_000_000)

  /// A limiter with its rate, so that an expectation can take from it.
  private final class Bucket {
    let rate: Rate
    var limiter = RateLimiter()

    init(perSecond: Int, burst: Int) { rate = Rate(perSecond: perSecond, burst: burst) }

    func take(at now: Instant) -> Bool { limiter.take(rate, at: now) }
    var next: Instant { limiter.nextTake(rate) }

    /// How many of `tries` were granted, one every `gap`.
    func granted(from start: Instant, every gap: Duration, tries: Int) -> Int {
      (0..<tries).count { take(at: start + gap * $0) }
    }
  }

  @Test("The burst is granted at once, and not one more")
  func grantsBurst() {
    for burst in [1, 2, 400] {
      let bucket = Bucket(perSecond: 10, burst: burst)
      #expect(bucket.granted(from: start, every: .zero, tries: 500) == burst)
    }
  }

  @Test("After the burst the steady rate is granted")
  func grantsSteadyRate() {
    let bucket = Bucket(perSecond: 20, burst: 5)
    #expect(bucket.granted(from: start, every: .zero, tries: 9) == 5)
    let next = start + .milliseconds(50)
    #expect(bucket.granted(from: next, every: .milliseconds(1), tries: 1_000) == 20)
  }

  @Test("An interval brings exactly one, and a moment less brings none")
  func grantsAtTheEdge() {
    let bucket = Bucket(perSecond: 4, burst: 1)
    #expect(bucket.take(at: start))
    #expect(!bucket.take(at: start + .nanoseconds(249_999_999)))
    #expect(bucket.take(at: start + .milliseconds(250)))
    #expect(!bucket.take(at: start + .milliseconds(250)))
  }

  @Test("A long silence fills the bucket to the burst and no higher")
  func refillsToBurst() {
    let bucket = Bucket(perSecond: 100, burst: 7)
    #expect(bucket.granted(from: start, every: .zero, tries: 20) == 7)
    let later = start + .seconds(3_600)
    #expect(bucket.granted(from: later, every: .zero, tries: 20) == 7)
  }

  @Test("A refusal costs nothing")
  func refusesForFree() {
    let bucket = Bucket(perSecond: 1, burst: 1)
    #expect(bucket.take(at: start))
    for step in 1...99 { #expect(!bucket.take(at: start + .milliseconds(10 * step))) }
    #expect(bucket.take(at: start + .seconds(1)))
  }

  @Test("A rate of 0 is no limit")
  func knowsNoLimit() {
    let bucket = Bucket(perSecond: 0, burst: 1)
    #expect(bucket.granted(from: start, every: .zero, tries: 5_000) == 5_000)
    #expect(bucket.next <= start)
  }

  @Test("nextTake names the first moment at which take succeeds")
  func namesTheNextMoment() {
    let bucket = Bucket(perSecond: 8, burst: 3)
    #expect(bucket.next <= start)
    #expect(bucket.granted(from: start, every: .zero, tries: 3) == 3)
    let next = bucket.next
    #expect(next == start + .milliseconds(125))
    #expect(!bucket.take(at: next + .nanoseconds(-1)))
    #expect(bucket.take(at: next))
  }

  @Test("The highest rate and burst that can be set do not overflow")
  func takesTheHighestRate() {
    let bucket = Bucket(perSecond: Limits.ratePerSecondMax, burst: Limits.ratePerSecondMax)
    #expect(bucket.take(at: Instant(nanoseconds: 0)))
    #expect(bucket.next == Instant(nanoseconds: 0))
  }
}
