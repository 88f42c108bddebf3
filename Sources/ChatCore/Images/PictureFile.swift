import ChatEngine
import Glibc

/// A picture file that was read into memory whole, bounded by `Limits.pictureFileBytesMax`.
public struct PictureFile: Sendable {
  /// The last part of the path, or `standard input`: what the others may know of it.
  public let name: String
  public let bytes: [UInt8]

  /// Reads the file at `path`; `-` is standard input.
  ///
  /// Only regular files are opened by path, and pipes where `acceptsPipes` says so, since reading
  /// one waits for whoever writes into it. Only files, pipes and sockets are read as standard
  /// input, so this does not wait for somebody to type. Throws a `PictureError` about the file
  /// itself, by its path as it was given; whether it holds a picture is not looked at here.
  public static func read(
    path: String, acceptsPipes: Bool = false
  ) throws(PictureError) -> PictureFile {
    do throws(PictureError.Reason) {
      let bytes =
        path == "-" ? try readStandardInput() : try readFile(path, acceptsPipes: acceptsPipes)
      if bytes.isEmpty { throw .empty }
      return PictureFile(name: path == "-" ? standardInput : lastPart(of: path), bytes: bytes)
    } catch {
      throw PictureError(name: path == "-" ? standardInput : path, reason: error)
    }
  }

  private static let standardInput = "standard input"

  private static func lastPart(of path: String) -> String {
    let parts = path.split(separator: "/")
    return parts.last.map(String.init) ?? path
  }

  private static func readFile(
    _ path: String, acceptsPipes: Bool
  ) throws(PictureError.Reason) -> [UInt8] {
    // O_NONBLOCK keeps the open from waiting where the path leads to a pipe without a writer.
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else {
      switch errno {
      case ENOENT, ENOTDIR: throw .missing
      case EACCES, EPERM: throw .notPermitted
      case ENXIO: throw .notAFile
      default: throw .unreadable(errno: errno)
      }
    }
    defer { close(descriptor) }
    let status = try status(of: descriptor)
    let kind = status.st_mode & S_IFMT
    if kind == S_IFDIR { throw .directory }
    if kind == S_IFIFO && acceptsPipes { return try readAll(of: descriptor, expecting: 0) }
    if kind != S_IFREG { throw .notAFile }
    let bytes = Int(status.st_size)
    if bytes > Limits.pictureFileBytesMax {
      throw .tooLarge(bytes: bytes, limit: Limits.pictureFileBytesMax)
    }
    return try readAll(of: descriptor, expecting: bytes)
  }

  private static func readStandardInput() throws(PictureError.Reason) -> [UInt8] {
    let status = try status(of: STDIN_FILENO)
    let kind = status.st_mode & S_IFMT
    if kind == S_IFDIR { throw .directory }
    if kind != S_IFREG && kind != S_IFIFO && kind != S_IFSOCK { throw .notAFile }
    return try readAll(of: STDIN_FILENO, expecting: 0)
  }

  private static func status(of descriptor: Int32) throws(PictureError.Reason) -> stat {
    var status = stat()
    if fstat(descriptor, &status) != 0 { throw .unreadable(errno: errno) }
    return status
  }

  /// Reads to the end. The size a file declares is a hint only: it may grow while it is read.
  private static func readAll(
    of descriptor: Int32, expecting bytesExpected: Int
  ) throws(PictureError.Reason) -> [UInt8] {
    let limit = Limits.pictureFileBytesMax
    var bytes: [UInt8] = []
    // One more than expected, so that the read which finds the end needs no larger array.
    var room = max(bytesExpected + 1, 64 << 10)
    while true {
      let before = bytes.count
      var failure: Int32 = 0
      var chunk = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
        let got = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        failure = got < 0 ? errno : 0
        count = max(got, 0)
      }
      switch failure {
      case 0: break
      case EINTR: continue
      case EAGAIN:
        // Standard input may have been left non-blocking by whoever shares it.
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&ready, 1, -1)
        continue
      case EISDIR: throw .directory
      default: throw .unreadable(errno: failure)
      }
      if chunk.isEmpty { return bytes }
      if before == 0 { swap(&bytes, &chunk) } else { bytes.append(contentsOf: chunk) }
      if bytes.count > limit { throw .tooLarge(bytes: bytes.count, limit: limit) }
      room = min(max(bytesExpected + 1 - bytes.count, 64 << 10), limit + 1)
    }
  }
}
