import ChatEngine
import Glibc

/// The findings of a doctor, as they come: lines for a person or JSON objects, and at the end the
/// summary.
struct DoctorReport {
  private(set) var findings: [(check: String, finding: Finding)] = []
  let isJSON: Bool

  init(isJSON: Bool) { self.isJSON = isJSON }

  func finding(_ check: String) -> Finding? { findings.first { $0.check == check }?.finding }

  /// Takes a finding, and returns the text that tells it.
  mutating func add(_ finding: Finding, of check: String) -> String {
    findings.append((check, finding))
    return isJSON ? Self.json(finding, check) : Self.text(finding, check)
  }

  /// What stands in the way of a conversation: the first that failed; nil where one works.
  var worst: Finding? { findings.first { $0.finding.verdict == .failed }?.finding }

  /// All in one: whether a conversation would work, and what to do first.
  var summary: Finding {
    if let worst {
      return Finding(
        verdict: .failed, figure: "a conversation would not work: \(worst.figure)",
        advice: worst.advice, fault: worst.fault)
    }
    guard let first = findings.first(where: { $0.finding.verdict == .warning })?.finding else {
      return .ok("a conversation would work")
    }
    return Finding(
      verdict: .warning, figure: "a conversation would work, but \(first.figure)",
      advice: first.advice, fault: first.fault)
  }

  // MARK: As text

  private static let verdictCells = 9
  private static let checkCells = 13

  /// `ok       interfaces   eth0 10.8.1.1`, at most `Limits.doctorColumns` wide; the advice stands
  /// below, behind an arrow.
  static func text(_ finding: Finding, _ check: String) -> String {
    let head = padded(finding.verdict.rawValue, verdictCells) + padded(check, checkCells)
    let indent = String(repeating: " ", count: verdictCells + checkCells)
    var text = wrapped(finding.figure, first: head, rest: indent)
    if let advice = finding.advice {
      text += wrapped(advice, first: indent + "→ ", rest: indent + "  ")
    }
    return text
  }

  /// The same for the summary, which names the fault.
  static func summaryText(_ summary: Finding) -> String {
    let name = summary.fault.map { " (\($0.rawValue))" } ?? ""
    let figure = summary.figure.prefix(1).uppercased() + summary.figure.dropFirst()
    var text = "\n" + wrapped("\(figure)\(name).", first: "", rest: "")
    if let advice = summary.advice {
      let stop = advice.hasSuffix("?") ? "" : "."
      text += wrapped("First: \(advice)\(stop)", first: "", rest: "")
    }
    return text
  }

  private static func padded(_ text: String, _ cells: Int) -> String {
    text + String(repeating: " ", count: max(1, cells - cellWidth(text)))
  }

  /// Breaks a text between words, into lines that begin with `first` and then with `rest`. A word
  /// that is longer than a line has one of its own.
  private static func wrapped(_ text: String, first: String, rest: String) -> String {
    var lines: [String] = []
    var line = first
    var isEmpty = true
    for word in ShownText.string(text).split(separator: " ") {
      if !isEmpty, cellWidth(line) + 1 + cellWidth(word) > Limits.doctorColumns {
        lines.append(line)
        (line, isEmpty) = (rest, true)
      }
      line += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    return (lines + [line]).map { $0 + "\n" }.joined()
  }

  // MARK: As JSON

  /// One object a line (`Docs/JSON.md`).
  static func json(_ finding: Finding, _ check: String) -> String {
    var object = JSONObject()
    object.add("check", check)
    object.add("verdict", finding.verdict.rawValue)
    object.add("figure", finding.figure)
    if let advice = finding.advice { object.add("advice", advice) }
    if let fault = finding.fault { object.add("fault", fault.rawValue) }
    for measure in finding.measures { object.add(measure.name, measure.value) }
    return object.line
  }
}
