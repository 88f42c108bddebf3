import CLinux
import ChatEngine

/// Gives memory that is not used any more back to the kernel.
///
/// A crowd that joins needs much for a moment, and the allocator keeps it for the next time. To ask
/// how much that is takes 20 µs, and longer the more holes there are; to give 40 MB back takes some
/// milliseconds. So the owner asks now and then, and nothing is given back unless it is worth it.
struct HeapTrimmer {
  /// What was kept after the last time: what cannot be given back.
  private var keptBytes = clinux_kept_memory()

  /// Gives back what the allocator keeps, if that is `Limits.keptMemoryBytesMax` more than what was
  /// left the last time.
  mutating func trimIfWorthwhile() {
    let kept = clinux_kept_memory()
    // What was in use and no longer is lies among what is.
    keptBytes = min(keptBytes, kept)
    guard kept - keptBytes >= Int64(Limits.keptMemoryBytesMax) else { return }
    clinux_release_memory()
    keptBytes = clinux_kept_memory()
  }
}
