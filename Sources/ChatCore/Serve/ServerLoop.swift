import ChatEngine
import Glibc

/// `chatd serve`: the reactor, the socket, the engine, and the streams, joined.
///
/// One turn: the port receives a batch, has each datagram decided and sends what was decided; then
/// the work for others, the transcript and the log are handed over; then it waits.
final class ServerLoop {
  private let options: ServeOptions
  private let impairment: Impairment?
  private let reactor: Reactor
  private let engine: ServerEngine
  private let identity: ServerIdentity
  private let classicPolicy: ClassicPolicy
  private let port: DatagramPort
  private var discovery: ServerDiscovery?
  private let transcript: OutputStream
  private var outageWatch: Reactor.Watch?
  private let log: LogSink
  private let manager = ServiceManager()
  private let pictures: WorkerThread<SavedPicture>?
  private let history: ServerHistory
  /// Whether a person started this at a terminal, which ends with it.
  private let isByHand: Bool
  private let signals: Signals
  private var endTimer: Reactor.Timer?
  private var watchdog: Reactor.Timer?
  private var trimmer = HeapTrimmer()
  private var trimTimer: Reactor.Timer?
  /// Whether nothing happened in this turn but that memory was looked at.
  private var isTrimTurn = false
  private var isEnding = false

  init(_ options: ServeOptions) throws(Failure) {
    self.options = options
    isByHand =
      options.logFile == nil && options.transcriptFile == nil && isatty(STDERR_FILENO) == 1
    do throws(SystemError) {
      reactor = try Reactor()
      signals = try Signals([SIGTERM, SIGINT, SIGHUP, SIGUSR1], on: reactor)
    } catch {
      throw Failure(error)
    }
    let socket = try Self.openSocket(options)
    var configuration = options.server
    configuration.classicPolicy =
      options.classicPolicy ?? (options.passwordFile == nil ? .private : .off)
    classicPolicy = configuration.classicPolicy
    configuration.hashSeed = .random(in: 0...UInt64.max)
    configuration.firstSessionGeneration = .random(in: 0...UInt32.max)
    configuration.secretSeed = KernelRandom.bytes(32)
    identity = try ServerIdentity(options)
    identity.complete(&configuration)
    configuration.port = socket.localAddress?.port ?? options.port
    // A server that has no place for one runs without.
    let opened = try identity.folder.map { folder throws(Failure) in
      try OpenedHistory(in: folder)
    }
    opened?.complete(&configuration)
    configuration.keepsHistory = options.keepsHistory && opened != nil
    engine = ServerEngine(configuration)
    impairment = Self.seeded(options.impairment)
    port = DatagramPort(socket, engine, impairedBy: impairment, on: reactor)
    let transcriptFD = try Self.open(
      options.transcriptFile, or: STDOUT_FILENO, for: "--transcript")
    let logFD = try Self.open(options.logFile, or: STDERR_FILENO, for: "--log")
    let store = try Self.pictureStore(options)
    do throws(SystemError) {
      transcript = try OutputStream(fd: transcriptFD)
      log = LogSink(
        stream: try OutputStream(fd: logFD), fd: logFD, format: options.logFormat,
        level: options.logLevel)
      pictures = try Self.pictureWorker(store, log)
      history = ServerHistory(opened, options, log, on: reactor)
    } catch {
      throw Failure(error)
    }
    signals.handler = { [unowned self] in handle(signal: $0) }
    history.onCompletion = { [unowned self] in complete($0) }
  }

  /// Runs until it was told to stop.
  func run() throws(SystemError) {
    try port.open()
    try history.open()
    outageWatch = try reactor.watch(transcript.outageFD, for: .readable) { [unowned self] _ in
      reportOutage()
    }
    startWatchdog()
    trimTimer = reactor.addTimer { [unowned self] in
      isTrimTurn = true
      engine.releaseRoom()
      trimmer.trimIfWorthwhile()
    }
    discovery = ServerDiscovery(options, beside: port, engine, log, on: reactor)
    for warning in identity.warnings {
      log.write(LogRecord(.warning, "identity", [("reason", .text(warning))]))
    }
    log.write(
      LogRecord(
        .info, "listening",
        [
          ("address", .text(port.address?.description ?? "?")),
          ("classic", .text(classicPolicy.rawValue)),
          ("key", .text(KeyWords.text(of: engine.publicKey))),
          ("password", .text(options.passwordFile == nil ? "no" : "yes")),
        ]))
    if let impairment {
      log.write(LogRecord(.warning, "impaired", [("faults", .text("\(impairment)"))]))
    }
    sayHowToJoin()
    manager.notify("READY=1\nSTATUS=listening on \(port.address?.description ?? "?")")
    reactor.atTurnEnd { [unowned self] in endTurn() }
    try reactor.run()
    log.write(summary(event: "stopped"))
    let end = Clocks.now() + .milliseconds(Limits.drainMilliseconds)
    pictures?.drain(until: end)
    history.drain(until: end)
    transcript.drain(until: end)
    log.stream.drain(until: end)
  }

