import Simulator
import Testing

/// Some seeds, as `make sim` plays many more of them, and faster.
@Suite("Simulations")
struct SimulationTests {
  @Test("What must always hold, holds", arguments: UInt64(1)...20)
  func holds(_ seed: UInt64) {
    #expect(Report.play(seed: seed).violations.map(\.description) == [])
  }

  @Test("A seed does the same each time, and another something else")
  func repeats() {
    #expect(Report.play(seed: 7).hash == Report.play(seed: 7).hash)
    #expect(Report.play(seed: 7).hash != Report.play(seed: 8).hash)
  }

  @Test("A story tells what happens")
  func tells() {
    var lines: [String] = []
    let quiet = Report.play(seed: 3)
    let told = Report.play(seed: 3, .story) { lines.append($0) }
    #expect(lines.contains { $0.hasSuffix("s1 starts") })
    #expect(lines.contains { $0.contains(" says ") })
    #expect(told.hash == quiet.hash, "telling changes nothing")
  }
}
