/// BLAKE2b (RFC 7693), plain and keyed.
public enum Blake2b {
  /// 32 bytes.
  public static func hash256(_ bytes: Span<UInt8>) -> [UInt8] {
    var hasher = Hasher()
    hasher.update(bytes)
    return hasher.finish()
  }

  /// 16 bytes of `parts`, one behind the other, that only who knows `key` can work out.
  ///
  /// - Parameter key: 16 to 64 bytes.
  public static func keyed128(key: Span<UInt8>, _ parts: [UInt8]...) -> [UInt8] {
    keyed(16, key, parts)
  }

  /// 32 bytes, likewise.
  public static func keyed256(key: Span<UInt8>, _ parts: [UInt8]...) -> [UInt8] {
    keyed(32, key, parts)
  }

  private static func keyed(_ count: Int, _ key: Span<UInt8>, _ parts: [[UInt8]]) -> [UInt8] {
    var hasher = Hasher(resultBytes: count, key: key)
    for part in parts { hasher.update(part.span) }
    return hasher.finish()
  }

  /// Whether two results are the same, in a time that does not tell where they differ.
  public static func areEqual(_ first: Span<UInt8>, _ second: Span<UInt8>) -> Bool {
    guard first.count == second.count else { return false }
    return first.withUnsafeBytes { first in
      second.withUnsafeBytes { second in
        guard let one = first.baseAddress, let other = second.baseAddress else { return true }
        return Sodium.areEqual(one, other, first.count)
      }
    }
  }

  /// A hash of something large, taken piece by piece.
  public struct Hasher: ~Copyable {
    private var state: Sodium.Hash
    private let resultBytes: Int

    /// For the 32 bytes of `hash256`.
    public init() {
      resultBytes = 32
      state = Sodium.Hash(resultBytes: resultBytes)
    }

    init(resultBytes: Int, key: Span<UInt8>) {
      precondition((16...64).contains(key.count), "a key of BLAKE2b has 16 to 64 bytes")
      self.resultBytes = resultBytes
      state = key.withUnsafeBufferPointer { key in
        Sodium.Hash(resultBytes: resultBytes, key: key.baseAddress, keyBytes: key.count)
      }
    }

    public mutating func update(_ bytes: Span<UInt8>) {
      bytes.withUnsafeBufferPointer { bytes in
        if let start = bytes.baseAddress { state.update(start, bytes.count) }
      }
    }

    public consuming func finish() -> [UInt8] {
      let count = resultBytes
      return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        state.finish(buffer.baseAddress!)
        initialized = count
      }
    }
  }
}
