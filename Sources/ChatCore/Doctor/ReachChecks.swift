import ChatEngine
import Glibc

/// Whether the server is reached at all.
enum ReachChecks {
  // MARK: A way there

  static func route(_ examination: Examination) -> Finding {
    var ways: [String] = []
    var first: SystemError?
    for address in examination.addresses {
      do throws(SystemError) {
        guard let source = try HelloPort(address).source else { continue }
        let name = examination.interfaces.all.first { $0.has(source) }?.name
        ways.append("\(source.scopedHost)\(name.map { " (\($0))" } ?? "") to \(address.scopedHost)")
      } catch {
        first = first ?? error
      }
    }
    if let way = ways.first {
      return .ok(ways.count == 1 ? way : "\(way), and \(ways.count - 1) more")
    }
    let place = examination.addresses[0].scopedHost
    let figure = "no way leads to \(place): \(first?.reason ?? "no socket")"
    let outside = examination.interfaces.up.filter { !$0.isLoopback }
    if outside.isEmpty {
      return .failed(
        .onlyLoopback, "\(figure); this machine is on no network",
        "plug in a cable, join a wireless network, or set an interface up")
    }
    if !outside.contains(where: MachineChecks.hasUsefulAddress) {
      return .failed(
        .noAddress, "\(figure); no interface has an address",
        "look at DHCP, or set an address: ip address add ADDRESS/BITS dev \(outside[0].name)")
    }
    return .failed(
      .noRoute, figure,
      "it is on another network, and this machine knows no router: look at ip route")
  }

  // MARK: UDP

  static func udp(_ examination: Examination) -> Finding {
    var questions = Questions(examination.addresses)
    questions.run()
    if let (port, answer, trip) = questions.answer {
      let place = port.address.scopedDescription
      guard let card = answer.card else {
        return .failed(
          .otherVersion,
          "\(place) speaks version \(answer.version) of the protocol, and this chatd "
            + "does not",
          "use a chatd of the same age on both sides")
      }
      (examination.port, examination.answer) = (port, card)
      examination.roundTrip = trip
      let clock = card.unixSeconds.map { Int64(clamping: $0) }
      examination.aheadSeconds = clock.map { $0 &- Clocks.unixSeconds() }
      let name = card.serverName.isEmpty ? "" : "\(card.serverName) at "
      return .ok("\(name)\(place) answered after \(milliseconds(trip))")
        .measuring([("microseconds", Int(trip / .microseconds(1)))])
    }
    return noAnswer(examination, questions)
  }

  private static func noAnswer(_ examination: Examination, _ questions: Questions) -> Finding {
    let place = "\(examination.server.map(\.description) ?? examination.addresses[0].description)"
    let port = examination.address.port
    let errors = questions.ports.compactMap(\.unreachable)
    if let error = questions.sendErrors.first {
      return .failed(
        .sendingBlocked,
        "this machine lets nothing out to UDP port \(port): \(SystemError(error, "").reason)",
        "let UDP \(port) out at this machine's own firewall")
    }
    if errors.contains(ECONNREFUSED) { return closed(examination, place, port) }
    if questions.ports.count == errors.count, let error = errors.first {
      let reason = SystemError(error, "").reason
      return error == ENETUNREACH
        ? .failed(
          .noRoute, "a router on the way to \(place) says: \(reason)",
          "that router knows no way there: look at the address, and at its routes")
        : examination.tcp.isThere
          ? .failed(
            .questionsBlocked,
            "\(place) is there by TCP, and of UDP port \(port) the network says: \(reason)",
            "a firewall on the way rejects it: let UDP \(port) through there")
          : .failed(
            .hostNotReached, "the network says of \(place): \(reason)",
            "is that machine switched on and on the network, and is the address right?")
    }
    var silence = Silence(place: place, port: port)
    let same = examination.found.first {
      $0.addresses.contains { examination.addresses.contains($0) }
    }
    silence.isHeard = same?.isPlain == false
    let neighbours = examination.foundNeighbours
    silence.isPlain = !neighbours.isEmpty && neighbours.allSatisfy(\.isPlain)
    silence.otherPlace = neighbours.first { !$0.isPlain }?.place
    silence.hasStrangeAnswer = questions.ports.contains(where: \.hasStrangeAnswer)
    if let first = questions.ports.first { silence.isDroppedHere = isDroppedHere(first) }
    silence.tcp = examination.tcp
    return silence.finding
  }

