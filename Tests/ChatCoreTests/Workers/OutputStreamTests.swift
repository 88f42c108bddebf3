import ChatEngine
import Glibc
import Testing

@testable import ChatCore

@Suite("OutputStream")
struct OutputStreamTests {
  @Test("What is added is written, in order")
  func writes() throws {
    let pipe = TestPipe()
    let stream = try OutputStream(fd: pipe.writeEnd)
    for number in 0..<100 { #expect(stream.append(Array("line \(number)\n".utf8))) }
    stream.drain(until: Clocks.now() + .milliseconds(5_000))
    let wanted = (0..<100).map { "line \($0)\n" }.joined()
    #expect(pipe.read(wanted.utf8.count) == Array(wanted.utf8))
    #expect(stream.backlogBytes == 0)
  }

  @Test("A reader that stalls holds nobody up; what does not fit is left out whole and counted")
  func survivesStalls() throws {
    let pipe = TestPipe()
    let stream = try OutputStream(fd: pipe.writeEnd)
    let line = [UInt8](repeating: 0x61, count: 100_000)
    let start = Clocks.now()
    var kept = 0
    for _ in 0..<200 where stream.append(line) { kept += 1 }
    #expect(Clocks.now() - start < .seconds(3), "append blocks")
    #expect(stream.backlogBytes <= Limits.outputBacklogBytesMax)
    #expect(kept < 200)
    // One piece may be on its way while another waits.
    #expect(kept * line.count <= 2 * Limits.outputBacklogBytesMax)
    #expect(stream.bytesDropped == UInt64((200 - kept) * line.count))
    #expect(stream.failure == nil)
    // All that was kept arrives once the reader goes on, and there is room again.
    let got = pipe.read(kept * line.count)
    #expect(got.count == kept * line.count)
    #expect(waitUntil { stream.backlogBytes == 0 })
    #expect(stream.append([0x62]))
    #expect(pipe.read(1) == [0x62])
  }

  @Test("Draining gives up after its time where the reader stalls")
  func drainGivesUp() throws {
    let pipe = TestPipe()
    let stream = try OutputStream(fd: pipe.writeEnd)
    stream.append([UInt8](repeating: 0, count: 1_000_000))
    let start = Clocks.now()
    stream.drain(until: Clocks.now() + .milliseconds(30))
    let waited = Clocks.now() - start
    #expect(waited >= .milliseconds(29) && waited < .seconds(3))
    _ = pipe.read(1_000_000)
  }

  @Test("A reader that goes away is a failure; what comes later is left out and counted")
  func noticesTheReader() throws {
    signal(SIGPIPE, SIG_IGN)
    let pipe = TestPipe()
    let stream = try OutputStream(fd: pipe.writeEnd)
    pipe.closeReadEnd()
    stream.append([1])
    #expect(waitUntil { stream.failure != nil })
    #expect(stream.failure == EPIPE)
    #expect(!stream.append([1, 2, 3]))
    #expect(stream.bytesDropped == 4)
    stream.drain(until: Clocks.now() + .milliseconds(5_000))
  }

  @Test("Progress can be waited for")
  func tellsProgress() throws {
    let pipe = TestPipe()
    let stream = try OutputStream(fd: pipe.writeEnd)
    stream.append([1])
    var request = pollfd(fd: stream.progressFD, events: Int16(POLLIN), revents: 0)
    #expect(poll(&request, 1, 5_000) == 1)
    stream.clearProgress()
    #expect(poll(&request, 1, 0) == 0)
  }

  @Test("Another descriptor takes over, and the old one is closed")
  func isReplaced() throws {
    let folder = TemporaryFolder()
    let flags = O_WRONLY | O_CREAT | O_APPEND
    let first = open("\(folder.path)/log", flags, 0o600)
    let stream = try OutputStream(fd: first)
    stream.append(Array("one\n".utf8))
    stream.drain(until: Clocks.now() + .milliseconds(5_000))
    #expect(rename("\(folder.path)/log", "\(folder.path)/log.1") == 0)
    stream.replace(with: open("\(folder.path)/log", flags, 0o600))
    stream.append(Array("two\n".utf8))
    stream.drain(until: Clocks.now() + .milliseconds(5_000))
    #expect(folder.read("log.1") == Array("one\n".utf8))
    #expect(folder.read("log") == Array("two\n".utf8))
  }

  @Test("A stream that failed writes again once it has another descriptor")
  func recovers() throws {
    signal(SIGPIPE, SIG_IGN)
    let broken = TestPipe()
    broken.closeReadEnd()
    let stream = try OutputStream(fd: dup(broken.writeEnd))
    stream.append([1])
    #expect(waitUntil { stream.failure != nil })
    let pipe = TestPipe()
    stream.replace(with: dup(pipe.writeEnd))
    #expect(waitBriefly { stream.append([2]) })
    #expect(pipe.read(1) == [2])
  }

  @Test("A full disk is told of once, costs what it costs, and is over when it is over")
  func outlivesFullDisks() throws {
    let full = open("/dev/full", O_WRONLY)
    try #require(full >= 0)
    let stream = try OutputStream(fd: full)
    stream.append([1, 2, 3])
    #expect(waitUntil { stream.takeOutage() == ENOSPC })
    stream.append([4])
    #expect(waitUntil { stream.bytesDropped == 4 })
    #expect(stream.takeOutage() == nil)
    #expect(stream.failure == nil)
    let pipe = TestPipe()
    stream.replace(with: dup(pipe.writeEnd))
    stream.append([5])
    #expect(pipe.read(1) == [5])
  }

  @Test("It is idle when everything is written, and not before")
  func knowsWhenItIsIdle() throws {
    let pipe = TestPipe()
    let stream = try OutputStream(fd: pipe.writeEnd)
    #expect(stream.isIdle)
    let more = [UInt8](repeating: 7, count: 1 << 20)
    stream.append(more)
    usleep(20_000)
    #expect(!stream.isIdle)
    #expect(pipe.read(more.count) == more)
    #expect(waitUntil { stream.isIdle })
  }

  /// Waits a tenth of a second at most.
  private func waitBriefly(_ isSo: () -> Bool) -> Bool {
    for _ in 0..<100 {
      if isSo() { return true }
      usleep(1_000)
    }
    return false
  }
}
