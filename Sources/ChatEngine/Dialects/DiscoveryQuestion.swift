/// What somebody sends who looks for a server and knows none (`Docs/Protocol.md`, "Finding a
/// server").
public enum DiscoveryQuestion: Equatable, Sendable {
  /// `DISCOVER_CHAT_SERVER`, as programs from before ask.
  case text
  /// A Seek; the answer repeats its number.
  case seek(nonce: UInt64)

  public static let version: UInt8 = 1

  /// - Returns: nil where a datagram is no question, or a Seek that is shorter than its answer may
  ///   be.
  @inline(__always)
  public init?(_ bytes: Span<UInt8>) {
    if bytes.isEmpty { return nil }
    if bytes[0] == DatagramType.seek.rawValue {
      guard let nonce = bytes.withUnsafeBufferPointer(Self.nonce) else { return nil }
      self = .seek(nonce: nonce)
    } else if bytes.count == ClassicText.question.utf8.count, bytes.equals(ClassicText.question) {
      self = .text
    } else {
      return nil
    }
  }

  private static func nonce(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64? {
    var reader = ByteReader(bytes)
    guard bytes.count >= Limits.helloBytesMin, reader.u8() == DatagramType.seek.rawValue,
      let version = reader.u8(), version >= 1
    else { return nil }
    return reader.u64()
  }

  /// The datagram.
  public var bytes: [UInt8] {
    switch self {
    case .text: return Array(ClassicText.question.utf8)
    case .seek(let nonce):
      var bytes: [UInt8] = [DatagramType.seek.rawValue, Self.version]
      bytes.appendU64(nonce)
      return bytes + [UInt8](repeating: 0, count: Limits.helloBytesMin - bytes.count)
    }
  }
}
