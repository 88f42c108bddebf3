import ChatEngine
import Glibc

/// Messages of the past as lines: for a person, or as JSON.
///
/// What others wrote is shown, not obeyed, and a message is one line whatever it holds.
struct PastText {
  private var local = TimeText(isLocal: true)
  private var utc = TimeText(isLocal: false)

  /// `2026-11-20 12:34:56 Ann: text` and a newline, in local time.
  ///
  /// - Parameter showsPlace: whether `room#number` stands behind the time.
  mutating func line(_ message: PastMessage, showsPlace: Bool) -> [UInt8] {
    var line = Array(local.seconds(message.time))
    line.append(UInt8(ascii: " "))
    if showsPlace { line.append(contentsOf: "\(message.room)#\(message.number) ".utf8) }
    let (before, after) = Self.around(message)
    line.append(contentsOf: before.utf8)
    line.append(contentsOf: ShownText.string(message.from).utf8)
    line.append(contentsOf: after.utf8)
    if message.kind.isText { ShownText.append(message.body.span, to: &line) }
    line.append(UInt8(ascii: "\n"))
    return line
  }

  /// What stands before the name and behind it.
  private static func around(_ message: PastMessage) -> (String, String) {
    switch message.kind {
    case .text: return ("", ": ")
    case .action: return ("* ", " ")
    case .topic where message.body.isEmpty: return ("* ", " took the topic away")
    case .topic: return ("* ", " set the topic: ")
    case .picture, .file:
      guard let attachment = StoredAttachment(message.body) else { return ("* ", " sent a file") }
      let bytes = PictureText.bytes(Int(clamping: attachment.length))
      if message.kind == .picture {
        return ("* ", " sent a picture, \(attachment.width)×\(attachment.height), \(bytes)")
      }
      return ("* ", " sent a file, \(ShownText.string(attachment.name)), \(bytes)")
    }
  }

  /// One object and a newline; `Docs/JSON.md` describes the fields.
  mutating func json(_ message: PastMessage) -> [UInt8] {
    var object = JSONObject()
    object.add("room", message.room.text)
    object.add("number", Int(clamping: message.number))
    object.add("time", utc.milliseconds(message.time))
    object.add("from", message.from)
    object.add("kind", message.kind.name)
    if message.kind.isText {
      object.add("text", String(decoding: message.body, as: UTF8.self))
    } else if let attachment = StoredAttachment(message.body) {
      object.add("hash", HistoryLine.hex(attachment.hash))
      object.add("bytes", Int(clamping: attachment.length))
      if attachment.width > 0 {
        object.add("width", Int(attachment.width))
        object.add("height", Int(attachment.height))
      }
      if !attachment.name.isEmpty { object.add("file", attachment.name) }
    }
    return Array(object.line.utf8)
  }
}

/// Times of day as text; those of one minute are looked up once, since finding the zone is slow.
private struct TimeText {
  private let isLocal: Bool
  private var minute: Int64?
  /// Up to the seconds.
  private var front = ""

  init(isLocal: Bool) { self.isLocal = isLocal }

  /// `2026-11-20 12:34:56`.
  mutating func seconds(_ unixMilliseconds: Int64) -> String.UTF8View {
    let (front, second, _) = parts(unixMilliseconds)
    return (front + Self.padded(second, 2)).utf8
  }

  /// `2026-11-20T12:34:56.789Z`, as RFC 3339 has it.
  mutating func milliseconds(_ unixMilliseconds: Int64) -> String {
    let (front, second, millisecond) = parts(unixMilliseconds)
    return "\(front)\(Self.padded(second, 2)).\(Self.padded(millisecond, 3))Z"
  }

  private mutating func parts(_ unixMilliseconds: Int64) -> (String, Int64, Int64) {
    // The wire has no times before 1970.
    let time = max(unixMilliseconds, 0)
    let minute = time / 60_000
    if self.minute != minute { (self.minute, front) = (minute, text(of: minute * 60)) }
    return (front, time / 1_000 % 60, time % 1_000)
  }

  private func text(of second: Int64) -> String {
    var time = time_t(second)
    var parts = tm()
    let isKnown = (isLocal ? localtime_r(&time, &parts) : gmtime_r(&time, &parts)) != nil
    if !isKnown { parts = tm() }
    var text = [CChar](repeating: 0, count: 40)
    let length = strftime(
      &text, text.count, isLocal ? "%Y-%m-%d %H:%M:" : "%Y-%m-%dT%H:%M:", &parts)
    return String(decoding: text[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static func padded(_ value: Int64, _ digits: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
