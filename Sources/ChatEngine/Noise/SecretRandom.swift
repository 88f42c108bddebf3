/// Random bytes for keys, all determined by one seed of 32 bytes from the kernel.
///
/// Bytes are made a block at a time. The first 32 of each block are the seed of the next, and
/// what was handed out is wiped, so what came before cannot be worked out from what is held now
/// (Bernstein's "fast-key-erasure random-number generators", 2017). Owned once: a copy would hand
/// out the same keys again.
public struct SecretRandom: ~Copyable {
  private static let seedBytes = 32
  private static let blockBytes = 1_024

  /// The seed of the next block, then what is left of this one.
  private let block: SecretBytes
  private var position: Int

  /// - Parameter seed: 32 bytes that nobody else knows. The caller wipes its own.
  public init(seed: [UInt8]) {
    precondition(seed.count == Self.seedBytes, "a seed has 32 bytes")
    block = SecretBytes(count: Self.blockBytes)
    position = Self.blockBytes
    seed.withUnsafeBufferPointer { block.start.update(from: $0.baseAddress!, count: $0.count) }
  }

  public mutating func bytes(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let start = buffer.baseAddress { fill(start, count) }
      initialized = count
    }
  }

  public mutating func uint64() -> UInt64 {
    var value: UInt64 = 0
    withUnsafeMutableBytes(of: &value) { bytes in
      fill(bytes.baseAddress!.assumingMemoryBound(to: UInt8.self), bytes.count)
    }
    return value
  }

  /// Writes `count` bytes to `result`.
  mutating func fill(_ result: UnsafeMutablePointer<UInt8>, _ count: Int) {
    var done = 0
    while done < count {
      if position == Self.blockBytes { refill() }
      let length = min(count - done, Self.blockBytes - position)
      (result + done).update(from: block.start + position, count: length)
      Sodium.wipe(block.start + position, length)
      position += length
      done += length
    }
  }

  private mutating func refill() {
    let seed = SecretBytes(copying: block.start, count: Self.seedBytes)
    Sodium.fill(block.start, Self.blockBytes, seed: seed.start)
    extendLifetime(seed)
    position = Self.seedBytes
  }
}