  // MARK: The end of a turn

  private func endTurn() {
    port.endTurn()
    performEffects()
    transcript.append(engine.turn.output.transcript)
    engine.turn.output.transcript.removeAll(keepingCapacity: true)
    for record in engine.turn.output.takeLog() { log.write(record) }
    planTrim()
    if isEnding && port.isDrained { reactor.stop() }
  }

  /// Looks at the memory a while after something happened; a server that has nothing to do sleeps.
  private func planTrim() {
    if trimTimer?.deadline == nil, !isTrimTurn {
      trimTimer?.deadline = reactor.now + .seconds(Limits.memoryLookSeconds)
    }
    isTrimTurn = false
  }

  private func reportOutage() {
    guard let outage = transcript.takeOutage() else { return }
    let reason = SystemError(outage, "write the transcript").description
    log.write(LogRecord(.error, "not-written", [("reason", .text(reason))]))
  }

  private func performEffects() {
    if engine.turn.output.effects.isEmpty { return }
    let effects = engine.turn.output.effects
    engine.turn.output.effects.removeAll(keepingCapacity: true)
    for effect in effects { perform(effect) }
  }

  private func perform(_ effect: ServerEffect) {
    switch effect {
    case .savePicture(let name, let jpeg):
      if pictures?.send(SavedPicture(name: name, jpeg: jpeg)) == false {
        engine.turn.output.drop(.saveQueue, from: nil, at: reactor.now)
      }
    case .commit(let batch):
      // Without a database nothing waits for it.
      if !history.commit(batch) { engine.settle(nil, at: port.turnTime()) }
    case .ask(let id, .page(let query)): history.ask(id, .page(query))
    case .ask(let id, .search(let query)): history.ask(id, .search(query))
    }
  }

  private func complete(_ completion: HistoryStore.Completion) {
    switch completion {
    case .committed: engine.settle(nil, at: port.turnTime())
    case .failed(_, let error): engine.settle(StoreFailure(error.text), at: port.turnTime())
    case .page(let id, let page): engine.answer(id, .page(page), at: port.turnTime())
    case .unanswered(let id, let error):
      engine.answer(id, .failure(error.text), at: port.turnTime())
    case .inbox, .retained, .notRetained, .mended, .broken: break
    }
  }

  // MARK: Signals

  private func handle(signal: Int32) {
    switch signal {
    case SIGUSR1: log.write(summary(event: "summary"))
    case SIGHUP where !isByHand: reopen()
    default: isEnding ? reactor.stop() : beginEnd()
    }
  }

  /// Tells everyone, and ends when that is out, or when it takes too long.
  private func beginEnd() {
    manager.notify("STOPPING=1")
    isEnding = true
    port.close()
    endTimer = reactor.addTimer { [unowned self] in reactor.stop() }
    endTimer?.deadline = reactor.now + .seconds(Limits.shutdownSecondsMax)
  }

  private func reopen() {
    manager.notify("RELOADING=1\nMONOTONIC_USEC=\(ServiceManager.monotonicMicroseconds)")
    for (file, stream) in [(options.transcriptFile, transcript), (options.logFile, log.stream)] {
      guard let file else { continue }
      do throws(SystemError) {
        stream.replace(with: try Self.open(file))
      } catch {
        log.write(LogRecord(.error, "not-reopened", [("reason", .text(error.description))]))
      }
    }
    log.write(LogRecord(.info, "reopened"))
    manager.notify("READY=1")
  }

  private func summary(event: String) -> LogRecord {
    let counters = engine.turn.output.counters
    var fields: [(String, LogValue)] = [
      ("clients", .number(UInt64(engine.clientCount))), ("joined", .number(counters.joined)),
      ("left", .number(counters.left)), ("lost", .number(counters.lost)),
      ("datagrams", .number(counters.datagramsIn)), ("messages", .number(counters.messages)),
      ("pictures", .number(counters.pictures)),
      ("kernel-drops", .number(UInt64(port.kernelDrops))),
      ("transcript-bytes-dropped", .number(transcript.bytesDropped)),
    ]
    fields += port.impairedFields
    for reason in DropReason.allCases where counters.drops(reason) > 0 {
      fields.append(("dropped-\(reason.rawValue)", .number(counters.drops(reason))))
    }
    return LogRecord(.info, event, fields)
  }

