import ChatEngine
import Glibc
import Testing

@testable import ChatCore

@Suite("Reactor")
struct ReactorTests {
  /// Runs the loop, but not for ever, so that a test that fails does not hang.
  private func run(_ reactor: Reactor) throws {
    let timer = reactor.addTimer {
      Issue.record("the loop was not stopped")
      reactor.stop()
    }
    timer.deadline = Clocks.now() + .seconds(5)
    try reactor.run()
    timer.deadline = nil
  }

  @Test("Timers fire in the order of their deadlines, once each, and not before")
  func firesTimers() throws {
    let reactor = try Reactor()
    let start = Clocks.now()
    var fired: [Int] = []
    var timers: [Reactor.Timer] = []
    for milliseconds in [30, 10, 50, 20, 40] {
      let timer = reactor.addTimer {
        fired.append(milliseconds)
        #expect(reactor.now >= start + .milliseconds(milliseconds))
        if fired.count == 5 { reactor.stop() }
      }
      timer.deadline = start + .milliseconds(milliseconds)
      timers.append(timer)
    }
    try run(reactor)
    #expect(fired == [10, 20, 30, 40, 50])
    timers.removeAll()
  }

  @Test("A timer fires again only when it is given another deadline")
  func firesTimersAgain() throws {
    let reactor = try Reactor()
    var count = 0
    var timer: Reactor.Timer?
    timer = reactor.addTimer {
      #expect(timer?.deadline == nil)
      count += 1
      if count < 3 { timer?.deadline = reactor.now + .milliseconds(1) }
    }
    timer?.deadline = reactor.now
    let end = reactor.addTimer { reactor.stop() }
    end.deadline = reactor.now + .milliseconds(40)
    try run(reactor)
    #expect(count == 3)
  }

  @Test("A handler is called while its descriptor is ready, and told for what")
  func tellsReadiness() throws {
    let reactor = try Reactor()
    let pipe = TestPipe()
    pipe.write("ab")
    var told: [Reactor.Interest] = []
    let watch = try reactor.watch(pipe.readEnd, for: .readable) { interest in
      told.append(interest)
      #expect(pipe.read(1).count == 1)
      if told.count == 2 { reactor.stop() }
    }
    try run(reactor)
    #expect(told.allSatisfy { $0 == .readable })
    #expect(watch.interest == .readable)
  }

  @Test("A watch that was removed is never called, also when its event was already fetched")
  func forgetsRemovedWatches() throws {
    let reactor = try Reactor()
    let pipes = (0..<10).map { _ in TestPipe() }
    var watches: [Int: Reactor.Watch] = [:]
    var called: [Int] = []
    for (index, pipe) in pipes.enumerated() {
      pipe.write("x")
      watches[index] = try reactor.watch(pipe.readEnd, for: .readable) { _ in
        called.append(index)
        // All ten are ready in this turn; the first that is called removes the others.
        watches = watches.filter { $0.key == index }
        _ = pipe.read(1)
        reactor.stop()
      }
    }
    try run(reactor)
    #expect(called.count == 1)
  }

  @Test("A watch that takes a removed one's place does not get its event")
  func tellsGenerationsApart() throws {
    let reactor = try Reactor()
    let (first, second, quiet) = (TestPipe(), TestPipe(), TestPipe())
    for pipe in [first, second] { pipe.write("x") }
    var watches: [Int: Reactor.Watch] = [:]
    var late: Reactor.Watch?
    var called = 0
    for (index, pipe) in [first, second].enumerated() {
      watches[index] = try reactor.watch(pipe.readEnd, for: .readable) { _ in
        called += 1
        _ = pipe.read(1)
        watches[1 - index] = nil
        late = try? reactor.watch(quiet.readEnd, for: .readable) { _ in
          Issue.record("the event of a watch that is gone")
        }
      }
    }
    let end = reactor.addTimer { reactor.stop() }
    end.deadline = reactor.now + .milliseconds(20)
    try run(reactor)
    #expect(called == 1)
    #expect(late != nil)
  }

  @Test("Interest can be changed: nothing is told while there is none")
  func changesInterest() throws {
    let reactor = try Reactor()
    let pipe = TestPipe()
    pipe.write("x")
    var called = 0
    let watch = try reactor.watch(pipe.readEnd, for: []) { _ in
      called += 1
      reactor.stop()
    }
    let timer = reactor.addTimer {
      #expect(called == 0)
      watch.interest = .readable
    }
    timer.deadline = reactor.now + .milliseconds(20)
    try run(reactor)
    #expect(called == 1)
  }

  @Test("The end of a turn is told after everything in it, also in the first")
  func endsTurns() throws {
    let reactor = try Reactor()
    let pipe = TestPipe()
    pipe.write("x")
    var order: [String] = []
    reactor.atTurnEnd { order.append("end") }
    let watch = try reactor.watch(pipe.readEnd, for: .readable) { _ in
      order.append("read")
      _ = pipe.read(1)
      reactor.stop()
    }
    defer { watch.interest = [] }
    try run(reactor)
    #expect(order == ["end", "read", "end"])
  }

