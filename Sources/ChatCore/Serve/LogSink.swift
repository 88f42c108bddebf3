import ChatEngine
import Glibc

/// The form of a line of the log.
public enum LogFormat: String, Sendable, CaseIterable {
  case text, json
}

/// Turns log records into lines: `2026-11-20T09:08:51Z warning dropped reason=bad-name count=3`,
/// or one JSON object a line. Under systemd's journal the level stands in front as `<4>`
/// (sd-daemon(3)).
struct LogSink {
  let stream: OutputStream
  let format: LogFormat
  let level: LogLevel
  private let isJournal: Bool

  /// - Parameter fd: what the stream writes to at first.
  init(stream: OutputStream, fd: Int32, format: LogFormat, level: LogLevel) {
    self.stream = stream
    self.format = format
    self.level = level
    isJournal = Self.isJournal(fd)
  }

  /// Whether a descriptor leads to the journal: systemd says so by device and inode.
  private static func isJournal(_ fd: Int32) -> Bool {
    guard let named = getenv("JOURNAL_STREAM").map({ String(cString: $0) }) else { return false }
    var status = stat()
    return fstat(fd, &status) == 0 && named == "\(status.st_dev):\(status.st_ino)"
  }

  func write(_ record: LogRecord) {
    guard record.level >= level else { return }
    let time = rfc3339(unixSeconds: Clocks.unixSeconds())
    let line = format == .json ? json(record, time) : text(record, time)
    stream.append(Array(line.utf8))
  }

  private func text(_ record: LogRecord, _ time: String) -> String {
    var line = isJournal ? "<\(record.level.journalPriority)>" : time + " "
    line += "\(record.level) \(record.event)"
    for (key, value) in record.fields {
      let shown = value.shown
      let isPlain = !shown.isEmpty && !shown.contains { " \"=\t".contains($0) }
      line += isPlain ? " \(key)=\(shown)" : " \(key)=\(JSONText.quoted(shown))"
    }
    return line + "\n"
  }

  private func json(_ record: LogRecord, _ time: String) -> String {
    var object = JSONObject()
    object.add("time", time)
    object.add("level", "\(record.level)")
    object.add("event", record.event)
    for (key, value) in record.fields {
      switch value {
      case .text(let text): object.add(key, text)
      case .number(let number): object.add(key, Int(clamping: number))
      }
    }
    return object.line
  }
}

extension LogValue {
  fileprivate var shown: String {
    switch self {
    case .text(let text): ShownText.string(text)
    case .number(let number): String(number)
    }
  }
}

extension LogLevel {
  /// The priority of syslog(3).
  fileprivate var journalPriority: Int {
    switch self {
    case .debug: 7
    case .info: 6
    case .warning: 4
    case .error: 3
    }
  }
}
