import ChatEngine
import Glibc

/// Which of a server's addresses answers first: each is asked, one a little after the other, and
/// all go on until one answers (RFC 8305 §5).
///
/// Owns a socket for each address that was asked. The question is the client engine's first
/// datagram, the same for all, so the engine goes on with the first answer as if it had asked there
/// alone. An address that refuses is passed over at once, one that swallows everything costs the
/// next one its delay.
final class AddressRace {
  private struct Runner {
    let address: PeerAddress
    let socket: ConnectedSocket
    let watch: Reactor.Watch
  }

  private let reactor: Reactor
  private var waiting: ArraySlice<PeerAddress>
  private var runners: [Runner] = []
  private var question: [UInt8] = []
  private var lastError = ENETUNREACH
  private var timer: Reactor.Timer?
  private var isOver = false
  /// Called once with what answered, and how many datagrams it has received.
  private let onAnswer: (ConnectedSocket, PeerAddress, Int) -> Void
  /// Called once when nobody is at any of the addresses, with the last `errno`.
  private let onFailure: (Int32) -> Void

  init(
    to addresses: ArraySlice<PeerAddress>, on reactor: Reactor,
    onAnswer: @escaping (ConnectedSocket, PeerAddress, Int) -> Void,
    onFailure: @escaping (Int32) -> Void
  ) {
    (waiting, self.reactor) = (addresses, reactor)
    (self.onAnswer, self.onFailure) = (onAnswer, onFailure)
    timer = reactor.addTimer { [unowned self] in startNext() }
  }

  /// Asks all that take part, and from now on whoever comes in; begins with the first.
  func ask(_ question: [UInt8]) {
    self.question = question
    for runner in runners { send(to: runner.socket) }
    if runners.isEmpty && timer?.deadline == nil { startNext() }
  }

  private func startNext() {
    while !isOver, let address = waiting.popFirst() {
      if start(address) {
        timer?.deadline =
          waiting.isEmpty ? nil : reactor.now + .milliseconds(Limits.addressDelayMilliseconds)
        return
      }
    }
    if runners.isEmpty && !isOver {
      isOver = true
      onFailure(lastError)
    }
  }

  /// - Returns: false where no way leads there.
  private func start(_ address: PeerAddress) -> Bool {
    do throws(SystemError) {
      let socket = try ConnectedSocket(connectingTo: address)
      let watch = try reactor.watch(socket.fd, for: .readable) { [unowned self, unowned socket] in
        handle(socket, $0)
      }
      runners.append(Runner(address: address, socket: socket, watch: watch))
      send(to: socket)
      return true
    } catch {
      lastError = error.code
      return false
    }
  }

  /// What does not go out is asked again, as the question is, when nothing came.
  private func send(to socket: ConnectedSocket) {
    _ = question.withUnsafeBytes {
      Glibc.send(socket.fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
  }

  private func handle(_ socket: ConnectedSocket, _ readiness: Reactor.Interest) {
    guard !isOver, let index = runners.firstIndex(where: { $0.socket === socket }) else { return }
    var unreachable = readiness.contains(.failed) ? socket.takeErrors() : nil
    if readiness.contains(.readable) {
      switch socket.receive() {
      case .datagrams(let count) where hasAnswer(socket, count):
        return finish(socket, runners[index].address, count)
      case .unreachable(let error): unreachable = error
      case .datagrams, .nothing: break
      }
    }
    guard let unreachable else { return }
    lastError = unreachable
    runners.remove(at: index)
    timer?.deadline = nil
    startNext()
  }

  /// Somebody else's datagrams do not win: what is not native is no answer to a Hello.
  private func hasAnswer(_ socket: ConnectedSocket, _ count: Int) -> Bool {
    var isAnswer = false
    for index in 0..<count {
      socket.withDatagram(index) { isAnswer = isAnswer || DatagramType.isNative($0) }
    }
    return isAnswer
  }

  /// Lets go of all watches first, also of the winner's, which is watched by somebody else now.
  private func finish(_ socket: ConnectedSocket, _ address: PeerAddress, _ count: Int) {
    isOver = true
    timer = nil
    runners = []
    onAnswer(socket, address, count)
  }
}
