/// What `chatd join` was asked for.
public struct JoinOptions: Sendable {
  /// What happens when standard input ends.
  public enum Following: Sendable {
    /// Leave, unless something else says when to end: `--count` or `--timeout`.
    case untilInputEnds
    /// Stay.
    case always
    /// Leave, whatever was still to come; standard input is not read where it is a terminal.
    case never
  }

  public var client = ClientOptions()
  public var isJSON = false
  /// Rooms to be in besides the lobby; the first is shown at first.
  public var rooms: [RoomName] = []
  public var following = Following.untilInputEnds
  /// Leave after so many messages and pictures of others.
  public var count: Int?
  /// Where pictures are saved; nil for the current folder, or nowhere if that cannot be written.
  public var saveDirectory: String?
  public var savesPictures = true
  public var opensPictures = false

  public init() {}
}
