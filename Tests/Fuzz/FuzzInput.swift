/// What a fuzzer chose, taken from its bytes piece by piece.
struct FuzzInput {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0

  init(_ start: UnsafePointer<UInt8>, _ count: Int) {
    bytes = UnsafeBufferPointer(start: start, count: count)
  }

  var isEmpty: Bool { position == bytes.count }

  /// The next byte; 0 behind the end.
  mutating func byte() -> UInt8 {
    if isEmpty { return 0 }
    position += 1
    return bytes[position - 1]
  }

  /// A length in one byte, and as many bytes as are there.
  mutating func chunk() -> [UInt8] {
    let end = min(bytes.count, position + Int(byte()) + 1)
    defer { position = max(position, end) }
    return position < end ? Array(bytes[position..<end]) : []
  }
}

/// Ends the run with a text, which the fuzzer takes for a crash and keeps the input of.
func hold(_ isSo: Bool, _ text: @autoclosure () -> String) {
  if !isSo { fatalError(text()) }
}

/// Whether a terminal shows these bytes as one line and obeys none of them.
func isHarmless(_ shown: [UInt8]) -> Bool {
  guard let text = String(validating: shown, as: UTF8.self) else { return false }
  return text.unicodeScalars.allSatisfy { scalar in
    let isControl = scalar.properties.generalCategory == .control && scalar != "\t"
    return !isControl && !ShownText.isObeyed(scalar)
  }
}

/// What waits in an outbox, which is then empty.
func takeDatagrams(_ outbox: inout Outbox) -> [(address: PeerAddress, bytes: [UInt8])] {
  defer { outbox.removeAll() }
  return outbox.withWaiting { bytes, payloads, deliveries in
    deliveries.map { delivery in
      let payload = payloads[Int(delivery.payload.index)]
      let start = bytes + Int(payload.offset)
      return (
        delivery.address, Array(UnsafeBufferPointer(start: start, count: Int(payload.length)))
      )
    }
  }
}
