import ChatEngine
import Glibc

/// What `chatd import` was asked for.
public struct ImportOptions: Sendable {
  /// Where the history is; nil for where the environment says.
  public var stateFolder: String?
  /// nil, and `-`, for standard input.
  public var input: String?
  /// Whether only what is wrong is told.
  public var isQuiet = false

  public init() {}
}

/// Takes messages from lines of JSON into a state folder that no server uses.
public func importHistory(_ options: ImportOptions) throws(Failure) {
  let source = try ImportSource(options.input)
  let folder = try StateFolder(at: options.stateFolder)
  let report: ImportReport
  do throws(StoreError) {
    let database = try HistoryDatabase(in: folder)
    report = try database.importLines { () throws(StoreError) in try source.next() }
  } catch {
    if case .inUse(let folder) = error {
      throw Failure(
        .failed,
        "a server uses \(folder): stop it first, since it is the one who numbers messages there")
    }
    throw Failure(error)
  }
  try tell(report, isQuiet: options.isQuiet)
}

/// Says what became of the lines.
private func tell(_ report: ImportReport, isQuiet: Bool) throws(Failure) {
  for complaint in report.complaints { warn("line \(complaint.line) \(complaint.reason)") }
  let unnamed = report.bad - report.complaints.count
  if unnamed > 0 { warn("and \(unnamed) more lines") }
  let summary =
    "\(count(report.added, "message", "messages")) added, "
    + "\(report.duplicates) there already, "
    + "\(count(report.bad, "line", "lines")) not taken"
  guard report.bad > 0 else {
    if !isQuiet { note(summary) }
    return
  }
  let isAllBad = report.added + report.duplicates == 0
  throw Failure(isAllBad ? .failed : .partlyDone, summary)
}

private func count(_ count: Int, _ one: String, _ many: String) -> String {
  "\(count) \(count == 1 ? one : many)"
}

/// The file that is imported, read piece by piece.
private final class ImportSource {
  private let name: String
  private let fd: Int32
  private let file: OwnedFD?
  private var piece = [UInt8](repeating: 0, count: Limits.inputChunkBytes)

  /// - Parameter path: nil, and `-`, for standard input.
  init(_ path: String?) throws(Failure) {
    guard let path, path != "-" else {
      (name, fd) = ("standard input", STDIN_FILENO)
      file = nil
      return
    }
    let raw = open(path, O_RDONLY | O_CLOEXEC)
    guard raw >= 0 else {
      throw Failure(.failed, "\(SystemError.last("open \(ShownText.string(path))"))")
    }
    (name, fd) = (path, raw)
    file = OwnedFD(raw)
  }

  /// The next bytes; nil at the end.
  func next() throws(StoreError) -> [UInt8]? {
    while true {
      let count = piece.withUnsafeMutableBytes { read(fd, $0.baseAddress, $0.count) }
      if count > 0 { return Array(piece[..<count]) }
      if count == 0 { return nil }
      if errno == EAGAIN {
        var request = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
        _ = poll(&request, 1, -1)
      } else if errno != EINTR {
        throw .other(SystemError.last("read \(name)").description)
      }
    }
  }
}
