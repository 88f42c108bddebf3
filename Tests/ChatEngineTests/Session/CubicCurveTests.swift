import Testing

@testable import ChatEngine

@Suite("CubicCurve")
struct CubicCurveTests {
  @Test(
    "Cube roots are right to the last digits, near 1 and far from it",
    arguments: [
      (0, 0), (1, 1), (8, 2), (27, 3), (75, 4.217163326508746), (1e-9, 1e-3), (1e18, 1e6),
    ]
      as [(Double, Double)])
  func takesCubeRoots(value: Double, root: Double) {
    #expect(abs(CubicCurve.cubeRoot(value) - root) <= root * 1e-12)
  }

  @Test("Bad numbers have no cube root, and end nothing")
  func refusesBadNumbers() {
    for value in [-8, .infinity, -.infinity, .nan] as [Double] {
      #expect(CubicCurve.cubeRoot(value) == 0)
    }
  }

  /// K = ∛((W_max − cwnd) / C): 30 datagrams are 4.217 s away.
  @Test("The plateau is where packets were lost, and K seconds away")
  func hasPlateau() {
    var curve = CubicCurve()
    curve.begin(afterLossAt: 100_000, next: 70_000, datagramBytes: 1_000)
    #expect(curve.plateau == 100_000 && abs(curve.climbSeconds - 4.2172) < 1e-4)
  }

  @Test("A second loss below the plateau lowers it: 80 · (1 + 0.7) / 2 = 68")
  func convergesFast() {
    var curve = CubicCurve()
    curve.begin(afterLossAt: 100_000, next: 70_000, datagramBytes: 1_000)
    curve.begin(afterLossAt: 80_000, next: 56_000, datagramBytes: 1_000)
    #expect(abs(curve.plateau - 68_000) < 1 && abs(curve.climbSeconds - 3.1072) < 1e-3)
    curve.begin(afterLossAt: 90_000, next: 63_000, datagramBytes: 1_000)
    #expect(curve.plateau == 90_000)
  }

  @Test("In a round trip the window grows to one and a half at most")
  func growsGently() {
    var curve = CubicCurve()
    curve.begin(afterLossAt: 100_000, next: 70_000, datagramBytes: 1_000)
    let window = curve.grown(
      70_000, bytes: 700_000, seconds: 1_000, roundTripSeconds: 0.1, datagramBytes: 1_000)
    #expect(window == 105_000)
  }

  @Test("Without a loss the plateau is where slow start ended")
  func beginsFlat() {
    var curve = CubicCurve()
    curve.begin(at: 50_000)
    #expect(curve.plateau == 50_000 && curve.climbSeconds == 0)
    // 0.4 · 2³ is 3.2 datagrams above it, of which the share that was acknowledged counts.
    let window = curve.grown(
      50_000, bytes: 25_000, seconds: 1, roundTripSeconds: 1, datagramBytes: 1_000)
    #expect(abs(window - 50_500) < 1, "Reno's half a datagram is more than W(1) = 0.4")
    let next = curve.grown(
      window, bytes: 25_250, seconds: 1, roundTripSeconds: 1, datagramBytes: 1_000)
    #expect(abs(next - (window + (0.4 * 27_000 + 50_000 - window) / 2)) < 1)
  }
}
