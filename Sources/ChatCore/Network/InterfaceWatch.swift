import CLinux
import ChatEngine

/// Tells when the interfaces of this machine, or their addresses, have changed (rtnetlink(7)).
///
/// What the kernel tells is thrown away: it may leave things out, so everything is looked at anew.
/// A change brings others along, so it is waited for a moment before that.
final class InterfaceWatch {
  private let descriptor: OwnedFD
  private var watch: Reactor.Watch?
  private var timer: Reactor.Timer?

  /// - Parameter onChange: called on the loop, at most once in
  ///   `Limits.interfaceChangeMilliseconds`.
  init(on reactor: Reactor, _ onChange: @escaping () -> Void) throws(SystemError) {
    descriptor = try OwnedFD(checking: clinux_interface_changes(), "watch the network interfaces")
    timer = reactor.addTimer(onChange)
    watch = try reactor.watch(descriptor.raw, for: .readable) { [unowned self, unowned reactor] _ in
      clinux_discard(descriptor.raw, Int32(Limits.interfaceNoticesMax))
      if timer?.deadline == nil {
        timer?.deadline = reactor.now + .milliseconds(Limits.interfaceChangeMilliseconds)
      }
    }
  }
}
