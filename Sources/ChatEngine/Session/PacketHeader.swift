/// The first bytes of every native datagram (`Docs/Protocol.md`, "The native protocol").
public enum DatagramType: UInt8, Sendable {
  case hello = 0x80
  case helloAnswer = 0x81
  case initiation = 0x82
  case accept = 0x83
  case refusal = 0x84
  case data = 0x86
  case dataNextPhase = 0x87
  case shared = 0x88
  case sharedNextPhase = 0x89
  case reset = 0x8a
  case seek = 0x8b
  case found = 0x8c

  /// Whether a datagram is native and not of a plain dialect: no UTF-8 text begins with any of the
  /// types (RFC 3629 §3).
  @inline(__always)
  public static func isNative(_ bytes: Span<UInt8>) -> Bool {
    !bytes.isEmpty && bytes[0] & 0xf0 == 0x80
  }
}

/// The header of a Data datagram: what the seal covers and does not hide.
struct PacketHeader {
  static let plainBytes = 13
  static let sharedBytes = 15
  static let tagBytes = 16

  var phase: Bool
  var receiver: UInt32
  var number: UInt64
  /// The length of the sealed part with its tag, where a shared piece stands behind it.
  var sealedCount: Int?

  var byteCount: Int { sealedCount == nil ? Self.plainBytes : Self.sharedBytes }

  /// - Returns: nil where it is no Data datagram, or too short for one.
  init?(_ bytes: UnsafeBufferPointer<UInt8>) {
    var reader = ByteReader(bytes)
    guard let first = reader.u8(), let type = DatagramType(rawValue: first) else { return nil }
    switch type {
    case .data, .dataNextPhase, .shared, .sharedNextPhase: break
    default: return nil
    }
    guard let receiver = reader.u32(), let number = reader.u64(),
      number <= ByteWriter.varintMax
    else { return nil }
    (self.receiver, self.number, phase) = (receiver, number, first & 1 == 1)
    if type == .shared || type == .sharedNextPhase {
      guard let count = reader.u16(), Int(count) <= reader.remaining else { return nil }
      sealedCount = Int(count)
    }
    guard (sealedCount ?? reader.remaining) > Self.tagBytes else { return nil }
  }

  init(phase: Bool, receiver: UInt32, number: UInt64, sealedCount: Int? = nil) {
    (self.phase, self.receiver, self.number) = (phase, receiver, number)
    self.sealedCount = sealedCount
  }

  @inline(__always)
  func write(to writer: inout ByteWriter) {
    let type: DatagramType = sealedCount == nil ? .data : .shared
    writer.u8(type.rawValue | (phase ? 1 : 0))
    writer.u32(receiver)
    writer.u64(number)
    if let sealedCount { writer.u16(UInt16(sealedCount)) }
  }
}

/// The types of frames (`Docs/Protocol.md`, "Frames").
enum FrameType: UInt8 {
  case padding = 0x00
  case ping = 0x01
  case ack = 0x02
  case ackNow = 0x03
  case stream = 0x04
  case object = 0x05
  case shared = 0x06
  case credit = 0x07
  case skip = 0x08
  case pathChallenge = 0x09
  case pathResponse = 0x0a
  case close = 0x0b
}

/// The channels of a session.
public enum Channel: UInt8, Sendable {
  case control = 0
  case talk = 1
  /// Not a stream: the objects, in frames of their own.
  case objects = 2

  /// Nil for a side channel.
  init?(number: UInt64) {
    guard let value = UInt8(exactly: number) else { return nil }
    self.init(rawValue: value)
  }
}

/// Why a session ends. Whoever is told takes an unknown number for a protocol error.
public enum CloseReason: UInt64, Sendable {
  case done = 0
  case shuttingDown = 1
  case replaced = 2
  case protocolError = 3
  case idle = 4
  case refused = 5
}
