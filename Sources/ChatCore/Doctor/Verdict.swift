import ChatEngine

/// What a check came to.
public enum Verdict: String, Sendable, CaseIterable {
  case ok
  /// Nothing is wrong, and it may be good to know.
  case note
  /// A conversation works, but not as well as it could.
  case warning
  /// With this no conversation works.
  case failed
  /// Nothing can be said of it, for a reason that is told.
  case skipped
}

/// What may be wrong between a client and its server, by the names that `--json` and the summary
/// give it.
public enum Fault: String, Sendable, CaseIterable {
  case onlyLoopback = "only-loopback"
  case noAddress = "no-address"
  case noRoute = "no-route"
  case noSuchHost = "no-such-host"
  case nameService = "name-service"
  case noServer = "no-server"
  case oldServer = "old-server"
  case severalServers = "several-servers"
  case hostNotReached = "host-not-reached"
  case portClosed = "port-closed"
  case silence = "silence"
  case sendingBlocked = "sending-blocked"
  case questionsBlocked = "questions-blocked"
  case answersBlocked = "answers-blocked"
  case otherProgram = "other-program"
  case otherVersion = "other-version"
  case broadcastBlocked = "broadcast-blocked"
  case smallDatagrams = "small-datagrams"
  case smallMTU = "small-mtu"
  case fragmentsBlocked = "fragments-blocked"
  case loss
  case slow
  case clock
  case keyChanged = "key-changed"
  case keyInDoubt = "key-in-doubt"
  case passwordNeeded = "password-needed"
  case passwordWrong = "password-wrong"
  case passwordNotAsked = "password-not-asked"
  case passwordFile = "password-file"
  case refused
  case handshake
  case ownKey = "own-key"
  case stateFolder = "state-folder"
  case diskFull = "disk-full"

  /// What a client ends with that meets it.
  var exitCode: ExitCode {
    switch self {
    case .keyChanged, .keyInDoubt, .passwordNeeded, .passwordWrong, .passwordNotAsked,
      .passwordFile, .refused:
      .refused
    default: .notReached
    }
  }
}

/// What one check found: a verdict, the figure that it rests on, and what to do.
struct Finding: Sendable, Equatable {
  struct Measure: Sendable, Equatable {
    let name: String
    let value: Int
  }

  var verdict: Verdict
  /// What was seen: a line for a person. It may hold what came from outside; whoever shows it makes
  /// it harmless.
  var figure: String
  var advice: String?
  var fault: Fault?
  /// The same in numbers, for programs.
  var measures: [Measure] = []

  static func ok(_ figure: String) -> Finding { Finding(verdict: .ok, figure: figure) }

  static func note(_ figure: String, _ advice: String? = nil) -> Finding {
    Finding(verdict: .note, figure: figure, advice: advice)
  }

  static func warning(_ fault: Fault, _ figure: String, _ advice: String) -> Finding {
    Finding(verdict: .warning, figure: figure, advice: advice, fault: fault)
  }

  static func failed(_ fault: Fault, _ figure: String, _ advice: String) -> Finding {
    Finding(verdict: .failed, figure: figure, advice: advice, fault: fault)
  }

  static func skipped(_ reason: String) -> Finding {
    Finding(verdict: .skipped, figure: reason)
  }

  func measuring(_ measures: [(String, Int)]) -> Finding {
    var finding = self
    finding.measures = measures.map { Measure(name: $0.0, value: $0.1) }
    return finding
  }

  /// Whether what needs this cannot be looked at.
  var isInTheWay: Bool { verdict == .failed || verdict == .skipped }
}
