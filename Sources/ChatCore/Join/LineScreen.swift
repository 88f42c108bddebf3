import ChatEngine
import Glibc

/// `chatd join` in a pipe: events as lines or JSON objects on standard output, everything else on
/// standard error, and standard input read line by line.
final class LineScreen {
  private let reactor: Reactor
  private let output: OutputStream
  private let errors: OutputStream
  private let isJSON: Bool
  private let isQuiet: Bool
  private var input: InputReader?
  private var inputWatch: Reactor.Watch?
  private var outputWatch: Reactor.Watch?
  private var failuresNamed = 0
  private var lines = LineSplitter(lineBytesMax: Limits.messageBytesMax)
  /// Called with each line of input.
  var onLine: (LineSplitter.Line) -> Void = { _ in }
  var onInputEnd: (SystemError?) -> Void = { _ in }
  /// Called when output goes on, or its reader is gone.
  var onProgress: () -> Void = {}

  init(isJSON: Bool, isQuiet: Bool, on reactor: Reactor) throws(SystemError) {
    self.reactor = reactor
    self.isJSON = isJSON
    self.isQuiet = isQuiet
    output = try OutputStream(fd: STDOUT_FILENO)
    errors = try OutputStream(fd: STDERR_FILENO)
    let output = output
    outputWatch = try reactor.watch(output.progressFD, for: .readable) { [unowned self] _ in
      output.clearProgress()
      onProgress()
    }
  }

  /// Whether the reader of standard output is gone.
  var isReaderGone: Bool { output.failure != nil }
  /// Why what others said could not be written, once.
  func takeFailure() -> Failure? {
    guard let outage = output.takeOutage(), outage != EPIPE else { return nil }
    return Failure(.failed, "standard output: \(SystemError(outage, "write").reason)")
  }

  /// Room for a picture, where a person looks at the lines.
  var canvas: TerminalCanvas? {
    guard !isJSON, isatty(STDOUT_FILENO) == 1 else { return nil }
    return TerminalCanvas(TerminalSize(of: STDOUT_FILENO))
  }

  /// Whether nothing waits for the reader of standard output any more.
  var isWritten: Bool { output.isIdle || isReaderGone }

  /// Whether so much waits to be read that nothing more should be received.
  var isBusy: Bool { output.backlogBytes > Limits.outputBacklogBytesMax / 2 }

  func startInput() throws(SystemError) {
    let input = try InputReader(fd: STDIN_FILENO)
    self.input = input
    inputWatch = try reactor.watch(input.fd, for: .readable) { [unowned self] _ in
      takeInput(input)
    }
  }

  /// Reads on, or waits.
  func setReading(_ isReading: Bool) {
    inputWatch?.interest = isReading ? .readable : []
  }

  func show(_ arrival: Arrival) {
    if isJSON, let line = arrival.json {
      output.append(Array(line.utf8))
      return
    }
    // Who is only in the lobby need not read its name.
    let place = arrival.room.flatMap { $0 == .lobby ? nil : "#\($0) " } ?? ""
    switch arrival.event {
    case .message(let heard):
      let from = ShownText.string(heard.from)
      let author = heard.isAction ? "* \(from)" : "\(from):"
      output.append(Array("\(place)\(author) \(ShownText.string(heard.text))\n".utf8))
    case .picture(let picture):
      output.append(Array("\(place)\(ShownText.string(picture.from)): [\(picture.text)]\n".utf8))
      if let art = picture.art { output.append(art) }
    case .attachment, .topic, .entered, .parted, .joined, .left, .notice:
      remark("\(place)* \(arrival.placeText ?? "")")
    case .renamed(let name): remark("* you are \(ShownText.string(name)) here")
    case .status(let text), .showed(let text): remark(text)
    case .help(let text): errors.append(Array("\(text)\n".utf8))
    case .complaint, .notEntered: errors.append(Array("chatd: \(arrival.placeText ?? "")\n".utf8))
    case .failed:
      failuresNamed += 1
      if failuresNamed <= Limits.unsentNamedMax { complain(arrival) }
    case .missed: complain(arrival)
    case .connectionLost, .restored:
      remark("\(place)* \(arrival.sessionText(shown: arrival.room ?? .lobby) ?? "")")
    case .said, .accepted: break
    }
  }

  /// Gives what was written a moment to get out.
  func finish() {
    let end = Clocks.now() + .milliseconds(Limits.drainMilliseconds)
    output.drain(until: end)
    errors.drain(until: end)
  }

  private func remark(_ text: String) {
    if !isQuiet { errors.append(Array("\(text)\n".utf8)) }
  }

  private func complain(_ arrival: Arrival) {
    errors.append(Array("! \(arrival.sessionText(shown: arrival.room ?? .lobby) ?? "")\n".utf8))
  }

  private func takeInput(_ input: InputReader) {
    for arrival in input.take() {
      switch arrival {
      case .bytes(let bytes): lines.add(bytes).forEach(onLine)
      case .end: endInput(nil)
      case .failed(let error): endInput(error)
      }
    }
  }

  private func endInput(_ error: SystemError?) {
    lines.finish().map(onLine)
    inputWatch = nil
    onInputEnd(error)
  }
}
