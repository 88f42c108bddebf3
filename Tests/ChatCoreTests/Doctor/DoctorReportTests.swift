import ChatEngine
import Testing

@testable import ChatCore

@Suite("What a doctor says")
struct DoctorReportTests {
  @Test("A finding is a line at most 80 wide, with what to do below it")
  func showsText() {
    let finding = Finding.failed(
      .portClosed, String(repeating: "word ", count: 30), String(repeating: "do ", count: 40))
    let lines = DoctorReport.text(finding, "udp").split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= Limits.doctorColumns })
    #expect(lines[0].hasPrefix("failed   udp          word word"))
    #expect(lines.filter { $0.contains("→") }.count == 1)
    #expect(lines.dropFirst().allSatisfy { $0.hasPrefix(String(repeating: " ", count: 22)) })
    #expect(DoctorReport.text(.ok("fine"), "key") == "ok       key          fine\n")
  }

  @Test("What comes from outside is shown and not obeyed")
  func isSafe() {
    let text = DoctorReport.text(.ok("a\u{1b}[31mb\nc"), "server")
    #expect(!text.contains("\u{1b}") && text.count { $0 == "\n" } == 1)
  }

  @Test("The first failure is the summary's; without one the first warning")
  func sumsUp() {
    var report = DoctorReport(isJSON: false)
    _ = report.add(.ok("a"), of: "a")
    #expect(report.summary == .ok("a conversation would work"))
    _ = report.add(.note("n", "later"), of: "n")
    #expect(report.summary.verdict == .ok)
    _ = report.add(.warning(.loss, "some lost", "look"), of: "b")
    #expect(report.summary.verdict == .warning && report.summary.fault == .loss)
    _ = report.add(.failed(.silence, "nothing", "first this"), of: "c")
    _ = report.add(.failed(.keyChanged, "key", "then that"), of: "d")
    #expect(report.summary.fault == .silence && report.summary.advice == "first this")
    let text = DoctorReport.summaryText(report.summary)
    #expect(text.contains("would not work: nothing (silence).\nFirst: first this."))
    let question = DoctorReport.summaryText(.failed(.silence, "nothing", "is it there?"))
    #expect(question.hasSuffix("First: is it there?\n"))
    #expect(report.finding("b")?.fault == .loss && report.finding("z") == nil)
  }

  @Test("As JSON it is one object with its numbers")
  func showsJSON() {
    let finding = Finding.warning(.smallMTU, "f", "a").measuring([("bytes", 548)])
    #expect(
      DoctorReport.json(finding, "whole")
        == #"{"check":"whole","verdict":"warning","figure":"f","advice":"a","fault":"small-mtu","#
        + #""bytes":548}"# + "\n")
    #expect(
      DoctorReport.json(.skipped("s"), "x")
        == #"{"check":"x","verdict":"skipped","figure":"s"}"# + "\n")
  }

  @Test("Keys and passwords are refusals, everything else is a server that is not reached")
  func hasExitCodes() {
    let refusals: Set<Fault> = [
      .keyChanged, .keyInDoubt, .passwordNeeded, .passwordWrong, .passwordNotAsked, .passwordFile,
      .refused,
    ]
    for fault in Fault.allCases {
      #expect(fault.exitCode == (refusals.contains(fault) ? .refused : .notReached), "\(fault)")
    }
  }

  @Test("A silence is explained by what else is known, the surest first")
  func explainsSilence() {
    var silence = Silence(place: "192.0.2.1:5", port: 5)
    #expect(silence.finding.fault == .silence)
    #expect(silence.finding.figure.contains("nothing at all"))
    silence.tcp = .refused
    #expect(silence.finding.figure.contains("its machine is there"))
    silence.otherPlace = "192.0.2.1:6"
    #expect(silence.finding.fault == .portClosed)
    silence.isHeard = true
    #expect(silence.finding.fault == .questionsBlocked)
    silence.isDroppedHere = true
    #expect(silence.finding.fault == .answersBlocked)
    silence.hasStrangeAnswer = true
    #expect(silence.finding.fault == .otherProgram)
    silence.isPlain = true
    #expect(silence.finding.fault == .oldServer)
  }
}
