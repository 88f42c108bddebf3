import CEditline
import ChatEngine
import Glibc

/// The line that a person types on, with history and completion (libedit, editline(3)), kept below
/// whatever is written meanwhile.
///
/// libedit is fed one whole key at a time and never reads by itself, so it never waits. It is used
/// through its own interface and not the one that imitates readline, which keeps a pointer to a
/// line that has moved.
final class LineEditor {
  private let editor: OpaquePointer
  private var history = InputHistory()
  private var keys = KeyBuffer()
  /// The rest of the key that libedit is being fed.
  private var feed: [Int32] = []
  /// What several words that fit begin with, to be shown once libedit is done with the key.
  private var candidates: [String] = []
  private var widePrompt: UnsafeMutablePointer<Int32>
  private var commandNames: [UnsafeMutablePointer<Int32>] = []
  /// Whether the terminal is ours.
  private var isOpen = false
  /// Whether the prompt is on the screen.
  private var isDrawn = false
  private(set) var prompt: String
  /// Lines above the prompt, drawn and erased with it; each fits into one row.
  private var pinned: [String] = []
  /// What a word can be completed to, with what stands before it on the line.
  var complete: (_ word: String, _ before: String) -> [String] = { _, _ in [] }
  /// Keys that are none of the line's.
  var shortcuts: [[UInt8]: () -> Void] = [:]
  /// Called with each finished line; nil for Ctrl-D on an empty one.
  var onLine: (String?) -> Void = { _ in }

  init(prompt: String) {
    self.prompt = prompt
    widePrompt = Self.wide(prompt)
    setlocale(LC_ALL, "")
    // A plain C locale knows no letter beyond ASCII; libedit would refuse to take any.
    if String(cString: nl_langinfo(Int32(CODESET))) != "UTF-8" { setlocale(LC_CTYPE, "C.UTF-8") }
    guard let editor = ceditline_init("chatd") else {
      preconditionFailure("libedit takes any terminal")
    }
    self.editor = editor
    ceditline_set_owner(editor, Unmanaged.passUnretained(self).toOpaque())
    ceditline_set_prompt(editor) { LineEditor.of($0).widePrompt }
    ceditline_set_reader(editor) { LineEditor.of($0).read(into: $1!) }
    ceditline_use_emacs_keys(editor)
    bindKeys()
    el_source(editor, nil)
  }

  deinit {
    el_end(editor)
    widePrompt.deallocate()
    for name in commandNames { name.deallocate() }
  }

  /// Takes the terminal and shows the prompt.
  func show() {
    if isOpen { return }
    (isOpen, isDrawn) = (true, true)
    writePinned()
    ceditline_set_unbuffered(editor, 1)
  }

  /// Takes the prompt away and gives the terminal back as it was.
  func hide() {
    if !isOpen { return }
    if isDrawn { erase() }
    ceditline_set_unbuffered(editor, 0)
    (isOpen, isDrawn) = (false, false)
  }

  /// Gives the terminal back for as long as `body` runs; what is typed stays.
  func lend(_ body: () -> Void) {
    if isOpen { ceditline_set_raw(editor, 0) }
    body()
    if isOpen { ceditline_set_raw(editor, 1) }
    if isDrawn { draw() }
  }

  /// Whether anything is typed on the line.
  var isEmpty: Bool { line.isEmpty }

  /// What is typed on the line.
  var text: String { String(String.UnicodeScalarView(line)) }

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
  ///
  /// - Parameter pinned: lines that stand above it from now on, each shorter than a row.
  func setPrompt(_ prompt: String, below pinned: [String]) {
    if isDrawn { erase() }
    self.prompt = prompt
    self.pinned = pinned
    widePrompt.deallocate()
    widePrompt = Self.wide(prompt)
    if isDrawn { draw() }
  }

  /// Puts another text onto the line, or none.
  func replace(with text: String = "") {
    if isDrawn { erase() }
    replaceLine(text)
    if isDrawn { draw() }
  }

  /// Empties the screen above the prompt.
  func clearScreen() {
    if isDrawn { erase() }
    _ = writeAll(Array("\u{1b}[H\u{1b}[2J".utf8), to: STDOUT_FILENO)
    if isDrawn { draw() }
  }

