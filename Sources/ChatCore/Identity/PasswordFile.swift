import ChatEngine
import Glibc

/// A password, the first line of a file.
public struct PasswordFile: Sendable {
  /// Without the line's end.
  public let password: [UInt8]
  /// What is wrong with the file, though it was read: one line for a person.
  public let warning: String?

  /// Reads it; a pipe will do, too.
  ///
  /// - Throws: `Failure` where the file cannot be read, or its first line is empty or too long.
  public init(_ path: String) throws(Failure) {
    let shown = ShownText.string(path)
    var bytes: [UInt8]
    var status = stat()
    do throws(SystemError) {
      let file = try OwnedFD(
        checking: open(path, O_RDONLY | O_CLOEXEC), "open the password file \(shown)")
      try checked(fstat(file.raw, &status), "look at the password file \(shown)")
      bytes = try readAll(
        file.raw, max: Limits.passwordFileBytesMax, "read the password file \(shown)")
    } catch {
      throw Failure(error)
    }
    defer { bytes.wipe() }
    var line = bytes.prefix { $0 != UInt8(ascii: "\n") }
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    if line.isEmpty {
      throw Failure(.failed, "the first line of the password file \(shown) is empty")
    }
    if line.count > Limits.passwordBytesMax {
      throw Failure(
        .failed,
        "the password in \(shown) is longer than \(Limits.passwordBytesMax) bytes")
    }
    password = Array(line)
    let isOpen = status.st_mode & S_IFMT == S_IFREG && status.st_mode & 0o077 != 0
    warning = isOpen ? "others can read the password file \(shown); chmod 600 \(shown)" : nil
  }
}
