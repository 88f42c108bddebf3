import ChatEngine
import Testing

@testable import ChatCore

@Suite("ReadingPace")
struct ReadingPaceTests {
  @Test("A reader who takes everything is not blamed")
  func isInnocent() {
    var pace = ReadingPace()
    pace.note(isReceiving: true)
    pace.note(heardBytes: 1_000)
    #expect(!pace.wasSlow)
  }

  @Test("Who held the client up is blamed until what was on its way has been heard")
  func isBlamed() {
    var pace = ReadingPace()
    pace.note(isReceiving: false)
    #expect(pace.wasSlow)
    pace.note(isReceiving: true)
    #expect(pace.wasSlow)
    pace.note(heardBytes: Limits.talkCreditBytes)
    #expect(pace.wasSlow)
    pace.note(heardBytes: 1)
    #expect(!pace.wasSlow)
  }

  @Test("What is missed while the connection is lost is the connection's doing")
  func isForgiven() {
    var pace = ReadingPace()
    pace.note(isReceiving: false)
    pace.note(isReceiving: true)
    pace.noteLostConnection()
    #expect(!pace.wasSlow)
    pace.note(isReceiving: false)
    #expect(pace.wasSlow)
  }
}