  /// Writes whole lines above the prompt.
  func write(above bytes: [UInt8]) {
    if isDrawn { erase() }
    _ = writeAll(bytes, to: STDOUT_FILENO)
    if isDrawn { draw() }
  }

  /// The terminal has another size now.
  ///
  /// - Parameter pinned: the lines above the prompt, as they fit now.
  func resize(below pinned: [String]) {
    // How a terminal breaks lines anew differs; too far up would take away what was said.
    if isDrawn { Self.erase(rowsAbove: self.pinned.count) }
    self.pinned = pinned
    guard isDrawn else { return }
    el_resize(editor)
    draw()
  }

  // MARK: -

  private func takeKeys() {
    while isOpen, let key = keys.next() {
      if key == [Self.endOfInput], isEmpty {
        hide()
        onLine(nil)
        return
      }
      if let shortcut = shortcuts[key] {
        shortcut()
        continue
      }
      feed = String(decoding: key, as: UTF8.self).unicodeScalars.map { Int32($0.value) }
      var count: Int32 = 0
      while !feed.isEmpty { el_wgets(editor, &count) }
      showCandidates()
      finishLine()
    }
  }

  private static let endOfInput: UInt8 = 0x04

  /// Hands over a line that Enter ended. The terminal stays ours meanwhile: given back between two
  /// lines, it would itself show what is typed ahead.
  private func finishLine() {
    guard line.last == "\n" else { return }
    let text = String(String.UnicodeScalarView(line.dropLast()))
    history.remember(text)
    replaceLine("")
    eraseFinished(text)
    isDrawn = false
    onLine(text)
    isDrawn = isOpen
    if isDrawn { draw() }
  }

  /// Takes away the finished line: what was said is shown as everyone sees it.
  private func eraseFinished(_ text: String) {
    let cells = cellWidth(prompt) + cellWidth(text)
    Self.erase(rowsAbove: pinned.count + max(1, (cells + columns - 1) / columns))
  }

  private func replaceLine(_ text: String) {
    let count = Int32(line.count)
    el_cursor(editor, count)
    el_deletestr(editor, count)
    let wide = Self.wide(text)
    el_winsertstr(editor, wide)
    wide.deallocate()
  }

  /// What is typed.
  private var line: [Unicode.Scalar] {
    let info = el_wline(editor)!.pointee
    return Self.scalars(info.buffer, info.lastchar)
  }

  private var lineUpToCursor: [Unicode.Scalar] {
    let info = el_wline(editor)!.pointee
    return Self.scalars(info.buffer, info.cursor)
  }

  /// Erases the prompt, what is typed and what is pinned above, over all the rows that they take,
  /// and leaves the cursor where they began.
  private func erase() {
    let typed = String(String.UnicodeScalarView(lineUpToCursor))
    Self.erase(rowsAbove: pinned.count + (cellWidth(prompt) + cellWidth(typed)) / columns)
  }

  /// Erases everything from the beginning of a row above the cursor's.
  private static func erase(rowsAbove: Int) {
    let up = rowsAbove > 0 ? "\u{1b}[\(rowsAbove)A" : ""
    _ = writeAll(Array("\(up)\r\u{1b}[J".utf8), to: STDOUT_FILENO)
  }

  private func draw() {
    writePinned()
    ceditline_refresh(editor)
  }

  private func writePinned() {
    _ = writeAll(Array(pinned.map { $0 + "\n" }.joined().utf8), to: STDOUT_FILENO)
  }

  private var columns: Int { max(1, TerminalSize(of: STDOUT_FILENO).columns) }

  // MARK: History

  private func recall(_ text: String?) -> UInt8 {
    guard let text else { return UInt8(CC_ERROR) }
    replaceLine(text)
    return UInt8(CC_REFRESH)
  }

  private func recallOlder() -> UInt8 {
    recall(history.older(than: text))
  }

  private func recallNewer() -> UInt8 { recall(history.newer()) }

  // MARK: Completion

