import ChatEngine
import Testing

@testable import ChatCore

@Suite("ArrivalOrder")
struct ArrivalOrderTests {
  private func status(_ text: String) -> Arrival {
    Arrival(room: nil, time: 0, event: .status(text))
  }

  /// All that can be shown now.
  private func ready(_ order: inout ArrivalOrder) -> [String] {
    var texts: [String] = []
    while let arrival = order.next() {
      if case .status(let text) = arrival.event {
        texts.append(text + (arrival.room.map { "@\($0)" } ?? ""))
      }
    }
    return texts
  }

  @Test("What comes after a picture is shown after it, in order, and in its room")
  func keepsTheOrder() throws {
    var order = ArrivalOrder()
    order.add(status("1"))
    #expect(ready(&order) == ["1"])
    order.addPicture(in: .lobby)
    order.add(status("3"))
    order.add(status("4"))
    order.addPicture(in: try RoomName("ops"))
    order.add(status("6"))
    #expect(ready(&order) == [])
    #expect(order.count == 5)
    order.finish(.status("2"), at: 0)
    #expect(ready(&order) == ["2@lobby", "3", "4"])
    order.finish(.status("5"), at: 0)
    #expect(ready(&order) == ["5@ops", "6"])
    #expect(order.count == 0)
  }

  @Test("Pictures that follow each other are shown one by one")
  func keepsPicturesApart() {
    var order = ArrivalOrder()
    order.addPicture(in: .lobby)
    order.addPicture(in: .lobby)
    order.finish(.status("1"), at: 0)
    #expect(ready(&order) == ["1@lobby"])
    order.add(status("3"))
    order.finish(.status("2"), at: 0)
    #expect(ready(&order) == ["2@lobby", "3"])
  }

  @Test("What is ready waits until it is taken, and a second picture is not taken for the first")
  func waitsToBeTaken() {
    var order = ArrivalOrder()
    order.addPicture(in: .lobby)
    order.addPicture(in: .lobby)
    order.finish(.status("1"), at: 0)
    order.finish(.status("2"), at: 0)
    #expect(order.count == 2)
    #expect(ready(&order) == ["1@lobby", "2@lobby"])
  }
}
