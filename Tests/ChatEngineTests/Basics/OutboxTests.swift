import Testing

@testable import ChatEngine

@Suite("Outbox")
struct OutboxTests {
  private let someone = PeerAddress(v4: 10, 0, 0, 1, port: 1)

  private func payload(_ outbox: Outbox, _ index: Int) -> [UInt8] {
    let payload = outbox.payloads[index]
    return Array(outbox.bytes[Int(payload.offset)..<Int(payload.offset + payload.length)])
  }

  @Test("A payload is its texts and its body, one after the other, and is held once")
  func joinsTexts() {
    var outbox = Outbox()
    let body: [UInt8] = [0, 255, 7]
    let id = outbox.addPayload("IMG:", "Zoë", ":", body: body.span)!
    for port in 1...3 { outbox.deliver(id, to: PeerAddress(v4: 10, 0, 0, 1, port: UInt16(port))) }
    _ = outbox.addPayload("next")
    #expect(outbox.payloads.count == 2)
    #expect(payload(outbox, 0) == Array("IMG:Zoë:".utf8) + body)
    #expect(payload(outbox, 1) == Array("next".utf8))
    #expect(outbox.deliveries.map(\.address.port) == [1, 2, 3])
    #expect(outbox.deliveries.allSatisfy { $0.payload.index == 0 })
  }

  @Test("A payload of exactly a datagram fits; one byte more is refused and leaves nothing")
  func boundsPayloads() {
    var outbox = Outbox()
    let body = [UInt8](repeating: 1, count: Limits.datagramBytesMax - 6)
    #expect(outbox.addPayload("12", "34", "56", body: body.span) != nil)
    let bytes = outbox.bytes.count
    #expect(bytes == Limits.datagramBytesMax)
    #expect(outbox.addPayload("12", "34", "567", body: body.span) == nil)
    #expect(outbox.bytes.count == bytes)
    #expect(outbox.payloads.count == 1)
  }

  @Test("It is high once so many deliveries, or so many bytes, wait")
  func knowsWhenItIsHigh() {
    var outbox = Outbox()
    let id = outbox.addPayload("x")!
    for _ in 1..<Limits.outboxDeliveriesHigh { outbox.deliver(id, to: someone) }
    #expect(!outbox.isHigh)
    outbox.deliver(id, to: someone)
    #expect(outbox.isHigh)
    outbox.sent = 1
    #expect(!outbox.isHigh)
    outbox.removeAll()
    let body = [UInt8](repeating: 0, count: 65_000)
    while outbox.bytes.count + 65_001 < Limits.outboxBytesHigh {
      _ = outbox.addPayload("x", body: body.span)
    }
    #expect(!outbox.isHigh)
    _ = outbox.addPayload("x", body: body.span)
    #expect(outbox.isHigh)
  }

  @Test("What waits is what was not sent, and nothing waits after all was sent")
  func showsWhatWaits() {
    var outbox = Outbox()
    #expect(outbox.isEmpty)
    let id = outbox.addPayload("hello")!
    for port in 1...5 { outbox.deliver(id, to: PeerAddress(v4: 10, 0, 0, 1, port: UInt16(port))) }
    outbox.sent = 3
    #expect(!outbox.isEmpty)
    outbox.withWaiting { bytes, payloads, deliveries in
      #expect(deliveries.map(\.address.port) == [4, 5])
      let payload = payloads[Int(deliveries[0].payload.index)]
      let text = UnsafeBufferPointer(start: bytes + Int(payload.offset), count: Int(payload.length))
      #expect(Array(text) == Array("hello".utf8))
    }
    outbox.sent = 5
    #expect(outbox.isEmpty)
    outbox.removeAll()
    #expect(outbox.isEmpty)
    #expect(outbox.sent == 0)
    #expect(outbox.bytes.isEmpty && outbox.payloads.isEmpty && outbox.deliveries.isEmpty)
  }
}
