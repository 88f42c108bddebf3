import ChatEngine

/// What arrived, for programs.
extension Arrival {
  /// The event as one JSON object and a newline; nil for what is for a person's eyes only.
  /// `Docs/JSON.md` describes the fields.
  var json: String? {
    var object = JSONObject()
    func begin(_ type: String) {
      object.add("type", type)
      object.add("time", rfc3339(unixMilliseconds: time))
      if let room { object.add("room", room.text) }
    }
    switch event {
    case .message(let heard):
      begin("message")
      object.add("from", heard.from)
      object.add("text", String(decoding: heard.text, as: UTF8.self))
      if heard.number > 0 { object.add("number", Int(clamping: heard.number)) }
      if heard.isAction { object.add("action", true) }
    case .picture(let picture):
      begin("picture")
      picture.add(to: &object)
    case .attachment(let from, let attachment):
      begin("attachment")
      object.add("from", from)
      object.add("bytes", Int(clamping: attachment.length))
      if attachment.width > 0 {
        object.add("width", Int(attachment.width))
        object.add("height", Int(attachment.height))
      }
      if !attachment.name.isEmpty { object.add("name", attachment.name) }
    case .topic(let from, let text):
      begin("topic")
      if let from { object.add("from", from) }
      object.add("text", String(decoding: text, as: UTF8.self))
    case .entered(let names):
      begin("entered")
      object.add("here", names)
    case .notEntered(let reason):
      begin("not-entered")
      object.add("text", String(decoding: reason, as: UTF8.self))
    case .parted: begin("parted")
    case .joined(let name):
      begin("joined")
      object.add("name", name)
    case .left(let name):
      begin("left")
      object.add("name", name)
    case .notice(let text):
      begin("notice")
      object.add("text", String(decoding: text, as: UTF8.self))
    case .renamed(let name):
      begin("renamed")
      object.add("name", name)
    case .accepted(let isPicture, let number):
      begin("accepted")
      object.add("what", isPicture ? "picture" : "message")
      object.add("number", Int(clamping: number))
    case .failed(let isPicture, let number, _, let reason):
      begin("not-accepted")
      object.add("what", isPicture ? "picture" : "message")
      object.add("number", Int(clamping: number))
      object.add("text", String(decoding: reason, as: UTF8.self))
    case .missed(let count, _):
      begin("missed")
      object.add("count", count)
    case .connectionLost(let isShutDown):
      begin("connection-lost")
      object.add("reason", isShutDown ? "shut-down" : "no-answer")
    case .restored(let how, let names):
      begin("restored")
      object.add("missed", how.isWhole ? "nothing" : "unknown")
      if how != .whole { object.add("here", names) }
    case .status, .complaint, .said, .showed, .help:
      return nil
    }
    return object.line
  }
}

extension ArrivedPicture {
  fileprivate func add(to object: inout JSONObject) {
    object.add("from", from)
    object.add("bytes", bytes)
    if let size {
      object.add("width", size.width)
      object.add("height", size.height)
    }
    if let file { object.add("file", file) }
    if let fault { object.add("fault", fault) }
  }
}
