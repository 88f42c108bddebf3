import CLinux
import ChatEngine
import Glibc

/// How to look for servers.
public struct SearchOptions: Sendable {
  /// The port that servers usually have.
  public var port = ServerAddress.defaultPort
  /// The port on which servers of any port listen for questions.
  public var discoveryPort = DiscoveryGroup.port
  public var seconds = Double(Limits.searchSecondsDefault)
  /// Hosts to ask besides.
  public var hosts: [PeerAddress] = []

  public init() {}
}

/// Asks for servers, out of every interface that is up and on this machine, and collects who
/// answers.
///
/// Owns a socket for each family and what was found. A way on which nothing can be sent is noted
/// and passed over: the others may do.
public final class ServerSearch {
  /// A way that failed, and why.
  public struct Obstacle: Sendable, Equatable {
    public let way: String
    public let error: SystemError
  }

  public let interfaces: NetworkInterfaces
  private let reactor: Reactor
  private let options: SearchOptions
  private let targets: [SearchTarget]
  /// Of the Seek to the first target; each next one's is one more.
  private let firstNonce: UInt64
  private var sockets: [SearchSocket] = []
  private var watches: [Reactor.Watch] = []
  private var servers: FoundServers
  private var timer: Reactor.Timer?
  private var questionsLeft = Limits.searchQuestionMilliseconds[...]
  private var begin: Instant
  private var signals: Signals?
  /// The one that ended the search.
  private(set) var signal: Int32?
  /// The ways on which nothing went out, each once.
  public private(set) var obstacles: [Obstacle] = []

  public init(_ options: SearchOptions = SearchOptions()) throws(SystemError) {
    self.options = options
    reactor = try Reactor()
    begin = reactor.now
    interfaces = try NetworkInterfaces.current()
    let ports =
      options.port == options.discoveryPort
      ? [options.port]
      : [options.discoveryPort, options.port]
    targets =
      SearchTarget.all(interfaces, ports: ports)
      + options.hosts.map { SearchTarget(address: $0, way: "unicast \($0.scopedDescription)") }
    firstNonce = KernelRandom.bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    servers = FoundServers(interfaces)
    // A machine may have only one of the two families.
    for family in [AF_INET, AF_INET6] {
      if let socket = try? SearchSocket(family: family) { try listen(socket) }
    }
  }

  /// Lets signals that would end the process end the search, so that what was found can be told.
  func endAtSignals() throws(SystemError) {
    let signals = try Signals([SIGTERM, SIGINT, SIGHUP], on: reactor)
    signals.handler = { [unowned self] in
      signal = $0
      reactor.stop()
    }
    self.signals = signals
  }

  private func listen(_ socket: SearchSocket) throws(SystemError) {
    sockets.append(socket)
    watches.append(
      try reactor.watch(socket.fd, for: .readable) { [unowned self] _ in
        socket.receive { answer, source in take(answer, from: source) }
      })
  }

  /// The servers that were found so far.
  public var found: [FoundServer] { servers.all }

  /// Looks for servers, and returns those that answered within the time.
  ///
  /// - Parameter isEnough: whether to end before that; asked after each answer.
  public func run(
    until isEnough: @escaping ([FoundServer]) -> Bool = { _ in false }
  ) throws(SystemError) -> [FoundServer] {
    begin = Clocks.now()
    let end = begin + .seconds(options.seconds)
    timer = reactor.addTimer { [unowned self] in tick(end) }
    reactor.atTurnEnd { [unowned self] in
      if isEnough(servers.all) { reactor.stop() }
    }
    tick(end)
    try reactor.run()
    return servers.all
  }

  private func tick(_ end: Instant) {
    let now = Clocks.now()
    if now >= end { return reactor.stop() }
    while let next = questionsLeft.first, begin + .milliseconds(next) <= now {
      questionsLeft.removeFirst()
      ask()
    }
    timer?.deadline = min(end, questionsLeft.first.map { begin + .milliseconds($0) } ?? end)
  }

  private func ask() {
    for (index, target) in targets.enumerated() {
      let isV4 = target.address.v4 != nil
      guard let socket = sockets.first(where: { $0.isV4 == isV4 }) else { continue }
      let seek = DiscoveryQuestion.seek(nonce: firstNonce &+ UInt64(index))
      // Servers of before know one port and one question.
      let isForOld = isV4 && target.address.port == options.discoveryPort
      for question in isForOld ? [seek, .text] : [seek] {
        if let error = socket.send(question.bytes, to: target) { note(error, target.way) }
      }
    }
  }

  private func note(_ error: SystemError, _ way: String) {
    if !obstacles.contains(where: { $0.way == way }) {
      obstacles.append(Obstacle(way: way, error: error))
    }
  }

  private func take(_ answer: DiscoveryAnswer, from source: PeerAddress) {
    var way = "text"
    if case .found(let found) = answer {
      // Whoever answers another question was not asked.
      let index = found.nonce &- firstNonce
      guard index < UInt64(targets.count) else { return }
      way = targets[Int(index)].way
    }
    servers.add(answer, from: source, way: way)
  }
}

/// A socket of one family that questions go out of, on any port.
final class SearchSocket {
  private let descriptor: OwnedFD
  private let receiving = ReceiveArena(tellsArrivals: false)
  let isV4: Bool

  var fd: Int32 { descriptor.raw }

  init(family: Int32) throws(SystemError) {
    isV4 = family == AF_INET
    let kind = Int32(CLINUX_DATAGRAM | CLINUX_CLOSE_ON_EXEC | CLINUX_NONBLOCKING)
    descriptor = try OwnedFD(checking: socket(family, kind, 0), "open a UDP socket")
    try checked(clinux_allow_broadcast(descriptor.raw), "ask everybody (SO_BROADCAST)")
  }

  /// - Returns: why it did not go out, if it did not.
  func send(_ bytes: [UInt8], to target: SearchTarget) -> SystemError? {
    let address = SocketAddress(target.address, family: isV4 ? AF_INET : AF_INET6)
    let sent = address.withPointer { to, length in
      clinux_send_through(
        fd, to, length, target.interface, target.source?.v4 ?? 0, bytes, bytes.count)
    }
    return sent < 0 ? SystemError.last("send to \(target.address)") : nil
  }

  /// Hands what came to `body`, as far as it is an answer.
  func receive(_ body: (DiscoveryAnswer, PeerAddress) -> Void) {
    let count = receiving.receive(fd)
    for index in 0..<Int(max(count, 0)) {
      if let source = receiving.source(index),
        let answer = DiscoveryAnswer(receiving.bytes(index).span)
      {
        body(answer, source)
      }
    }
  }
}
