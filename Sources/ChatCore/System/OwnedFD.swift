import Glibc

/// A file descriptor that is owned once and closed with its owner.
struct OwnedFD: ~Copyable {
  let raw: Int32

  init(_ raw: Int32) {
    precondition(raw >= 0)
    self.raw = raw
  }

  /// Takes what a system call returned.
  init(
    checking result: Int32, _ operation: @autoclosure () -> String
  ) throws(SystemError) {
    self.init(try checked(result, operation()))
  }

  deinit { close(raw) }
}