  private static func closed(
    _ examination: Examination, _ place: String, _ port: UInt16
  ) -> Finding {
    let other = examination.foundNeighbours.first { !$0.isPlain }
    return .failed(
      .portClosed,
      "the machine is there, and nobody listens at \(place) (or a firewall rejects UDP \(port))",
      other.map { "a server of that machine answers elsewhere: use --server \($0.place)" }
        ?? "start one there with chatd serve, or give the port that it has")
  }

  /// Whether answers arrive at this machine and at no program: asks many times, and compares what
  /// is dropped meanwhile with what is dropped otherwise.
  private static func isDroppedHere(_ port: HelloPort) -> Bool {
    let isV4 = port.address.v4 != nil
    let first = HelloPort.firstNonce()
    func dropped(asking isAsking: Bool) -> Int {
      guard let before = UndeliveredPackets.count(isV4: isV4) else { return 0 }
      // One by one: answers to several at once may come in one packet.
      for number in 0..<Limits.doctorProbes {
        if isAsking { _ = port.ask(nonce: first &+ UInt64(number)) }
        usleep(UInt32(Limits.doctorProbeGapMilliseconds * 1_000))
      }
      return (UndeliveredPackets.count(isV4: isV4) ?? before) - before
    }
    let usual = dropped(asking: false)
    let asked = dropped(asking: true)
    return asked - usual >= Limits.doctorProbes * 3 / 4
  }

  // MARK: TCP

  static func tcp(_ examination: Examination) -> Finding {
    let port = examination.address.port
    switch examination.tcp {
    case .open: return .ok("port \(port) is open by TCP, too")
    case .refused:
      return .note("port \(port) is closed by TCP, which chatd does not need; its machine is there")
    case .silent:
      return .note("nothing came back by TCP on port \(port), which chatd does not need")
    case .failed(let error):
      return .note("no TCP to port \(port): \(SystemError(error, "").reason)")
    }
  }
}

/// The first questions to all addresses of a server at once, until one answers.
struct Questions {
  private(set) var ports: [HelloPort] = []
  /// Why this machine let none out.
  private(set) var sendErrors: [Int32] = []
  private(set) var answer: (HelloPort, HelloPort.Answer, Duration)?
  private let firstNonce = HelloPort.firstNonce()
  private var sent: [Instant] = []

  init(_ addresses: [PeerAddress]) {
    for address in addresses {
      if let port = try? HelloPort(address) { ports.append(port) }
    }
  }

  /// Asks after 0, 250, 750 ms and so on, as a client does, for as long as a client waits.
  mutating func run() {
    let begin = Clocks.now()
    let end = begin + .seconds(Limits.answerTimeoutSecondsDefault)
    var (next, gap) = (begin, Duration.milliseconds(Limits.questionGapMilliseconds))
    while answer == nil, Clocks.now() < end {
      if next <= Clocks.now() {
        // The network's word is heard twice before it is believed.
        if sent.count > 1, ports.allSatisfy({ $0.unreachable != nil }) { return }
        if !ask() { return }
        next = next + gap
        gap = gap * 2
      }
      HelloPort.wait(ports, until: min(next, end))
      take()
    }
  }

  /// - Returns: false where nothing goes out.
  private mutating func ask() -> Bool {
    let nonce = firstNonce &+ UInt64(sent.count)
    sent.append(Clocks.now())
    let errors = ports.map { $0.ask(nonce: nonce) }
    sendErrors = errors.contains(nil) ? [] : errors.compactMap { $0 }
    return sendErrors.isEmpty
  }

  private mutating func take() {
    for port in ports {
      for answer in port.answers() where self.answer == nil {
        let number = answer.nonce &- firstNonce
        guard number < UInt64(sent.count) else { continue }
        self.answer = (port, answer, answer.arrival - sent[Int(number)])
      }
    }
  }
}

/// `0.3 ms`, `12 ms`.
func milliseconds(_ duration: Duration) -> String {
  let tenths = Int(duration / .microseconds(100))
  return tenths < 100 ? "\(tenths / 10).\(tenths % 10) ms" : "\(tenths / 10) ms"
}
