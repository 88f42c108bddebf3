import Testing

@testable import ChatEngine

@Suite("Outbox")
struct OutboxTests {
  private let someone = PeerAddress(v4: 10, 0, 0, 1, port: 1)

  private func payload(_ outbox: borrowing Outbox, _ index: Int) -> [UInt8] {
    outbox.withWaiting { bytes, payloads, _ in
      let (start, count) = (Int(payloads[index].offset), Int(payloads[index].length))
      return Array(UnsafeBufferPointer(start: bytes + start, count: count))
    }
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
    #expect(outbox.deliveries.map(\.payload.index) == [0, 0, 0])
  }

  @Test("A payload of exactly a datagram fits; one byte more is refused and leaves nothing")
  func boundsPayloads() {
    var outbox = Outbox()
    let body = [UInt8](repeating: 1, count: Limits.datagramBytesMax - 6)
    #expect(outbox.addPayload("12", "34", "56", body: body.span) != nil)
    let bytes = outbox.byteCount
    #expect(bytes == Limits.datagramBytesMax)
    #expect(outbox.addPayload("12", "34", "567", body: body.span) == nil)
    #expect(outbox.byteCount == bytes)
    #expect(outbox.payloads.count == 1)
  }

  @Test("It is high once so many deliveries, or so many bytes, wait")
  func knowsWhenItIsHigh() {
    var outbox = Outbox()
    let id = outbox.addPayload("x")!
    for _ in 1..<Limits.outboxDeliveriesHigh { outbox.deliver(id, to: someone) }
    #expect(outbox.isHigh == false)
    outbox.deliver(id, to: someone)
    #expect(outbox.isHigh == true)
    outbox.sent = 1
    #expect(outbox.isHigh == false)
    outbox.removeAll()
    let body = [UInt8](repeating: 0, count: 65_000)
    while outbox.byteCount + 65_001 < Limits.outboxBytesHigh {
      _ = outbox.addPayload("x", body: body.span)
    }
    #expect(outbox.isHigh == false)
    _ = outbox.addPayload("x", body: body.span)
    #expect(outbox.isHigh == true)
  }

  @Test("What waits is what was not sent, and nothing waits after all was sent")
  func showsWhatWaits() {
    var outbox = Outbox()
    #expect(outbox.isEmpty == true)
    let id = outbox.addPayload("hello")!
    for port in 1...5 { outbox.deliver(id, to: PeerAddress(v4: 10, 0, 0, 1, port: UInt16(port))) }
    outbox.sent = 3
    #expect(outbox.isEmpty == false)
    outbox.withWaiting { bytes, payloads, deliveries in
      #expect(deliveries.map(\.address.port) == [4, 5])
      let payload = payloads[Int(deliveries[0].payload.index)]
      let text = UnsafeBufferPointer(start: bytes + Int(payload.offset), count: Int(payload.length))
      #expect(Array(text) == Array("hello".utf8))
    }
    outbox.sent = 5
    #expect(outbox.isEmpty == true)
    outbox.removeAll()
    #expect(outbox.isEmpty == true)
    #expect(outbox.sent == 0)
    #expect(outbox.byteCount == 0)
    #expect(outbox.payloads.isEmpty == true)
    #expect(outbox.deliveries.isEmpty == true)
  }

  @Test("A datagram is made where it is sent from, behind the one before")
  func makesDatagrams() {
    var outbox = Outbox()
    _ = outbox.addPayload("first")
    var starts: [UnsafeMutablePointer<UInt8>] = []
    for count in [3, 2] {
      outbox.addDatagram(to: someone, capacity: 10) { room in
        #expect(room.count == 10)
        starts.append(room.baseAddress!)
        room.prefix(count).initialize(repeating: UInt8(count))
        return count
      }
    }
    #expect(starts[1] == starts[0] + 3)
    #expect(outbox.payloads.map(\.offset) == [0, 5, 8])
    #expect(outbox.payloads.map(\.length) == [5, 3, 2])
    #expect(outbox.deliveries.map(\.payload.index) == [1, 2])
    #expect(outbox.deliveries.map(\.address) == [someone, someone])
    #expect(outbox.deliveries.map(\.isProbe) == [false, false])
    #expect(outbox.takeDatagrams().map(\.bytes) == [[3, 3, 3], [2, 2]])
    #expect(outbox.isEmpty == true)
    #expect(outbox.byteCount == 0)
  }

  @Test("Nothing is added when nothing was written, and a probe is known as one")
  func addsNothing() {
    var outbox = Outbox()
    outbox.addDatagram(to: someone, capacity: 100) { _ in 0 }
    outbox.addDatagram(to: someone, capacity: 0) { $0.count }
    #expect(outbox.isEmpty == true)
    #expect(outbox.byteCount == 0)
    #expect(outbox.payloads.isEmpty == true)
    outbox.addDatagram(to: someone, capacity: 1, isProbe: true) { room in
      room.initializeElement(at: 0, to: 7)
      return 1
    }
    #expect(outbox.deliveries.map(\.isProbe) == [true])
  }

  @Test("Room is given back when nothing waits, and datagrams are as before")
  func givesRoomBack() {
    var outbox = Outbox()
    let long = [UInt8](repeating: 7, count: Limits.datagramBytesMax)
    for _ in 0...Limits.outboxKeptBytesMax / long.count { outbox.addDatagram(long, to: someone) }
    outbox.releaseRoom()
    #expect(outbox.byteCount > Limits.outboxKeptBytesMax, "what waits stays")
    #expect(outbox.lastPayload == long)
    outbox.sent = outbox.deliveries.count
    outbox.removeAll()
    #expect(outbox.payloads.capacity > 0)
    outbox.releaseRoom()
    #expect(outbox.payloads.capacity == 0 && outbox.deliveries.capacity == 0)
    outbox.addDatagram([1, 2, 3], to: someone)
    #expect(outbox.lastPayload == [1, 2, 3])
    outbox.sent = 1
    outbox.removeAll()
    outbox.releaseRoom()
    #expect(outbox.payloads.capacity > 0, "so little is kept")
  }

  @Test("There is room for the longest datagram, and more, as long as it is not high")
  func keepsRoom() {
    var outbox = Outbox()
    func add(_ capacity: Int) {
      outbox.addDatagram(to: someone, capacity: capacity) { room in
        room.initialize(repeating: 0)
        return capacity
      }
    }
    let filler = Limits.outboxBytesHigh - 1
    for _ in 0..<filler / Limits.datagramBytesMax { add(Limits.datagramBytesMax) }
    add(filler % Limits.datagramBytesMax)
    #expect(outbox.byteCount == filler)
    #expect(outbox.isHigh == false)
    for _ in 0..<16 { add(Limits.datagramBytesMax) }
    #expect(outbox.isHigh == true)
    #expect(outbox.takeDatagrams().count > 16)
  }
}
