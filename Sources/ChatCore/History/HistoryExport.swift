import ChatEngine
import Glibc

/// What `chatd export` was asked for.
public struct ExportOptions: Sendable {
  /// nil for all rooms, and what is private.
  public var room: RoomName?
  /// Where the history is; nil for where the environment says.
  public var stateFolder: String?
  /// nil, and `-`, for standard output.
  public var output: String?

  public init() {}
}

/// Writes the messages of a state folder as lines of JSON; a server may use it meanwhile.
public func exportHistory(_ options: ExportOptions) throws(Failure) {
  let reader = try openReader(options.stateFolder)
  let target = try ExportTarget(options.output)
  var lines: [UInt8] = []
  var isReaderGone = false
  func write() throws(StoreError) {
    defer { lines.removeAll(keepingCapacity: true) }
    switch target.write(lines) {
    case nil: break
    case EPIPE?:
      isReaderGone = true
      // What is thrown is not told.
      throw .busy
    case let error?: throw .other("\(target.name): \(SystemError(error, "write").reason)")
    }
  }
  do throws(StoreError) {
    let room = options.room.map { RoomKey.room($0.text) }
    let count = try reader.export(of: room, includesInboxes: true) { line throws(StoreError) in
      lines.append(contentsOf: line.utf8)
      if lines.count >= exportPieceBytes { try write() }
    }
    try write()
    if let room = options.room, count == 0 { warn("nothing of \(room) is kept") }
  } catch {
    target.discard()
    if isReaderGone { return }
    throw Failure(error)
  }
  try target.finish()
}

private let exportPieceBytes = 64 << 10

private func openReader(_ path: String?) throws(Failure) -> HistoryReader {
  let folder = try existingFolder(path)
  guard access(HistoryFiles(folder: folder).database, F_OK) == 0 else {
    throw Failure(
      .failed, "there is no history in \(folder.path); --state-dir says where it is")
  }
  do throws(StoreError) {
    return try HistoryReader(in: folder)
  } catch {
    throw Failure(error)
  }
}

/// A state folder, which is not made where it is missing: who mistypes its name is told.
private func existingFolder(_ path: String?) throws(Failure) -> StateFolder {
  let path = path ?? StateFolder.path { name in getenv(name).map { String(cString: $0) } }
  if let path, access(path, F_OK) != 0 {
    throw Failure(.failed, "there is no folder \(path); --state-dir says where the history is")
  }
  return try StateFolder(at: path)
}

/// Where an export goes. A file is not in its place before it is whole, so that one of before is
/// not lost to an export that fails.
private final class ExportTarget {
  let name: String
  private let fd: Int32
  private let file: OwnedFD?
  /// What becomes the file; nil for what is written to directly.
  private let part: String?

  /// - Parameter path: nil, and `-`, for standard output.
  init(_ path: String?) throws(Failure) {
    guard let path, path != "-" else {
      (name, fd, part) = ("standard output", STDOUT_FILENO, nil)
      file = nil
      return
    }
    var status = stat()
    // A device or a pipe is written to, and not replaced.
    let isPlain = stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
    let part = isPlain ? path + ".part" : nil
    let flags = O_WRONLY | O_CLOEXEC | (isPlain ? O_CREAT | O_TRUNC | O_NOFOLLOW : 0)
    let raw = open(part ?? path, flags, 0o600)
    guard raw >= 0 else {
      throw Failure(
        .failed, "--output: \(SystemError.last("open \(ShownText.string(part ?? path))"))")
    }
    (name, fd, self.part) = (path, raw, part)
    file = OwnedFD(raw)
  }

  /// - Returns: the error that stopped it, or nil.
  func write(_ bytes: [UInt8]) -> Int32? { writeAll(bytes, to: fd) }

  func discard() {
    if let part { unlink(part) }
  }

  /// Puts the file in its place.
  func finish() throws(Failure) {
    guard let part else { return }
    if fsync(fd) != 0 || rename(part, name) != 0 {
      let error = SystemError.last("write \(ShownText.string(name))")
      discard()
      throw Failure(.failed, "--output: \(error)")
    }
  }
}
