import CLinux
import ChatEngine

/// Gives memory that is not used any more back to the kernel.
///
/// A crowd that joins needs much for a moment, and the allocator keeps it for the next time. To ask
/// how much that is takes less than a millisecond with some thousand holes in the heap; to give it
/// back takes a system call for each hole that has whole pages, and whoever needs them again pays
/// for their faults. So the owner asks now and then, and nothing is given back that is not worth
/// it.
struct HeapTrimmer {
  /// What was kept after the last time: what cannot be given back.
  private var keptBytes: Int64

  /// Large blocks are mapped by themselves from now on: an array that grew leaves no hole in the
  /// heap, and what it has not reached yet takes no memory.
  init() {
    clinux_map_blocks(Int32(Limits.mappedBlockBytesMin), Int32(Limits.heapTopBytesMax))
    keptBytes = clinux_kept_memory()
  }

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
