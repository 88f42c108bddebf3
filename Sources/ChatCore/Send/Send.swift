import ChatEngine
import Glibc

/// What `chatd send` was asked for.
public struct SendOptions: Sendable {
  public var client = ClientOptions()
  /// Where to say it.
  public var room = RoomName.lobby
  /// The text to say; nil to take it from standard input.
  public var text: String?
  /// Whether each line of standard input is a message of its own.
  public var isLines = false

  public init() {}
}

/// Says something and ends when the server had it, as far as the dialect can tell.
public func send(_ options: SendOptions) throws(Failure) {
  try options.client.check([options.room])
  if options.isLines && options.text == nil {
    let session = try SendSession(options.client, in: options.room)
    try session.readLines()
    return try session.run()
  }
  var texts: [[UInt8]]
  if let text = options.text {
    texts =
      options.isLines
      ? text.utf8.split(separator: UInt8(ascii: "\n")).map(Array.init) : [Array(text.utf8)]
  } else {
    texts = [try readMessage()]
  }
  texts = texts.map(UTF8Text.repaired)
  texts.removeAll { $0.isEmpty }
  if texts.isEmpty { throw Failure(.failed, "nothing to send: the message is empty") }
  if texts.contains(where: { $0.count > Limits.messageBytesMax }) { throw tooLong }
  let session = try SendSession(options.client, in: options.room)
  session.messages = texts
  try session.run()
}

/// All of standard input as one message, without the line end behind it.
private func readMessage() throws(Failure) -> [UInt8] {
  var message: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: Limits.inputChunkBytes)
  while true {
    let count = read(STDIN_FILENO, &buffer, buffer.count)
    if count < 0 {
      if errno == EINTR { continue }
      throw Failure(SystemError.last("read standard input"))
    }
    if count == 0 { break }
    message.append(contentsOf: buffer[..<count])
    // Two more than may be, for a line end that is not sent.
    if message.count > Limits.messageBytesMax + 2 { throw tooLong }
  }
  if message.last == UInt8(ascii: "\n") { message.removeLast() }
  if message.last == UInt8(ascii: "\r") { message.removeLast() }
  return message
}

private var tooLong: Failure {
  Failure(
    .failed,
    "the message is longer than \(Limits.messageBytesMax) bytes, the most that fit into one "
      + "(limit messageBytesMax); --lines sends each line by itself")
}
