/// What a `chatd` process ends with, as `Docs/chatd.1` lists it.
public enum ExitCode: Int32, Sendable {
  case done = 0
  case failed = 1
  case usage = 2
  case notReached = 3
  case refused = 4
  case notAcknowledged = 5
  case partlyDone = 6
  case interrupted = 130
  case terminated = 143
}

/// Why a subcommand cannot go on: one line for a person, and what the process ends with. The line
/// may hold what came from outside; `warn` makes it harmless.
public struct Failure: Error, CustomStringConvertible {
  public let exitCode: ExitCode
  public let message: String
  /// Further lines, where one cannot say what there is to know and to do.
  public let details: [String]

  public init(_ exitCode: ExitCode, _ message: String, details: [String] = []) {
    self.exitCode = exitCode
    self.message = message
    self.details = details
  }

  /// The same, with further lines behind.
  func adding(_ details: [String]) -> Failure {
    Failure(exitCode, message, details: self.details + details)
  }

  init(_ error: SystemError) { self.init(.failed, error.description) }

  public var description: String { message }
}
