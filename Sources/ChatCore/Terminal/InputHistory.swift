import ChatEngine

/// The lines that a person typed, to be gone through with Up and Down. What was being typed before
/// the first Up comes back with the last Down.
struct InputHistory {
  private var lines: [String] = []
  /// Which line is shown, counted from the newest; 0 for the one being typed.
  private var age = 0
  private var draft = ""

  /// Adds a finished line, and starts from the newest again.
  mutating func remember(_ line: String) {
    age = 0
    if line.isEmpty || line == lines.last { return }
    lines.append(line)
    if lines.count > Limits.inputHistoryLinesMax { lines.removeFirst() }
  }

  /// - Parameter current: what is on the line now.
  /// - Returns: the line before it, or nil where there is none.
  mutating func older(than current: String) -> String? {
    if age == lines.count { return nil }
    if age == 0 { draft = current }
    age += 1
    return lines[lines.count - age]
  }

  /// - Returns: the line after the one that is shown, or nil where there is none.
  mutating func newer() -> String? {
    if age == 0 { return nil }
    age -= 1
    return age == 0 ? draft : lines[lines.count - age]
  }
}
