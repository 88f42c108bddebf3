import ChatEngine

/// Why something could not be kept or read. What a person can do about it is in `text`.
public enum StoreError: Error, Equatable, Sendable {
  case diskFull
  /// The file, or its file system, takes no changes.
  case notWritable(String)
  /// Another server has this state folder.
  case inUse(String)
  /// Something that is no plain file stands in the place of the file of this path.
  case notPlain(String)
  /// The database is of a later version than this program knows.
  case newer(version: Int)
  /// The file is a database of another program.
  case foreign
  case damaged(String)
  /// A number that is not the next one of its room: a bug of whoever numbers.
  case notNext(RoomKey, expected: UInt64, got: UInt64)
  case tooManyRooms
  /// Words that no search can be made of.
  case badWords
  /// More is waiting than may.
  case busy
  case other(String)

  init(_ error: SQLiteError, _ path: String) {
    self =
      switch error.kind {
      case .full: .diskFull
      case .readOnly: .notWritable(path)
      case .damaged: .damaged(error.message)
      case .busy: .busy
      case .constraint, .query, .other: .other("\(error.message) (SQLite \(error.code))")
      }
  }

  init(_ error: SystemError, _ path: String) {
    self =
      switch error.code {
      case ErrorNumber.noSpace, ErrorNumber.overQuota: .diskFull
      case ErrorNumber.noPermission, ErrorNumber.notPermitted, ErrorNumber.readOnly:
        .notWritable(path)
      default: .other(error.description)
      }
  }

  /// One line for a person, with the setting that helps.
  public var text: String {
    switch self {
    case .diskFull:
      "the disk is full: make room, keep less (--keep, --keep-bytes), or keep the history "
        + "elsewhere (--state-dir)"
    case .notWritable(let path):
      "cannot write to \(path): change its owner or mode, or keep the history elsewhere "
        + "(--state-dir)"
    case .inUse(let folder):
      "another server uses \(folder): stop it, or give this one a folder of its own (--state-dir)"
    case .notPlain(let path): "\(path) is no plain file: remove it"
    case .newer(let version):
      "the history is of version \(version), from a newer chatd: use that one, or another folder "
        + "(--state-dir)"
    case .foreign: "history.sqlite is a database of another program: move it away"
    case .damaged(let message): "the history is damaged: \(message)"
    case .notNext(let room, let expected, let got):
      "number \(got) for \(room) where \(expected) comes next"
    case .tooManyRooms: "there are \(Limits.storedRoomsMax) rooms already"
    case .badWords: "there is no word to search for, or too many"
    case .busy: "the history is busy"
    case .other(let message): "the history: \(message)"
    }
  }
}

extension Failure {
  init(_ error: StoreError) { self.init(.failed, error.text) }
}

/// Does something with the database at `path`, and says what went wrong as everybody may hear it.
func storing<Result>(
  _ path: String, _ body: () throws(SQLiteError) -> Result
) throws(StoreError) -> Result {
  do throws(SQLiteError) {
    return try body()
  } catch {
    throw StoreError(error, path)
  }
}
