import ChatEngine
import Synchronization

/// The history as the server's loop has it: a thread that writes and a thread that reads, so that
/// the loop never waits for the disk. In go batches and questions, out come completions, each of
/// which has the id of what it is about.
///
/// What always holds: batches are committed one after the other in the order in which they came,
/// and each that was taken has one completion; what waits is bounded by
/// `Limits.storeQueueBatchesMax`, `storeQueueQuestionsMax` and `storeCompletionsMax`. A database
/// that turns out to be damaged is mended on the way, and the batch committed then.
public final class HistoryStore: Sendable {
  public enum Question: Sendable {
    case page(HistoryQuery)
    case search(SearchQuery)
    case inbox(PublicKey)
  }

  public enum Completion: Sendable {
    /// It is on the disk.
    case committed(id: UInt64)
    /// Nothing of it is.
    case failed(id: UInt64, StoreError)
    case page(id: UInt64, HistoryPage)
    case inbox(id: UInt64, InboxState)
    case unanswered(id: UInt64, StoreError)
    /// A step of `retain` was done; until it is complete, the next one is to be asked for.
    case retained(RetentionStep)
    case notRetained(StoreError)
    /// The database was damaged, and this was saved of it.
    case mended(SalvageReport)
    /// The database is damaged, and could not be mended.
    case broken(StoreError)
  }

  fileprivate enum Work: Sendable {
    case commit(StoreBatch)
    case retain(olderThan: Int64?, bytesMax: Int?)
    /// Somebody found a damage.
    case check
  }

  private let writer: WorkerThread<Work>
  private let reader: WorkerThread<(id: UInt64, question: Question)>
  private let completions: Completions

  /// - Parameter database: what the folder's database is; the writer's alone from now on.
  public init(_ database: sending HistoryDatabase, in folder: StateFolder) throws(SystemError) {
    let completions = try Completions()
    self.completions = completions
    let wasChecked = database.wasChecked
    let writing = Writing(database, completions)
    let writer = try WorkerThread<Work>(capacity: Limits.storeQueueBatchesMax) { work in
      writing.handle(work)
    }
    self.writer = writer
    let reading = Reading(folder, completions) { _ = writer.send(.check) }
    reader = try WorkerThread(capacity: Limits.storeQueueQuestionsMax) { id, question in
      reading.answer(id, question)
    }
    if !wasChecked {
      // It takes seconds where there is much, and holds nobody up.
      try startThread {
        guard let reader = try? HistoryReader(in: folder) else { return }
        if case .some(.none) = try? reader.integrity() { return }
        _ = writer.send(.check)
      }
    }
  }

  /// Readable while completions may be waiting.
  public var fd: Int32 { completions.mailbox.fd }

  /// What was done since the last time, oldest first.
  public func takeCompletions() -> [Completion] { completions.take() }

  /// - Returns: false where too many wait already; the batch is then not taken.
  public func commit(_ batch: StoreBatch) -> Bool { writer.send(.commit(batch)) }

  /// Does one step of deleting what is older than `time` (milliseconds since 1970) or, where
  /// nothing is, what makes the database larger than `bytesMax`.
  ///
  /// - Returns: false where too much waits already.
  public func retain(olderThan time: Int64?, bytesMax: Int?) -> Bool {
    writer.send(.retain(olderThan: time, bytesMax: bytesMax))
  }

  /// - Returns: false where too many wait already.
  public func ask(_ id: UInt64, _ question: Question) -> Bool { reader.send((id, question)) }

  /// Blocks the caller until all that was given to the writer is done, or it is `end`.
  public func drain(until end: Instant) {
    completions.stopWaiting()
    writer.drain(until: end)
  }
}

/// Completions on their way to the loop. The threads wait where it does not take them.
private final class Completions: Sendable {
  let mailbox: Mailbox<HistoryStore.Completion>
  private let room: WakeUp
  private let isEnding = Mutex(false)

  init() throws(SystemError) {
    mailbox = try Mailbox(capacity: Limits.storeCompletionsMax)
    room = try WakeUp()
  }

