import Testing

@testable import ChatEngine

@Suite("Limits on classic clients")
struct ClassicLimitTests {
  @Test("A client that speaks too fast is warned, what it said is lost, and others are not held up")
  func limitsMessages() {
    let harness = EngineHarness { $0.messagesPerSecond = 10 }
    let burst = 10 * Limits.messagesBurstSeconds
    harness.receive("Ann has joined the chat.", from: 1)
    harness.receive("Bob has joined the chat.", from: 2)
    let told = (0..<burst + 50).flatMap { _ in harness.receive("Ann: x", from: 1) }
    #expect(told.count { $0 == sent(2, "Ann: x") } == burst)
    let warning = "This was not passed on, because you are sending too fast."
    #expect(told.filter { $0.address == EngineHarness.address(1) } == [sent(1, warning)])
    #expect(harness.drops(.messagesPerSecond) == 50)
    #expect(harness.receive("Bob: y", from: 2) == [sent(1, "Bob: y")])
    harness.now = harness.now + .milliseconds(100)
    #expect(harness.receive("Ann: z", from: 1) == [sent(2, "Ann: z")])
    #expect(harness.receive("Ann: z", from: 1) == [])
  }

  @Test("Leaving is never refused, however fast a client spoke")
  func alwaysLetsGo() {
    let harness = EngineHarness { $0.messagesPerSecond = 1 }
    harness.receive("Ann has joined the chat.", from: 1)
    harness.receive("Bob has joined the chat.", from: 2)
    for _ in 0..<1_000 { harness.receive("Ann: x", from: 1) }
    #expect(
      harness.receive("Ann has left the chat.", from: 1) == [
        sent(2, "Ann has left the chat.")
      ])
  }

  @Test("Joins from one address are limited over all its ports, and not those of others")
  func limitsJoins() {
    let harness = EngineHarness { $0.joinsPerSecond = 5 }
    let burst = 5 * Limits.joinsBurstSeconds
    func join(_ number: Int, at last: UInt8) {
      let address = PeerAddress(v4: 10, 0, 0, last, port: UInt16(1_000 + number))
      harness.receive(bytes("P\(last)-\(number):join"), from: address)
    }
    for number in 0..<burst + 20 { join(number, at: 1) }
    #expect(harness.engine.clientCount == burst)
    #expect(harness.drops(.joinsPerSecond) == 20)
    harness.now = harness.now + .seconds(1)
    for number in 500..<520 { join(number, at: 1) }
    #expect(harness.engine.clientCount == burst + 5)
    // Two addresses may share a budget, so another is tried where one does.
    let before = harness.engine.clientCount
    for last in UInt8(2)...9 { join(0, at: last) }
    #expect(harness.engine.clientCount > before)
  }

  @Test("A join over the limit is told so, but not without end, since its source may be forged")
  func answersFewRefusedJoins() {
    let harness = EngineHarness { $0.joinsPerSecond = 1 }
    for number in 0..<Limits.joinsBurstSeconds {
      harness.receive(
        bytes("N\(number):join"), from: PeerAddress(v4: 10, 0, 0, 1, port: UInt16(1 + number)))
    }
    let late = PeerAddress(v4: 10, 0, 0, 1, port: 50_000)
    let refusal = "You were not let in, because too many joined from your address just now."
    let told = (0..<50).flatMap { _ in harness.receive(bytes("Late:join"), from: late) }
    #expect(told == (0..<Limits.joinRefusalsPerSecond).map { _ in Sent(late, refusal) })
    #expect(harness.receive(bytes("a/b:join"), from: late) == [])
    #expect(harness.drops(.joinsPerSecond) == 51)
  }

  @Test("A limit of 0 on joins or messages is none")
  func canBeUnlimited() {
    let harness = EngineHarness {
      $0.joinsPerSecond = 0
      $0.messagesPerSecond = 0
    }
    for number in 0..<1_000 {
      let address = PeerAddress(v4: 10, 0, 0, 1, port: UInt16(1 + number))
      harness.receive(bytes("N\(number):join"), from: address)
    }
    #expect(harness.engine.clientCount == 1_000)
    let first = PeerAddress(v4: 10, 0, 0, 1, port: 1)
    for _ in 0..<10 { _ = harness.receive(bytes("N0:x"), from: first) }
    #expect(harness.engine.turn.output.counters.messages == 10)
  }

  @Test("A full server says so, and lets in again after one left")
  func limitsClients() {
    let harness = EngineHarness { $0.clientsMax = 2 }
    harness.receive("Ann has joined the chat.", from: 1)
    harness.receive("Bob:join", from: 2)
    #expect(
      harness.receive("Cid:join", from: 3) == [
        sent(3, "You were not let in, because the chat is full.")
      ])
    #expect(
      harness.receive("Cid: hello", from: 3) == [
        sent(3, "You were not let in, because the chat is full.")
      ])
    #expect(harness.drops(.clientsMax) == 2)
    harness.receive("Bob:exit", from: 2)
    #expect(harness.receive("Cid:join", from: 3).contains(sent(3, "Welcome")))
    // A client of a full server may still become another one at its own address.
    #expect(harness.receive("Dee:join", from: 3).contains(sent(3, "Welcome")))
    #expect(harness.engine.clientCount == 2)
  }

  @Test("By default only private addresses are served; others are not answered at all")
  func servesPrivateAddresses() {
    let harness = EngineHarness()
    let afar = PeerAddress(v4: 8, 8, 8, 8, port: 53)
    for text in ["Ann:join", "DISCOVER_CHAT_SERVER", "Ann: x", "a/b:join"] {
      #expect(harness.receive(bytes(text), from: afar) == [])
    }
    #expect(harness.drops(.notPrivate) == 4)
    #expect(harness.engine.clientCount == 0)
    let loopback = PeerAddress(high: 0, low: 1, port: 9)
    #expect(harness.receive(bytes("Ann:join"), from: loopback).count == 1)
  }

  @Test("The policy any serves everybody, off nobody")
  func obeysThePolicy() {
    let afar = PeerAddress(v4: 8, 8, 8, 8, port: 53)
    let open = EngineHarness { $0.classicPolicy = .any }
    #expect(open.receive(bytes("Ann:join"), from: afar) == [Sent(afar, "Welcome")])
    let closed = EngineHarness { $0.classicPolicy = .off }
    #expect(closed.receive(bytes("Ann:join"), from: EngineHarness.address(1)) == [])
    #expect(closed.receive(bytes("DISCOVER_CHAT_SERVER"), from: afar) == [])
    #expect(closed.drops(.classicOff) == 2)
    #expect(closed.drops(.notPrivate) == 0)
  }

  @Test("A limit that is hit is logged at once, then once a second with what fell in between")
  func reportsLimits() {
    let harness = EngineHarness()
    let afar = PeerAddress(v4: 8, 8, 8, 8, port: 53)
    func logged() -> [[String: String]] {
      harness.engine.turn.output.takeLog().filter { $0.event == "dropped" }.map { record in
        Dictionary(uniqueKeysWithValues: record.fields.map { ($0.0, $0.1.plain) })
      }
    }
    for _ in 0..<10 { harness.receive(bytes("x"), from: afar) }
    #expect(
      logged() == [
        [
          "reason": "not-private", "count": "1", "last": "8.8.8.8:53", "setting": "--classic",
        ]
      ])
    harness.now = harness.now + .milliseconds(999)
    harness.receive(bytes("x"), from: afar)
    #expect(logged() == [])
    harness.now = harness.now + .milliseconds(1)
    harness.receive(bytes("x"), from: afar)
    #expect(logged().map { $0["count"] } == ["11"])
    #expect(harness.drops(.notPrivate) == 12)
  }

  @Test("Every limit that refuses somebody names the flag that sets it, and is a warning")
  func namesSettings() {
    let settings: [DropReason: String] = [
      .notPrivate: "--classic", .classicOff: "--classic", .clientsMax: "--clients-max",
      .joinsPerSecond: "--joins-per-second", .messagesPerSecond: "--messages-per-second",
      .notOnLink: "--discovery",
    ]
    for reason in DropReason.allCases {
      #expect(reason.setting == settings[reason])
      var output = ServerOutput()
      output.drop(reason, from: nil, at: Instant(nanoseconds: 0))
      let record = output.takeLog()[0]
      #expect(record.level == (reason.setting == nil ? .info : .warning))
    }
  }

  @Test("The log of one turn is bounded, and what did not fit is counted")
  func boundsTheLog() {
    var output = ServerOutput()
    for _ in 0..<Limits.logRecordsPerTurnMax + 7 { output.record(LogRecord(.info, "x")) }
    #expect(output.takeLog().count == Limits.logRecordsPerTurnMax)
    #expect(output.counters.drops(.logRecordsPerTurn) == 7)
    #expect(output.takeLog().isEmpty)
  }
}
