import Testing

@testable import ChatEngine

@Suite("JoinBudgets")
struct JoinBudgetsTests {
  private let now = Instant(nanoseconds: 1_000_000_000)

  private func address(_ host: UInt8, port: UInt16 = 1) -> PeerAddress {
    PeerAddress(v4: 10, 0, 0, host, port: port)
  }

  @Test("An address has a budget whatever its port; over it, some are told and the rest is not")
  func limits() {
    var joins = JoinBudgets(rate: Rate(perSecond: 10, burst: 3), hashSeed: 1)
    let verdicts = (0..<20).map { joins.take(address(1, port: $0), at: now) }
    let refused = Limits.joinRefusalsPerSecond
    #expect(verdicts.prefix(3).allSatisfy { $0 == .granted })
    #expect(verdicts[3..<3 + refused].allSatisfy { $0 == .refused })
    #expect(verdicts[(3 + refused)...].allSatisfy { $0 == .ignored })
    #expect(joins.take(address(2), at: now) == .granted)
    #expect(joins.take(address(1), at: now + .milliseconds(100)) == .granted)
    #expect(joins.take(address(1), at: now + .milliseconds(100)) == .ignored)
    #expect(joins.take(address(1), at: now + .seconds(1)) == .granted)
  }

  @Test("A rate of 0 limits nothing")
  func limitsNothing() {
    var joins = JoinBudgets(rate: Rate(perSecond: 0, burst: 1), hashSeed: 1)
    for _ in 0..<10_000 { #expect(joins.take(address(1), at: now) == .granted) }
  }

  @Test("Which addresses share a budget depends on the seed, and on nothing else")
  func sharesBySeed() {
    func sharers(_ seed: UInt64) -> [Int] {
      var joins = JoinBudgets(rate: Rate(perSecond: 1, burst: 1), hashSeed: seed)
      return (0..<2_000).filter { number in
        let address = PeerAddress(v4: 10, 0, UInt8(number >> 8), UInt8(number & 255), port: 1)
        return joins.take(address, at: now) != .granted
      }
    }
    #expect(sharers(1) == sharers(1))
    #expect(sharers(1) != sharers(2))
    #expect(sharers(1).count >= 2_000 - Limits.joinBudgets)
  }
}
