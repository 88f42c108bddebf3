/// Any datagram is read without a trap, its ranges lie in it, and its shown form is harmless.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzClassifier(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  checkUTF8(bytes)
  checkShown(bytes)
  checkDatagram(bytes)
  checkRelay(bytes)
  checkName(bytes)
  checkLines(bytes)
  return 0
}

private func checkUTF8(_ bytes: [UInt8]) {
  let isValid = String(validating: bytes, as: UTF8.self) != nil
  hold(UTF8Text.isValid(bytes.span) == isValid, "another opinion about UTF-8")
  let repaired = UTF8Text.repaired(bytes)
  hold(UTF8Text.isValid(repaired.span), "repaired text is no text")
  hold(!isValid || repaired == bytes, "text was changed")
}

private func checkShown(_ bytes: [UInt8]) {
  let before = Array("> ".utf8)
  var output = before
  ShownText.append(bytes.span, to: &output)
  hold(output.starts(with: before), "what was there is gone")
  hold(isHarmless(output), "shown text is obeyed")
  let twice = ShownText.string(String(decoding: output, as: UTF8.self))
  hold(Array(twice.utf8) == output, "shown text is not shown as it is")
}

private func checkDatagram(_ bytes: [UInt8]) {
  let span = bytes.span
  switch ClassicDatagram(span) {
  case .join(let dialect, let name):
    check(name, bytes, isText: true)
    hold(span.string(name) + dialect.joinSuffix == span.string(0..<bytes.count), "join")
  case .leave(let dialect, let name):
    check(name, bytes, isText: true)
    hold(span.string(name) + dialect.leaveSuffix == span.string(0..<bytes.count), "leave")
  case .message(let dialect, let name, let text):
    check(name, bytes, isText: true)
    check(text, bytes, isText: true)
    hold(name.upperBound + dialect.separator.utf8.count == text.lowerBound, "separator")
    hold(text.upperBound == bytes.count, "a message that ends early")
  case .picture(let name, let jpeg):
    check(name, bytes, isText: false)
    check(jpeg, bytes, isText: false)
    hold(name.lowerBound == 4 && name.upperBound + 1 == jpeg.lowerBound, "picture")
    hold(jpeg.upperBound == bytes.count, "a picture that ends early")
  case .text: hold(UTF8Text.isValid(span), "text that is none")
  case .notText: hold(!UTF8Text.isValid(span), "text that is some")
  }
}

private func checkRelay(_ bytes: [UInt8]) {
  switch ClassicRelay(bytes.span) {
  case .joined(let name), .left(let name): check(name, bytes, isText: true)
  case .message(let name, let text):
    check(name, bytes, isText: true)
    check(text, bytes, isText: true)
  case .picture(let name, let jpeg):
    check(name, bytes, isText: false)
    check(jpeg, bytes, isText: false)
  case .notice: break
  }
}

/// A range lies in the datagram; a name holds no colon.
private func check(_ range: Range<Int>, _ bytes: [UInt8], isText: Bool) {
  hold(range.lowerBound >= 0 && range.upperBound <= bytes.count, "a range outside the datagram")
  if isText { hold(UTF8Text.isValid(bytes.span.extracting(range)), "a range through a character") }
}

private func checkName(_ bytes: [UInt8]) {
  let text = String(decoding: bytes, as: UTF8.self)
  guard let name = try? MemberName(text) else { return }
  hold(ShownText.string(name.text) == name.text, "a name that a terminal obeys")
  hold(!name.text.contains(":") && !name.text.contains("/"), "a name with a separator")
  hold((1...Limits.nameBytesMax).contains(name.text.utf8.count), "a name too long")
  for number in [2, Limits.nameNumberMax] {
    guard let numbered = name.numbered(number) else { continue }
    hold(numbered.text.utf8.count <= Limits.nameBytesMax, "a numbered name too long")
    // By bytes: some letters make one character with what follows.
    hold(Array(numbered.text.utf8).span.endsWith("-\(number)"), "a number that is lost")
  }
}

/// Cut in two anywhere, the input makes the same lines.
private func checkLines(_ bytes: [UInt8]) {
  var whole = LineSplitter(lineBytesMax: 8)
  var parted = LineSplitter(lineBytesMax: 8)
  let cut = bytes.first.map { Int($0) % (bytes.count + 1) } ?? 0
  var wanted = whole.add(bytes)
  var lines = parted.add(Array(bytes[..<cut])) + parted.add(Array(bytes[cut...]))
  if let last = whole.finish() { wanted.append(last) }
  if let last = parted.finish() { lines.append(last) }
  hold(lines == wanted, "lines depend on how the input was cut")
}
