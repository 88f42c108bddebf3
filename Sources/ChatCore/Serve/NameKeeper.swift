import ChatEngine
import Synchronization

/// Writes down who owns which name, and does not forget what could not be written, as on a full
/// disk: that is tried again with what comes next.
final class NameKeeper: Sendable {
  private let names: OwnedNames
  private let unwritten = Mutex<[OwnedNames.Owned]>([])

  init(_ names: OwnedNames) { self.names = names }

  /// Writes what was not written before, and `owned` behind it. Waits for the disk.
  ///
  /// - Throws: `Failure` where that cannot be; the latest `ownersUnwrittenMax` are kept.
  func keep(_ owned: [OwnedNames.Owned]) throws(Failure) {
    try unwritten.withLock { waiting throws(Failure) in
      waiting += owned
      if waiting.isEmpty { return }
      defer {
        let excess = waiting.count - Limits.ownersUnwrittenMax
        if excess > 0 { waiting.removeFirst(excess) }
      }
      try names.write(&waiting)
    }
  }
}
