import Testing

@testable import ChatEngine

/// A native client at an address of its own, and all that it told.
final class NativePerson {
  var client: NativeClient
  var address: PeerAddress
  var link = SimulatedLink(delay: .milliseconds(5))
  /// What it told, in order; progress of uploads is left out.
  var events: [ClientEvent] = []
  var hasStarted = false
  /// Whether nothing arrives here of what comes.
  var isDeaf = false
  /// Datagrams that it sent, and that came for it.
  var sent: [[UInt8]] = []
  var received: [[UInt8]] = []

  init(_ configuration: NativeClient.Configuration, at address: PeerAddress) {
    client = NativeClient(configuration, to: NativeNetwork.server)
    self.address = address
  }

  var isJoined: Bool { client.phase == .joined }
  var isEnded: Bool { client.isEnded }
  var pending: Int { client.pendingCount }
  var deadline: Instant? { client.nextDeadline }
  var run: UInt32 { UInt32(truncatingIfNeeded: client.run) }

  /// `Ann: text` of each text that it heard from others, and `(me: 3)` of each of its own.
  var conversation: [String] { events.compactMap(Self.line) }

  private static func line(_ event: ClientEvent) -> String? {
    switch event {
    case .message(let heard): "\(heard.from): \(String(decoding: heard.text, as: UTF8.self))"
    case .ownMessage(let ticket): "(me: \(ticket.isPicture ? "picture " : "")\(ticket.number))"
    case .picture(let from, let jpeg): "\(from) showed \(jpeg.count) bytes"
    default: nil
    }
  }

  /// What it was told of a room besides the lobby.
  func events(in room: String) -> [ClientEvent] {
    events.compactMap { event in
      if case .inRoom(let name, let inner) = event, name.text == room { return inner }
      return nil
    }
  }

  /// The same of a room, which tells nothing of its own messages.
  func conversation(in room: String) -> [String] { events(in: room).compactMap(Self.line) }

  /// The numbers of the texts that it heard from others in a room.
  func numbers(in room: String) -> [UInt64] {
    events(in: room).compactMap { event in
      if case .message(let heard) = event { return heard.number }
      return nil
    }
  }

  /// The numbers of what was accepted, in the order in which it was.
  func accepted(pictures: Bool = false) -> [UInt64] {
    events.compactMap { event in
      if case .accepted(let ticket) = event, ticket.isPicture == pictures { return ticket.number }
      return nil
    }
  }

  func failures() -> [String] {
    events.compactMap { event in
      if case .failed(_, let words) = event { return String(decoding: words, as: UTF8.self) }
      return nil
    }
  }

  var ending: ClientEnding? {
    if case .ended(let ending)? = events.last { return ending }
    return nil
  }
}

/// What keeps messages: it takes its time, it may fail, or it may never be done.
struct VirtualDisk {
  /// How long a batch takes; nil for ever.
  var delay: Duration? = .milliseconds(4)
  var failure: StoreFailure?
  /// What is being kept, and until when.
  fileprivate var batch: StoreBatch?
  fileprivate var due: Instant?
  /// What was asked of it.
  fileprivate var questions: [(UInt64, HistoryQuestion)] = []
  private(set) var questionCount = 0
  /// How many of the next questions are not answered.
  var failuresLeft = 0
  /// What was kept, and how many batches there were.
  var messages: [StoredMessage] = []
  private(set) var batchCount = 0

  fileprivate mutating func begin(_ next: StoreBatch, at now: Instant) {
    #expect(batch == nil, "two batches are out")
    batch = next
    due = delay.map { now + $0 }
  }

  fileprivate mutating func finish() -> StoreFailure? {
    due = nil
    guard let done = batch.take() else { return nil }
    if let failure { return failure }
    batchCount += 1
    messages += done.messages
    return nil
  }

  fileprivate mutating func takeQuestions() -> [(UInt64, HistoryQuestion)] {
    questionCount += questions.count
    defer { questions = [] }
    return questions
  }

  fileprivate mutating func answer(_ question: HistoryQuestion) -> HistoryAnswer {
    if failuresLeft == 0 { return .page(page(question)) }
    failuresLeft -= 1
    return .failure("the disk cannot be read")
  }

