import ChatEngine
import Testing

@testable import ChatCore

@Suite("Conversation")
struct ConversationTests {
  private let deploys = try! RoomName("deploys")
  private let ops = try! RoomName("ops")

  private func made() -> Conversation {
    var conversation = Conversation(ownName: "Anoop")
    conversation.add(deploys)
    conversation.add(ops)
    return conversation
  }

  private func said(_ text: String, in room: RoomName) -> Arrival {
    Arrival(
      room: room, time: 0, event: .message(Heard(from: "Bea", text: Array(text.utf8))))
  }

  private func texts(_ backlog: Conversation.Backlog) -> [String] {
    backlog.arrivals.map { arrival in
      guard case .message(let heard) = arrival.event else { return "?" }
      return String(decoding: heard.text, as: UTF8.self)
    }
  }

  @Test("It begins in the lobby, and rooms have numbers in the order of coming")
  func begins() {
    var conversation = made()
    conversation.add(deploys)
    #expect(conversation.rooms.map(\.name) == [.lobby, deploys, ops])
    #expect(conversation.shown == .lobby)
    #expect(
      [0, 1, 3, 4, -1, .max].map { conversation.room($0) } == [nil, .lobby, ops, nil, nil, nil])
    #expect(conversation.number(of: ops) == 3)
    #expect(conversation[ops]?.name == ops)
  }

  @Test("Going on from the last room comes to the first, and back")
  func goesAround() {
    var conversation = made()
    #expect(conversation.room(after: 1) == deploys)
    #expect(conversation.room(after: -1) == ops)
    _ = conversation.show(ops)
    #expect(conversation.room(after: 1) == .lobby)
    #expect(conversation.room(after: 0) == ops)
    #expect(Conversation(ownName: "A").room(after: 1) == .lobby)
  }

  @Test("What is unread is counted, marked, and shown once")
  func keepsUnread() {
    var conversation = made()
    #expect(conversation.marks.isEmpty)
    let named0 = conversation.keep(said("one", in: deploys), in: deploys)
    #expect(!named0)
    let named1 = conversation.keep(said("two", in: deploys), in: deploys)
    #expect(!named1)
    let named2 = conversation.keep(said("look, anoop!", in: ops), in: ops)
    #expect(named2)
    #expect(conversation.marks.text(nameCells: 20) == "[2:deploys 2+, 3:ops 1!]")
    let shown3 = conversation.show(deploys)
    #expect(texts(shown3) == ["one", "two"])
    #expect(conversation.marks.text(nameCells: 20) == "[3:ops 1!]")
    let shown4 = conversation.show(deploys)
    #expect(texts(shown4) == [])
    let shown5 = conversation.show(ops)
    #expect(texts(shown5) == ["look, anoop!"])
    #expect(conversation.marks.isEmpty)
  }

  @Test("Marks leave out the end of a long name")
  func cutsNames() {
    var conversation = made()
    _ = conversation.keep(said("one", in: deploys), in: deploys)
    #expect(conversation.marks.text(nameCells: 4) == "[2:dep… 1+]")
    #expect([Conversation.Mark]().text(nameCells: 4) == nil)
  }

  @Test("Who came and went in a room that is not shown is not kept; a topic is, and is not counted")
  func leavesOutComings() {
    var conversation = made()
    for event in [.joined("Bea"), .left("Bea"), .topic(from: "Bea", [])] as [JoinEvent] {
      let isMention = conversation.keep(Arrival(room: ops, time: 0, event: event), in: ops)
      #expect(!isMention)
    }
    #expect(conversation.marks.isEmpty)
    let shown6 = conversation.show(ops)
    #expect(shown6.arrivals.count == 1)
  }

  @Test("A backlog keeps the newest, as many as may be, and counts the others")
  func boundsCount() {
    var conversation = made()
    let count = Limits.roomBacklogEventsMax + 30
    for number in 1...count { _ = conversation.keep(said("\(number)", in: ops), in: ops) }
    #expect(conversation.marks.text(nameCells: 20) == "[3:ops \(count)+]")
    let backlog = conversation.show(ops)
    #expect(backlog.dropped == 30)
    #expect(texts(backlog).first == "31" && texts(backlog).last == "\(count)")
    #expect(backlog.arrivals.count == Limits.roomBacklogEventsMax)
  }

  @Test("A backlog keeps no more bytes than may be, but the newest in any case")
  func boundsBytes() {
    var conversation = made()
    let text = String(repeating: "x", count: Limits.roomBacklogBytesMax / 4)
    for _ in 0..<10 { _ = conversation.keep(said(text, in: ops), in: ops) }
    let backlog = conversation.show(ops)
    #expect(backlog.arrivals.count == 3 && backlog.dropped == 7)
    _ = conversation.keep(said(text + text + text + text + text, in: deploys), in: deploys)
    let shown7 = conversation.show(deploys)
    #expect(shown7.arrivals.count == 1)
  }

  @Test("Who leaves the room that is shown sees the one before, and the lobby stays")
  func removesRooms() {
    var conversation = made()
    let next8 = conversation.remove(.lobby)
    #expect(next8 == nil)
    let next9 = conversation.remove(try! RoomName("none"))
    #expect(next9 == nil)
    _ = conversation.show(deploys)
    _ = conversation.show(ops)
    let next10 = conversation.remove(ops)
    #expect(next10 == deploys)
    _ = conversation.show(deploys)
    #expect(conversation.shown == deploys)
    let next11 = conversation.remove(deploys)
    #expect(next11 == .lobby)
    #expect(conversation.shown == .lobby && conversation.rooms.map(\.name) == [.lobby])
    conversation.add(ops)
    conversation.add(deploys)
    let next12 = conversation.remove(ops)
    #expect(next12 == nil)
    #expect(conversation.rooms.map(\.name) == [.lobby, deploys])
  }

  @Test("A room that is not there is not shown, and nothing is kept for it")
  func knowsItsRooms() {
    var conversation = Conversation(ownName: "Anoop")
    let shown13 = conversation.show(ops)
    #expect(shown13.arrivals.isEmpty && conversation.shown == .lobby)
    let named14 = conversation.keep(said("Anoop", in: ops), in: ops)
    #expect(!named14)
    conversation[ops]?.topic = [0x61]
    #expect(conversation[ops] == nil)
  }

  @Test(
    "A name is found as a word of its own, in any case",
    arguments: [
      ("Anoop", "Anoop", true), ("Anoop", "hi anoop, there", true), ("Anoop", "@ANOOP!", true),
      ("Anoop", "Anoopa", false), ("Anoop", "xAnoop", false), ("Anoop", "Anoop2", false),
      ("Anoop", "Anoop-2: hi", false), ("Anoop", "Anoopa Anoop", true), ("Anoop", "", false),
      ("Anoop", "Ano", false), ("Zoë", "hallo ZOË", true), ("Zoë", "Zoëy", false),
      ("日本", "你好日本人", true), ("Anoop", "你好Anoop好", true), ("a b", "x a b y", true),
      ("", "x", false),
    ])
  func findsNames(name: String, text: String, isThere: Bool) {
    #expect(Conversation.isNamed(name, in: Array(text.utf8)) == isThere)
  }
}
