import ChatEngine
import Glibc

/// A client engine on a reactor and a socket: tries a server's addresses one after the other, and
/// passes the engine's events on.
final class ClientConnection {
  private let reactor: Reactor
  private let timer: Reactor.Timer
  private var engine: ClassicClient
  private var addresses: ArraySlice<PeerAddress>
  private var socket: ConnectedSocket?
  private var watch: Reactor.Watch?
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
    var fire: () -> Void = {}
    timer = reactor.addTimer { fire() }
    fire = { [unowned self] in
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
    if let watch { reactor.change(watch, to: isReceiving ? .readable : []) }
  }

  /// Opens a socket to the next address that one can be opened to.
  private func openNext() {
    if let watch { reactor.unwatch(watch) }
    (watch, socket) = (nil, nil)
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
    if readiness.contains(.readable) {
      receiving: for _ in 0..<Limits.receiveBatchDatagramsMax {
        switch socket.receive() {
        case .datagram(let count):
          hasJoined = true
          engine.receive(socket.bytes(count).span, at: reactor.now)
          settle()
          // What came may have filled the screen, or ended it all.
          if !isReceiving || self.socket !== socket { break receiving }
        case .unreachable:
          isUnreachable = true
          break receiving
        case .nothing: break receiving
        }
      }
    }
    if isUnreachable { handleUnreachable() }
    settle()
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
    canSend = true
    while !engine.outgoing.isEmpty, let socket {
      let error = socket.send(engine.outgoing[0])
      if error == EAGAIN || error == ENOBUFS {
        canSend = false
        break
      }
      engine.outgoing.removeFirst()
      if ConnectedSocket.isUnreachable(error) { handleUnreachable() }
    }
    timer.deadline =
      engine.outgoing.isEmpty
      ? engine.nextDeadline : reactor.now + .milliseconds(Limits.sendRetryMilliseconds)
    for event in engine.takeEvents() {
      if event == .joined { hasJoined = true }
      onEvent(event)
    }
    if !wasBusy || !engine.isBusy { onRoom() }
  }
}
