import Testing

@testable import ChatEngine

@Suite("TimerQueue")
struct TimerQueueTests {
  private func at(_ nanoseconds: UInt64) -> Instant { Instant(nanoseconds: nanoseconds) }

  @Test("The earliest comes out first, and only when it is due")
  func ordersDeadlines() {
    var queue = TimerQueue()
    #expect(queue.first == nil && queue.popDue(at(.max)) == nil)
    for (deadline, id) in [(30, 3), (10, 1), (20, 2)] as [(UInt64, UInt32)] {
      queue.insert(at(deadline), id)
    }
    #expect(queue.count == 3 && queue.first == at(10))
    #expect(queue.popDue(at(9)) == nil && queue.count == 3)
    #expect(queue.popDue(at(10)) == 1 && queue.popDue(at(10)) == nil)
    #expect(queue.first == at(20))
    #expect(queue.popDue(at(99)) == 2 && queue.popDue(at(99)) == 3 && queue.popDue(at(99)) == nil)
    #expect(queue.first == nil && queue.count == 0)
  }

  @Test("A number may stand in it more than once")
  func keepsDoubles() {
    var queue = TimerQueue()
    queue.insert(at(5), 7)
    queue.insert(at(3), 7)
    #expect(queue.popDue(at(4)) == 7 && queue.first == at(5) && queue.popDue(at(5)) == 7)
  }

  @Test("It gives what a sorted list gives")
  func isSorted() {
    var random = SplitMix64(seed: 5)
    var queue = TimerQueue()
    var model: [(deadline: UInt64, id: UInt32)] = []
    var now: UInt64 = 0
    for id in 0..<4_000 as Range<UInt32> {
      let deadline = now + UInt64.random(in: 0..<500, using: &random)
      queue.insert(at(deadline), id)
      model.append((deadline, id))
      now += UInt64.random(in: 0..<9, using: &random)
      while let due = queue.popDue(at(now)) {
        let earliest = model.map(\.deadline).min()
        let index = model.firstIndex { $0.id == due }
        let taken = index.map { model.remove(at: $0) }
        #expect(taken?.deadline == earliest && taken.map { $0.deadline <= now } == true)
      }
      #expect(queue.count == model.count && model.allSatisfy { $0.deadline > now })
      #expect(queue.first?.nanoseconds == model.map(\.deadline).min())
    }
  }
}
