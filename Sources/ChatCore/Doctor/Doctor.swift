import ChatEngine
import Glibc

/// What `chatd doctor` was asked for.
public struct DoctorOptions: Sendable {
  public var client = ClientOptions()
  public var isJSON = false

  public init() {}
}

/// One thing that is looked at.
private struct Check: Sendable {
  let name: String
  /// Without which it cannot be looked at.
  var needs: [String] = []
  let look: @Sendable (Examination) -> Finding
}

/// All checks, in the order in which they are made and told.
private let checks = [
  Check(name: "interfaces", look: MachineChecks.interfaces),
  Check(name: "firewall", look: MachineChecks.firewall),
  Check(name: "state", look: MachineChecks.state),
  Check(name: "server", look: ServerChecks.server),
  Check(name: "route", needs: ["server"], look: ReachChecks.route),
  Check(name: "udp", needs: ["route"], look: ReachChecks.udp),
  Check(name: "tcp", needs: ["route"], look: ReachChecks.tcp),
  Check(name: "discovery", needs: ["server"], look: ServerChecks.discovery),
  // Before the lengths, whose long datagrams fill a slow way.
  Check(name: "round-trip", needs: ["udp"], look: PathChecks.roundTrip),
  Check(name: "whole", needs: ["udp"], look: PathChecks.whole),
  Check(name: "fragments", needs: ["udp"], look: PathChecks.fragments),
  Check(name: "key", needs: ["udp"], look: TrustChecks.key),
  Check(name: "password", needs: ["udp", "key"], look: TrustChecks.password),
  Check(name: "handshake", needs: ["udp", "password"], look: TrustChecks.handshake),
  Check(name: "clock", needs: ["server"], look: ServerChecks.clock),
]

/// Looks at everything that a conversation needs, and tells what is wrong and what to do.
///
/// Nobody at the server hears of it, and no file is written.
///
/// - Throws: `Failure` without a message where no conversation would work: all is said by then.
public func doctor(_ options: DoctorOptions) throws(Failure) {
  let examination = try Examination(options.client)
  var report = DoctorReport(isJSON: options.isJSON)
  for check in checks {
    let missing = check.needs.first { report.finding($0)?.isInTheWay == true }
    let finding =
      missing.map { .skipped("there is nothing to look at without \($0)") }
      ?? check.look(examination)
    try show(report.add(finding, of: check.name))
  }
  let summary = report.summary
  try show(
    options.isJSON
      ? DoctorReport.json(summary, "summary") : DoctorReport.summaryText(summary))
  if summary.verdict == .failed { throw Failure(summary.fault?.exitCode ?? .notReached, "") }
}

private func show(_ text: String) throws(Failure) {
  if let failure = writeAll(Array(text.utf8), to: STDOUT_FILENO), failure != EPIPE {
    throw Failure(SystemError(failure, "write to standard output"))
  }
}
