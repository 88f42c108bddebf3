import ChatEngine
import Testing

@testable import Simulator

/// Each rule of the books must be one that can be broken: a simulation that finds nothing says
/// something only then.
@Suite("The ledger")
struct LedgerTests {
  /// A server with a log, somebody who speaks, and somebody who hears; both are in.
  private struct Lobby {
    var ledger = Ledger()
    var life: Ledger.LifeID
    let speaker: Ledger.RunID
    let hearer: Ledger.RunID
    private(set) var texts: [Int] = []
    private var numbers: (texts: UInt64, pictures: UInt64) = (0, 0)

    init() {
      life = ledger.newLife(of: "s", log: 1)
      speaker = ledger.newRun(of: "a", name: "A", isNative: true)
      hearer = ledger.newRun(of: "b", name: "B", isNative: true)
      for run in [speaker, hearer] {
        ledger.attach(run, to: life, as: run == speaker ? "A" : "B")
        ledger.enter(run, life, isWhole: nil)
      }
    }

    /// Says a text that the log does not have yet.
    @discardableResult
    mutating func say() -> Int {
      _ = ledger.utter(false, by: speaker, isSound: true) { Wording.text($0, count: 30) }
      texts.append(ledger.utterances.count - 1)
      return texts.count - 1
    }

    func bytes(_ text: Int) -> [UInt8] { ledger.utterances[texts[text]].bytes }

    func ticket(_ text: Int) -> MessageTicket {
      MessageTicket(isPicture: false, number: UInt64(text + 1))
    }

    mutating func log(_ text: Int, as name: String = "A") {
      let line = Array("12:34:56 \(name): ".utf8) + bytes(text) + [UInt8(ascii: "\n")]
      ledger.read(transcript: line, of: life)
    }

    mutating func hear(_ text: Int, from name: String = "A") {
      ledger.hear(text: bytes(text), from: name, by: hearer)
    }

    mutating func accept(_ text: Int) {
      ledger.settle(ticket(text), by: speaker, in: life, isAccepted: true, "")
    }

    /// The server is started again, and both come back.
    mutating func restart() {
      life = ledger.newLife(of: "s", log: 2)
      for run in [speaker, hearer] {
        ledger.attach(run, to: life, as: run == speaker ? "A" : "B")
        ledger.enter(run, life, isWhole: false)
      }
    }

    var faults: [String] { ledger.violations.map(\.what) }
  }

  @Test("What is said, logged, accepted and heard in order is no fault")
  func isQuiet() {
    var lobby = Lobby()
    for text in 0..<3 {
      lobby.say()
      lobby.log(text)
      lobby.accept(text)
      lobby.hear(text)
      lobby.ledger.hear(own: lobby.ticket(text), by: lobby.speaker)
    }
    lobby.ledger.checkNothingIsPending()
    lobby.ledger.checkIsUpToDate(lobby.speaker)
    lobby.ledger.checkIsUpToDate(lobby.hearer)
    #expect(lobby.faults == [])
    #expect(lobby.ledger.isUpToDate(lobby.hearer))
  }

  @Test("What is not heard at the end is missed")
  func misses() {
    var lobby = Lobby()
    lobby.say()
    lobby.log(0)
    #expect(!lobby.ledger.isUpToDate(lobby.hearer))
    lobby.ledger.checkIsUpToDate(lobby.hearer)
    #expect(lobby.faults.count == 1)
  }

  @Test("What is left out in the middle is missed at once")
  func missesInBetween() {
    var lobby = Lobby()
    for text in 0..<2 {
      lobby.say()
      lobby.log(text)
    }
    lobby.hear(1)
    #expect(lobby.faults.count == 1)
  }

  @Test(
    "Twice, out of order, before it was logged, under another name, of oneself",
    arguments: [[0, 0], [1, 0]])
  func hearsWrongly(_ order: [Int]) {
    var lobby = Lobby()
    for text in 0..<2 {
      lobby.say()
      lobby.log(text)
    }
    for text in order { lobby.hear(text) }
    #expect(!lobby.faults.isEmpty)
  }