  /// Puts one in. Once the loop has ended, what it would not take is left out.
  func put(_ completion: HistoryStore.Completion) {
    while !mailbox.send(completion) {
      if isEnding.withLock({ $0 }) { return }
      room.wait()
      room.clear()
    }
    // The other thread may have been waiting for the same signal.
    room.signal()
  }

  func take() -> [HistoryStore.Completion] {
    let taken = mailbox.takeAll()
    if !taken.isEmpty { room.signal() }
    return taken
  }

  func stopWaiting() {
    isEnding.withLock { $0 = true }
    room.signal()
  }
}

/// What the writing thread does.
private final class Writing: Sendable {
  private let database: Mutex<HistoryDatabase>
  private let completions: Completions

  init(_ database: sending HistoryDatabase, _ completions: Completions) {
    self.database = Mutex(database)
    self.completions = completions
  }

  func handle(_ work: HistoryStore.Work) {
    switch work {
    case .commit(let batch): completions.put(commit(batch))
    case .retain(let time, let bytesMax):
      do throws(StoreError) {
        completions.put(.retained(try retain(time, bytesMax)))
      } catch {
        completions.put(.notRetained(error))
      }
    case .check:
      let isDamaged = database.withLock { database in
        if case .some(.none) = try? database.integrity() { false } else { true }
      }
      if isDamaged { mend() }
    }
  }

  private func commit(_ batch: StoreBatch) -> HistoryStore.Completion {
    do throws(StoreError) {
      try attempt { database throws(StoreError) in try database.commit(batch) }
      return .committed(id: batch.id)
    } catch {
      return .failed(id: batch.id, error)
    }
  }

  private func retain(_ time: Int64?, _ bytesMax: Int?) throws(StoreError) -> RetentionStep {
    try attempt { database throws(StoreError) in
      if let time {
        let step = try database.deleteOlder(than: time)
        if step.deleted > 0 {
          // Whether the other bound is kept is seen with the next step.
          return RetentionStep(
            deleted: step.deleted, isComplete: step.isComplete && bytesMax == nil,
            orphans: step.orphans)
        }
      }
      return try bytesMax.map { max throws(StoreError) in try database.deleteToBytes(max) }
        ?? RetentionStep()
    }
  }

  /// Does something, and does it once more where the database had to be mended for it.
  private func attempt<Result: Sendable>(
    _ body: @Sendable (HistoryDatabase) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    do throws(StoreError) {
      return try database.withLock { database throws(StoreError) in try body(database) }
    } catch {
      guard case .damaged = error, mend() else { throw error }
      return try database.withLock { database throws(StoreError) in try body(database) }
    }
  }

  /// - Returns: whether the database is good again.
  @discardableResult
  private func mend() -> Bool {
    do throws(StoreError) {
      let report = try database.withLock { database throws(StoreError) in try database.mend() }
      completions.put(.mended(report))
      return true
    } catch {
      completions.put(.broken(error))
      return false
    }
  }
}

/// What the reading thread does.
private final class Reading: Sendable {
  private let folder: StateFolder
  private let completions: Completions
  private let reportDamage: @Sendable () -> Void
  private let reader = Mutex<HistoryReader?>(nil)

  init(
    _ folder: StateFolder, _ completions: Completions,
    reportDamage: @escaping @Sendable () -> Void
  ) {
    self.folder = folder
    self.completions = completions
    self.reportDamage = reportDamage
  }

  func answer(_ id: UInt64, _ question: HistoryStore.Question) {
    let answer = reader.withLock { reader -> HistoryStore.Completion in
      do throws(StoreError) {
        if let reader { return try Self.answer(id, question, reader) }
        let opened = try HistoryReader(in: folder)
        reader = opened
        return try Self.answer(id, question, opened)
      } catch {
        // Another one reads what was mended.
        if error != .badWords { reader = nil }
        if case .damaged = error { reportDamage() }
        return .unanswered(id: id, error)
      }
    }
    completions.put(answer)
  }

  private static func answer(
    _ id: UInt64, _ question: HistoryStore.Question, _ reader: HistoryReader
  ) throws(StoreError) -> HistoryStore.Completion {
    switch question {
    case .page(let query): .page(id: id, try reader.page(query))
    case .search(let query): .page(id: id, try reader.search(query))
    case .inbox(let key): .inbox(id: id, try reader.inbox(key))
    }
  }
}
