import Glibc

/// The environment's refusal: an `errno` and what was being tried.
public struct SystemError: Error, Equatable, CustomStringConvertible {
  public let code: Int32
  /// What was tried, in words that follow "cannot": `open photo.jpg`.
  public let operation: String

  public init(_ code: Int32, _ operation: String) {
    self.code = code
    self.operation = operation
  }

  /// The calling thread's `errno`.
  static func last(_ operation: String) -> SystemError { SystemError(errno, operation) }

  public var reason: String { String(cString: strerror(code)) }
  public var description: String { "cannot \(operation): \(reason)" }
}

/// Returns `result` unless it is negative, which is how a system call says that `errno` is set.
@discardableResult
func checked(
  _ result: Int32, _ operation: @autoclosure () -> String
) throws(SystemError) -> Int32 {
  if result < 0 { throw SystemError.last(operation()) }
  return result
}