  /// Tells whoever started the server by hand what the others are to type.
  private func sayHowToJoin() {
    guard isByHand, let number = port.address?.port else { return }
    var lines = "Join from this machine:  chatd join --name NAME"
    if number != ServerAddress.defaultPort { lines += " --server localhost:\(number)" }
    if options.bindHost == nil, let address = (try? NetworkInterfaces.current())?.reachable.first {
      lines += "\nFrom another:            chatd join --name NAME --server "
      lines +=
        number == ServerAddress.defaultPort ? address.host : address.at(number).description
    }
    log.stream.append(Array((lines + "\nCtrl-C ends it.\n").utf8))
  }

  private func startWatchdog() {
    guard let interval = manager.watchdogMicroseconds else { return }
    let timer = reactor.addTimer { [unowned self] in
      manager.notify("WATCHDOG=1")
      watchdog?.deadline = reactor.now + .microseconds(interval / 2)
    }
    timer.deadline = reactor.now
    watchdog = timer
  }
}

// MARK: - Start

extension ServerLoop {
  private static func openSocket(_ options: ServeOptions) throws(Failure) -> DatagramSocket {
    do throws(SystemError) {
      if let fd = ServiceManager.takeSocket() { return try DatagramSocket(adopting: fd) }
    } catch {
      throw Failure(error)
    }
    var address = PeerAddress(high: 0, low: 0, port: options.port)
    if let host = options.bindHost {
      guard let numeric = ServerAddress.numeric(host, port: options.port) else {
        throw Failure(.usage, "--bind \(ShownText.string(host)): not an IP address")
      }
      address = numeric
    }
    do throws(SystemError) {
      return try DatagramSocket(bindingTo: address)
    } catch {
      throw explain(error, options)
    }
  }

  /// What is drawn is told, so that the same faults can be had again.
  private static func seeded(_ impairment: Impairment?) -> Impairment? {
    guard var impairment else { return nil }
    if impairment.seed == nil { impairment.seed = .random(in: 0...UInt64(UInt32.max)) }
    return impairment
  }

  private static func explain(_ error: SystemError, _ options: ServeOptions) -> Failure {
    switch error.code {
    case EADDRINUSE:
      Failure(
        .failed,
        "--port \(options.port): another program is using this port; "
          + "end it, or choose another with --port")
    case EACCES, EPERM:
      Failure(
        .failed,
        "--port \(options.port): no permission; ports below 1024 need "
          + "CAP_NET_BIND_SERVICE, choose a higher one with --port")
    case EADDRNOTAVAIL, ENODEV:
      Failure(
        .failed,
        "--bind \(options.bindHost ?? "::"): this machine has no such address; "
          + "leave --bind out to listen on all of them")
    default: Failure(error)
    }
  }

  private static func open(
    _ file: String?, or standard: Int32, for flag: String
  ) throws(Failure) -> Int32 {
    guard let file else { return standard }
    do throws(SystemError) {
      return try open(file)
    } catch {
      throw Failure(.failed, "\(flag): \(error)")
    }
  }

  private static func open(_ file: String) throws(SystemError) -> Int32 {
    let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC
    return try checked(Glibc.open(file, flags, 0o640), "open \(ShownText.string(file))")
  }

  private static func pictureStore(_ options: ServeOptions) throws(Failure) -> PictureStore? {
    guard let directory = options.saveImages else { return nil }
    do throws(SystemError) {
      return try PictureStore(directory: directory, isMade: true)
    } catch {
      throw Failure(.failed, "--save-images: \(error)")
    }
  }

  private static func pictureWorker(
    _ store: PictureStore?, _ log: LogSink
  ) throws(SystemError) -> WorkerThread<SavedPicture>? {
    guard let store else { return nil }
    return try WorkerThread(capacity: Limits.saveQueuePicturesMax) { picture in
      do throws(SystemError) {
        let file = try store.save(picture.jpeg, from: picture.name)
        log.write(LogRecord(.info, "saved", [("file", .text("\(store.directory)/\(file)"))]))
      } catch {
        log.write(LogRecord(.error, "not-saved", [("reason", .text(error.description))]))
      }
    }
  }

}

private struct SavedPicture: Sendable {
  var name: String
  var jpeg: [UInt8]
}

/// Runs a server until it is told to stop.
public func serve(_ options: ServeOptions) throws(Failure) {
  let server = try ServerLoop(options)
  do throws(SystemError) {
    try server.run()
  } catch {
    throw Failure(error)
  }
}
