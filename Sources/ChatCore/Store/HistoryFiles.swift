import ChatEngine
import Glibc

/// The database's files in a state folder: `history.sqlite` with its write-ahead log
/// (`-wal`, `-shm`), `history.lock`, and what salvage leaves.
///
/// What always holds: they are plain files of mode 0600, since SQLite gives its other files the
/// mode of the first. `history.sqlite` itself is opened by nobody but SQLite once it is open there,
/// since to close another descriptor of it would end SQLite's locks (sqlite.org/howtocorrupt.html).
struct HistoryFiles: Sendable {
  let folder: StateFolder

  var database: String { "\(folder.path)/history.sqlite" }
  var writeAhead: String { database + "-wal" }
  var shared: String { database + "-shm" }
  /// What salvage is filling.
  var salvage: String { database + ".salvage" }
  /// What salvage has filled, and what only its place is missing to.
  var salvaged: String { database + ".salvaged" }

  /// Keeps other servers from this folder until what is returned is gone.
  func lock() throws(StoreError) -> OwnedFD {
    let path = folder.path + "/history.lock"
    do throws(SystemError) {
      let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC
      let file = try OwnedFD(checking: open(path, flags, 0o600), "open \(path)")
      while flock(file.raw, LOCK_EX | LOCK_NB) != 0 {
        let error = SystemError.last("lock \(path)")
        if error.code != EINTR { throw error }
      }
      return file
    } catch {
      if error.code == EWOULDBLOCK { throw .inUse(folder.path) }
      if error.code == ELOOP { throw .notPlain(path) }
      throw StoreError(error, path)
    }
  }

  /// Makes an empty database's file where there is none, and refuses what is no plain file.
  func prepare() throws(StoreError) {
    for path in [writeAhead, shared] { _ = try size(path) }
    if try size(database) != nil { return }
    // What is left of another database must not be taken for a part of the new one.
    for path in [writeAhead, shared] { unlink(path) }
    try make(database)
  }

  /// Makes an empty file.
  func make(_ path: String) throws(StoreError) {
    do throws(SystemError) {
      let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
      _ = try OwnedFD(checking: open(path, flags, 0o600), "make \(path)")
    } catch {
      throw StoreError(error, path)
    }
  }

  /// The bytes of a plain file, which is made its owner's alone; nil where there is none.
  func size(_ path: String) throws(StoreError) -> Int? {
    var status = stat()
    if lstat(path, &status) != 0 {
      let error = SystemError.last("look at \(path)")
      if error.code == ENOENT { return nil }
      throw StoreError(error, path)
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notPlain(path) }
    if status.st_mode & 0o077 != 0, chmod(path, 0o600) != 0 {
      throw StoreError(SystemError.last("change the mode of \(path)"), path)
    }
    return Int(status.st_size)
  }

  /// Puts in place what salvage has filled, where it came so far, and removes what it has not.
  ///
  /// Each step leaves something from which the next start goes on. The old log goes first: it must
  /// never lie beside the new database.
  ///
  /// - Returns: the damaged database's new path; nil where nothing was to be done.
  func finishSalvage() throws(StoreError) -> String? {
    if try size(salvage) != nil { unlink(salvage) }
    unlink(salvage + "-journal")
    guard try size(salvaged) != nil else { return nil }
    let aside = damagedPath()
    for (from, to) in [(writeAhead, aside + "-wal"), (database, aside), (salvaged, database)] {
      if rename(from, to) != 0, errno != ENOENT {
        throw StoreError(SystemError.last("rename \(from)"), from)
      }
      if from == writeAhead { unlink(shared) }
      syncFolder()
    }
    return aside
  }

  /// Where the next damaged database is kept.
  private func damagedPath() -> String {
    let paths = (1...Limits.damagedDatabasesMax).map { "\(database).damaged-\($0)" }
    return paths.first { access($0, F_OK) != 0 } ?? paths[paths.count - 1]
  }

  /// So that names last.
  func syncFolder() {
    if let directory = try? folder.openFolder() { _ = fsync(directory.raw) }
  }
}

/// The errors of the environment that have an answer of their own.
enum ErrorNumber {
  static let noSpace = ENOSPC
  static let overQuota = EDQUOT
  static let noPermission = EACCES
  static let notPermitted = EPERM
  static let readOnly = EROFS
}
