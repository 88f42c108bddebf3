import ChatEngine
import Glibc

/// A client engine on a reactor and a socket: finds out which of a server's addresses to use, and
/// passes the engine's events on.
///
/// A native server answers, so its addresses race. One of before does not, so they are tried one
/// after the other, as long as the network reports of each that nobody is there.
final class ClientConnection {
  private let reactor: Reactor
  private var timer: Reactor.Timer?
  private let engine: ClientEngine
  private var addresses: ArraySlice<PeerAddress>
  /// Where the server is, or was looked for last.
  private(set) var address: PeerAddress?
  /// Why it was last found to be unreachable: an `errno`.
  private(set) var unreachableError: Int32?
  private var socket: ConnectedSocket?
  /// While it is not known which address to use.
  private var race: AddressRace?
  private var watch: Reactor.Watch?
  /// Datagrams of the last batch that the engine was not given yet.
  private var undecided = 0..<0
  private var hasJoined = false
  private var isReceiving = true
  private var isSettling = false
  /// Whether the kernel took all that it was given.
  private var canSend = true
  /// Called on the loop with each event, in order. The last is `.ended`.
  var onEvent: (ClientEvent) -> Void = { _ in }
  /// Called when more may be said than before.
  var onRoom: () -> Void = {}

  /// - Parameter addresses: at least one.
  init(to addresses: [PeerAddress], _ engine: ClientEngine, on reactor: Reactor) {
    self.reactor = reactor
    self.addresses = addresses[...]
    self.engine = engine
    timer = reactor.addTimer { [unowned self] in
      decide()
      engine.advance(to: reactor.now)
      if engine.takePathSuspicion() { reopen() }
      settle()
    }
  }

  /// Whether so much waits that nothing more should be said now.
  var isBusy: Bool { engine.isBusy }
  var pictureBytesMax: Int { engine.pictureBytesMax }
  /// How many things that were said are not known to be accepted.
  var pendingCount: Int { engine.pendingCount }

  func start() {
    if engine.isAnswered, addresses.count > 1 { startRace() } else { openNext() }
    if socket != nil || race != nil {
      engine.start(at: reactor.now)
    } else {
      engine.handleUnreachable(isRefused: false, at: reactor.now)
    }
    settle()
  }

  /// - Returns: by which events name it; nil where nobody will tell what became of it.
  @discardableResult
  func say(
    _ text: [UInt8], as kind: NativeRequest.Say.Kind = .text, in room: RoomName = .lobby
  ) -> MessageTicket? {
    let ticket = engine.say(text, as: kind, in: room, at: reactor.now)
    settle()
    return ticket
  }

  /// - Returns: as `say` does.
  @discardableResult
  func show(_ jpeg: [UInt8], in room: RoomName = .lobby) -> MessageTicket? {
    let ticket = engine.show(jpeg, in: room, at: reactor.now)
    settle()
    return ticket
  }

  /// Asks to be let into a room besides the lobby; `.entered` or `.notEntered` follows.
  ///
  /// - Returns: false where that cannot be asked for.
  func enter(_ room: RoomName) -> Bool {
    defer { settle() }
    return engine.enter(room, at: reactor.now)
  }

  /// Leaves a room besides the lobby; `.parted` follows.
  ///
  /// - Returns: false where this client is not there.
  func part(_ room: RoomName) -> Bool {
    defer { settle() }
    return engine.part(room, at: reactor.now)
  }

  /// Asks what the server measures of this session; the answer is `.figures`.
  ///
  /// - Returns: false where nothing is measured now.
  func askFigures() -> Bool {
    defer { settle() }
    return engine.askFigures(at: reactor.now)
  }

  /// The same for all sessions; the answer is `.sessions`.
  func askSessions() -> Bool {
    defer { settle() }
    return engine.askSessions(at: reactor.now)
  }