  /// As the database answers, but that it knows no words.
  func page(_ question: HistoryQuestion) -> HistoryPage {
    guard case .page(let query) = question else {
      return HistoryPage(messages: [], isComplete: true)
    }
    let all = messages.filter { message in
      guard message.room == query.target else { return false }
      return switch query.selector {
      case .after(let number): message.number > number
      case .before(let number): message.number < number
      case .since(let time): message.time >= time
      case .latest: true
      }
    }
    let page = query.forwards ? all.prefix(query.limit) : all.suffix(query.limit)
    return HistoryPage(messages: Array(page), isComplete: page.count == all.count)
  }

  /// `lobby 3: text` of each message that was kept.
  var lines: [String] {
    messages.map { message in
      guard case .room(let room) = message.room else { return "an inbox" }
      return "\(room) \(message.number): \(String(decoding: message.body, as: UTF8.self))"
    }
  }
}

/// A server, native clients, and classic ones as bare addresses, in virtual time.
final class NativeNetwork {
  static let server = PeerAddress(v4: 10, 200, 0, 1, port: 12_345)

  private struct Arrival {
    var at: Instant
    var order: Int
    var source: PeerAddress
    var target: PeerAddress
    var bytes: [UInt8]
  }

  private(set) var engine: ServerEngine
  private(set) var people: [NativePerson] = []
  /// What classic clients, and strangers, were sent.
  var strangers: [Sent] = []
  var now = Instant(nanoseconds: 1_000_000_000_000)
  private var random: SplitMix64
  /// The latest first.
  private var arrivals: [Arrival] = []
  private var order = 0
  private var made: UInt8 = 0
  private let change: (inout ServerConfiguration) -> Void
  /// What keeps the messages, where the server keeps its history; it outlives the server.
  var disk = VirtualDisk()

  init(seed: UInt64 = 0, _ change: @escaping (inout ServerConfiguration) -> Void = { _ in }) {
    random = SplitMix64(seed: seed)
    self.change = change
    engine = ServerEngine(Self.configuration(9, change))
  }

  private static func configuration(
    _ seed: UInt8, _ change: (inout ServerConfiguration) -> Void
  ) -> ServerConfiguration {
    var configuration = ServerConfiguration()
    configuration.secretSeed = [UInt8](repeating: seed, count: 32)
    configuration.keyPair = KeyPair(hex: NoiseVector.responderStatic)
    configuration.serverName = "Room"
    configuration.firstSessionGeneration = UInt32(seed) * 100
    change(&configuration)
    return configuration
  }

  var time: TurnTime { TurnTime(instant: now, wall: WallClock(unixSeconds: 45_296)) }

  static func keyPair(_ byte: UInt8) -> KeyPair {
    KeyPair(secret: SecretKey([UInt8](repeating: byte, count: 32))!)
  }

  /// A new client; whoever has the same `key` is the same person.
  @discardableResult
  func add(
    _ name: String, key: UInt8? = nil, isStarted: Bool = true,
    _ change: (inout NativeClient.Configuration) -> Void = { _ in }
  ) -> NativePerson {
    made &+= 1
    var configuration = NativeClient.Configuration(
      name: try! MemberName(name), keyPair: Self.keyPair(key ?? made),
      seed: [UInt8](repeating: made, count: 32))
    change(&configuration)
    let person = NativePerson(
      configuration, at: PeerAddress(v4: 10, 100, 0, made, port: 5_000))
    people.append(person)
    if isStarted { start(person) }
    return person
  }

  /// Takes somebody away who has left.
  func remove(_ person: NativePerson) {
    run(.milliseconds(20))
    people.removeAll { $0 === person }
  }

  func start(_ person: NativePerson) {
    person.hasStarted = true
    person.client.start(at: now)
  }

  /// Adds clients one after the other, each when the one before is in.
  func join(_ names: String...) -> [NativePerson] {
    names.map { name in
      let person = add(name)
      let isJoined = run(.seconds(5)) { person.isJoined }
      #expect(isJoined, "\(name) did not get in: \(person.events)")
      return person
    }
  }

