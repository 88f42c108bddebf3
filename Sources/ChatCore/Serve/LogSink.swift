import ChatEngine
import Glibc

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
  private let isJournal = getenv("JOURNAL_STREAM") != nil

  init(stream: OutputStream, format: LogFormat, level: LogLevel) {
    self.stream = stream
    self.format = format
    self.level = level
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
      let shown = ShownText.string(value)
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
    for (key, value) in record.fields { object.add(key, value) }
    return object.line
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
