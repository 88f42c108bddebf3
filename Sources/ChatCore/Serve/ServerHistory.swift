import ChatEngine

/// What a server keeps in its database: what it knew when it starts, and from then on what its
/// engine wants kept and asks for.
///
/// What always holds: each batch that the engine gives is settled once, also where there is no
/// database; the loop never waits for the disk.
final class ServerHistory {
  private let store: HistoryStore?
  private let log: LogSink
  private let reactor: Reactor
  private let keepMilliseconds: Int64?
  private let keepBytesMax: Int?
  private var watch: Reactor.Watch?
  private var retention: Reactor.Timer?
  /// What became of a batch, or of a question.
  var onCompletion: (HistoryStore.Completion) -> Void = { _ in }

  /// - Parameter opened: nil where nothing is kept.
  init(
    _ opened: OpenedHistory?, _ options: ServeOptions, _ log: LogSink, on reactor: Reactor
  ) {
    (self.log, self.reactor) = (log, reactor)
    keepMilliseconds = options.keepSeconds.map { Int64($0 * 1_000) }
    keepBytesMax = options.keepBytesMax
    store = opened?.store
    if let report = opened?.salvage { Self.tell(of: report, log) }
  }

  /// Begins to take completions.
  func open() throws(SystemError) {
    guard let store else { return }
    watch = try reactor.watch(store.fd, for: .readable) { [unowned self] _ in takeCompletions() }
    guard keepMilliseconds != nil || keepBytesMax != nil else { return }
    retention = reactor.addTimer { [unowned self] in retain() }
    retention?.deadline = reactor.now
  }

  /// Has a batch kept.
  ///
  /// - Returns: false where there is nothing to keep it in.
  func commit(_ batch: StoreBatch) -> Bool {
    guard let store else { return false }
    if !store.commit(batch) { onCompletion(.failed(id: batch.id, .busy)) }
    return true
  }

  func ask(_ id: UInt64, _ question: HistoryStore.Question) {
    if store?.ask(id, question) != true { onCompletion(.unanswered(id: id, .busy)) }
  }

  /// Waits until all is kept, or it is `end`.
  func drain(until end: Instant) { store?.drain(until: end) }

  private func takeCompletions() {
    for completion in store?.takeCompletions() ?? [] {
      switch completion {
      case .mended(let report): Self.tell(of: report, log)
      case .broken(let error): complain("history-broken", error)
      case .notRetained(let error):
        complain("not-retained", error)
        planRetention(isComplete: true)
      case .retained(let step): planRetention(isComplete: step.isComplete)
      case .failed(_, let error):
        complain("not-kept", error)
        onCompletion(completion)
      case .committed, .page, .inbox, .unanswered: onCompletion(completion)
      }
    }
  }

  private func complain(_ event: String, _ error: StoreError) {
    log.write(LogRecord(.error, event, [("reason", .text(error.text))]))
  }

  private static func tell(of report: SalvageReport, _ log: LogSink) {
    log.write(LogRecord(.warning, "history-mended", report.fields))
  }

  // MARK: Keeping less

  private func retain() {
    let time = keepMilliseconds.map { Clocks.unixMilliseconds() - $0 }
    if store?.retain(olderThan: time, bytesMax: keepBytesMax) != true {
      planRetention(isComplete: true)
    }
  }

  private func planRetention(isComplete: Bool) {
    retention?.deadline =
      isComplete ? reactor.now + .seconds(Limits.retentionGapSeconds) : reactor.now
  }
}

/// A database that was opened, and what it holds of before.
struct OpenedHistory {
  let state: StoredState
  let salvage: SalvageReport?
  let store: HistoryStore

  init(in folder: StateFolder) throws(Failure) {
    do throws(StoreError) {
      let database = try HistoryDatabase(in: folder)
      (state, salvage) = (try database.load(), database.salvage)
      store = try Self.start(database, in: folder)
    } catch {
      throw Failure(error)
    }
  }

  private static func start(
    _ database: sending HistoryDatabase, in folder: StateFolder
  ) throws(StoreError) -> HistoryStore {
    do throws(SystemError) {
      return try HistoryStore(database, in: folder)
    } catch {
      throw .other(error.description)
    }
  }

  /// Tells the engine.
  func complete(_ configuration: inout ServerConfiguration) {
    configuration.ownedNames = state.names
    configuration.senders = state.senders
    configuration.rooms = state.rooms.compactMap { room in
      guard case .room(let text) = room.key, let name = try? RoomName(text) else { return nil }
      return KeptRoom(name: name, topic: room.topic?.text ?? "", nextNumber: room.next)
    }
  }
}
