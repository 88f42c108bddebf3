import ChatEngine

/// The server's second socket, on which servers are looked for.
///
/// What comes there and is no question is not looked at, so nobody can talk through it. A Found
/// goes out through the server's own socket; while that takes no more, questions are thrown away.
final class DiscoveryPort {
  private let socket: DatagramSocket
  private let engine: ServerEngine
  private let port: DatagramPort
  private let reactor: Reactor
  private var watch: Reactor.Watch?
  /// Answers that go out from here.
  private var answers = Outbox()

  /// Takes the port, which other servers of this machine may have too.
  init(
    _ number: UInt16, beside port: DatagramPort, _ engine: ServerEngine, on reactor: Reactor
  ) throws(SystemError) {
    socket = try DatagramSocket(
      bindingTo: PeerAddress(high: 0, low: 0, port: number), isShared: true)
    (self.engine, self.port, self.reactor) = (engine, port, reactor)
    watch = try reactor.watch(socket.fd, for: .readable) { [unowned self] _ in receive() }
  }

  /// Hears what is sent to the group on the link of an interface.
  func join(interface: UInt32) throws(SystemError) {
    try socket.join(DiscoveryGroup.address(interface: interface, port: 0))
  }

  private func receive() {
    let count = socket.receive()
    if count == 0 { while socket.nextUnreachable() != nil {} }
    for index in 0..<count where !port.isBlocked && !engine.turn.output.outbox.isHigh {
      socket.withDatagram(index) { bytes, source in
        if let answer = engine.receiveQuestion(bytes, from: source, at: port.turnTime()) {
          answers.addDatagram(answer, to: source)
        }
      }
    }
    send()
  }

  /// What does not go out at once is not worth to be kept: who asks asks again.
  private func send() {
    while case .refused = socket.send(&answers) { answers.sent += 1 }
    answers.removeAll()
  }
}