  /// The server ends without a word, and another begins: with the same key, or with `key`.
  func restart(key: KeyPair? = nil) {
    (disk.batch, disk.due) = (nil, nil)
    engine = ServerEngine(
      Self.configuration(UInt8(order & 127) + 10) { configuration in
        change(&configuration)
        if let key { configuration.keyPair = key }
      })
  }

  /// A datagram from an address that is no native client's.
  func receive(_ bytes: [UInt8], from address: PeerAddress) {
    engine.receive(bytes.span, from: address, at: time)
    putOut()
  }

  /// A disk that would have taken for ever is done now.
  func settleDisk() { disk.due = now }

  func shutDown() {
    engine.announceShutdown(at: time)
    putOut()
  }

  func drops(_ reason: DropReason) -> UInt64 { engine.turn.output.counters.drops(reason) }

  // MARK: Time

  /// Lets time pass, at most until `isDone`.
  ///
  /// - Returns: whether it is.
  @discardableResult
  func run(_ span: Duration, until isDone: () -> Bool = { false }) -> Bool {
    let end = now + span
    for _ in 0..<1_000_000 {
      putOut()
      for person in people { carry(person) }
      if isDone() { return true }
      let due =
        ([arrivals.last?.at, engine.nextDeadline, disk.due] + people.map(\.deadline))
        .compactMap { $0 }.min()
      guard let due, due <= end else {
        now = end
        return isDone()
      }
      now = max(now, due)
      while let arrival = arrivals.last, arrival.at <= now {
        arrivals.removeLast()
        deliver(arrival)
      }
      if let due = disk.due, due <= now { engine.settle(disk.finish(), at: time) }
      engine.advance(to: time)
      for person in people where person.hasStarted {
        person.client.advance(to: now)
        take(person)
      }
    }
    Issue.record("deadlines that do not move on")
    return false
  }

  private func deliver(_ arrival: Arrival) {
    if arrival.target == Self.server {
      engine.receive(arrival.bytes.span, from: arrival.source, at: time)
      putOut()
    } else if let person = people.first(where: { $0.address == arrival.target }) {
      if person.isDeaf { return }
      person.received.append(arrival.bytes)
      person.client.receive(arrival.bytes.span, at: now)
      take(person)
    }
  }

  private func take(_ person: NativePerson) {
    person.events += person.client.takeEvents().filter { event in
      if case .progress = event { false } else { true }
    }
  }

  private func carry(_ person: NativePerson) {
    take(person)
    for datagram in person.client.outbox.takeDatagrams() {
      person.sent.append(datagram.bytes)
      send(datagram.bytes, from: person.address, to: Self.server, over: &person.link)
    }
  }

  /// Sends what the server has to say, as often as it takes.
  private func putOut() {
    for _ in 0..<10_000 {
      let hasMore = engine.fill(at: time)
      for datagram in engine.turn.output.outbox.takeDatagrams() { route(datagram) }
      engine.turn.output.effects.removeAll { effect in
        switch effect {
        case .commit(let batch): disk.begin(batch, at: now)
        case .ask(let id, let question): disk.questions.append((id, question))
        default: return false
        }
        return true
      }
      let questions = disk.takeQuestions()
      for (id, question) in questions { engine.answer(id, disk.answer(question), at: time) }
      if hasMore || !questions.isEmpty { continue }
      if engine.native.hasNews { Issue.record("news that wait for whatever happens next") }
      return
    }
    Issue.record("a server that always has more")
  }

  private func route(_ datagram: Sent) {
    guard let person = people.first(where: { $0.address == datagram.address }) else {
      strangers.append(datagram)
      return
    }
    send(datagram.bytes, from: Self.server, to: datagram.address, over: &person.link)
  }

  private func send(
    _ bytes: [UInt8], from source: PeerAddress, to target: PeerAddress,
    over link: inout SimulatedLink
  ) {
    for at in link.arrivals(of: bytes.count, at: now, &random) {
      order += 1
      var (low, high) = (0, arrivals.count)
      while low < high {
        let middle = (low + high) / 2
        if arrivals[middle].at > at { low = middle + 1 } else { high = middle }
      }
      arrivals.insert(
        Arrival(at: at, order: order, source: source, target: target, bytes: bytes), at: low)
    }
  }
}
