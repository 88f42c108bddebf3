/// Bytes on the heap that are wiped before their memory is given back.
///
/// They are owned once and have one address for life, so that no copy of them stays anywhere.
struct SecretBytes: ~Copyable {
  let start: UnsafeMutablePointer<UInt8>
  let count: Int

  /// So many zeros.
  init(count: Int) {
    start = .allocate(capacity: count)
    start.initialize(repeating: 0, count: count)
    self.count = count
  }

  init(copying bytes: UnsafePointer<UInt8>, count: Int) {
    start = .allocate(capacity: count)
    start.initialize(from: bytes, count: count)
    self.count = count
  }

  deinit {
    wipe()
    start.deallocate()
  }

  func wipe() { Sodium.wipe(start, count) }
}
