import ChatEngine
import Glibc

/// The folder in which chatd keeps what lasts: keys, known servers, owned names.
///
/// What always holds once it is open: it is a folder, and nobody but its owner and root can put
/// files into it.
public struct StateFolder: Sendable {
  public let path: String

  /// Opens the folder that the environment names, and makes it, with mode 0700, where it is
  /// missing: the first of `$STATE_DIRECTORY` (systemd.exec(5)), else `$XDG_STATE_HOME/chatd` (XDG
  /// Base Directory Specification), else `~/.local/state/chatd`.
  public init() throws(Failure) {
    let path = Self.path { name in getenv(name).map { String(cString: $0) } }
    guard let path else {
      throw Failure(
        .failed,
        "there is no folder for keys: none of STATE_DIRECTORY, XDG_STATE_HOME and HOME is set")
    }
    try self.init(path)
  }

  /// The folder of this path; nil for the one that the environment names.
  init(at path: String?) throws(Failure) {
    if let path { try self.init(path) } else { try self.init() }
  }

  init(_ path: String) throws(Failure) {
    self.path = path
    do throws(SystemError) {
      try Self.make(path)
      _ = try openFolder()
    } catch {
      throw Failure(
        .failed, "\(error.description) (keys are kept there; XDG_STATE_HOME can name another)")
    }
    if Self.isOpenToOthers(path) {
      throw Failure(
        .failed,
        "others can write to the folder \(path), so its keys may not be what they were: see what "
          + "is in it, then chmod go-w \(path)")
    }
  }

  /// What the environment names, whether it is there or not.
  static func path(environment: (String) -> String?) -> String? {
    if let list = environment("STATE_DIRECTORY"), let first = list.split(separator: ":").first {
      return String(first)
    }
    // The specification wants a relative path to be ignored.
    if let state = environment("XDG_STATE_HOME"), state.hasPrefix("/") { return state + "/chatd" }
    guard let home = environment("HOME"), home.hasPrefix("/") else { return nil }
    return home + "/.local/state/chatd"
  }

  private static func make(_ path: String) throws(SystemError) {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    let error = SystemError.last("make the folder \(path)")
    guard error.code == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
      throw error
    }
    try make(String(path[..<slash]))
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw error }
  }

  /// Whether others can write to the folder that the environment names: somebody may have changed
  /// what is in it. That is no reason to go on without it.
  static var isOpenToOthers: Bool {
    path { name in getenv(name).map { String(cString: $0) } }.map(isOpenToOthers) ?? false
  }

  private static func isOpenToOthers(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
      && status.st_mode & 0o022 != 0
  }

  func openFolder() throws(SystemError) -> OwnedFD {
    try OwnedFD(
      checking: open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open the folder \(path)")
  }

  func file(_ name: String) -> StateFile { StateFile(folder: self, name: name) }
}
