import CLinux
import Glibc

/// Signals as events of the loop (signalfd).
///
/// Make it before any thread is started: the signals are blocked in this thread and in those that
/// it starts later.
final class Signals {
  private let fd: OwnedFD
  private var watch: Reactor.Watch?
  /// Called on the loop with each signal that arrives.
  var handler: (Int32) -> Void = { _ in }

  init(_ signals: [Int32], on reactor: Reactor) throws(SystemError) {
    fd = try OwnedFD(
      checking: clinux_signalfd(signals, Int32(signals.count)), "receive signals")
    let raw = fd.raw
    watch = try reactor.watch(raw, for: .readable) { [unowned self] _ in
      while case let signal = clinux_next_signal(raw), signal != 0 { handler(signal) }
    }
  }
}
