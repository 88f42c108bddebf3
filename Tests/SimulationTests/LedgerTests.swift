import Testing

@testable import ChatEngine
@testable import Simulator

/// Each rule of the books must be one that can be broken: a simulation that finds nothing says
/// something only then.
@Suite("The ledger")
struct LedgerTests {
  @Test("What is said, logged, accepted and heard in order is no fault")
  func isQuiet() {
    var lobby = BookedLobby()
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
    #expect(lobby.isUpToDate)
  }

  @Test("What is not heard at the end is missed")
  func misses() {
    var lobby = BookedLobby()
    lobby.say()
    lobby.log(0)
    #expect(!lobby.isUpToDate)
    lobby.ledger.checkIsUpToDate(lobby.hearer)
    #expect(lobby.faults.count == 1)
  }

  @Test("What is left out in the middle is missed at once")
  func missesInBetween() {
    var lobby = BookedLobby()
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
    var lobby = BookedLobby()
    for text in 0..<2 {
      lobby.say()
      lobby.log(text)
    }
    for text in order { lobby.hear(text) }
    #expect(!lobby.faults.isEmpty)
  }

  @Test("A text that is in no log, or of somebody else, or changed, is not heard")
  func hearsNothingElse() {
    var lobby = BookedLobby()
    lobby.say()
    lobby.hear(0)
    #expect(lobby.faults.count == 1)
    lobby = BookedLobby()
    lobby.say()
    lobby.log(0)
    lobby.hear(0, from: "C")
    #expect(lobby.faults.count == 1)
    lobby.hear(lobby.bytes(0).dropLast() + [0])
    #expect(lobby.faults.count == 2)
    lobby.hear(lobby.bytes(0), by: lobby.speaker)
    #expect(lobby.faults.count == 3)
  }

  @Test("A log has a text once, in the order of its author, and as it was said")
  func logsInOrder() {
    var lobby = BookedLobby()
    for _ in 0..<2 { lobby.say() }
    lobby.log(1)
    #expect(lobby.faults == [])
    lobby.log(0)
    #expect(lobby.faults.count == 1)
    lobby.log(1)
    #expect(lobby.faults.count == 2)
    lobby.log(Array("?".utf8))
    #expect(lobby.faults.count == 3)
  }

  @Test("Accepted is what the log has; failed is what it has not; each once")
  func settles() {
    var lobby = BookedLobby()
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
    var lobby = BookedLobby()
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
    var lobby = BookedLobby()
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
    var lobby = BookedLobby()
    lobby.ledger.enter(lobby.hearer, lobby.life, isWhole: true)
    #expect(lobby.faults == [])
    lobby.ledger.enter(lobby.hearer, lobby.life, isWhole: false)
    #expect(lobby.faults.count == 1)
    lobby.ledger.miss(3, by: lobby.hearer)
    #expect(lobby.faults.count == 2)
  }

  @Test("A picture is shown once, whole, to everybody else")
  func shows() {
    var lobby = BookedLobby()
    let jpeg = lobby.ledger.utter(true, by: lobby.speaker, isSound: true) {
      Wording.picture($0, count: 300)
    }
    lobby.log(picture: jpeg)
    #expect(!lobby.isUpToDate)
    lobby.ledger.hear(picture: jpeg, from: "A", by: lobby.hearer)
    #expect(lobby.isUpToDate)
    #expect(lobby.faults == [])
    lobby.ledger.hear(picture: jpeg, from: "A", by: lobby.hearer)
    lobby.ledger.hear(picture: jpeg.dropLast() + [0], from: "A", by: lobby.hearer)
    lobby.ledger.hear(picture: jpeg, from: "A", by: lobby.speaker)
    #expect(lobby.faults.count == 3)
  }
}
