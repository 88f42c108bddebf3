/// One line of the log: a fixed event and what belongs to it.
public struct LogRecord: Sendable {
  public var level: LogLevel
  public var event: String
  public var fields: [(String, LogValue)]

  public init(_ level: LogLevel, _ event: String, _ fields: [(String, LogValue)] = []) {
    self.level = level
    self.event = event
    self.fields = fields
  }
}

/// Ordered from the least to the most serious.
public enum LogLevel: String, Comparable, CaseIterable, Sendable {
  case debug, info, warning, error

  private var seriousness: Int { Self.allCases.firstIndex(of: self)! }

  public static func < (a: LogLevel, b: LogLevel) -> Bool { a.seriousness < b.seriousness }
}

/// What a field of the log holds; numbers stay numbers in JSON.
public enum LogValue: Sendable, Equatable {
  case text(String)
  case number(UInt64)
}
