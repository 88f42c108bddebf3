/// The conversation as lines for a person: `12:34:56 Anoop: hello`, `12:34:56 * Anoop joined`.
enum Transcript {
  /// Appends one event as one line of shown text.
  ///
  /// - Parameter bytes: those of the hub, which the event's ranges are positions in.
  static func append(
    _ event: HubEvent, of bytes: Span<UInt8>, at wall: WallClock, to output: inout [UInt8]
  ) {
    wall.appendTime(to: &output)
    output.append(UInt8(ascii: " "))
    if case .said(let text, _) = event.kind {
      output.append(contentsOf: event.name.text.utf8)
      output.append(contentsOf: ": ".utf8)
      ShownText.append(bytes.extracting(text), to: &output)
    } else {
      output.append(contentsOf: "* ".utf8)
      output.append(contentsOf: event.name.text.utf8)
      output.append(contentsOf: notice(event).utf8)
    }
    output.append(UInt8(ascii: "\n"))
  }

  private static func notice(_ event: HubEvent) -> String {
    switch event.kind {
    case .joined(let isBack): isBack ? " is back" : " joined"
    case .said: ""
    case .showed(let jpeg, let header, _):
      " sent a picture, \(header.width)×\(header.height), \(max(1, (jpeg.count + 500) / 1_000)) kB"
    case .left(.said): " left"
    case .left: " was lost"
    }
  }
}
