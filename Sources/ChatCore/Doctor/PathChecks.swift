import ChatEngine
import Glibc

/// How good the way to the server is: how long datagrams may be, how long they take, how many are
/// lost.
enum PathChecks {
  // MARK: Lengths

  static func whole(_ examination: Examination) -> Finding {
    let least = Limits.sessionDatagramBytesMin
    let ladder = [Limits.helloBytesMin, least] + Limits.sessionDatagramBytesTried
    guard let there = try? Lengths(examination, .there(.forbidden)),
      let back = try? Lengths(examination, .back(isWhole: true))
    else { return .skipped("no socket for it") }
    let bytes = there.longest(ladder)
    examination.wholeBytes = bytes
    let bytesBack = back.longestBack(ladder, upTo: bytes)
    let finding = wholeFinding(
      bytes: bytes, back: bytesBack, overhead: examination.address.v4 != nil ? 28 : 48
    ) {
      let way = bytes < least ? Lengths.Way.there(.usual) : .back(isWhole: false)
      return (try? Lengths(examination, way))?.longest([least]) == least
    }
    return finding.measuring([("bytes", bytes)] + (bytesBack.map { [("bytes-back", $0)] } ?? []))
  }

  /// - Parameters:
  ///   - bytes: the longest that gets to the server in one piece.
  ///   - back: the same for what comes back, at most `bytes`; nil where the server does not tell.
  ///   - overhead: of IP and UDP, in bytes.
  ///   - passesCut: whether sessions get through, which let what is too long be cut.
  static func wholeFinding(
    bytes: Int, back: Int?, overhead: Int, passesCut: () -> Bool
  ) -> Finding {
    let least = Limits.sessionDatagramBytesMin
    let worst = min(bytes, back ?? bytes)
    let mtu = worst + overhead
    let figure =
      switch back {
      case bytes? where bytes == Limits.datagramBytesMax:
        "datagrams of any length pass in one piece, both ways"
      case bytes?:
        "datagrams of up to \(bytes) bytes pass in one piece, both ways (an MTU of \(mtu))"
      case let back?:
        "datagrams of up to \(bytes) bytes get to the server in one piece, and of up to \(back) "
          + "come back (an MTU of \(mtu))"
      case nil:
        "datagrams of up to \(bytes) bytes get to the server in one piece (an MTU of \(mtu)); it "
          + "does not tell what comes back"
      }
    if worst >= least { return .ok(figure) }
    if passesCut() {
      return .warning(
        .smallMTU, "\(figure); longer ones go in fragments",
        "it works, and a way with an MTU of 1500 works better: look for a tunnel (VPN) or a router "
          + "with a small MTU")
    }
    let machine = bytes < least ? "this machine's" : "the server's machine's"
    return .failed(
      .smallDatagrams,
      "the server answers, but only small datagrams arrive: \(figure), and sessions need \(least)",
      "raise the MTU on the way (VPN, router), or let ICMP \"fragmentation needed\" through; "
        + "else lower \(machine): ip link set dev NAME mtu \(mtu)")
  }

  static func fragments(_ examination: Examination) -> Finding {
    let ladder = [Limits.sessionDatagramBytesMin] + Limits.sessionDatagramBytesTried
    guard let there = try? Lengths(examination, .there(.allowed)),
      let back = try? Lengths(examination, .back(isWhole: false))
    else { return .skipped("no socket for it") }
    let bytes = there.longestRung(ladder)
    let bytesBack = back.longestBack(ladder, upTo: bytes, isFine: false)
    return fragmentsFinding(
      bytes: bytes, back: bytesBack, whole: max(examination.wholeBytes, Limits.helloBytesMin)
    ).measuring([("bytes", bytes)] + (bytesBack.map { [("bytes-back", $0)] } ?? []))
  }