  @Test("A text that is in no log, or of somebody else, or changed, is not heard")
  func hearsNothingElse() {
    var lobby = Lobby()
    lobby.say()
    lobby.hear(0)
    #expect(lobby.faults.count == 1)
    lobby = Lobby()
    lobby.say()
    lobby.log(0)
    lobby.hear(0, from: "C")
    #expect(lobby.faults.count == 1)
    lobby.ledger.hear(text: lobby.bytes(0).dropLast() + [0], from: "A", by: lobby.hearer)
    #expect(lobby.faults.count == 2)
    lobby.ledger.hear(text: lobby.bytes(0), from: "A", by: lobby.speaker)
    #expect(lobby.faults.count == 3)
  }

  @Test("A log has a text once, in the order of its author, and as it was said")
  func logsInOrder() {
    var lobby = Lobby()
    for _ in 0..<2 { lobby.say() }
    lobby.log(1)
    #expect(lobby.faults == [])
    lobby.log(0)
    #expect(lobby.faults.count == 1)
    lobby.log(1)
    #expect(lobby.faults.count == 2)
    lobby.ledger.read(transcript: Array("12:34:56 A: ?\n".utf8), of: lobby.life)
    #expect(lobby.faults.count == 3)
  }

  @Test("Accepted is what the log has; failed is what it has not; each once")
  func settles() {
    var lobby = Lobby()
    for _ in 0..<3 { lobby.say() }
    lobby.accept(0)
    #expect(lobby.faults.count == 1)
    lobby.log(1)
    lobby.accept(1)
    #expect(lobby.faults.count == 1)
    lobby.accept(1)
    #expect(lobby.faults.count == 2)
    lobby.ledger.settle(lobby.ticket(2), by: lobby.speaker, in: lobby.life, isAccepted: false, "?")
    #expect(lobby.faults.count == 3, "nothing sound may fail")
  }

  @Test("What nobody told the fate of is pending, unless its program has ended")
  func isPending() {
    var lobby = Lobby()
    lobby.say()
    #expect(lobby.ledger.hasPending(lobby.speaker))
    lobby.ledger.checkNothingIsPending()
    #expect(lobby.faults.count == 1)
    lobby.ledger.end(lobby.speaker)
    lobby.ledger.checkNothingIsPending()
    #expect(lobby.faults.count == 1)
  }

  @Test("After a restart, what was heard before is not heard again, and may be passed over")
  func restarts() {
    var lobby = Lobby()
    for text in 0..<2 {
      lobby.say()
      lobby.log(text)
    }
    lobby.hear(0)
    lobby.restart()
    // Both are said again; the first was heard, the second is news.
    lobby.log(0)
    lobby.log(1)
    lobby.hear(1)
    lobby.ledger.checkIsUpToDate(lobby.hearer)
    #expect(lobby.faults == [])
    lobby.hear(0)
    #expect(lobby.faults.count == 1)
  }

  @Test("Who comes back to a log that is whole goes on in it")
  func comesBack() {
    var lobby = Lobby()
    lobby.ledger.enter(lobby.hearer, lobby.life, isWhole: true)
    #expect(lobby.faults == [])
    lobby.ledger.enter(lobby.hearer, lobby.life, isWhole: false)
    #expect(lobby.faults.count == 1)
    lobby.ledger.miss(3, by: lobby.hearer)
    #expect(lobby.faults.count == 2)
  }

  @Test("A picture is shown once, whole, to everybody else")
  func shows() {
    var lobby = Lobby()
    let jpeg = lobby.ledger.utter(true, by: lobby.speaker, isSound: true) {
      Wording.picture($0, count: 300)
    }
    lobby.ledger.read(picture: jpeg, from: "A", of: lobby.life)
    #expect(!lobby.ledger.isUpToDate(lobby.hearer))
    lobby.ledger.hear(picture: jpeg, from: "A", by: lobby.hearer)
    #expect(lobby.ledger.isUpToDate(lobby.hearer))
    #expect(lobby.faults == [])
    lobby.ledger.hear(picture: jpeg, from: "A", by: lobby.hearer)
    lobby.ledger.hear(picture: jpeg.dropLast() + [0], from: "A", by: lobby.hearer)
    lobby.ledger.hear(picture: jpeg, from: "A", by: lobby.speaker)
    #expect(lobby.faults.count == 3)
  }
}
