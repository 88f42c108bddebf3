/// Any bytes are a line of an import or are refused without a trap; what was taken keeps to the
/// limits, and is the same once it was exported and imported again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzImport(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  guard let message = try? HistoryLine.message(bytes) else { return 0 }
  hold(message.number <= Limits.messageNumberMax, "a number that no row has room for")
  hold((1...Limits.nameBytesMax).contains(message.author.utf8.count), "an author")
  hold(message.body.count <= Limits.storedBodyBytesMax, "a long body")
  if case .room(let name) = message.room { hold(RoomKey(room: name) != nil, "a room") }
  if message.kind.isText {
    hold(String(validating: message.body, as: UTF8.self) != nil, "a text that is none")
  } else {
    hold(StoredAttachment(message.body) != nil, "a file that is none")
  }
  let line = HistoryLine.text(message)
  hold(line.last == "\n" && isHarmless(Array(line.utf8.dropLast())), "a line that is obeyed")
  hold((try? HistoryLine.message(Array(line.utf8.dropLast()))) == message, "another message")
  return 0
}