  @Test("A descriptor that cannot be watched is refused, and its place is free again")
  func refusesBadDescriptors() throws {
    let reactor = try Reactor()
    #expect(throws: SystemError.self) { try reactor.watch(-1, for: .readable) { _ in } }
    #expect(throws: SystemError.self) {
      let fd = open("/etc/passwd", O_RDONLY)
      defer { close(fd) }
      _ = try reactor.watch(fd, for: .readable) { _ in }
    }
  }

  @Test("A signal of this thread arrives as an event of the loop")
  func receivesSignals() throws {
    let reactor = try Reactor()
    let signals = try Signals([SIGUSR2, SIGURG], on: reactor)
    var received: [Int32] = []
    signals.handler = { signal in
      received.append(signal)
      if received.count == 2 { reactor.stop() }
    }
    pthread_kill(pthread_self(), SIGUSR2)
    pthread_kill(pthread_self(), SIGURG)
    try run(reactor)
    #expect(Set(received) == [SIGUSR2, SIGURG])
  }

  @Test("A mailbox wakes the loop from another thread")
  func isWoken() throws {
    let reactor = try Reactor()
    let mailbox = try Mailbox<Int>(capacity: 4)
    var got: [Int] = []
    let watch = try reactor.watch(mailbox.fd, for: .readable) { _ in
      got += mailbox.takeAll()
      if got.count == 2 { reactor.stop() }
    }
    defer { watch.interest = [] }
    try startThread {
      _ = mailbox.send(1)
      usleep(5_000)
      _ = mailbox.send(2)
    }
    try run(reactor)
    #expect(got == [1, 2])
  }

  /// Somebody who is called by the loop, and counts it.
  private final class Owner {
    private var watch: Reactor.Watch?
    private var timer: Reactor.Timer?
    private(set) var called = 0
    private let onCall: () -> Void

    init(_ reactor: Reactor, _ fd: Int32, _ onCall: @escaping () -> Void) throws {
      self.onCall = onCall
      watch = try reactor.watch(fd, for: .readable) { [unowned self] _ in call() }
      timer = reactor.addTimer { [unowned self] in call() }
      timer?.deadline = reactor.now + .milliseconds(5)
    }

    private func call() {
      called += 1
      onCall()
    }
  }

  @Test("Who is gone is not called any more, also when it goes while it is called")
  func forgetsOwners() throws {
    let reactor = try Reactor()
    let pipes = (0..<3).map { _ in TestPipe() }
    for pipe in pipes { pipe.write("x") }
    var owners: [Int: Owner] = [:]
    var called: [Int] = []
    for (index, pipe) in pipes.enumerated() {
      owners[index] = try Owner(reactor, pipe.readEnd) {
        called.append(index)
        owners[index] = nil
      }
    }
    // Two of three go unheard.
    (owners[0], owners[2]) = (nil, nil)
    let end = reactor.addTimer { reactor.stop() }
    end.deadline = reactor.now + .milliseconds(20)
    try run(reactor)
    #expect(called == [1])
    #expect(owners.isEmpty)
  }

  @Test("What a handler holds is let go of with its watch, and the same for a timer")
  func freesHandlers() throws {
    let reactor = try Reactor()
    let pipe = TestPipe()
    final class Held {}
    var held: Held? = Held()
    weak let left = held
    var watch: Reactor.Watch? = try reactor.watch(pipe.readEnd, for: []) { [held] _ in _ = held }
    var timer: Reactor.Timer? = reactor.addTimer { [held] in _ = held }
    held = nil
    #expect(left != nil)
    #expect(watch?.interest == [])
    watch = nil
    #expect(left != nil)
    timer?.deadline = nil
    timer = nil
    #expect(left == nil)
  }

  @Test("Places that became free are used again, each by one")
  func usesPlacesAgain() throws {
    let reactor = try Reactor()
    let pipes = (0..<4).map { _ in TestPipe() }
    for pipe in pipes { pipe.write("x") }
    var watches: [Int: Reactor.Watch] = [:]
    var called: Set<Int> = []
    for round in 0..<100 {
      let (index, other) = (round % 4, (round + 1) % 4)
      if watches[index] == nil {
        watches[index] = try reactor.watch(pipes[index].readEnd, for: .readable) { _ in
          called.insert(index)
          watches[index]?.interest = []
        }
      }
      if round < 92 { watches[other] = nil }
    }
    #expect(watches.count == 4)
    let end = reactor.addTimer { reactor.stop() }
    end.deadline = reactor.now + .milliseconds(20)
    try run(reactor)
    #expect(called == [0, 1, 2, 3])
  }

  @Test("A stop before the loop runs is not forgotten, and ends one run only")
  func remembersStops() throws {
    let reactor = try Reactor()
    var turns = 0
    reactor.atTurnEnd { turns += 1 }
    reactor.stop()
    try run(reactor)
    #expect(turns == 1)
    let end = reactor.addTimer { reactor.stop() }
    end.deadline = reactor.now + .milliseconds(5)
    try run(reactor)
    #expect(turns == 3)
  }
}
