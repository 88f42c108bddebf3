import Simulator
import Testing

@Suite("Simulations")
struct SimulationTests {
  @Test("What must always hold, holds", arguments: UInt64(1)...10)
  func holds(_ seed: UInt64) {
    #expect(Report.play(seed: seed).violations.map(\.description) == [])
  }

  @Test("A seed does the same each time")
  func repeats() {
    #expect(Report.play(seed: 7).hash == Report.play(seed: 7).hash)
    #expect(Report.play(seed: 7).hash != Report.play(seed: 8).hash)
  }
}
