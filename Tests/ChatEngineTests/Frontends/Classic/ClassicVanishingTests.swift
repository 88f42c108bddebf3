import Testing

@testable import ChatEngine

@Suite("Classic clients that vanish")
struct ClassicVanishingTests {
  private func lobby(idle: Duration = .seconds(60)) -> EngineHarness {
    let harness = EngineHarness { $0.idleTimeout = idle }
    harness.receive("Ann has joined the chat.", from: 1)
    harness.now = harness.now + .seconds(10)
    harness.receive("Bob:join", from: 2)
    harness.now = harness.now + .seconds(10)
    harness.receive("Cid has joined the chat.", from: 3)
    _ = harness.takeTranscript()
    return harness
  }

  @Test("A client that nobody is at any more is gone at once, and announced once")
  func dropsUnreachable() {
    let harness = lobby()
    #expect(
      harness.reportUnreachable(2).byAddress == [
        sent(1, "Bob has left the chat."), sent(3, "Bob has left the chat."),
      ])
    #expect(harness.reportUnreachable(2) == [])
    #expect(harness.reportUnreachable(77) == [])
    #expect(harness.receive("Bob:exit", from: 2) == [])
    #expect(harness.engine.clientCount == 2)
    let counters = harness.engine.turn.output.counters
    #expect(counters.lost == 1 && counters.left == 0)
    #expect(harness.takeTranscript() == "12:34:56 * Bob was lost\n")
  }

  @Test("Being lost is logged with the reason")
  func logsLosses() {
    let harness = lobby()
    harness.reportUnreachable(2)
    harness.advance(by: .seconds(3_600))
    let records = harness.engine.turn.output.takeLog().filter { $0.event == "lost" }
    #expect(records.map { $0.fields[0].1.plain } == ["Bob", "Ann", "Cid"])
    #expect(records.map { $0.fields[1].1.plain } == ["unreachable", "idle", "idle"])
  }

  @Test("Whoever was silent the longest goes first, at its own moment, and is told")
  func expiresInOrder() {
    let harness = lobby()
    #expect(harness.engine.nextDeadline == harness.now + .seconds(40))
    #expect(harness.advance(by: .seconds(40) - .nanoseconds(1)) == [])
    #expect(
      harness.advance(by: .nanoseconds(1)).byAddress == [
        sent(1, ClassicText.idle), sent(2, "User Ann left"), sent(3, "Ann has left the chat."),
      ])
    #expect(harness.engine.nextDeadline == harness.now + .seconds(10))
    #expect(harness.advance(by: .seconds(10)).contains(sent(3, "Bob has left the chat.")))
    #expect(harness.advance(by: .seconds(10)) == [sent(3, ClassicText.idle)])
    #expect(harness.engine.nextDeadline == nil)
    #expect(harness.engine.clientCount == 0)
    #expect(harness.engine.turn.output.counters.lost == 3)
  }

  @Test("Anything that a client sends keeps it, also what is dropped")
  func staysWhileHeard() {
    let harness = lobby()
    harness.now = harness.now + .seconds(39)
    harness.receive([0xff], from: EngineHarness.address(1))
    #expect(harness.advance(by: .seconds(1)) == [])
    #expect(harness.engine.nextDeadline == harness.now + .seconds(10))
    let told = harness.advance(by: .seconds(10))
    #expect(told.contains(sent(1, "Bob has left the chat.")))
    #expect(harness.engine.clientCount == 2)
  }

  @Test("A client that comes back after it was let go is a new one")
  func takesBack() {
    let harness = lobby()
    harness.advance(by: .seconds(3_600))
    #expect(harness.engine.clientCount == 0)
    harness.receive("Bob:join", from: 2)
    #expect(harness.receive("Ann: back", from: 1).contains(sent(2, "Ann joined")))
  }

  @Test("An idle time that is longer than the clock keeps everybody")
  func canBeForEver() {
    let harness = lobby(idle: .seconds(Int64.max))
    #expect(harness.engine.nextDeadline == Instant(nanoseconds: .max))
    #expect(harness.advance(by: .seconds(100_000)) == [])
    #expect(harness.engine.clientCount == 3)
  }

  @Test("In random order of speaking, clients expire in the order in which they were last heard")
  func keepsTheOrder() {
    var random = SplitMix64(seed: 21)
    let harness = EngineHarness {
      $0.idleTimeout = .seconds(1_000)
      $0.joinsPerSecond = 0
    }
    var order: [Int] = []
    for _ in 0..<600 {
      harness.now = harness.now + .milliseconds(1)
      let number = Int.random(in: 1...60, using: &random)
      order.removeAll { $0 == number }
      if random.chance(10) {
        harness.receive("N\(number) has left the chat.", from: number)
      } else {
        harness.receive("N\(number): x", from: number)
        order.append(number)
      }
    }
    let told = harness.advance(by: .seconds(2_000)).filter { $0.bytes == bytes(ClassicText.idle) }
    #expect(told.map(\.address) == order.map(EngineHarness.address))
  }
}
