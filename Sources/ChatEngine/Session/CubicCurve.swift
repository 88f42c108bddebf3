/// How a congestion window grows in congestion avoidance: CUBIC, RFC 9438 §4.
///
/// The window follows a cubic function of time that is flat where packets were last lost, or what
/// Reno would do where that is more. The RFC counts in segments, this in bytes; a segment is a
/// datagram of the greatest length in use.
struct CubicCurve: HasBeginning {
  /// What is left of a window after a loss (§4.6).
  static let decrease = 0.7
  /// How steep the curve is, in segments per second cubed (§5).
  private static let steepness = 0.4
  /// What Reno's window grows by in a round trip to be as fast as Reno on average (§4.3).
  private static let renoIncrease = 3 * (1 - decrease) / (1 + decrease)

  /// W_max: where the curve is flat.
  private(set) var plateau = 0.0
  /// cwnd_prior: the window before the last loss.
  private var prior = 0.0
  /// W_est: the window that Reno would have.
  private var renoWindow = 0.0
  /// K: seconds from the start of the curve to the plateau.
  private(set) var climbSeconds = 0.0
  /// t: seconds on the curve so far. Time in which the window could not grow is not counted.
  private var elapsed = 0.0

  /// Packets were lost with `window`; goes on with `next`.
  mutating func begin(afterLossAt window: Double, next: Double, datagramBytes: Int) {
    // Fast convergence (§4.7): a flow whose share shrinks makes more room for the others.
    plateau = window < plateau ? window * (1 + Self.decrease) / 2 : window
    prior = window
    restart(at: next, datagramBytes: datagramBytes)
  }

  /// Slow start ended at `window` with no loss that says where the plateau is (§4.8, §4.10).
  mutating func begin(at window: Double) {
    plateau = window
    prior = window
    restart(at: window, datagramBytes: 1)
  }

  /// Begins at `window` anew, with the same plateau unless that is below.
  mutating func restart(at window: Double, datagramBytes: Int) {
    plateau = max(plateau, window)
    let segments = (plateau - window) / (Self.steepness * Double(datagramBytes))
    climbSeconds = Self.cubeRoot(segments)
    elapsed = 0
    renoWindow = window
  }

  /// The window after `bytes` of it were acknowledged, `seconds` after the last time that it could
  /// grow; never less than `window`.
  mutating func grown(
    _ window: Double, bytes: Int, seconds: Double, roundTripSeconds: Double, datagramBytes: Int
  ) -> Double {
    elapsed += seconds
    let share = min(Double(bytes) / window, 1)
    let increase = renoWindow >= prior ? 1 : Self.renoIncrease
    renoWindow += increase * share * Double(datagramBytes)
    if height(after: elapsed, datagramBytes) < renoWindow { return max(window, renoWindow) }
    let target = height(after: elapsed + roundTripSeconds, datagramBytes)
    return window + (min(max(target, window), 1.5 * window) - window) * share
  }

  /// W_cubic(t), in bytes (Figure 1 of the RFC).
  private func height(after seconds: Double, _ datagramBytes: Int) -> Double {
    let distance = seconds - climbSeconds
    return Self.steepness * Double(datagramBytes) * distance * distance * distance + plateau
  }

  /// The cube root of a number that is not negative, by Newton's method: the standard library has
  /// none.
  static func cubeRoot(_ value: Double) -> Double {
    guard value > 0, value.isFinite else { return 0 }
    // At most a factor of 4 away, which ten steps bring down to the last bit.
    var root = Double(sign: .plus, exponent: value.exponent / 3, significand: 1)
    for _ in 0..<10 { root = (2 * root + value / (root * root)) / 3 }
    return root
  }
}
