import ChatEngine

/// A whole network of servers and clients in virtual time, from one seed.
///
/// Owns the machines, the ways between them, the clock, and the books by which they are judged.
/// Faults come first; then the network is mended, and after a while everything must be as if there
/// had been none.
final class Simulation {
  /// Not zero, so that an engine which takes an instant for a count shows it.
  static let start = Instant(nanoseconds: 5_000_000_000_000)

  enum Event {
    case arrival(Datagram)
    /// The network says that nobody is at `address`.
    case refusal(of: PeerAddress, to: Host)
    case turn(Host)
    case launch(ClientHost)
    case boot(ServerHost)
    /// A batch comes to a disk, from one program.
    case write(StoreBatch, of: ServerHost, by: Int)
    /// It is there, or it is not.
    case written(StoreFailure?, of: ServerHost, by: Int)
    /// A question for the past comes to a disk.
    case read(HistoryQuestion, UInt64, of: ServerHost, by: Int)
    case step(Scenario.Act)
    case check
  }

  let scenario: Scenario
  var queue = EventQueue<Event>(from: start)
  var ledger = Ledger()
  var wire = WireWatch()
  var trace: Trace
  /// Whether there is no use in going on.
  var isStuck = false
  private(set) var servers: [ServerHost] = []
  private(set) var clients: [ClientHost] = []
  /// Whose an address is, or was, or seems to be.
  private var owners: [PeerAddress: ClientHost] = [:]
  /// The latest program at an address, by the address as a log writes it.
  private var runs: [String: Ledger.RunID] = [:]
  var network: SplitMix64
  private var senderCount = 0
  var datagramCount = 0
  private(set) var eventCount = 0

  /// What a seed may take at most: nothing goes on for ever.
  private static let eventsMax = 3_000_000

  init(_ scenario: Scenario, _ trace: Trace) {
    self.scenario = scenario
    self.trace = trace
    var random = scenario.random
    network = random.fork()
    for plan in scenario.servers {
      servers.append(ServerHost(plan, self, random.fork()))
    }
    for plan in scenario.clients {
      let server = servers[plan.server]
      let client =
        plan.isNative
        ? NativeHost(plan, server, self, random.fork())
        : ClassicHost(plan, server, self, random.fork())
      clients.append(client)
      own(plan.address, client)
    }
    for step in scenario.steps { queue.insert(.step(step.act), at: step.at) }
  }

  var now: Instant { queue.now }

  // MARK: The clock

  func schedule(_ host: Host, at instant: Instant) { queue.insert(.turn(host), at: instant) }
  func schedule(_ event: Event, at instant: Instant) { queue.insert(event, at: instant) }

  /// Lets things happen up to an instant.
  func run(until end: Instant) {
    queue.insert(.check, at: end)
    while !isStuck, let event = queue.next() {
      ledger.now = now
      eventCount += 1
      if eventCount == Self.eventsMax {
        ledger.violate("more than \(Self.eventsMax) things happened")
        isStuck = true
      }
      if ledger.violations.count == Ledger.violationsMax { isStuck = true }
      switch event {
      case .arrival(let datagram): arrive(datagram)
      case .refusal(let address, let host):
        if host.isUp { host.arrive(refusalOf: address, at: now) }
      case .turn(let host): host.takeTurn(at: now)
      case .boot(let server): server.start(at: now)
      case .write(let batch, let server, let program):
        server.write(batch, by: program, at: now)
      case .written(let failure, let server, let program):
        server.settle(failure, by: program, at: now)
      case .read(let question, let id, let server, let program):
        server.answer(question, id, by: program, at: now)
      case .launch(let client): client.launchIfWanted(at: now)
      case .step(let act): perform(act)
      case .check: if now >= end { return }
      }
    }
  }

  // MARK: Who is who

  func newSender() -> Int {
    senderCount += 1
    return senderCount
  }

  /// The client whose an address is, or was.
  func client(at address: PeerAddress) -> ClientHost? { owners[address] }

  /// The latest program that had an address.
  func run(at address: String) -> Ledger.RunID? { runs[address] }

  /// An address is that of a client, and of the program on it.
  func own(_ address: PeerAddress, _ client: ClientHost) {
    owners[address] = client
    runs[address.description] = client.runID
  }

  /// Notes an address from which somebody sends a client's datagrams again.
  func impostor(of client: ClientHost) -> PeerAddress {
    let address = PeerAddress(
      high: 0, low: client.address.low | 0x80_0000, port: client.address.port)
    own(address, client)
    return address
  }

  // MARK: The trace

  func note(_ who: String, _ what: @autoclosure () -> String) {
    trace.note(now, who, what())
  }

  func mix(_ event: ClientEvent) {
    switch event {
    case .picture(_, let bytes), .failed(_, let bytes): trace.mix(bytes)
    case .message(let heard): trace.mix(heard.text)
    case .ownMessage(let ticket), .accepted(let ticket): trace.mix(ticket.number)
    case .present(let name), .arrived(let name), .departed(let name):
      trace.mix(Array(name.utf8))
    case .inRoom(let room, let event):
      trace.mix(Array(room.text.utf8))
      mix(event)
    default: trace.mix(1)
    }
  }
}
