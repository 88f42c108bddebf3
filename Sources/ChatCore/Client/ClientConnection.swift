import ChatEngine
import Glibc

/// A client engine on a reactor and a socket: tries a server's addresses one after the other, and
/// passes the engine's events on.
final class ClientConnection {
  private let reactor: Reactor
  private var timer: Reactor.Timer?
  private let engine: ClassicClient
  private var addresses: ArraySlice<PeerAddress>
  private var socket: ConnectedSocket?
  private var watch: Reactor.Watch?
  /// Datagrams of the last batch that the engine was not given yet.
  private var undecided = 0..<0
  private var hasJoined = false
  private var isReceiving = true
  private var isSettling = false
  /// Whether the kernel took all that it was given.
  private var canSend = true
  /// Called on the loop with each event, in order. The last is `.ended`.
  var onEvent: (ClassicClient.Event) -> Void = { _ in }
  /// Called when more may be said than before.
  var onRoom: () -> Void = {}

  /// - Parameter addresses: at least one.
  init(
    to addresses: [PeerAddress], _ configuration: ClassicClient.Configuration,
    on reactor: Reactor
  ) {
    self.reactor = reactor
    self.addresses = addresses[...]
    engine = ClassicClient(configuration)
    timer = reactor.addTimer { [unowned self] in
      decide()
      engine.advance(to: reactor.now)
      settle()
    }
  }

  /// Whether so much waits that nothing more should be said now.
  var isBusy: Bool { engine.isBusy }
  var pictureBytesMax: Int { engine.pictureBytesMax }

  func start() {
    openNext()
    if socket != nil { engine.start(at: reactor.now) } else { engine.handleUnreachable() }
    settle()
  }

  func say(_ text: [UInt8]) {
    engine.say(text, at: reactor.now)
    settle()
  }

  func show(_ jpeg: [UInt8]) {
    engine.show(jpeg, at: reactor.now)
    settle()
  }

  func leave() {
    engine.leave(at: reactor.now)
    settle()
  }

  /// Leaves without saying what still waits.
  func leaveNow() {
    engine.leaveNow(at: reactor.now)
    settle()
  }

  /// Stops, or starts again, to take what the server sends; what the kernel cannot keep is lost.
  func setReceiving(_ isReceiving: Bool) {
    self.isReceiving = isReceiving
    watch?.interest = isReceiving ? .readable : []
    // Who calls may be in the midst of an event, so the rest of the batch comes a little later.
    if isReceiving && !undecided.isEmpty { timer?.deadline = reactor.now }
  }

  /// Opens a socket to the next address that one can be opened to.
  private func openNext() {
    watch = nil
    (socket, undecided) = (nil, 0..<0)
    while let next = addresses.popFirst() {
      guard let socket = try? ConnectedSocket(connectingTo: next) else { continue }
      watch = try? reactor.watch(socket.fd, for: .readable) { [unowned self] in
        handle(readiness: $0)
      }
      self.socket = socket
      return
    }
  }

  private func handle(readiness: Reactor.Interest) {
    guard let socket else { return }
    var isUnreachable = readiness.contains(.failed) && socket.takeErrors()
    if readiness.contains(.readable) && undecided.isEmpty {
      switch socket.receive() {
      case .datagrams(let count): undecided = 0..<count
      case .unreachable: isUnreachable = true
      case .nothing: break
      }
    }
    decide()
    if isUnreachable { handleUnreachable() }
    settle()
  }

  /// Gives the engine what was received, until the screen is full.
  private func decide() {
    while isReceiving, let socket, let index = undecided.popFirst() {
      hasJoined = true
      socket.withDatagram(index) { engine.receive($0, at: reactor.now) }
      settle()
    }
  }

  private func handleUnreachable() {
    if !hasJoined && !addresses.isEmpty {
      openNext()
      if socket != nil {
        engine.startAgain(at: reactor.now)
        return
      }
    }
    engine.handleUnreachable()
  }

  /// Sends what the engine put out, sets its deadline, and passes its events on.
  private func settle() {
    // A handler that says something comes back here; its events follow those of the first call.
    if isSettling { return }
    isSettling = true
    defer { isSettling = false }
    repeat { settleOnce() } while engine.hasOutput && canSend
  }

  private func settleOnce() {
    let wasBusy = engine.isBusy
    flush()
    timer?.deadline =
      canSend ? engine.nextDeadline : reactor.now + .milliseconds(Limits.sendRetryMilliseconds)
    if isReceiving && !undecided.isEmpty { timer?.deadline = reactor.now }
    for event in engine.takeEvents() {
      if event == .joined { hasJoined = true }
      onEvent(event)
    }
    if !wasBusy || !engine.isBusy { onRoom() }
  }
  /// Sends what the engine put out.
  private func flush() {
    canSend = true
    while !engine.outbox.isEmpty {
      guard let socket else { return engine.outbox.removeAll() }
      switch socket.send(&engine.outbox) {
      case .done: break
      case .blocked, .refused(ENOBUFS):
        canSend = false
        return
      case .refused(let error):
        engine.outbox.sent += 1
        if ConnectedSocket.isUnreachable(error) { handleUnreachable() }
      }
    }
    engine.outbox.removeAll()
  }
}
