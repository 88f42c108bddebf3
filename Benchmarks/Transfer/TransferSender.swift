import ChatCore
import ChatEngine

/// The client's end: sends objects through a connected socket, as `chatd send-image` does.
final class TransferSender {
  private let options: TransferBench.Options
  private let reactor: Reactor
  private let socket: ConnectedSocket
  private var watch: Reactor.Watch?
  private var timer: Reactor.Timer?
  private var session: Session
  private var sources = Session.SendSources()
  private var outbox = Outbox()
  private var random = SecretRandom(seed: [UInt8](repeating: 1, count: 32))
  private let scratch = PacketScratch()
  private let objects = TransferPlan.objects()
  private var nextObject: UInt64 = 0
  private var nextTalk: Instant?
  private let start: Instant
  private let startSeconds: Double
  private var canSend = true
  private var end: Instant?
  private var endSeconds = 0.0

  init(to host: PeerAddress, _ options: TransferBench.Options) throws(SystemError) {
    self.options = options
    let address = host.at(options.port)
    reactor = try Reactor()
    socket = try ConnectedSocket(connectingTo: address)
    start = Clocks.now()
    startSeconds = TransferBench.processSeconds()
    session = TransferPlan.session(isClient: true, with: address, at: start)
    session.follow(talkFrom: 0, objectsFrom: 0)
    nextTalk = options.talkMilliseconds > 0 ? start : nil
  }

  /// Whether all was acknowledged and the session then ended.
  var isDone: Bool { end != nil && session.ending == .closed(.done, text: "") }

  func run() throws(SystemError) {
    watch = try reactor.watch(socket.fd, for: .readable) { [unowned self] in handle($0) }
    timer = reactor.addTimer { [unowned self] in advance() }
    reactor.atTurnEnd { [unowned self] in if session.ending != nil { reactor.stop() } }
    advance()
    try reactor.run()
  }

  private func handle(_ readiness: Reactor.Interest) {
    if readiness.contains(.failed) { _ = socket.takeErrors() }
    if readiness.contains(.readable), case .datagrams(let count) = socket.receive() {
      for index in 0..<count {
        socket.withDatagram(index) { bytes in
          bytes.withUnsafeBufferPointer {
            _ = session.receive(
              $0, from: session.address, at: reactor.now, scratch: scratch, random: &random)
          }
        }
        session.dropTaken()
        settle()
      }
    }
    settle()
  }

  private func advance() {
    session.advance(to: reactor.now)
    settle()
  }

  private func settle() {
    addWhatIsDue()
    flush()
    let deadline = [session.nextDeadline, nextTalk].compactMap { $0 }.min()
    timer?.deadline =
      canSend ? deadline : reactor.now + .milliseconds(Limits.sendRetryMilliseconds)
  }

  private func addWhatIsDue() {
    if let due = nextTalk, due <= reactor.now {
      sources.talk.append { bytes in
        Session.appendMessage(
          TransferPlan.talkType, { $0 += Array(String(Clocks.now().nanoseconds).utf8) }, to: &bytes)
      }
      nextTalk = due + .milliseconds(options.talkMilliseconds)
    }
    sources.talk.drop(below: session.talkSettled)
    sources.objects.drop(below: session.objectsSettled)
    let isOver =
      options.seconds > 0 && reactor.now - start >= .seconds(options.seconds)
      || options.seconds == 0 && session.objectsSettled >= UInt64(options.bytes)
    if isOver {
      if end == nil { (end, endSeconds) = (reactor.now, TransferBench.processSeconds()) }
      session.close(.done)
      return
    }
    while Int(sources.objects.end) < options.bytes,
      sources.objects.count < 4 * TransferPlan.objectBytes
    {
      sources.objects.append(
        objects[Int(nextObject % UInt64(objects.count))], number: nextObject)
      nextObject += 1
    }
  }

  /// Sends what the session has, as `ClientConnection` does.
  private func flush() {
    canSend = true
    repeat {
      while !outbox.isHigh, session.send(into: &outbox, from: sources, at: reactor.now) {}
      switch socket.send(&outbox) {
      case .done: break
      case .blocked: canSend = false
      case .refused: outbox.sent += 1
      }
    } while canSend && !outbox.isEmpty
  }

  /// Bytes that were acknowledged, and what that took.
  var report: String {
    let seconds = Double((end ?? reactor.now).nanoseconds(since: start)) / 1e9
    let bytes = Double(session.objectsSettled)
    return """
      {"bytes": \(session.objectsSettled), "seconds": \(seconds), \
      "megabytes_per_second": \(bytes / seconds / 1e6), \
      "cpu_seconds": \(endSeconds - startSeconds), "lost_bytes": \(session.lostBytes), \
      "datagram_bytes": \(session.datagramBytes), \
      "round_trip_ms": \(session.smoothedRoundTrip / .milliseconds(1))}
      """
  }
}
