import ChatEngine
import Testing

@testable import ChatCore

@Suite("Arrivals as JSON")
struct ArrivalJSONTests {
  private func json(_ event: JoinEvent, in room: String? = nil) -> String? {
    let room = room.map { try! RoomName($0) }
    return Arrival(room: room, time: 1_763_629_731_007, event: event).json
  }

  private let begin = #"","time":"2025-11-20T09:08:51.007Z""#

  @Test("A message has its room, its number and its own time, and tells of an action")
  func writesMessages() {
    var heard = Heard(from: "Bea", text: Array("hi".utf8))
    #expect(
      json(.message(heard), in: "lobby")
        == #"{"type":"message\#(begin),"room":"lobby","from":"Bea","text":"hi"}"# + "\n")
    (heard.number, heard.isAction) = (.max, true)
    #expect(
      json(.message(heard), in: "ops")
        == #"{"type":"message\#(begin),"room":"ops","from":"Bea","text":"hi","#
        + #""number":9223372036854775807,"action":true}"# + "\n")
  }

  @Test("What is about rooms names them, and what is for eyes only is left out")
  func writesRooms() {
    #expect(
      json(.entered(here: ["Bea"]), in: "ops")
        == #"{"type":"entered\#(begin),"room":"ops","here":["Bea"]}"# + "\n")
    #expect(
      json(.topic(from: nil, Array("tea".utf8)), in: "ops")
        == #"{"type":"topic\#(begin),"room":"ops","text":"tea"}"# + "\n")
    #expect(
      json(.notEntered([0xff]), in: "ops")
        == #"{"type":"not-entered\#(begin),"room":"ops","text":"\#u{fffd}"}"# + "\n")
    #expect(json(.parted, in: "ops") == #"{"type":"parted\#(begin),"room":"ops"}"# + "\n")
    #expect(json(.connectionLost(isShutDown: true))?.contains("room") == false)
    #expect(json(.status("x")) == nil && json(.said([], .text), in: "ops") == nil)
  }

  @Test(
    "Times have three digits behind the second",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (1, "1970-01-01T00:00:00.001Z"),
      (59_999, "1970-01-01T00:00:59.999Z"), (-1, "1969-12-31T23:59:59.999Z"),
      (1_763_629_731_250, "2025-11-20T09:08:51.250Z"),
    ])
  func writesTimes(milliseconds: Int64, text: String) {
    #expect(rfc3339(unixMilliseconds: milliseconds) == text)
  }
}
