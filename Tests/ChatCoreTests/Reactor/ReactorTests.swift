import ChatEngine
import Glibc
import Testing

@testable import ChatCore

@Suite("Reactor")
struct ReactorTests {
  /// Ends the loop after a while, so that a test that fails does not hang.
  private func addGuard(_ reactor: Reactor) {
    let timer = reactor.addTimer {
      Issue.record("the loop was not stopped")
      reactor.stop()
    }
    timer.deadline = Clocks.now() + .seconds(5)
  }

  @Test("Timers fire in the order of their deadlines, once each, and not before")
  func firesTimers() throws {
    let reactor = try Reactor()
    addGuard(reactor)
    let start = Clocks.now()
    var fired: [Int] = []
    for milliseconds in [30, 10, 50, 20, 40] {
      let timer = reactor.addTimer {
        fired.append(milliseconds)
        #expect(reactor.now >= start + .milliseconds(milliseconds))
        if fired.count == 5 { reactor.stop() }
      }
      timer.deadline = start + .milliseconds(milliseconds)
    }
    try reactor.run()
    #expect(fired == [10, 20, 30, 40, 50])
  }

  @Test("A timer fires again only when it is given another deadline")
  func firesTimersAgain() throws {
    let reactor = try Reactor()
    addGuard(reactor)
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
    try reactor.run()
    #expect(count == 3)
  }

  @Test("A handler is called while its descriptor is ready, and told for what")
  func tellsReadiness() throws {
    let reactor = try Reactor()
    addGuard(reactor)
    let pipe = TestPipe()
    pipe.write("ab")
    var told: [Reactor.Interest] = []
    _ = try reactor.watch(pipe.readEnd, for: .readable) { interest in
      told.append(interest)
      #expect(pipe.read(1).count == 1)
      if told.count == 2 { reactor.stop() }
    }
    try reactor.run()
    #expect(told.allSatisfy { $0 == .readable })
  }

  @Test("A watch that was removed is never called, also when its event was already fetched")
  func forgetsRemovedWatches() throws {
    let reactor = try Reactor()
    addGuard(reactor)
    let pipes = (0..<10).map { _ in TestPipe() }
    var watches: [Int: Reactor.Watch] = [:]
    var called: [Int] = []
    for (index, pipe) in pipes.enumerated() {
      pipe.write("x")
      watches[index] = try reactor.watch(pipe.readEnd, for: .readable) { _ in
        called.append(index)
        // All ten are ready in this turn; the first that is called removes the others.
        for (other, watch) in watches where other != index { reactor.unwatch(watch) }
        watches = watches.filter { $0.key == index }
        _ = pipe.read(1)
        reactor.stop()
      }
    }
    try reactor.run()
    #expect(called.count == 1)
  }

  @Test("A watch that takes a removed one's place does not get its event")
  func tellsGenerationsApart() throws {
    let reactor = try Reactor()
    addGuard(reactor)
    let (first, second, quiet) = (TestPipe(), TestPipe(), TestPipe())
    for pipe in [first, second] { pipe.write("x") }
    var watches: [Int: Reactor.Watch] = [:]
    var called = 0
    for (index, pipe) in [first, second].enumerated() {
      watches[index] = try reactor.watch(pipe.readEnd, for: .readable) { _ in
        called += 1
        _ = pipe.read(1)
        reactor.unwatch(watches[1 - index]!)
        _ = try? reactor.watch(quiet.readEnd, for: .readable) { _ in
          Issue.record("the event of a watch that is gone")
        }
      }
    }
    let end = reactor.addTimer { reactor.stop() }
    end.deadline = reactor.now + .milliseconds(20)
    try reactor.run()
    #expect(called == 1)
  }

  @Test("Interest can be changed: nothing is told while there is none")
  func changesInterest() throws {
    let reactor = try Reactor()
    addGuard(reactor)
    let pipe = TestPipe()
    pipe.write("x")
    var called = 0
    let watch = try reactor.watch(pipe.readEnd, for: []) { _ in
      called += 1
      reactor.stop()
    }
    let timer = reactor.addTimer {
      #expect(called == 0)
      reactor.change(watch, to: .readable)
    }
    timer.deadline = reactor.now + .milliseconds(20)
    try reactor.run()
    #expect(called == 1)
  }

  @Test("The end of a turn is told after everything in it, also in the first")
  func endsTurns() throws {
    let reactor = try Reactor()
    addGuard(reactor)
    let pipe = TestPipe()
    pipe.write("x")
    var order: [String] = []
    reactor.atTurnEnd { order.append("end") }
    _ = try reactor.watch(pipe.readEnd, for: .readable) { _ in
      order.append("read")
      _ = pipe.read(1)
      reactor.stop()
    }
    try reactor.run()
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
    addGuard(reactor)
    let signals = try Signals([SIGUSR2, SIGURG], on: reactor)
    var received: [Int32] = []
    signals.handler = { signal in
      received.append(signal)
      if received.count == 2 { reactor.stop() }
    }
    pthread_kill(pthread_self(), SIGUSR2)
    pthread_kill(pthread_self(), SIGURG)
    try reactor.run()
    #expect(Set(received) == [SIGUSR2, SIGURG])
  }

  @Test("A mailbox wakes the loop from another thread")
  func isWoken() throws {
    let reactor = try Reactor()
    addGuard(reactor)
    let mailbox = try Mailbox<Int>(capacity: 4)
    var got: [Int] = []
    _ = try reactor.watch(mailbox.fd, for: .readable) { _ in
      got += mailbox.takeAll()
      if got.count == 2 { reactor.stop() }
    }
    try startThread {
      _ = mailbox.send(1)
      usleep(5_000)
      _ = mailbox.send(2)
    }
    try reactor.run()
    #expect(got == [1, 2])
  }
}
