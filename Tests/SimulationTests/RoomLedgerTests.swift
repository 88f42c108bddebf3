import Testing

@testable import ChatEngine
@testable import Simulator

/// The rules of the books for rooms, and for what is on a disk: each can be broken.
@Suite("The ledger's rooms and disks")
struct RoomLedgerTests {
  private static let room = BookedLobby.room

  @Test("What is kept, told, accepted and heard is no fault, in whatever room")
  func isQuiet() {
    var lobby = BookedLobby(keepsHistory: true)
    lobby.enterRoom()
    lobby.say()
    lobby.say(.action, in: Self.room)
    lobby.say(.topic, in: Self.room)
    for (text, number) in [UInt64(1), 1, 2].enumerated() {
      lobby.keep(text, number: number)
      lobby.log(text)
      lobby.accept(text)
      lobby.hear(text)
      lobby.ledger.hear(own: lobby.ticket(text), by: lobby.speaker)
    }
    lobby.ledger.checkIsUpToDate(lobby.hearer)
    #expect(lobby.faults == [])
    #expect(lobby.isUpToDate)
  }

  @Test("What is told is on the disk, with the same number and time")
  func isKeptFirst() {
    for (number, time) in [(UInt64(1), BookedLobby.time), (1, 7), (2, BookedLobby.time)] {
      var lobby = BookedLobby(keepsHistory: true)
      lobby.say()
      lobby.keep(0, number: 1)
      lobby.log(0, number: number, time: time)
      let isRight = number == 1 && time == BookedLobby.time
      #expect(lobby.faults.isEmpty == isRight)
    }
    var lobby = BookedLobby(keepsHistory: true)
    lobby.say()
    lobby.log(0)
    #expect(lobby.faults.count == 1, "nothing of it is on the disk")
    lobby.accept(0)
    #expect(lobby.faults.count == 2, "nor may it be accepted")
  }

  @Test("A disk has each message once, and numbers without gaps")
  func isKeptOnce() {
    var lobby = BookedLobby(keepsHistory: true)
    for _ in 0..<3 { lobby.say() }
    lobby.keep(0, number: 1)
    lobby.keep(1, number: 2)
    #expect(lobby.faults == [])
    lobby.keep(1, number: 3)
    let faults = lobby.faults.count
    #expect(faults > 0)
    lobby.keep(2, number: 5)
    #expect(lobby.faults.count > faults)
  }

  @Test("What found no room on the disk fails, and is never told nor kept")
  func fails() {
    var lobby = BookedLobby(keepsHistory: true)
    for _ in 0..<2 { lobby.say() }
    lobby.keep(0, number: 1, isFull: true)
    lobby.fail(0, VirtualDisk.fullWords)
    #expect(lobby.faults == [])
    lobby.fail(1, VirtualDisk.fullWords)
    #expect(lobby.faults.count == 1, "the disk had room for it")
    lobby.keep(0, number: 1)
    #expect(lobby.faults.count == 2)
    lobby.log(0)
    #expect(lobby.faults.count == 3)
  }

  @Test("Numbers of a room have no gaps, and times do not go back")
  func isNumbered() {
    var lobby = BookedLobby()
    for _ in 0..<3 { lobby.say() }
    lobby.log(0)
    lobby.log(1, number: 3)
    #expect(lobby.faults.count == 1)
    lobby.log(2, number: 4, time: BookedLobby.time - 1)
    #expect(lobby.faults.count == 2)
  }

  @Test("What was said in a room is told, kept and heard there and nowhere else")
  func staysInside() {
    var lobby = BookedLobby()
    lobby.enterRoom()
    lobby.say(in: Self.room)
    lobby.log(.said(isAction: false), lobby.bytes(0), in: .lobby)
    #expect(lobby.faults.count == 1)
    lobby = BookedLobby(keepsHistory: true)
    lobby.say(in: Self.room)
    lobby.keep(0, number: 1, in: .lobby)
    #expect(lobby.faults.count == 1)
    lobby = BookedLobby()
    lobby.enterRoom()
    lobby.say(in: Self.room)
    lobby.log(0)
    lobby.hear(0, in: .lobby)
    #expect(!lobby.faults.isEmpty)
  }

