import CLinux
import ChatEngine
import Glibc

/// The event loop: one thread waits on epoll for descriptors, timers, signals and wake-ups.
///
/// Owns the epoll instance, who watches which descriptor, and the timers. Calls come back on the
/// thread that runs it; nothing in it is shared with another. What always holds: a handler that was
/// removed is never called again, also not for an event that was already fetched, because a token
/// carries its registration's generation.
final class Reactor {
  struct Interest: OptionSet, Sendable {
    let rawValue: UInt32

    static let readable = Interest(rawValue: UInt32(CLINUX_READABLE))
    static let writable = Interest(rawValue: UInt32(CLINUX_WRITABLE))
    /// Always told of, also when not asked for.
    static let failed = Interest(rawValue: UInt32(CLINUX_FAILED))
  }

  /// A registered descriptor.
  struct Watch {
    fileprivate let slot: Int
    fileprivate let generation: UInt32
  }

  /// Something to call at a time; idle while its deadline is nil.
  final class Timer {
    var deadline: Instant?
    fileprivate let body: () -> Void

    fileprivate init(_ body: @escaping () -> Void) { self.body = body }
  }

  private struct Registration {
    var fd: Int32
    var generation: UInt32
    var interest: Interest
    var handler: ((Interest) -> Void)?
  }

  private let epoll: OwnedFD
  private var registrations: [Registration] = []
  private var timers: [Timer] = []
  private var turnEnds: [() -> Void] = []
  private var events = [clinux_event](repeating: clinux_event(), count: 64)
  private var isStopped = false
  /// When this turn began.
  private(set) var now: Instant

  init() throws(SystemError) {
    epoll = try OwnedFD(checking: clinux_epoll_create(), "create an epoll instance")
    now = Clocks.now()
  }

  // MARK: Descriptors

  /// Calls `handler` whenever `fd` is ready for what `interest` names. The descriptor must stay
  /// open until `unwatch`.
  func watch(
    _ fd: Int32, for interest: Interest, _ handler: @escaping (Interest) -> Void
  ) throws(SystemError) -> Watch {
    var slot = registrations.firstIndex { $0.handler == nil } ?? registrations.count
    if slot == registrations.count {
      registrations.append(Registration(fd: -1, generation: 0, interest: [], handler: nil))
      slot = registrations.count - 1
    }
    let generation = registrations[slot].generation &+ 1
    registrations[slot] = Registration(
      fd: fd, generation: generation, interest: interest, handler: handler)
    let watch = Watch(slot: slot, generation: generation)
    if clinux_epoll_add(epoll.raw, fd, interest.rawValue, watch.token) < 0 {
      registrations[slot].handler = nil
      throw SystemError.last("watch descriptor \(fd)")
    }
    return watch
  }

  func change(_ watch: Watch, to interest: Interest) {
    precondition(isCurrent(watch), "a watch that was removed")
    let registration = registrations[watch.slot]
    if registration.interest == interest { return }
    registrations[watch.slot].interest = interest
    let result = clinux_epoll_change(
      epoll.raw, registration.fd, interest.rawValue, watch.token)
    precondition(result == 0, "epoll lost a descriptor: \(errno)")
  }

  func unwatch(_ watch: Watch) {
    precondition(isCurrent(watch), "a watch that was removed")
    _ = clinux_epoll_remove(epoll.raw, registrations[watch.slot].fd)
    registrations[watch.slot].handler = nil
  }

  private func isCurrent(_ watch: Watch) -> Bool {
    registrations[watch.slot].generation == watch.generation
      && registrations[watch.slot].handler != nil
  }

  // MARK: Timers and turns

  /// A timer that calls `body` once for each deadline that it is given. A program has a handful
  /// of them, so they are looked through one by one; what comes in thousands keeps its own order.
  func addTimer(_ body: @escaping () -> Void) -> Timer {
    let timer = Timer(body)
    timers.append(timer)
    return timer
  }

  /// Calls `body` at the end of every turn, before the loop waits.
  func atTurnEnd(_ body: @escaping () -> Void) { turnEnds.append(body) }

  /// Runs turns until `stop`. The first turn begins without waiting.
  func run() throws(SystemError) {
    isStopped = false
    fireTimers()
    endTurn()
    while !isStopped {
      let count = clinux_epoll_wait(
        epoll.raw, &events, Int32(events.count), nanosecondsToWait())
      if count < 0 && errno != EINTR { throw SystemError.last("wait for events") }
      now = Clocks.now()
      for index in 0..<Int(max(count, 0)) { dispatch(events[index]) }
      fireTimers()
      endTurn()
    }
  }

  func stop() { isStopped = true }

  private func dispatch(_ event: clinux_event) {
    let slot = Int(truncatingIfNeeded: event.token & 0xffff_ffff)
    let registration = registrations[slot]
    guard registration.generation == UInt32(truncatingIfNeeded: event.token >> 32) else { return }
    registration.handler?(Interest(rawValue: event.events))
  }

  private func fireTimers() {
    for timer in timers {
      if let deadline = timer.deadline, deadline <= now {
        timer.deadline = nil
        timer.body()
      }
    }
  }

  private func endTurn() {
    for body in turnEnds { body() }
  }

  private func nanosecondsToWait() -> Int64 {
    var earliest: Instant?
    for timer in timers {
      if let deadline = timer.deadline { earliest = min(earliest ?? deadline, deadline) }
    }
    guard let earliest else { return -1 }
    let now = Clocks.now()
    return earliest <= now ? 0 : Int64(clamping: earliest.nanoseconds - now.nanoseconds)
  }
}

extension Reactor.Watch {
  fileprivate var token: UInt64 { UInt64(generation) << 32 | UInt64(slot) }
}
