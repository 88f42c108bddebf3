import ChatEngine
import Testing

@testable import Simulator

/// The parts of the virtual world do what they say.
@Suite("The virtual world")
struct WorldTests {
  @Test("Things happen in the order of time, and at one instant in that of insertion")
  func keepsOrder() {
    var random = SplitMix64(seed: 1)
    var queue = EventQueue<Int>(from: Simulation.start)
    var expected: [(at: Instant, event: Int)] = []
    for event in 0..<500 {
      let at = Simulation.start + .milliseconds(random.int(0...40))
      queue.insert(event, at: at)
      expected.append((at, event))
    }
    // The sort is stable.
    expected.sort { $0.at < $1.at }
    for (at, event) in expected {
      #expect(queue.next() == event)
      #expect(queue.now == at)
    }
    #expect(queue.next() == nil)
    queue.insert(1, at: Instant(nanoseconds: 0))
    _ = queue.next()
    #expect(queue.now == expected.last!.at, "time does not go back")
  }

  @Test("A way that is mended loses, doubles and changes nothing, and keeps the order")
  func carriesAll() throws {
    var random = SplitMix64(seed: 2)
    var link = Link(Link.Conditions(delay: .milliseconds(7)).healed)
    for step in 0..<100 {
      let now = Simulation.start + .milliseconds(step)
      let arrivals = try link.carry(1_000, isWhole: true, at: now, &random).get()
      #expect(arrivals.map(\.at) == [now + .milliseconds(7)])
      #expect(!arrivals[0].isCorrupt && !arrivals[0].isCopy)
    }
  }

  @Test("A bad way loses about as many as it says, and doubles, changes and swaps some")
  func losesSome() throws {
    var random = SplitMix64(seed: 3)
    var link = Link(
      Link.Conditions(
        lossPerMille: 300, duplicatePerMille: 100, reorderPerMille: 100, corruptPerMille: 100))
    var arrivals: [Link.Arrival] = []
    var lost = 0
    for step in 0..<2_000 {
      let now = Simulation.start + .milliseconds(step)
      switch link.carry(100, isWhole: true, at: now, &random) {
      case .success(let copies): arrivals += copies
      case .failure: lost += 1
      }
    }
    #expect((500...700).contains(lost))
    #expect((80...200).contains(arrivals.count { $0.isCopy }))
    #expect((80...200).contains(arrivals.count { $0.isCorrupt }))
    let swapped = zip(arrivals, arrivals.dropFirst()).count { $0.at > $1.at }
    #expect(swapped > 50)
  }

  @Test("A slow way takes its time, and drops what finds no room")
  func isSlow() throws {
    var random = SplitMix64(seed: 4)
    var link = Link(
      Link.Conditions(delay: .zero, bitsPerSecond: 8_000_000, queueBytesMax: 10_000))
    let now = Simulation.start
    var last = now
    var carried = 0
    while case .success(let arrivals) = link.carry(1_000, isWhole: true, at: now, &random) {
      carried += 1
      last = arrivals[0].at
    }
    #expect(carried == 10)
    #expect(last == now + .milliseconds(10))
  }

  @Test("What is too long or cut off does not arrive; what may be cut up is, and is lost more")
  func isNarrow() {
    var random = SplitMix64(seed: 5)
    var link = Link(Link.Conditions(lossPerMille: 100, datagramBytesMax: 1_200))
    func isCarried(_ count: Int, isWhole: Bool) -> Bool {
      if case .success = link.carry(count, isWhole: isWhole, at: Simulation.start, &random) {
        return true
      }
      return false
    }
    #expect(!isCarried(1_201, isWhole: true))
    let carried = (0..<1_000).count { _ in isCarried(12_000, isWhole: false) }
    #expect((250...450).contains(carried), "0.9 to the tenth")
    link.isCut = true
    #expect(!isCarried(10, isWhole: true))
  }

  @Test("A text or a picture has the size that it should, and says which it is")
  func namesItself() throws {
    for id in [0, 1, 61, 62, 4_000, 300_000] {
      for count in [1, 2, 5, 60, 61, 3_000, 60_000] {
        let text = Wording.text(id, count: count)
        #expect(text.count == max(count, text.count) && Wording.id(ofText: text) == id)
        #expect(String(validating: text, as: UTF8.self) != nil)
        let jpeg = Wording.picture(id, count: count)
        #expect(Wording.id(ofPicture: jpeg) == id)
        let header = try JPEGHeader.relayable(jpeg.span)
        #expect(header.width == 64 && header.height == 48)
      }
    }
    #expect(Wording.text(0, count: 1).count == 1)
    #expect(Wording.picture(5, count: 60_000).count == 60_000)
    #expect(Wording.text(1, count: 500) != Wording.text(2, count: 500))
  }

  @Test("A seed always draws the same world")
  func drawsAlike() {
    let (first, second) = (Scenario(seed: 11), Scenario(seed: 11))
    #expect(first.clients.map(\.address) == second.clients.map(\.address))
    #expect(first.steps.map(\.at) == second.steps.map(\.at))
    #expect(first.steps.map(\.at) == first.steps.map(\.at).sorted())
    #expect(Scenario(seed: 12).steps.map(\.at) != first.steps.map(\.at))
  }
}
