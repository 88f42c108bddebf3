/// Any bytes as a message of a channel are read without a trap, and what is read is written again
/// as it was.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNativeMessage(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  if let request = NativeRequest(bytes[...]) {
    var again: [UInt8] = []
    request.append(to: &again)
    hold(NativeRequest(body(again)) == request, "another request")
  }
  if let event = NativeEvent(bytes[...]) {
    var again: [UInt8] = []
    event.append(to: &again)
    hold(NativeEvent(body(again)) == event, "another event")
    switch event.kind {
    case .said(let text), .did(let text), .topic(let text):
      hold(text.endIndex == count, "a text that ends early")
    default: break
    }
  }
  if let reply = NativeReply(bytes[...]) {
    switch reply {
    case .present(let people): hold(people.count <= count, "more people than bytes")
    case .sessions(let page):
      hold(page.rows.count <= min(count, Limits.figuresPerMessage), "more sessions than bytes")
    case .welcome(let welcome):
      hold(welcome.serverName.utf8.count <= Limits.serverNameBytesMax, "a long name")
    default: break
    }
  }
  readHandshake(bytes)
  readDiscovery(bytes)
  readFrames(bytes)
  return 0
}

/// A message without the length that is in front of it.
private func body(_ carried: [UInt8]) -> ArraySlice<UInt8> {
  carried.withUnsafeBufferPointer { bytes in
    var reader = ByteReader(bytes)
    hold(reader.varint().map(Int.init) == reader.remaining, "another length")
    return carried.dropFirst(reader.offset)
  }
}

private func readDiscovery(_ bytes: [UInt8]) {
  if let question = DiscoveryQuestion(bytes.span) {
    hold(DiscoveryQuestion(question.bytes.span) == question, "another question")
    hold(question == .text || bytes.count >= Limits.helloBytesMin, "a short Seek")
  }
  guard let answer = DiscoveryAnswer(bytes.span) else { return }
  hold(answer.bytes.count <= Limits.helloBytesMin, "an answer longer than its question")
  if case .other = answer { return }
  hold(DiscoveryAnswer(answer.bytes.span) == answer, "another answer")
}

private func readHandshake(_ bytes: [UInt8]) {
  bytes.withUnsafeBufferPointer { bytes in
    hold(
      Handshake.helloNonce(bytes) == nil || bytes.count >= Limits.helloBytesMin, "a short Hello")
    if let answer = Handshake.HelloAnswer.read(bytes)?.answer {
      var again = [UInt8](repeating: 0, count: Limits.helloBytesMin)
      let isSame = again.withUnsafeMutableBufferPointer { buffer in
        var writer = ByteWriter(buffer)
        answer.write(to: &writer)
        let written = UnsafeBufferPointer(rebasing: buffer[..<writer.count])
        return Handshake.HelloAnswer.read(written)?.answer == answer
      }
      hold(isSame, "another answer")
    }
    hold(Handshake.answerLength(bytes).bytes <= bytes.count, "an answer longer than its Hello")
    _ = Handshake.readInitiation(bytes)
    _ = Handshake.readAccept(bytes)
    hold(
      Handshake.readRefusal(bytes, clientID: 1, key: [UInt8](repeating: 1, count: 32)) == nil,
      "a forged refusal")
    if let reset = Handshake.readReset(bytes) { hold(reset.token.count == 16, "a short token") }
    _ = Handshake.Wish(Array(bytes), hasProof: bytes.count & 1 == 0)
    _ = Handshake.Grant(Array(bytes))
  }
}

private func readFrames(_ bytes: [UInt8]) {
  bytes.withUnsafeBufferPointer { bytes in
    if let header = PacketHeader(bytes) {
      hold(header.byteCount + (header.sealedCount ?? 17) <= bytes.count, "a header beyond the end")
    }
    if let piece = SharedPiece(lastOf: bytes) {
      hold(piece.size > 0 && piece.count <= piece.size + 16, "a piece longer than itself")
    }
    var reader = ByteReader(bytes)
    var last: UInt64?
    _ = AckFrame.read(&reader) { range in
      hold(last.map { range.upperBound < $0 } ?? true, "ranges that do not go down")
      last = range.lowerBound
    }
  }
}