  @Test("Who is not in a room hears nothing of it, and who enters hears what follows")
  func isHeardInside() {
    var lobby = BookedLobby()
    lobby.enterRoom(lobby.speaker)
    for _ in 0..<2 { lobby.say(in: Self.room) }
    lobby.log(0)
    lobby.hear(0)
    #expect(lobby.faults.count == 1, "it is not in")
    lobby = BookedLobby()
    lobby.enterRoom(lobby.speaker)
    for _ in 0..<2 { lobby.say(in: Self.room) }
    lobby.log(0)
    lobby.enterRoom(lobby.hearer)
    lobby.log(1)
    lobby.hear(1)
    #expect(lobby.faults == [] && lobby.isUpToDate)
    lobby.hear(0)
    #expect(lobby.faults.count == 1, "that was before")
    lobby.leaveRoom(lobby.hearer)
    lobby.say(in: Self.room)
    lobby.log(2)
    lobby.hear(2)
    #expect(lobby.faults.count == 2, "it has left")
  }

  @Test("Who wants to be in a room is in it at the end, and who has left is not")
  func isWhereItWantsToBe() {
    var lobby = BookedLobby()
    lobby.ledger.runs[lobby.hearer].wanted.insert(Self.room)
    #expect(!lobby.isUpToDate)
    lobby.ledger.checkIsUpToDate(lobby.hearer)
    #expect(lobby.faults.count == 1)
    lobby = BookedLobby()
    lobby.enterRoom()
    lobby.ledger.runs[lobby.hearer].wanted.remove(Self.room)
    lobby.ledger.checkIsUpToDate(lobby.hearer)
    #expect(lobby.faults.count == 1)
  }

  @Test("Only who is not in the room may be told so")
  func isMisplaced() {
    let words = Hub.SpeechRefusal.notInRoom.text
    var lobby = BookedLobby()
    lobby.say(in: Self.room)
    lobby.fail(0, words)
    #expect(lobby.faults == [])
    lobby.enterRoom()
    lobby.say(in: Self.room)
    lobby.fail(1, words)
    #expect(lobby.faults.count == 1)
    lobby.say(in: Self.room)
    lobby.leaveRoom(lobby.speaker)
    lobby.fail(2, words)
    #expect(lobby.faults.count == 1)
  }

  @Test("A topic, an action and a text are told and heard as such; the topic at the door, too")
  func keepsKinds() {
    var lobby = BookedLobby()
    lobby.say(.action)
    lobby.log(.said(isAction: false), lobby.bytes(0))
    #expect(lobby.faults.count == 1)
    lobby.hear(lobby.bytes(0))
    #expect(lobby.faults.count == 2)
    lobby = BookedLobby()
    lobby.enterRoom(lobby.speaker)
    for _ in 0..<2 { lobby.say(.topic, in: Self.room) }
    lobby.log(0)
    lobby.enterRoom(lobby.hearer)
    lobby.ledger.hear(topic: lobby.bytes(0), in: Self.room, from: nil, by: lobby.hearer)
    #expect(lobby.faults == [])
    lobby.ledger.hear(topic: lobby.bytes(1), in: Self.room, from: nil, by: lobby.hearer)
    #expect(lobby.faults.count == 1)
  }

  @Test("A person is told of coming and going in turn")
  func isTold() {
    var presence = Presence()
    let comes = [presence.comes("A"), presence.comes("A")]
    #expect(comes == [true, false])
    let goes = [presence.goes("A"), presence.goes("A")]
    #expect(goes == [true, false])
    presence.isHere("B")
    presence.beginAnew(isRestarted: true)
    #expect(presence.told.isEmpty && presence.awaited == ["B"])
    let hasGone = presence.goes("B")
    #expect(hasGone && presence.awaited.isEmpty)
  }
}