  /// - Parameter whole: the longest that gets to the server in one piece.
  static func fragmentsFinding(bytes: Int, back: Int?, whole: Int) -> Finding {
    let worst = min(bytes, back ?? bytes)
    if worst == Limits.datagramBytesMax {
      return .ok("datagrams of up to \(bytes) bytes arrive" + (back == nil ? "" : ", both ways"))
    }
    let advice = "pictures of old clients may be lost, others are not: "
    if worst <= whole {
      let side = bytes <= whole ? "" : " on the way back"
      return .warning(
        .fragmentsBlocked, "datagrams in fragments do not arrive\(side)",
        advice + "a firewall that drops fragments")
    }
    return .warning(
      .fragmentsBlocked,
      "datagrams in fragments arrive up to \(bytes) bytes"
        + (back.map { $0 < bytes ? ", and up to \($0) come back" : "" } ?? ""),
      advice + "the way is slow for so much at once, loses some of the fragments, or drops them")
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

/// Which lengths of datagrams get to the server, or back from it.
struct Lengths {
  enum Way {
    /// The questions are long, and the answers short.
    case there(HelloPort.Fragmenting)
    /// The answers are as long as the questions, which get there however they can.
    case back(isWhole: Bool)
  }

  private enum Outcome: Equatable {
    case passed
    /// This machine does not let it out, or the answer is shorter than was wished.
    case refused
  }

  private let port: HelloPort
  private let wait: Duration
  private let isBackWhole: Bool?

  init(_ examination: Examination, _ way: Way) throws(SystemError) {
    switch way {
    case .there(let fragmenting):
      port = try HelloPort(examination.address, fragmenting)
      isBackWhole = nil
    case .back(let isWhole):
      port = try HelloPort(examination.address, .allowed)
      isBackWhole = isWhole
    }
    wait = min(
      max(examination.roundTrip * 4, .milliseconds(Limits.doctorWaitMillisecondsMin)),
      .milliseconds(Limits.doctorWaitMillisecondsMax))
  }

  /// The longest that passes: the longest of a ladder, and then what lies between it and the next,
  /// several lengths at a time.
  func longest(_ ladder: [Int]) -> Int {
    Self.longest(ladder, passing: passing)
  }

  /// The longest of a ladder that passes, one after the other, so that a slow way is not filled.
  func longestRung(_ ladder: [Int]) -> Int {
    var longest = 0
    for length in ladder.sorted() {
      if passing([length]).isEmpty { break }
      longest = length
    }
    return longest
  }

  /// The longest that comes back, at most `most`, which gets there; nil where the server does not
  /// answer as long as it is asked to.
  ///
  /// - Parameter isFine: whether what lies between two of the ladder is looked at, too.
  func longestBack(_ ladder: [Int], upTo most: Int, isFine: Bool = true) -> Int? {
    if !outcomes([Limits.helloBytesMin]).values.contains(.passed) { return nil }
    switch outcomes([most])[most] {
    case .passed: return most
    case .refused: return nil
    case nil: break
    }
    let ladder = ladder.filter { $0 < most }
    return isFine ? longest(ladder + [most]) : longestRung(ladder)
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

  /// Those of these lengths that got through.
  private func passing(_ lengths: [Int]) -> Set<Int> {
    Set(outcomes(lengths).filter { $0.value == .passed }.keys)
  }

  /// What became of each length; nothing where nothing came back.
  private func outcomes(_ lengths: [Int]) -> [Int: Outcome] {
    var outcomes: [Int: Outcome] = [:]
    for _ in 0..<Limits.doctorLengthTriesMax {
      let open = lengths.filter { outcomes[$0] == nil }
      if open.isEmpty { break }
      let first = HelloPort.firstNonce()
      for (index, length) in open.enumerated() {
        let answer =
          isBackWhole.map { Handshake.AnswerLength(bytes: length, isWhole: $0) } ?? .usual
        // What this machine itself does not send it will not send the next time.
        if port.ask(nonce: first &+ UInt64(index), count: length, answer: answer) != nil {
          outcomes[length] = .refused
        }
      }
      let end = Clocks.now() + wait
      while Clocks.now() < end, open.contains(where: { outcomes[$0] == nil }) {
        HelloPort.wait([port], until: end)
        for answer in port.answers() {
          let number = answer.nonce &- first
          guard number < UInt64(open.count) else { continue }
          let length = open[Int(number)]
          let isLong = isBackWhole == nil || answer.byteCount >= length
          outcomes[length] = isLong ? .passed : .refused
        }
      }
    }
    return outcomes
  }
}
