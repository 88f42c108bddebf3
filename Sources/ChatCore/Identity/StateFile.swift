import CLinux
import ChatEngine
import Glibc

/// A file of the state folder, of mode 0600, which is there whole or not at all.
struct StateFile: Sendable {
  let folder: StateFolder
  let name: String

  var path: String { "\(folder.path)/\(name)" }

  /// What is in it, at most `max` bytes and one more, and who may do what with it; nil where there
  /// is none.
  func read(max: Int) throws(Failure) -> (bytes: [UInt8], mode: mode_t)? {
    do throws(SystemError) {
      // A pipe in its place would wait for a writer.
      let raw = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      if raw < 0, errno == ENOENT { return nil }
      let file = try OwnedFD(checking: raw, "open \(path)")
      var status = stat()
      try checked(fstat(file.raw, &status), "look at \(path)")
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw SystemError(EINVAL, "use \(path), which is no plain file")
      }
      return (try readAll(file.raw, max: max, "read \(path)"), status.st_mode & 0o777)
    } catch {
      throw Failure(error)
    }
  }

  /// Writes a file that is not there yet.
  ///
  /// - Returns: false where there is one by now; it stays as it is.
  func make(_ bytes: [UInt8]) throws(Failure) -> Bool {
    try put(bytes) { directory, part throws(SystemError) in
      if clinux_rename_new(directory, part, name) == 0 { return true }
      if errno == EEXIST { return false }
      // Some file systems know no rename that refuses to replace; a hard link refuses as well.
      if linkat(directory, part, directory, name, 0) == 0 {
        unlinkat(directory, part, 0)
        return true
      }
      if errno == EEXIST { return false }
      throw SystemError.last("make \(path)")
    }
  }

  /// Writes the file anew.
  func replace(_ bytes: [UInt8]) throws(Failure) {
    _ = try put(bytes) { directory, part throws(SystemError) in
      try checked(renameat(directory, part, directory, name), "write \(path)")
      return true
    }
  }

  /// Appends to the file, and makes it where it is missing.
  ///
  /// - Returns: how many bytes it has then.
  @discardableResult
  func append(_ bytes: [UInt8]) throws(Failure) -> Int {
    do throws(SystemError) {
      let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC
      let file = try OwnedFD(checking: open(path, flags, 0o600), "open \(path)")
      var status = stat()
      try checked(fstat(file.raw, &status), "look at \(path)")
      let failure = writeAll(bytes, to: file.raw) ?? (fdatasync(file.raw) == 0 ? nil : errno)
      if let failure {
        // The next line must not be put behind half a one.
        _ = ftruncate(file.raw, status.st_size)
        throw SystemError(failure, "write \(path)")
      }
      return Int(status.st_size) + bytes.count
    } catch {
      throw Failure(error)
    }
  }

  /// Cuts the file to its first `count` bytes.
  func cut(to count: Int) throws(Failure) {
    if truncate(path, off_t(count)) != 0 { throw Failure(SystemError.last("write \(path)")) }
  }

  /// Keeps other processes from changing files of this folder, until what is returned is gone.
  func lock() throws(Failure) -> OwnedFD {
    do throws(SystemError) {
      let directory = try folder.openFolder()
      for _ in 0..<Limits.stateLockTriesMax {
        if flock(directory.raw, LOCK_EX | LOCK_NB) == 0 { return directory }
        let error = SystemError.last("lock \(folder.path)")
        if error.code != EWOULDBLOCK && error.code != EINTR { throw error }
        usleep(10_000)
      }
      throw SystemError(EWOULDBLOCK, "lock \(folder.path)")
    } catch {
      throw Failure(error)
    }
  }

  /// Writes a part beside the file and hands it to `give`, which gives it its name or says that it
  /// is not wanted.
  private func put(
    _ bytes: [UInt8], _ give: (_ directory: Int32, _ part: String) throws(SystemError) -> Bool
  ) throws(Failure) -> Bool {
    do throws(SystemError) {
      let directory = try folder.openFolder()
      let number = KernelRandom.bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let part = ".\(name).\(String(number, radix: 36)).part"
      let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
      let file = try OwnedFD(checking: openat(directory.raw, part, flags, 0o600), "write \(path)")
      var isGiven = false
      defer { if !isGiven { unlinkat(directory.raw, part, 0) } }
      if let failure = writeAll(bytes, to: file.raw) { throw SystemError(failure, "write \(path)") }
      try checked(fsync(file.raw), "write \(path)")
      isGiven = try give(directory.raw, part)
      // So that the name lasts too.
      _ = fsync(directory.raw)
      return isGiven
    } catch {
      throw Failure(error)
    }
  }
}

/// What comes from a descriptor, to its end or until it is more than `max` bytes.
///
/// - Returns: at most `max + 1` bytes, so that the caller sees that there is more.
func readAll(
  _ fd: Int32, max: Int, _ operation: @autoclosure () -> String
) throws(SystemError) -> [UInt8] {
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: Limits.inputChunkBytes)
  defer { buffer.wipe() }
  while bytes.count <= max {
    let count = read(fd, &buffer, min(buffer.count, max + 1 - bytes.count))
    if count < 0, errno == EINTR { continue }
    try checked(Int32(truncatingIfNeeded: count), operation())
    if count == 0 { break }
    bytes += buffer[..<count]
  }
  return bytes
}
