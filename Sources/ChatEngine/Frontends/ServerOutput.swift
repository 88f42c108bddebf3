/// What the server's decisions put out: datagrams, work for others, the transcript, the log, and
/// the numbers. Whoever drives the engine takes these at the end of a turn.
public struct ServerOutput: ~Copyable {
  public var outbox = Outbox()
  /// Work that must not hold up the loop.
  public var effects: [ServerEffect] = []
  /// The conversation as lines of shown text, for standard output.
  public var transcript: [UInt8] = []
  public private(set) var log: [LogRecord] = []
  public var counters = ServerCounters()
  private var reports = [LimitReport](repeating: LimitReport(), count: DropReason.allCases.count)

  public init() {}

  /// Counts something that was not passed on; logs it at once, then at most
  /// `Limits.reportsPerSecond` with the number that fell in between.
  public mutating func drop(_ reason: DropReason, from address: PeerAddress?, at now: Instant) {
    counters.drops[reason.index] &+= 1
    reports[reason.index].unreported += 1
    let rate = Rate(perSecond: Limits.reportsPerSecond, burst: 1)
    guard reports[reason.index].limiter.take(rate, at: now) else { return }
    var fields: [(String, LogValue)] = [
      ("reason", .text(reason.rawValue)), ("count", .number(reports[reason.index].unreported)),
    ]
    if let address { fields.append(("last", .text(address.description))) }
    if let setting = reason.setting { fields.append(("setting", .text(setting))) }
    record(LogRecord(reason.setting == nil ? .info : .warning, "dropped", fields))
    reports[reason.index].unreported = 0
  }

  public mutating func record(_ record: LogRecord) {
    if log.count < Limits.logRecordsPerTurnMax {
      log.append(record)
    } else {
      counters.drops[DropReason.logRecordsPerTurn.index] &+= 1
    }
  }

  public mutating func takeLog() -> [LogRecord] {
    // Taking an empty log must not cost a buffer: it happens every turn.
    if log.isEmpty { return [] }
    defer { log = [] }
    return log
  }

  private struct LimitReport {
    var limiter = RateLimiter()
    var unreported: UInt64 = 0
  }
}

public enum ServerEffect: Sendable {
  /// Keep messages for ever, together or not at all; `ServerEngine.settle` is told when that is
  /// done.
  case commit(StoreBatch)
  /// Answer a question for the past; `ServerEngine.answer` is told.
  case ask(UInt64, HistoryQuestion)
  /// Keep a picture as a file named after its sender.
  case savePicture(name: String, jpeg: [UInt8])
}

/// Why something was not passed on. The raw value stands in the log.
public enum DropReason: String, CaseIterable, Sendable {
  case notText = "not-text"
  case notNative = "not-native"
  case notAuthentic = "not-authentic"
  case noSession = "no-session"
  case badHandshake = "bad-handshake"
  case handshakes = "handshakes"
  case wrongPassword = "wrong-password"
  case noName = "no-name"
  case nameNotOwned = "name-not-owned"
  case notOnLink = "not-on-link"
  case discoveryOff = "discovery-off"
  case discoveryAnswers = "discovery-answers"
  case notPrivate = "not-private"
  case classicOff = "classic-off"
  case badName = "bad-name"
  case badPicture = "bad-picture"
  case tooLong = "too-long"
  case joinsPerSecond = "joins-per-second"
  case messagesPerSecond = "messages-per-second"
  case clientsMax = "clients-max"
  case notSent = "not-sent"
  case saveQueue = "save-queue"
  case notKept = "not-kept"
  case figures = "figures"
  case logRecordsPerTurn = "log-records-per-turn"

  /// The flag of `chatd serve` that set the limit, where one did.
  public var setting: String? {
    switch self {
    case .notPrivate, .classicOff: "--classic"
    case .notOnLink: "--discovery"
    case .joinsPerSecond, .messagesPerSecond, .clientsMax: "--\(rawValue)"
    default: nil
    }
  }

  var index: Int { Self.allCases.firstIndex(of: self)! }
}

public struct ServerCounters: Sendable {
  public var datagramsIn: UInt64 = 0
  public var messages: UInt64 = 0
  public var pictures: UInt64 = 0
  public var joined: UInt64 = 0
  public var left: UInt64 = 0
  public var lost: UInt64 = 0
  public var drops = [UInt64](repeating: 0, count: DropReason.allCases.count)

  public init() {}

  public func drops(_ reason: DropReason) -> UInt64 { drops[reason.index] }
}