  /// Completes the word before the cursor as far as all that fit agree.
  private func completeWord() -> UInt8 {
    let typed = lineUpToCursor
    let word = typed.suffix(while: { $0 != " " })
    let before = typed.dropLast(word.count)
    let matches = complete(
      String(String.UnicodeScalarView(word)), String(String.UnicodeScalarView(before)))
    guard let first = matches.first else { return UInt8(CC_ERROR) }
    let common = matches.dropFirst().reduce(first) { Self.commonPrefix($0, $1) }
    if common.unicodeScalars.count <= word.count && matches.count > 1 {
      candidates = matches
      return UInt8(CC_NORM)
    }
    el_deletestr(editor, Int32(word.count))
    let wide = Self.wide(matches.count == 1 ? common + " " : common)
    defer { wide.deallocate() }
    return UInt8(el_winsertstr(editor, wide) == 0 ? CC_REFRESH : CC_ERROR)
  }

  private func showCandidates() {
    if candidates.isEmpty { return }
    let list = candidates.map { ShownText.string($0) }.joined(separator: "  ")
    candidates = []
    write(above: Array("\(list)\n".utf8))
  }

  private static func commonPrefix(_ a: String, _ b: String) -> String {
    String(zip(a, b).prefix { $0 == $1 }.map(\.0))
  }

  // MARK: libedit

  private func bindKeys() {
    addCommand("chatd-complete") { editor, _ in LineEditor.of(editor).completeWord() }
    addCommand("chatd-older") { editor, _ in LineEditor.of(editor).recallOlder() }
    addCommand("chatd-newer") { editor, _ in LineEditor.of(editor).recallNewer() }
    let bindings = [
      ("^I", "chatd-complete"), ("\\e[A", "chatd-older"), ("\\e[B", "chatd-newer"),
      ("\\eOA", "chatd-older"),
      ("\\eOB", "chatd-newer"), ("\\e[3~", "ed-delete-next-char"),
      ("\\e[1~", "ed-move-to-beg"), ("\\e[4~", "ed-move-to-end"), ("\\e[H", "ed-move-to-beg"),
      ("\\e[F", "ed-move-to-end"), ("\\eOH", "ed-move-to-beg"), ("\\eOF", "ed-move-to-end"),
      ("\\e[1;5C", "em-next-word"), ("\\e[1;5D", "ed-prev-word"),
      ("^W", "ed-delete-prev-word"),
    ]
    // These would read on by themselves.
    let unbound = ["^Q", "^R", "^S", "^V", "\\ex"].map { ($0, "ed-unassigned") }
    for (key, command) in bindings + unbound {
      let (wideKey, wideCommand) = (Self.wide(key), Self.wide(command))
      ceditline_bind(editor, wideKey, wideCommand)
      wideKey.deallocate()
      wideCommand.deallocate()
    }
  }

  private func addCommand(
    _ name: String, _ command: @convention(c) (OpaquePointer?, Int32) -> UInt8
  ) {
    let wide = Self.wide(name)
    // libedit keeps the pointer and copies nothing.
    commandNames.append(wide)
    ceditline_add_command(editor, wide, command)
  }

  private static func of(_ editor: OpaquePointer?) -> LineEditor {
    Unmanaged<LineEditor>.fromOpaque(ceditline_owner(editor)).takeUnretainedValue()
  }

  /// Gives libedit the next character of the key; 0 where there is none, which it takes for the
  /// end of a key that it does not know.
  private func read(into character: UnsafeMutablePointer<Int32>) -> Int32 {
    if feed.isEmpty { return 0 }
    character.pointee = feed.removeFirst()
    return 1
  }

  private static func wide(_ text: String) -> UnsafeMutablePointer<Int32> {
    let scalars = text.unicodeScalars.map { Int32($0.value) } + [0]
    let copy = UnsafeMutablePointer<Int32>.allocate(capacity: scalars.count)
    copy.initialize(from: scalars, count: scalars.count)
    return copy
  }

  private static func scalars(
    _ start: UnsafePointer<Int32>, _ end: UnsafePointer<Int32>
  ) -> [Unicode.Scalar] {
    UnsafeBufferPointer(start: start, count: end - start).map {
      Unicode.Scalar(UInt32(bitPattern: $0)) ?? "\u{fffd}"
    }
  }
}

extension Array {
  /// The longest end whose elements all satisfy `condition`.
  fileprivate func suffix(while condition: (Element) -> Bool) -> ArraySlice<Element> {
    let start = lastIndex { !condition($0) }.map { $0 + 1 } ?? startIndex
    return self[start...]
  }
}
