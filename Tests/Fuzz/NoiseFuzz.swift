/// No message makes a handshake trap, and only the right one goes through.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNoise(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  var input = FuzzInput(start, count)
  let choice = input.byte()
  let psk = choice & 1 == 0 ? nil : SecretKey(copying: [UInt8](repeating: 5, count: 32).span)
  let bytes = Array(UnsafeBufferPointer(start: start, count: count).dropFirst())
  switch choice >> 1 & 3 {
  case 0: readFirst(bytes, psk)
  case 1: readSecond(bytes, psk)
  case 2: changeFirst(bytes, psk)
  default: open(bytes)
  }
  return 0
}

private func pair(_ byte: UInt8) -> KeyPair {
  KeyPair(secret: SecretKey(copying: [UInt8](repeating: byte, count: 32).span)!)
}

// Made once: what is looked for is in the messages.
private let local = (client: pair(1), server: pair(2))
private let ephemeral = (client: pair(3), server: pair(4))

private func makeClient(_ psk: SecretKey?) -> NoiseHandshake {
  NoiseHandshake(
    initiator: local.client, remote: local.server.publicKey, ephemeral: ephemeral.client, psk: psk,
    prologue: [7])
}

private func makeServer(_ psk: SecretKey?) -> NoiseHandshake {
  NoiseHandshake(responder: local.server, ephemeral: ephemeral.server, psk: psk, prologue: [7])
}

/// Any bytes as the first message.
private func readFirst(_ bytes: [UInt8], _ psk: SecretKey?) {
  var server = makeServer(psk)
  do throws(NoiseError) {
    _ = try server.read(bytes.span)
    hold(server.remoteKey != nil, "a message without a key")
  } catch {
    hold(error == .tooShort || error == .notAuthentic || error == .badKey, "\(error)")
    hold(error != .tooShort || bytes.count < 96, "too short at \(bytes.count)")
  }
}

/// Any bytes as the second message.
private func readSecond(_ bytes: [UInt8], _ psk: SecretKey?) {
  var client = makeClient(psk)
  guard (try? client.write(payload: [])) != nil else { return hold(false, "nothing written") }
  let answer = try? client.read(bytes.span)
  hold(answer == nil || bytes.count >= 48, "read from too little")
}

/// The right first message with some bytes changed: each pair of bytes is a place and a change.
private func changeFirst(_ bytes: [UInt8], _ psk: SecretKey?) {
  var client = makeClient(psk)
  guard let right = try? client.write(payload: [9, 9]) else { return hold(false, "not written") }
  var message = right
  for index in stride(from: 0, to: bytes.count - 1, by: 2) {
    let place = Int(bytes[index])
    if place < message.count { message[place] ^= bytes[index + 1] }
    if place == 255 { message.removeLast(min(message.count, Int(bytes[index + 1]))) }
  }
  var server = makeServer(psk)
  let read = try? server.read(message.span)
  hold((read != nil) == (message == right), "a changed message was read")
  guard let read else { return }
  hold(read.payload == [9, 9], "another payload")
  guard let answer = try? server.write(payload: []) else { return hold(false, "no answer") }
  hold((try? client.read(answer.span)) != nil, "the answer was not read")
  hold(client.hash == server.hash, "another hash")
}

/// Any bytes as something sealed.
private func open(_ bytes: [UInt8]) {
  let key = CipherKey(copying: [UInt8](repeating: 6, count: 32).span)!
  var buffer = bytes + [0xaa]
  let isOpened = buffer.withUnsafeMutableBufferPointer { buffer in
    let start = buffer.baseAddress!
    return key.open(start, count: bytes.count, header: start, headerCount: 0, number: 1)
  }
  hold(!isOpened, "something forged was opened")
  hold(buffer.last == 0xaa, "written beyond the end")
}
