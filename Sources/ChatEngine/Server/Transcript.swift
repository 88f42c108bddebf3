/// The conversation as lines for a person: `12:34:56 Anoop: hello`, `12:34:56 * Anoop joined`.
enum Transcript {
  /// Appends one event as one line of shown text.
  ///
  /// - Parameters:
  ///   - body: its text or JPEG.
  ///   - room: nil for the lobby.
  static func append(
    _ event: HubEvent, _ body: Span<UInt8>, in room: RoomName?, to output: inout [UInt8]
  ) {
    event.time.appendTime(to: &output)
    output.append(UInt8(ascii: " "))
    if let room { output.append(contentsOf: "#\(room) ".utf8) }
    if event.kind != .said(isAction: false) { output.append(contentsOf: "* ".utf8) }
    output.append(contentsOf: event.name.text.utf8)
    switch event.kind {
    case .said(let isAction):
      output.append(contentsOf: (isAction ? " " : ": ").utf8)
      ShownText.append(body, to: &output)
    case .topic:
      output.append(contentsOf: " set the topic: ".utf8)
      ShownText.append(body, to: &output)
    case .joined(let isBack): output.append(contentsOf: (isBack ? " is back" : " joined").utf8)
    case .showed(let header, _):
      let kilobytes = max(1, (body.count + 500) / 1_000)
      let size = "\(header.width)×\(header.height), \(kilobytes) kB"
      output.append(contentsOf: " sent a picture, \(size)".utf8)
    case .left(.said): output.append(contentsOf: " left".utf8)
    case .left: output.append(contentsOf: " was lost".utf8)
    }
    output.append(UInt8(ascii: "\n"))
  }
}
