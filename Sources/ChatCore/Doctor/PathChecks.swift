import ChatEngine
import Glibc

/// How good the way to the server is: how long datagrams may be, how long they take, how many are
/// lost.
enum PathChecks {
  // MARK: Lengths

  static func whole(_ examination: Examination) -> Finding {
    guard let lengths = try? Lengths(examination, .forbidden) else {
      return .skipped("no socket for it")
    }
    let least = Limits.sessionDatagramBytesMin
    let bytes = lengths.longest([Limits.helloBytesMin, least] + Limits.sessionDatagramBytesTried)
    examination.wholeBytes = bytes
    let overhead = examination.address.v4 != nil ? 28 : 48
    let mtu = bytes + overhead
    let figure =
      bytes == Limits.datagramBytesMax
      ? "datagrams of any length pass in one piece"
      : "datagrams of up to \(bytes) bytes pass in one piece (an MTU of \(mtu))"
    if bytes >= least { return .ok(figure).measuring([("bytes", bytes)]) }
    let usual = (try? Lengths(examination, .usual))?.longest([least]) ?? 0
    let finding =
      usual >= least
      ? Finding.warning(
        .smallMTU, "\(figure); longer ones go in fragments",
        "it works, and a way with an MTU of 1500 works better: look for a tunnel (VPN) or a router "
          + "with a small MTU")
      : .failed(
        .smallDatagrams,
        "the server answers, but only small datagrams arrive: \(figure), and sessions need "
          + "\(least)",
        "raise the MTU on the way (VPN, router), or let ICMP \"fragmentation needed\" through; "
          + "else lower this machine's: ip link set dev NAME mtu \(mtu)")
    return finding.measuring([("bytes", bytes)])
  }

  static func fragments(_ examination: Examination) -> Finding {
    guard let lengths = try? Lengths(examination, .allowed) else {
      return .skipped("no socket for it")
    }
    let tried = [Limits.sessionDatagramBytesMin] + Limits.sessionDatagramBytesTried
    let bytes = lengths.longest(tried)
    if bytes == Limits.datagramBytesMax {
      return .ok("datagrams of up to \(bytes) bytes arrive").measuring([("bytes", bytes)])
    }
    let isNone = bytes <= max(examination.wholeBytes, Limits.helloBytesMin)
    return Finding.warning(
      .fragmentsBlocked,
      isNone
        ? "datagrams in fragments do not arrive"
        : "datagrams in fragments arrive up to \(bytes) bytes",
      "pictures of old clients may be lost, others are not: a firewall that drops fragments"
    ).measuring([("bytes", bytes)])
  }

  // MARK: Time and loss

  static func roundTrip(_ examination: Examination) -> Finding {
    guard let port = try? HelloPort(examination.address) else {
      return .skipped("no socket for it")
    }
    let count = Limits.doctorProbes
    let first = HelloPort.firstNonce()
    var sent: [Instant] = []
    var trips: [Duration?] = Array(repeating: nil, count: count)
    let begin = Clocks.now()
    let gap = Duration.milliseconds(Limits.doctorProbeGapMilliseconds)
    let end = begin + gap * count + .milliseconds(Limits.doctorWaitMillisecondsMax)
    while Clocks.now() < end, sent.count < count || trips.contains(nil) {
      let next = begin + gap * sent.count
      if sent.count < count, next <= Clocks.now() {
        sent.append(Clocks.now())
        _ = port.ask(nonce: first &+ UInt64(sent.count - 1))
      }
      HelloPort.wait([port], until: sent.count < count ? begin + gap * sent.count : end)
      for answer in port.answers() {
        let number = answer.nonce &- first
        guard number < UInt64(sent.count), trips[Int(number)] == nil else { continue }
        trips[Int(number)] = answer.arrival - sent[Int(number)]
      }
    }
    return finding(trips.compactMap { $0 }.sorted(), of: count)
  }

  /// - Parameter trips: the shortest first.
  static func finding(_ trips: [Duration], of count: Int) -> Finding {
    guard let least = trips.first, let most = trips.last else {
      return .failed(
        .loss, "none of \(count) questions was answered any more", "try again in a while")
    }
    let median = trips[trips.count / 2]
    let lost = count - trips.count
    let figure =
      "\(milliseconds(median)) (\(milliseconds(least)) to \(milliseconds(most))), "
      + (lost == 0 ? "none of \(count) lost" : "\(lost) of \(count) lost")
    let measures = [
      ("sent", count), ("answered", trips.count), ("microseconds", Int(median / .microseconds(1))),
      ("microseconds-least", Int(least / .microseconds(1))),
      ("microseconds-most", Int(most / .microseconds(1))),
    ]
    if lost > 0 {
      return Finding.warning(
        .loss, figure,
        "what is lost is sent again, so all arrives, but late: look at the wireless signal, the "
          + "cables and how busy the way is"
      ).measuring(measures)
    }
    if median > .milliseconds(Limits.doctorSlowMilliseconds) {
      return Finding.warning(.slow, figure, "it works, slowly: look at how busy the way is")
        .measuring(measures)
    }
    return .ok(figure).measuring(measures)
  }
}

/// Which lengths of datagrams the server answers.
struct Lengths {
  private let port: HelloPort
  private let wait: Duration

  init(_ examination: Examination, _ fragmenting: HelloPort.Fragmenting) throws(SystemError) {
    port = try HelloPort(examination.address, fragmenting)
    wait = min(
      max(examination.roundTrip * 4, .milliseconds(Limits.doctorWaitMillisecondsMin)),
      .milliseconds(Limits.doctorWaitMillisecondsMax))
  }

  /// The longest that passes: the longest of a ladder, and then what lies between it and the next,
  /// several lengths at a time.
  func longest(_ ladder: [Int]) -> Int {
    Self.longest(ladder, passing: passing)
  }

  /// The same, whatever tries them.
  static func longest(_ ladder: [Int], passing: ([Int]) -> Set<Int>) -> Int {
    guard var low = passing(ladder).max() else { return 0 }
    guard var high = ladder.filter({ $0 > low }).min() else { return low }
    for _ in 0..<Limits.doctorRoundsMax where high - low > 1 {
      let parts = Limits.doctorLengthsPerRound + 1
      let between = Set((1..<parts).map { low + (high - low) * $0 / parts }).subtracting([low])
      let passed = passing(between.sorted())
      low = max(low, passed.max() ?? low)
      high = between.filter { $0 > low }.min() ?? high
    }
    return low
  }

  /// Those of these lengths that were answered.
  private func passing(_ lengths: [Int]) -> Set<Int> {
    var passed: Set<Int> = []
    var refused: Set<Int> = []
    for _ in 0..<Limits.doctorLengthTriesMax {
      let open = lengths.filter { !passed.contains($0) && !refused.contains($0) }
      if open.isEmpty { break }
      let first = HelloPort.firstNonce()
      for (index, length) in open.enumerated() {
        // What this machine itself does not send it will not send the next time.
        if port.ask(nonce: first &+ UInt64(index), count: length) != nil { refused.insert(length) }
      }
      let end = Clocks.now() + wait
      while Clocks.now() < end, !open.allSatisfy({ passed.contains($0) || refused.contains($0) }) {
        HelloPort.wait([port], until: end)
        for answer in port.answers() {
          let number = answer.nonce &- first
          if number < UInt64(open.count) { passed.insert(open[Int(number)]) }
        }
      }
    }
    return passed
  }
}
