import ChatEngine

/// Something that a person who joined is shown.
enum JoinEvent {
  case message(from: String, text: [UInt8])
  case picture(ArrivedPicture)
  case joined(String)
  case left(String)
  /// A line of the server.
  case notice([UInt8])
  /// The server's reason for not passing on what was said.
  case notPassedOn([UInt8])
  case renamed(String)
  case serverClosing
  /// What this client has to say itself.
  case status(String)
  case complaint(String)
  /// What this person said.
  case said([UInt8])
  /// The picture that this person showed.
  case showed(String)
  /// A line of help.
  case help(String)
}

extension JoinEvent {
  /// The event as one JSON object and a newline; nil for what is for a person's eyes only.
  /// `Docs/JSON.md` describes the fields.
  func json(unixSeconds: Int64) -> String? {
    var object = JSONObject()
    func begin(_ type: String) {
      object.add("type", type)
      object.add("time", rfc3339(unixSeconds: unixSeconds))
    }
    switch self {
    case .message(let from, let text):
      begin("message")
      object.add("from", from)
      object.add("text", String(decoding: text, as: UTF8.self))
    case .picture(let picture):
      begin("picture")
      object.add("from", picture.from)
      object.add("bytes", picture.bytes)
      if let size = picture.size {
        object.add("width", size.width)
        object.add("height", size.height)
      }
      if let file = picture.file { object.add("file", file) }
      if let fault = picture.fault { object.add("fault", fault) }
    case .joined(let name):
      begin("joined")
      object.add("name", name)
    case .left(let name):
      begin("left")
      object.add("name", name)
    case .notice(let text):
      begin("notice")
      object.add("text", String(decoding: text, as: UTF8.self))
    case .notPassedOn(let text):
      begin("not-passed-on")
      object.add("text", String(decoding: text, as: UTF8.self))
    case .renamed(let name):
      begin("renamed")
      object.add("name", name)
    case .serverClosing:
      begin("server-closing")
    case .status, .complaint, .said, .showed, .help:
      return nil
    }
    return object.line
  }
}
