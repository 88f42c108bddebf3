import ChatCore
import ChatEngine
import Glibc

/// The server's end: receives as `chatd serve` does, and compares every object that is whole.
final class TransferReceiver {
  private let reactor: Reactor
  private let socket: DatagramSocket
  private var watch: Reactor.Watch?
  private var timer: Reactor.Timer?
  private var hasSession = false
  private var session: Session?
  private let sources = Session.SendSources()
  private var outbox = Outbox()
  private var random = SecretRandom(seed: [UInt8](repeating: 2, count: 32))
  private let scratch = PacketScratch()
  private let objects = TransferPlan.objects()
  private var nextObject: UInt64 = 0
  private var bytes = 0
  /// How long each line was under way, in milliseconds.
  private var delays: [Double] = []
  private var startSeconds = 0.0
  private(set) var isRight = true

  init(_ options: TransferBench.Options) throws(SystemError) {
    reactor = try Reactor()
    socket = try DatagramSocket(bindingTo: PeerAddress(v4: 0, 0, 0, 0, port: options.port))
  }

  func run() throws(SystemError) {
    watch = try reactor.watch(socket.fd, for: .readable) { [unowned self] in handle($0) }
    timer = reactor.addTimer { [unowned self] in session?.advance(to: reactor.now) }
    reactor.atTurnEnd { [unowned self] in endTurn() }
    print("ready")
    fflush(nil)
    try reactor.run()
  }

  private func handle(_ readiness: Reactor.Interest) {
    if readiness.contains(.readable) {
      for index in 0..<socket.receive() {
        socket.withDatagram(index) { bytes, source in take(bytes, from: source) }
      }
    }
    if readiness.contains(.failed) { while socket.nextUnreachable() != nil {} }
  }

  private func take(_ datagram: borrowing Span<UInt8>, from source: PeerAddress) {
    if !hasSession {
      hasSession = true
      session = TransferPlan.session(isClient: false, with: source, at: reactor.now)
      startSeconds = TransferBench.processSeconds()
    }
    expectMore()
    datagram.withUnsafeBufferPointer {
      _ = session!.receive($0, from: source, at: reactor.now, scratch: scratch, random: &random)
    }
    while let message = session!.takeMessage(.talk) {
      let text = String(decoding: message.dropFirst(), as: UTF8.self)
      let sentAt = Instant(nanoseconds: UInt64(text) ?? 0)
      delays.append(Double(Clocks.now().nanoseconds(since: sentAt)) / 1e6)
    }
    for object in session!.takeObjects() {
      if object.bytes != objects[Int(object.number % UInt64(objects.count))] { isRight = false }
      bytes += object.bytes.count
    }
    session!.dropTaken()
  }

  /// Waits for the next objects, as many as may come.
  private func expectMore() {
    let whole = UInt64(bytes / TransferPlan.objectBytes)
    while nextObject < whole + TransferPlan.objectsAhead {
      if !session!.expectObject(nextObject, length: TransferPlan.objectBytes) { return }
      nextObject += 1
    }
  }

  private func endTurn() {
    guard hasSession else { return }
    var isBlocked = false
    repeat {
      while !outbox.isHigh, session!.send(into: &outbox, from: sources, at: reactor.now) {}
      switch socket.send(&outbox) {
      case .done: break
      case .blocked: isBlocked = true
      case .refused: outbox.sent += 1
      }
    } while !outbox.isEmpty && !isBlocked
    timer?.deadline = session!.nextDeadline
    let ending = session?.ending
    if ending != nil { reactor.stop() }
  }

  var report: String {
    """
    {"bytes": \(bytes), "cpu_seconds": \(TransferBench.processSeconds() - startSeconds), \
    "kernel_drops": \(socket.kernelDrops), \
    "delays_ms": \(delays)}
    """
  }
}
