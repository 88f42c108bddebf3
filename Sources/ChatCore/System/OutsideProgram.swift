import ChatEngine
import Glibc

/// Another program that is asked something: what it wrote to standard output.
enum OutsideProgram {
  private static let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]

  /// Where a program of the system is; nil where it is not installed.
  static func path(_ name: String) -> String? {
    folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  /// Runs a program to its end, at most for `Limits.doctorProgramMilliseconds`.
  ///
  /// - Returns: how it ended, and at most `Limits.doctorProgramBytesMax` of what it wrote; nil
  ///   where it could not be started or took too long.
  static func run(_ path: String, _ words: [String]) -> (status: Int32, output: String)? {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    let output = OwnedFD(ends[0])
    _ = fcntl(output.raw, F_SETFD, FD_CLOEXEC)
    let child = start(path, words, output: ends[1])
    close(ends[1])
    guard let child else { return nil }
    let bytes = read(output.raw, until: Clocks.now() + .milliseconds(limit))
    if bytes == nil { kill(child, SIGKILL) }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 && errno == EINTR {}
    guard let bytes, status & 0x7f == 0 else { return nil }
    return (status >> 8 & 0xff, String(decoding: bytes, as: UTF8.self))
  }

  private static let limit = Limits.doctorProgramMilliseconds

  private static func start(_ path: String, _ words: [String], output: Int32) -> pid_t? {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    posix_spawn_file_actions_addclose(&actions, output)
    let arguments: [UnsafeMutablePointer<CChar>?] = ([path] + words).map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child = pid_t()
    return posix_spawn(&child, path, &actions, nil, arguments, environ) == 0 ? child : nil
  }

  /// Reads to the end; what is too much is thrown away. Nil where the end does not come in time.
  private static func read(_ fd: Int32, until end: Instant) -> [UInt8]? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: Limits.inputChunkBytes)
    while true {
      let left = (Int64(end.nanoseconds) - Int64(Clocks.now().nanoseconds)) / 1_000_000
      var request = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
      if left <= 0 || poll(&request, 1, Int32(clamping: left)) == 0 { return nil }
      let count = Glibc.read(fd, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return bytes }
      bytes += buffer[..<min(count, Limits.doctorProgramBytesMax - bytes.count)]
    }
  }
}
