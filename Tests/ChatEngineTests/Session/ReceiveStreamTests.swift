import Testing

@testable import ChatEngine

@Suite("ReceiveStream")
struct ReceiveStreamTests {
  /// Messages of many lengths as a channel carries them.
  private static func messages(_ count: Int, _ random: inout SplitMix64) -> [[UInt8]] {
    (0..<count).map { number in
      let length = random.pick([1, 2, 5, 63, 64, 200, 1_000])
      return (0..<length).map { UInt8(($0 &+ number) & 255) }
    }
  }

  private static func channel(_ messages: [[UInt8]]) -> [UInt8] {
    var bytes: [UInt8] = []
    for message in messages {
      Session.appendMessage(message[0], { $0 += message.dropFirst() }, to: &bytes)
    }
    return bytes
  }

  @Test("Pieces in any order, double and overlapping, become the messages", arguments: 0..<30)
  func ordersPieces(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let messages = Self.messages(200, &random)
    let bytes = Self.channel(messages)
    let stream = Incoming(window: 3_000)
    var limit = 3_000
    var taken: [[UInt8]] = []
    for _ in 0..<20_000 where taken.count < messages.count {
      let next = Int(stream.next)
      let from = Int.random(in: max(0, next - 50)...min(bytes.count - 1, limit - 1), using: &random)
      let to = min(bytes.count, limit, from + Int.random(in: 0...300, using: &random))
      // What is missing comes more often, as from a sender that repeats it.
      let begin = random.chance(50) ? min(next, to) : from
      try stream.take(Array(bytes[begin..<to]), at: UInt64(begin))
      while random.chance(90), let message = try stream.takeMessage() {
        taken.append(Array(message))
      }
      stream.dropTaken()
      if let new = stream.newLimit() {
        #expect(new >= UInt64(limit) + 1_500)
        limit = Int(new)
      }
      #expect(stream.next <= stream.limit)
    }
    #expect(taken == messages)
  }

  @Test("What goes beyond the credit is refused, also where numbers end")
  func holdsCredit() throws {
    let stream = Incoming(window: 100)
    #expect(stream.fault(of: [UInt8](repeating: 0, count: 101), at: 0) == .beyondCredit)
    #expect(stream.fault(of: [1], at: 100) == .beyondCredit)
    #expect(stream.fault(of: [1, 2], at: .max) == .beyondCredit)
    #expect(stream.fault(of: [1], at: 1 << 62 - 1) == .beyondCredit)
    try stream.take([1], at: 99)
    #expect(stream.next == 0)
    try stream.take([UInt8](repeating: 2, count: 99), at: 0)
    #expect(stream.next == 100)
  }

  @Test("Too many holes are refused")
  func boundsHoles() throws {
    let stream = Incoming(window: 100_000)
    for hole in 1...Limits.earlyRangesMax { try stream.take([1], at: UInt64(hole) * 2) }
    #expect(stream.fault(of: [1], at: 90_000) == .beyondCredit)
  }

  @Test("A reader that takes nothing grants nothing")
  func grantsByTaking() throws {
    let stream = Incoming(window: 1_000)
    let bytes = Self.channel([[UInt8](repeating: 7, count: 900)])
    try stream.take(bytes, at: 0)
    stream.dropTaken()
    #expect(stream.newLimit() == nil)
    #expect(try stream.takeMessage()?.count == 900)
    stream.dropTaken()
    #expect(stream.newLimit() == 1_000 + UInt64(bytes.count))
    #expect(stream.newLimit() == nil)
  }

  @Test("A length that no message has is refused, and one that is cut waits")
  func checksLengths() throws {
    let stream = Incoming(window: 200_000)
    try stream.take([0x80], at: 0)
    #expect(try stream.takeMessage() == nil)
    try stream.take([0x01, 0x11, 0x71], at: 1)
    #expect(stream.messageFault == .message, "70,001 bytes")

    for head: [UInt8] in [[0], [0x40, 0], [0xff, 255, 255, 255, 255, 255, 255, 255]] {
      let stream = Incoming(window: 1_000)
      try stream.take(head, at: 0)
      #expect(stream.messageFault == .message)
    }
    let longest = Incoming(window: 200_000)
    try longest.take([0x80, 0x01, 0x11, 0x70] + [UInt8](repeating: 1, count: 70_000), at: 0)
    #expect(try longest.takeMessage()?.count == Limits.streamMessageBytesMax)
  }

  @Test("What is skipped is not waited for, and what came beyond it stays")
  func skips() throws {
    let stream = Incoming(window: 1_000)
    let bytes = Self.channel([[1, 1, 1], [2, 2, 2], [3, 3, 3]])
    try stream.take(Array(bytes[0..<2]), at: 0)
    try stream.take(Array(bytes[9..<12]), at: 9)
    #expect(try stream.takeMessage() == nil)
    stream.skip(to: 4)
    stream.skip(to: 1)
    #expect(stream.next == 4)
    try stream.take(Array(bytes[0..<9]), at: 0)
    #expect(try stream.takeMessage() == [2, 2, 2])
    #expect(try stream.takeMessage() == [3, 3, 3])
    #expect(try stream.takeMessage() == nil)
    stream.dropTaken()
    stream.skip(to: 500)
    try stream.take(Self.channel([[4]]), at: 500)
    #expect(try stream.takeMessage() == [4])
  }

  @Test("Skipping far ahead costs nothing, and grants credit from there")
  func skipsFar() throws {
    let stream = Incoming(window: 1_000)
    try stream.take([9, 1], at: 0)
    let far: UInt64 = 1 << 59
    stream.skip(to: far)
    #expect(stream.next == far)
    #expect(stream.newLimit() == far + 1_000)
    try stream.take([1, 5], at: far)
    #expect(try stream.takeMessage() == [5])
  }
}

/// As with all that an expectation calls, held where it can be changed.
private final class Incoming {
  private var stream: ReceiveStream

  init(window: Int) { stream = ReceiveStream(window: window) }

  var next: UInt64 { stream.next }
  var limit: UInt64 { stream.limit }

  func take(_ bytes: [UInt8], at offset: UInt64) throws(ReceiveStream.Fault) {
    try bytes.withUnsafeBufferPointer { bytes throws(ReceiveStream.Fault) in
      try stream.receive(bytes, at: offset)
    }
  }

  func takeMessage() throws -> [UInt8]? { try stream.takeMessage().map { Array($0) } }
  func dropTaken() { stream.dropTaken() }
  func newLimit() -> UInt64? { stream.newLimit() }
  func skip(to offset: UInt64) { stream.skip(to: offset) }

  /// What it says to bytes that it does not take.
  func fault(of bytes: [UInt8], at offset: UInt64) -> ReceiveStream.Fault? {
    do throws(ReceiveStream.Fault) {
      try take(bytes, at: offset)
      return nil
    } catch {
      return error
    }
  }

  var messageFault: ReceiveStream.Fault? {
    do throws(ReceiveStream.Fault) {
      _ = try stream.takeMessage()
      return nil
    } catch {
      return error
    }
  }
}