  /// Asks for messages of the past, as `ClientEngine.askPast` does.
  func askPast(
    of room: RoomName?, _ selector: NativeRequest.History.Selector, limit: Int
  ) -> UInt64? {
    defer { settle() }
    return engine.askPast(of: room, selector, limit: limit, at: reactor.now)
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

  /// Stops, or starts again, to take what others say. A native server keeps it meanwhile; of the
  /// others', what the kernel cannot keep is lost.
  func setReceiving(_ isReceiving: Bool) {
    if engine.setHearing(isReceiving, at: reactor.now) {
      // Who calls may be in the midst of an event.
      if isReceiving && engine.hasOutput { timer?.deadline = reactor.now }
      return
    }
    self.isReceiving = isReceiving
    watch?.interest = isReceiving ? .readable : []
    // Who calls may be in the midst of an event, so the rest of the batch comes a little later.
    if isReceiving && !undecided.isEmpty { timer?.deadline = reactor.now }
  }

  private func startRace() {
    race = AddressRace(to: addresses, on: reactor) { [unowned self] socket, address, count in
      race = nil
      self.address = address
      take(socket)
      undecided = 0..<count
      decide()
      settle()
    } onFailure: { [unowned self] error in
      race = nil
      handleUnreachable(error)
      settle()
    }
    addresses = []
  }

  /// Opens a socket to the next address that one can be opened to.
  private func openNext() {
    watch = nil
    (socket, undecided) = (nil, 0..<0)
    while socket == nil, let next = addresses.popFirst() {
      address = next
      open(next)
    }
  }

  /// Opens another socket to the same address: this machine may have got a new address itself, and
  /// a socket goes on to send from the old one.
  private func reopen() {
    guard let address else { return }
    watch = nil
    (socket, undecided) = (nil, 0..<0)
    open(address)
    // Where no network is there is no socket that would tell of it later, so this is told now.
    if socket == nil { engine.handleUnreachable(isRefused: false, at: reactor.now) }
  }

  private func open(_ address: PeerAddress) {
    do throws(SystemError) {
      take(try ConnectedSocket(connectingTo: address))
    } catch {
      unreachableError = error.code
    }
  }

  /// Makes a socket the one to use.
  private func take(_ socket: ConnectedSocket) {
    watch = try? reactor.watch(socket.fd, for: .readable) { [unowned self] in
      handle(readiness: $0)
    }
    self.socket = socket
  }

  private func handle(readiness: Reactor.Interest) {
    guard let socket else { return }
    var unreachable = readiness.contains(.failed) ? socket.takeErrors() : nil
    if readiness.contains(.readable) && undecided.isEmpty {
      switch socket.receive() {
      case .datagrams(let count): undecided = 0..<count
      case .unreachable(let error): unreachable = error
      case .nothing: break
      }
    }
    decide()
    if let unreachable { handleUnreachable(unreachable) }
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

  private func handleUnreachable(_ error: Int32) {
    unreachableError = error
    if !hasJoined && !addresses.isEmpty {
      openNext()
      if socket != nil {
        engine.startAgain(at: reactor.now)
        return
      }
    }
    engine.handleUnreachable(isRefused: error == ECONNREFUSED, at: reactor.now)
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

  /// Asks whoever takes part in the race what the engine put out, which is one question at a time.
  private func flushToRace() {
    let question = engine.withOutbox { outbox in
      defer { outbox.removeAll() }
      return outbox.lastPayload
    }
    if let race, let question { race.ask(question) }
  }

  /// Sends what the engine put out.
  private func flush() {
    canSend = true
    var isDone = false
    while !isDone {
      guard let socket else { return flushToRace() }
      switch engine.withOutbox({ socket.send(&$0) }) {
      case .done: isDone = true
      case .blocked, .refused(ENOBUFS):
        canSend = false
        isDone = true
      case .refused(let error):
        engine.withOutbox { $0.sent += 1 }
        if ConnectedSocket.isUnreachable(error) { handleUnreachable(error) }
      }
    }
  }
}
