import Testing

@testable import ChatEngine

@Suite("PathMTU")
struct PathMTUTests {
  private func at(_ seconds: Double) -> Instant { Instant(nanoseconds: UInt64(seconds * 1e9)) }

  /// A search over a path that drops what is longer than `lets`; a class, so that an expectation
  /// can change it.
  private final class Search {
    var path = PathMTU()
    var lets: Int
    var tried: [Int] = []
    var number: UInt64 = 0

    init(lets: Int) { self.lets = lets }

    /// Sends all probes that are due by `end`, each as soon as it is.
    func run(until end: Instant) {
      var now = Instant(nanoseconds: 0)
      while let next = path.nextProbe, next <= end {
        now = max(now, next)
        guard let bytes = path.probeSize(at: now) else { break }
        tried.append(bytes)
        path.probeSent(number: number, at: now)
        #expect(path.isProbe(number) && path.nextProbe == nil && path.probeSize(at: end) == nil)
        if bytes <= lets {
          #expect(path.probeAcked(number: number) && path.current == bytes)
          path.filled(bytes: 1 << 20, waitingBytes: 0)
        } else {
          path.probeLost(number: number)
        }
        #expect(!path.isProbe(number))
        number += 7
      }
    }
  }

  @Test("Nothing is tried before as many bytes went out in datagrams that were filled up")
  func waits() {
    var path = PathMTU()
    var budget = 0
    for length in Limits.sessionDatagramBytesTried {
      while budget < length {
        #expect(path.nextProbe == nil && path.probeSize(at: at(9)) == nil)
        path.filled(bytes: path.current, waitingBytes: 0)
        budget += path.current
      }
      #expect(path.nextProbe == at(0) && path.probeSize(at: at(9)) == length)
      path.probeSent(number: 1, at: at(0))
      budget -= length
      let hasGrown = path.probeAcked(number: 1)
      #expect(hasGrown && path.current == length)
    }
    #expect(path.nextProbe == nil)
  }

  @Test("Where much waits to be sent, the next length is tried at once")
  func triesForWhatWaits() {
    var path = PathMTU()
    path.filled(bytes: 1_200, waitingBytes: 4 * 1_232 - 1)
    #expect(path.nextProbe == nil, "32 bytes are missing")
    var other = PathMTU()
    other.filled(bytes: 1_200, waitingBytes: 4 * 1_232)
    #expect(other.nextProbe == at(0) && other.probeSize(at: at(0)) == 1_232)
  }

  @Test("On Ethernet, whose payload is 1,472, the search ends after two losses and is resumed")
  func climbsEthernet() {
    let search = Search(lets: 1_472)
    search.path.filled(bytes: 1 << 20, waitingBytes: 0)
    search.run(until: at(500))
    #expect(search.tried == [1_232, 1_372, 1_452, 1_472, 2_948, 2_948])
    #expect(search.path.current == 1_472)
    // The second try came a second after the first.
    #expect(search.path.nextProbe == at(601))
    search.path.filled(bytes: 1 << 20, waitingBytes: 0)
    #expect(search.path.nextProbe == at(601) && search.path.probeSize(at: at(600.9)) == nil)
    search.run(until: at(700))
    #expect(search.tried.suffix(2) == [2_948, 2_948] && search.path.nextProbe == at(1_202))
  }

  @Test("On loopback the search ends at the top")
  func climbsLoopback() {
    let search = Search(lets: 65_507)
    search.path.filled(bytes: 1 << 20, waitingBytes: 0)
    search.run(until: at(0))
    #expect(search.tried == Limits.sessionDatagramBytesTried && search.path.current == 65_507)
    search.path.filled(bytes: 1 << 20, waitingBytes: 0)
    #expect(search.path.nextProbe == nil)
  }

  @Test("One loss is not the end, and a later success begins to count anew")
  func forgivesOneLoss() {
    let search = Search(lets: 0)
    search.path.filled(bytes: 1 << 20, waitingBytes: 0)
    for (number, bytes) in [1_232, 1_372].enumerated() {
      let now = at(Double(number) * 10)
      #expect(search.path.probeSize(at: now) == bytes)
      search.path.probeSent(number: UInt64(number) * 2, at: now)
      search.path.probeLost(number: UInt64(number) * 2)
      #expect(search.path.nextProbe == now + .seconds(1) && search.path.probeSize(at: now) == nil)
      search.path.probeSent(number: UInt64(number) * 2 + 1, at: now + .seconds(1))
      let hasGrown = search.path.probeAcked(number: UInt64(number) * 2 + 1)
      #expect(hasGrown)
      search.path.filled(bytes: 1 << 20, waitingBytes: 0)
    }
    #expect(search.path.current == 1_372)
  }

  @Test("Other packets and late answers change nothing")
  func ignoresOthers() {
    let search = Search(lets: 0)
    search.path.filled(bytes: 1 << 20, waitingBytes: 0)
    #expect(!search.path.isProbe(0) && !search.path.probeAcked(number: 0))
    search.path.probeSent(number: 5, at: at(0))
    search.path.probeLost(number: 4)
    #expect(!search.path.probeAcked(number: 6) && search.path.isProbe(5))
    search.path.probeLost(number: 5)
    #expect(!search.path.probeAcked(number: 5) && search.path.current == 1_200)
  }

  @Test("A black hole brings the least length back, and a new search after a minute")
  func fallsIntoBlackHole() {
    let search = Search(lets: 8_952)
    search.path.filled(bytes: 1 << 20, waitingBytes: 0)
    search.run(until: at(5))
    #expect(search.path.current == 8_952)
    search.lets = 1_400
    search.path.onBlackHole(at: at(10))
    search.path.filled(bytes: 1 << 20, waitingBytes: 0)
    #expect(search.path.current == 1_200 && search.path.nextProbe == at(70))
    search.tried = []
    search.run(until: at(100))
    #expect(search.tried == [1_232, 1_372, 1_452, 1_452] && search.path.current == 1_372)
  }

  @Test("Another path begins at the least, also while a probe is on its way")
  func resets() {
    let search = Search(lets: 65_507)
    search.path.filled(bytes: 1 << 20, waitingBytes: 0)
    search.run(until: at(0))
    search.path.reset()
    #expect(search.path.current == 1_200 && search.path.nextProbe == nil)
    search.path.filled(bytes: 1 << 20, waitingBytes: 0)
    search.path.probeSent(number: 1, at: at(0))
    search.path.reset()
    #expect(!search.path.probeAcked(number: 1) && search.path.current == 1_200)
  }

  @Test("It is small: there is one for each session")
  func isSmall() {
    #expect(MemoryLayout<PathMTU>.size <= 64)
  }
}
