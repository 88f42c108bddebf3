import CLinux
import ChatEngine
import Glibc

/// The event loop: one thread waits on epoll for descriptors, timers, signals and wake-ups.
///
/// Owns the epoll instance, what is called for which descriptor, and when. Who asked for a call
/// holds a `Watch` or a `Timer`, and letting go of it ends it; so nothing is called whose owner is
/// gone. Calls come back on the thread that runs it; nothing in it is shared with another. What
/// always holds: a handler that was removed is never called again, also not for an event that was
/// already fetched, because a token carries its registration's generation.
package final class Reactor {
  package struct Interest: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Interest(rawValue: UInt32(CLINUX_READABLE))
    package static let writable = Interest(rawValue: UInt32(CLINUX_WRITABLE))
    /// Always told of, also when not asked for.
    package static let failed = Interest(rawValue: UInt32(CLINUX_FAILED))
  }

  /// A descriptor that is watched for as long as somebody holds this.
  package final class Watch {
    private let reactor: Reactor
    private let slot: Int

    fileprivate init(_ reactor: Reactor, _ slot: Int) {
      (self.reactor, self.slot) = (reactor, slot)
    }

    deinit { reactor.removeWatch(slot) }

    /// What the handler is called for; failures are always told.
    package var interest: Interest {
      get { reactor.registrations[slot].interest }
      set { reactor.change(slot, to: newValue) }
    }
  }

  /// Something to call at a time, for as long as somebody holds this; idle while `deadline` is nil.
  package final class Timer {
    private let reactor: Reactor
    private let slot: Int

    fileprivate init(_ reactor: Reactor, _ slot: Int) {
      (self.reactor, self.slot) = (reactor, slot)
    }

    deinit { reactor.removeTimer(slot) }

    package var deadline: Instant? {
      get { reactor.timers[slot].deadline }
      set { reactor.timers[slot].deadline = newValue }
    }
  }

  /// A vacant slot has no handler and keeps its generation.
  private struct Registration {
    var fd: Int32 = -1
    var generation: UInt32 = 0
    var interest: Interest = []
    var handler: ((Interest) -> Void)?

    func token(_ slot: Int) -> UInt64 { UInt64(generation) << 32 | UInt64(slot) }
  }

  /// A vacant slot has no body.
  private struct Alarm {
    var deadline: Instant?
    var body: (() -> Void)?
  }

  private let epoll: OwnedFD
  private var registrations: [Registration] = []
  private var vacantRegistrations: [Int] = []
  private var timers: [Alarm] = []
  private var vacantTimers: [Int] = []
  private var turnEnds: [() -> Void] = []
  private var events = [clinux_event](repeating: clinux_event(), count: 64)
  private var isStopped = false
  /// When this turn began.
  package private(set) var now: Instant

  package init() throws(SystemError) {
    epoll = try OwnedFD(checking: clinux_epoll_create(), "create an epoll instance")
    now = Clocks.now()
  }

  // MARK: Descriptors

  /// Calls `handler` whenever `fd` is ready for what `interest` names, until the watch is let go
  /// of. The descriptor must stay open until then.
  package func watch(
    _ fd: Int32, for interest: Interest, _ handler: @escaping (Interest) -> Void
  ) throws(SystemError) -> Watch {
    let slot = vacantRegistrations.popLast() ?? registrations.count
    if slot == registrations.count { registrations.append(Registration()) }
    registrations[slot].generation &+= 1
    let token = registrations[slot].token(slot)
    if clinux_epoll_add(epoll.raw, fd, interest.rawValue, token) < 0 {
      let error = SystemError.last("watch descriptor \(fd)")
      vacantRegistrations.append(slot)
      throw error
    }
    registrations[slot].fd = fd
    registrations[slot].interest = interest
    registrations[slot].handler = handler
    return Watch(self, slot)
  }

  private func change(_ slot: Int, to interest: Interest) {
    let registration = registrations[slot]
    if registration.interest == interest { return }
    registrations[slot].interest = interest
    let result = clinux_epoll_change(
      epoll.raw, registration.fd, interest.rawValue, registration.token(slot))
    precondition(result == 0, "epoll lost a descriptor: \(errno)")
  }

  private func removeWatch(_ slot: Int) {
    _ = clinux_epoll_remove(epoll.raw, registrations[slot].fd)
    vacantRegistrations.append(slot)
    // What the handler holds may be freed with it, and come back here: the slot is vacant already.
    registrations[slot].generation &+= 1
    let handler = registrations[slot].handler.take()
    withExtendedLifetime(handler) {}
  }

  // MARK: Timers and turns

  /// A timer that calls `body` once for each deadline that it is given. A program has a handful
  /// of them, so they are looked through one by one; what comes in thousands keeps its own order.
  package func addTimer(_ body: @escaping () -> Void) -> Timer {
    let slot = vacantTimers.popLast() ?? timers.count
    if slot == timers.count { timers.append(Alarm()) }
    timers[slot].body = body
    return Timer(self, slot)
  }

  private func removeTimer(_ slot: Int) {
    vacantTimers.append(slot)
    timers[slot].deadline = nil
    let body = timers[slot].body.take()
    withExtendedLifetime(body) {}
  }

  /// Calls `body` at the end of every turn, before the loop waits, for as long as the loop runs.
  package func atTurnEnd(_ body: @escaping () -> Void) { turnEnds.append(body) }

  /// Runs turns until `stop`, which may have come before: then it is one turn. The first turn
  /// begins without waiting.
  package func run() throws(SystemError) {
    defer { isStopped = false }
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

  /// Ends `run` after this turn, or the next one that is begun.
  package func stop() { isStopped = true }

  private func dispatch(_ event: clinux_event) {
    let slot = Int(truncatingIfNeeded: event.token & 0xffff_ffff)
    let registration = registrations[slot]
    guard registration.generation == UInt32(truncatingIfNeeded: event.token >> 32) else { return }
    registration.handler?(Interest(rawValue: event.events))
  }

  private func fireTimers() {
    // A timer that is added meanwhile has no deadline that this turn has reached.
    for slot in timers.indices {
      if let deadline = timers[slot].deadline, deadline <= now {
        timers[slot].deadline = nil
        let body = timers[slot].body
        body?()
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
