import Testing

@testable import ChatEngine

@Suite("ServerEngine")
struct ServerEngineTests {
  @Test("The transcript has a line for each event, in local time and in shown text")
  func writesTheTranscript() {
    let harness = EngineHarness()
    harness.wall.utcOffsetSeconds = 3_600
    harness.receive("Ann has joined the chat.", from: 1)
    harness.receive("Bob:join", from: 2)
    harness.wall.unixMilliseconds += 4_000
    harness.receive("Ann: hello: \u{1b}[31m\nyou\u{202e}", from: 1)
    harness.receive("Bob:", from: 2)
    harness.receive(bytes("IMG:Ann:") + MadeJPEG().bytes, from: EngineHarness.address(1))
    harness.receive("Ann: late", from: 3)
    harness.receive("Bob:exit", from: 2)
    harness.reportUnreachable(1)
    #expect(
      harness.takeTranscript() == """
        13:34:56 * Ann joined
        13:34:56 * Bob joined
        13:35:00 Ann: hello: ^[[31m⏎you\\u{202e}
        13:35:00 Bob:\(" ")
        13:35:00 * Ann sent a picture, 64×48, 1 kB
        13:35:00 * Ann-2 joined
        13:35:00 Ann-2: late
        13:35:00 * Bob left
        13:35:00 * Ann was lost

        """)
  }

  @Test("Without a transcript none is kept")
  func canBeQuiet() {
    let harness = EngineHarness { $0.keepsTranscript = false }
    harness.receive("Ann: hello", from: 1)
    #expect(harness.takeTranscript() == "")
  }

  @Test("The transcript is UTF-8 in whole lines, whatever is said")
  func writesWholeLines() {
    let harness = EngineHarness()
    var random = SplitMix64(seed: 6)
    for _ in 0..<500 {
      harness.now = harness.now + .seconds(1)
      let text = (0..<10).map { _ in UInt8.random(in: 0...0x7f, using: &random) }
      harness.receive(bytes("Ann: ") + text, from: EngineHarness.address(1))
    }
    let lines = harness.takeTranscript().split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 502)
    #expect(lines.dropLast().allSatisfy { $0.hasPrefix("12:34:56 ") })
    #expect(lines.allSatisfy { line in line.utf8.allSatisfy { $0 >= 0x20 || $0 == 9 } })
  }

  @Test("Everyone is told that the server stops, once, in the words of its dialect")
  func announcesShutdown() {
    #expect(EngineHarness().shutDown() == [])
    let harness = EngineHarness()
    harness.receive("Ann has joined the chat.", from: 1)
    harness.receive("Bob:join", from: 2)
    harness.receive("Cid:join", from: 3)
    #expect(
      harness.shutDown().byAddress == [
        sent(1, "The server is shutting down."), sent(2, "server-shutdown"),
        sent(3, "server-shutdown"),
      ])
  }

  @Test("What comes in, is said and is lost is counted")
  func counts() {
    let harness = EngineHarness()
    harness.receive("Ann has joined the chat.", from: 1)
    harness.receive("Bob: one", from: 2)
    harness.receive("Ann: two", from: 1)
    harness.receive("nobody", from: 3)
    harness.receive("Ann has left the chat.", from: 1)
    harness.reportUnreachable(2)
    let counters = harness.engine.turn.output.counters
    #expect(counters.datagramsIn == 5)
    #expect(counters.joined == 2)
    #expect(counters.messages == 2)
    #expect(counters.left == 1)
    #expect(counters.lost == 1)
    #expect(counters.drops.reduce(0, +) == 1)
  }

  @Test("When thousands expire at once, they go in parts, so that what waits stays bounded")
  func expiresInParts() {
    let clients = 3_000
    let harness = EngineHarness {
      $0.joinsPerSecond = 0
      $0.clientsMax = clients
      $0.keepsTranscript = false
    }
    for number in 0..<clients {
      harness.receive("N\(number) has joined the chat.", from: number)
    }
    harness.now = harness.now + .seconds(Limits.idleTimeoutSecondsDefault)
    var turns = 0
    var goodbyes: [PeerAddress] = []
    while let deadline = harness.engine.nextDeadline {
      #expect(deadline <= harness.now, "everyone is due")
      let before = harness.engine.clientCount
      let told = harness.advance(by: .zero)
      #expect(harness.engine.clientCount < before, "each turn gets on")
      #expect(told.count < Limits.outboxDeliveriesHigh + clients)
      goodbyes += told.filter { $0.bytes == bytes(ClassicText.idle) }.map(\.address)
      turns += 1
    }
    #expect(harness.engine.clientCount == 0)
    #expect(goodbyes == (0..<clients).map(EngineHarness.address))
    #expect(turns > 100)
  }

  @Test("While the outbox is high, advance lets nobody go")
  func waitsWhileHigh() {
    let harness = EngineHarness()
    harness.receive("Ann has joined the chat.", from: 1)
    let body = [UInt8](repeating: 0, count: 65_000)
    while !harness.engine.turn.output.outbox.isHigh {
      _ = harness.engine.turn.output.outbox.addPayload("x", body: body.span)
    }
    harness.now = harness.now + .seconds(Limits.idleTimeoutSecondsDefault)
    let time = TurnTime(instant: harness.now, wall: harness.wall)
    harness.engine.advance(to: time)
    #expect(harness.engine.clientCount == 1)
    #expect(harness.engine.nextDeadline == harness.now)
    _ = harness.takeSent()
    harness.engine.advance(to: time)
    #expect(harness.engine.clientCount == 0)
  }

  @Test("The same datagrams at the same times make the same output")
  func isDeterministic() {
    func run() -> [Sent] {
      let harness = EngineHarness()
      var random = SplitMix64(seed: 99)
      return (0..<500).flatMap { _ -> [Sent] in
        harness.now = harness.now + .milliseconds(20)
        let number = Int.random(in: 1...20, using: &random)
        let text = random.pick(["N\(number): x", "N:join", "N\(number):exit", "bad/name:join", "?"])
        return harness.receive(text, from: number)
      }
    }
    let first = run()
    #expect(first.count > 500)
    #expect(run() == first)
  }
}
