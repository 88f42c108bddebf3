/// Datagrams from many addresses at many times, unreachable addresses and long silences never trap
/// the server, and what it sends keeps its promises.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzServer(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  var input = FuzzInput(start, count)
  let run = ServerRun(settings: input.byte())
  while !input.isEmpty { run.step(&input) }
  run.finish()
  return 0
}

private final class ServerRun {
  private let engine: ServerEngine
  private let clientsMax: Int
  private var now = Instant(nanoseconds: 1_000_000_000_000)
  private var wall = WallClock(unixSeconds: 45_296)
  private var heard: Set<PeerAddress> = []
  private var datagrams: UInt64 = 0

  /// - Parameter settings: bits that choose limits.
  init(settings: UInt8) {
    var configuration = ServerConfiguration()
    clientsMax = settings & 1 == 0 ? 3 : 16
    configuration.clientsMax = clientsMax
    configuration.joinsPerSecond = settings & 2 == 0 ? 0 : 1
    configuration.messagesPerSecond = settings & 4 == 0 ? 0 : 1
    configuration.savesPictures = settings & 8 != 0
    configuration.idleTimeout = .seconds(60)
    configuration.classicPolicy = settings & 16 == 0 ? .any : .private
    engine = ServerEngine(configuration)
  }

  private var time: TurnTime { TurnTime(instant: now, wall: wall) }

  /// One byte says who and what, one how much later; a datagram follows with its length in front.
  func step(_ input: inout FuzzInput) {
    let choice = input.byte()
    let pause = Int(input.byte())
    now = now + (pause < 128 ? .milliseconds(pause) : .seconds(pause - 127))
    let address = Self.address(choice & 15)
    switch choice >> 4 {
    case 0:
      engine.handleUnreachable(address, at: time)
      take(from: nil)
    case 1:
      engine.advance(to: time)
      take(from: nil)
    case 2: receive(Self.long(input.chunk()), from: address)
    default: receive(input.chunk(), from: address)
    }
    checkCounts()
  }

  /// The end of a run: everybody is told once, and everybody expires.
  func finish() {
    engine.announceShutdown(at: time)
    let told = engine.turn.output.outbox.deliveries.map(\.address)
    hold(told.count == engine.clientCount, "\(told.count) told, \(engine.clientCount) members")
    hold(Set(told).count == told.count, "somebody was told twice")
    take(from: nil)
    now = now + .seconds(3_600)
    engine.advance(to: time)
    take(from: nil)
    hold(engine.clientCount == 0, "a client that never expires")
    checkCounts()
  }

  private func receive(_ bytes: [UInt8], from address: PeerAddress) {
    datagrams += 1
    heard.insert(address)
    engine.receive(bytes.span, from: address, at: time)
    take(from: address)
  }

  /// Looks at what was sent, and throws it away as a loop does that has sent it.
  private func take(from sender: PeerAddress?) {
    for (address, datagram) in takeDatagrams(&engine.turn.output.outbox) {
      hold(datagram.count <= Limits.datagramBytesMax, "longer than a datagram")
      hold(heard.contains(address), "sent to somebody who was never heard")
      if address == sender, !DatagramType.isNative(datagram.span) {
        hold(Self.isServersOwn(String(decoding: datagram, as: UTF8.self)), "an echo to the sender")
      }
    }
    hold(
      engine.turn.output.transcript.split(separator: 10).allSatisfy { isHarmless(Array($0)) },
      "the transcript is obeyed")
    engine.turn.output.transcript.removeAll()
    for case .savePicture(let name, let jpeg) in engine.turn.output.effects {
      hold((try? MemberName(name)) != nil, "a picture of somebody without a name")
      hold((try? JPEGHeader.relayable(jpeg.span)) != nil, "a bad picture is kept")
    }
    engine.turn.output.effects.removeAll()
    _ = engine.turn.output.takeLog()
  }

  private func checkCounts() {
    let counters = engine.turn.output.counters
    let members = UInt64(engine.clientCount)
    hold(members <= UInt64(clientsMax), "more clients than there may be")
    hold(counters.datagramsIn == datagrams, "datagrams were counted wrong")
    hold(counters.joined == counters.left + counters.lost + members, "somebody was lost uncounted")
    hold(
      counters.messages + counters.pictures <= datagrams, "more was said than datagrams came in")
    hold((engine.nextDeadline == nil) == (members == 0), "members and peers are not the same")
  }

  /// Sixteen senders; every fourth is not private.
  private static func address(_ number: UInt8) -> PeerAddress {
    PeerAddress(v4: number & 3 == 3 ? 8 : 10, 0, 0, number >> 1, port: 4_000 + UInt16(number))
  }

  /// The longest datagrams, which no fuzzer finds byte by byte.
  private static func long(_ bytes: [UInt8]) -> [UInt8] {
    bytes + [UInt8](repeating: 0x78, count: max(0, Limits.datagramBytesMax - bytes.count))
  }

  private static func isServersOwn(_ text: String) -> Bool {
    let whole = [ClassicText.welcome, ClassicText.nameTaken, ClassicText.answer]
    let starts = [ClassicText.renamed.head, ClassicText.notLetIn, ClassicText.notPassedOn]
    return whole.contains(text) || starts.contains { text.hasPrefix($0) }
  }
}
