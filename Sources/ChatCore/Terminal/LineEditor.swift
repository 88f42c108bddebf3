import CEditline
import ChatEngine
import Glibc

/// The line that a person types on, with history and completion (libedit), kept below whatever is
/// written meanwhile.
///
/// libedit has one editor for the process, and calls back without a context; so there is one of
/// these at a time, and `current` leads the callbacks to it. All of it runs on the loop's thread.
final class LineEditor {
  nonisolated(unsafe) private static var current: LineEditor?

  private(set) var prompt: String
  private var keys = KeyBuffer()
  /// The key that libedit is being fed.
  private var feed: ArraySlice<UInt8> = []
  private var finished: [String?] = []
  private var isInstalled = false
  /// The words that may stand at the end of a line that begins so.
  var complete: (_ word: String, _ isFirst: Bool) -> [String] = { _, _ in [] }
  /// Called with each finished line; nil for the end of input on an empty one.
  var onLine: (String?) -> Void = { _ in }

  init(prompt: String) {
    self.prompt = prompt
    setlocale(LC_ALL, "")
    // A plain C locale knows no letter beyond ASCII; libedit would refuse to take any.
    if String(cString: nl_langinfo(Int32(CODESET))) != "UTF-8" { setlocale(LC_CTYPE, "C.UTF-8") }
    precondition(Self.current == nil, "libedit has one editor")
    Self.current = self
    ceditline_disown_signals()
    ceditline_set_getc { _ in LineEditor.nextCharacter() }
    using_history()
    stifle_history(Int32(Limits.inputHistoryLinesMax))
    ceditline_set_completion { word, start, _ in LineEditor.completions(word, start) }
  }

  /// Shows the prompt and takes the terminal.
  func install() {
    rl_callback_handler_install(prompt) { line in LineEditor.finish(line) }
    isInstalled = true
  }

  /// Gives the terminal back as it was.
  func remove() {
    if isInstalled { rl_callback_handler_remove() }
    isInstalled = false
  }

  /// Whether anything is typed on the line.
  var isEmpty: Bool { ceditline_end() == 0 }

  /// Whether an escape came that may be a key of its own.
  var hasPartialKey: Bool { !keys.isEmpty }

  func dropLoneEscape() {
    keys.dropLoneEscape()
    takeKeys()
  }

  /// Takes what was typed.
  func type(_ bytes: some Sequence<UInt8>) {
    keys.add(bytes)
    takeKeys()
  }

  /// Shows another prompt, at once or with the next line.
  func setPrompt(_ prompt: String) {
    if isInstalled { erase() }
    self.prompt = prompt
    if isInstalled {
      rl_set_prompt(prompt)
      rl_forced_update_display()
    }
  }

  /// Empties the line.
  func clear() {
    // libedit replaces a line only by one that is not empty; its own key for it does the work.
    let killLine: UInt8 = 0x15
    type([killLine])
  }

  /// Writes whole lines above the prompt.
  func write(above bytes: [UInt8]) {
    if isInstalled { erase() }
    _ = writeAll(bytes, to: STDOUT_FILENO)
    if isInstalled { rl_forced_update_display() }
  }

  /// The terminal has another size now.
  func resize() {
    rl_resize_terminal()
    rl_forced_update_display()
  }

  // MARK: -

  private func takeKeys() {
    while isInstalled, let key = keys.next() {
      feed = key[...]
      while isInstalled, !feed.isEmpty { rl_callback_read_char() }
      for line in takeFinished() {
        // After a finished line libedit has given the terminal back.
        isInstalled = false
        onLine(line)
        if line == nil { return }
        install()
      }
    }
  }

  private func takeFinished() -> [String?] {
    defer { finished.removeAll() }
    return finished
  }

  /// Erases the prompt and what is typed, over all the rows that they take, and leaves the cursor
  /// where they began.
  private func erase() {
    let columns = max(1, TerminalSize(of: STDOUT_FILENO).columns)
    let typed = rl_copy_text(0, ceditline_point())
    defer { free(typed) }
    let cells = cellWidth(prompt) + cellWidth(typed.map { String(cString: $0) } ?? "")
    let rowsAbove = cells / columns
    let up = rowsAbove > 0 ? "\u{1b}[\(rowsAbove)A" : ""
    _ = writeAll(Array("\(up)\r\u{1b}[J".utf8), to: STDOUT_FILENO)
  }

  // MARK: Callbacks of libedit

  /// The next character for libedit, as a wide character.
  private static func nextCharacter() -> Int32 {
    guard let editor = current, let first = editor.feed.first else { return -1 }
    if first < 0x80 { return Int32(editor.feed.removeFirst()) }
    let bytes = Array(editor.feed)
    guard let scalar = UTF8Text.decode(bytes.span, at: 0) else {
      editor.feed.removeFirst()
      return 0xfffd
    }
    editor.feed.removeFirst(UTF8Text.length(ofScalarStarting: first))
    return Int32(scalar.value)
  }

  private static func finish(_ line: UnsafeMutablePointer<CChar>?) {
    defer { free(line) }
    let text = line.map { String(cString: $0) }
    if let text, !text.isEmpty { add_history(text) }
    current?.finished.append(text)
  }

  private static func completions(
    _ word: UnsafePointer<CChar>?, _ start: Int32
  ) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
    ceditline_end_completion()
    guard let editor = current, let word else { return nil }
    let matches = editor.complete(String(cString: word), start == 0)
    if matches.isEmpty { return nil }
    // As readline(3) has it: first what all have in common, then each, then nil; all of it malloc'd.
    let list = [commonPrefix(matches)] + matches
    let result = UnsafeMutableRawPointer(
      malloc((list.count + 1) * MemoryLayout<UnsafeMutablePointer<CChar>?>.stride)
    ).bindMemory(to: UnsafeMutablePointer<CChar>?.self, capacity: list.count + 1)
    for (index, text) in list.enumerated() { result[index] = strdup(text) }
    result[list.count] = nil
    return result
  }

  private static func commonPrefix(_ words: [String]) -> String {
    words.dropFirst().reduce(words[0]) { prefix, word in
      String(zip(prefix, word).prefix { $0 == $1 }.map(\.0))
    }
  }
}
