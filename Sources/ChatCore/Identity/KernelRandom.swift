import Glibc

/// Random bytes of the kernel, for keys and seeds.
enum KernelRandom {
  /// - Parameter count: at most 256, which the kernel gives in one piece.
  static func bytes(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      // It fails for more than 256 bytes, or on a kernel older than any that Swift runs on.
      precondition(getentropy(buffer.baseAddress!, count) == 0, "no random bytes")
      initialized = count
    }
  }
}

extension [UInt8] {
  /// Overwrites secret bytes, so that they do not stay in memory that is given back.
  mutating func wipe() {
    withUnsafeMutableBytes { bytes in
      if let start = bytes.baseAddress { explicit_bzero(start, bytes.count) }
    }
  }
}
