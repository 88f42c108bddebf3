import ChatEngine
import Glibc
import Synchronization
import Testing

@testable import ChatCore

@Suite("Mailbox, WorkerThread and InputReader")
struct WorkerTests {
  @Test("A mailbox hands out what was sent, oldest first, and takes no more than its capacity")
  func boundsMailboxes() throws {
    let mailbox = try Mailbox<Int>(capacity: 3)
    let taken = (1...5).map { mailbox.send($0) }
    #expect(taken == [true, true, true, false, false])
    #expect(mailbox.takeAll() == [1, 2, 3])
    #expect(mailbox.takeAll() == [])
    #expect(mailbox.send(6))
    #expect(mailbox.takeAll() == [6])
  }

  @Test("Nothing is lost or doubled between two threads")
  func passesMessages() throws {
    let mailbox = try Mailbox<Int>(capacity: 7)
    try startThread {
      for number in 0..<5_000 {
        while !mailbox.send(number) { sched_yield() }
      }
    }
    var got: [Int] = []
    while got.count < 5_000 {
      mailbox.wait()
      let messages = mailbox.takeAll()
      #expect(messages.count <= 7)
      got += messages
    }
    #expect(got == Array(0..<5_000))
  }

  /// What a worker did, and a gate that holds it up.
  private final class Work: Sendable {
    let done = Mutex<[Int]>([])
    let isHeld = Mutex(false)

    func handle(_ number: Int) {
      while isHeld.withLock({ $0 }) { usleep(500) }
      done.withLock { $0.append(number) }
    }

    var all: [Int] { done.withLock { $0 } }
    func hold(_ hold: Bool) { isHeld.withLock { $0 = hold } }
  }

  @Test("A worker does its work in order, and drain waits for all of it")
  func drains() throws {
    let work = Work()
    let worker = try WorkerThread<Int>(capacity: 100) { work.handle($0) }
    for number in 0..<50 { #expect(worker.send(number)) }
    worker.drain(until: Clocks.now() + .milliseconds(5_000))
    #expect(work.all == Array(0..<50))
  }

  @Test("A worker that is held up takes so many and no more")
  func boundsWork() throws {
    let work = Work()
    work.hold(true)
    let worker = try WorkerThread<Int>(capacity: 4) { work.handle($0) }
    #expect(worker.send(0))
    // The worker has taken the first out of its mailbox once four more fit.
    #expect(waitUntil { worker.send(1) && worker.send(2) && worker.send(3) && worker.send(4) })
    #expect(!worker.send(5))
    work.hold(false)
    #expect(waitUntil { worker.send(6) })
    worker.drain(until: Clocks.now() + .milliseconds(5_000))
    #expect(work.all.last == 6)
  }

  @Test("drain gives up after its time")
  func drainGivesUp() throws {
    let work = Work()
    work.hold(true)
    let worker = try WorkerThread<Int>(capacity: 4) { work.handle($0) }
    _ = worker.send(0)
    let start = Clocks.now()
    worker.drain(until: Clocks.now() + .milliseconds(30))
    #expect(Clocks.now() - start >= .milliseconds(29))
    #expect(work.all.isEmpty)
    work.hold(false)
  }

  @Test("drain also waits where the mailbox is full")
  func drainsFullWorkers() throws {
    let work = Work()
    work.hold(true)
    let worker = try WorkerThread<Int>(capacity: 1) { work.handle($0) }
    _ = worker.send(0)
    #expect(waitUntil { worker.send(1) })
    try startThread {
      usleep(20_000)
      work.hold(false)
    }
    worker.drain(until: Clocks.now() + .milliseconds(5_000))
    #expect(work.all == [0, 1])
    #expect(waitUntil { work.all.count == 2 })
  }

  @Test("Input is read ahead by a bounded number of pieces, whole and in order")
  func readsInput() throws {
    let pipe = TestPipe()
    let reader = try InputReader(fd: pipe.readEnd)
    let total = 3_000_000
    let fd = pipe.writeEnd
    try startThread {
      var bytes = [UInt8](repeating: 0, count: total)
      for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index / 7) }
      _ = writeAll(bytes, to: fd)
    }
    var got: [UInt8] = []
    while got.count < total {
      for case .bytes(let bytes) in reader.take() {
        #expect(bytes.count <= Limits.inputChunkBytes)
        got += bytes
      }
      usleep(200)
    }
    #expect(got.count == total)
    #expect(got.indices.allSatisfy { got[$0] == UInt8(truncatingIfNeeded: $0 / 7) })
  }

  @Test("The end of the input, and an error, are told once")
  func tellsTheEnd() throws {
    let folder = TemporaryFolder()
    folder.write("input", "abc")
    let fd = open("\(folder.path)/input", O_RDONLY)
    let reader = try InputReader(fd: fd)
    var arrivals: [InputReader.Arrival] = []
    #expect(
      waitUntil {
        arrivals += reader.take()
        return arrivals.count == 2
      })
    guard case .bytes(let bytes) = arrivals[0], case .end = arrivals[1] else {
      Issue.record("\(arrivals)")
      return
    }
    #expect(bytes == Array("abc".utf8))
    close(fd)
    let folderFD = open(folder.path, O_RDONLY | O_DIRECTORY)
    defer { close(folderFD) }
    let broken = try InputReader(fd: folderFD)
    var failures: [SystemError] = []
    #expect(
      waitUntil {
        for case .failed(let error) in broken.take() { failures.append(error) }
        return !failures.isEmpty
      })
    #expect(failures.map(\.code) == [EISDIR])
  }
}
