/// What became of the packets that were sent: acknowledgements, loss, probes (RFC 9002), and the
/// session's deadlines.
extension Session {
  /// Takes an ACK frame, whose type was read.
  ///
  /// - Returns: false where it is malformed or acknowledges what was never sent.
  mutating func takeAck(_ reader: inout ByteReader, at now: Instant) -> Bool {
    var news = News()
    var isSane = true
    let next = sent.next
    let head = AckFrame.read(&reader) { range in
      if range.upperBound >= next { isSane = false }
      if isSane, $losses { losses.noteAcknowledged(range) }
      if isSane { received.peerHas(range) }
      // What is below the oldest packet was settled long ago.
      guard isSane, !sent.isEmpty, range.upperBound >= sent.first else { return }
      for number in max(range.lowerBound, sent.first)...range.upperBound {
        settle(number, &news)
      }
    }
    guard let head, isSane else { return false }
    if let sentAt = news.newestSentAt {
      if news.newest == head.largest {
        roundTrip.sample(
          latest: Int64(clamping: now.nanoseconds &- sentAt.nanoseconds),
          ackDelay: Int64(clamping: head.delayMicroseconds) * 1_000)
      }
      congestion.onAcked(
        bytes: news.bytes, sentAt: sentAt, now: now, roundTrip: roundTrip,
        wasWindowLimited: news.usedWindow)
      pacer.adapt(to: congestion, roundTrip, at: now)
    }
    received.settleTold(through: head.largest)
    keys.onAcknowledged(head.largest)
    // What was told without being asked for need not be asked for.
    bytesSinceAckNow = min(bytesSinceAckNow, congestion.bytesInFlight)
    probeCount = 0
    largestAcknowledged = max(largestAcknowledged, head.largest)
    detectLoss(at: now)
    sent.dropSettled()
    controlBytes.drop(below: control.settled)
    if $sides { sides.dropSettled() }
    return true
  }

  /// What an ACK says that was not known.
  private struct News {
    /// The greatest number of those that asked for it.
    var newest: UInt64 = 0
    var newestSentAt: Instant?
    var bytes = 0
    var usedWindow = false
  }

  /// A packet arrived.
  private mutating func settle(_ number: UInt64, _ news: inout News) {
    let packet = sent[number]
    guard packet.isInFlight else { return }
    sent[number].contents.insert(.isSettled)
    if !packet.control.isEmpty { control.onAcknowledged(packet.control) }
    if !packet.talk.isEmpty { talk.onAcknowledged(packet.talk) }
    if let (index, range) = packet.side { sides[index]?.stream.onAcknowledged(range) }
    if !packet.object.isEmpty { objects.onAcknowledged(packet.object) }
    // The answer may have been lost, and nobody sends it again.
    if packet.contents.contains(.hasChallenge), unprovenBytes != nil {
      owed.frames.insert(.challenge)
    }
    if news.newestSentAt == nil || number > news.newest {
      (news.newest, news.newestSentAt) = (number, packet.sentAt)
    }
    if packet.contents.contains(.isProbe) {
      if pathMTU.probeAcked(number: number) { congestion.datagramBytes = pathMTU.current }
      return
    }
    pathMTU.arrived(bytes: Int(packet.bytes))
    news.bytes += Int(packet.bytes)
    if packet.contents.contains(.usedWindow) { news.usedWindow = true }
  }

  /// Finds the packets that are lost by RFC 9002 §6.1: three later ones arrived, or too long ago.
  private mutating func detectLoss(at now: Instant) {
    let largest = largestAcknowledged
    lossDeadline = nil
    let delay = roundTrip.lossDelay
    var number = sent.first
    var newestLost: Instant?
    var lostBytes = 0
    var shortestLong: Int?
    while number < largest, number < sent.next {
      if sent[number].isInFlight {
        let due = sent[number].sentAt.advanced(byNanoseconds: delay)
        if number + Limits.lossPackets <= largest || due <= now {
          let packet = giveUp(number)
          if !packet.contents.contains(.isProbe) {
            lostBytes += Int(packet.bytes)
            newestLost = max(newestLost ?? packet.sentAt, packet.sentAt)
            if packet.bytes > Limits.sessionDatagramBytesMin {
              shortestLong = min(shortestLong ?? .max, Int(packet.bytes))
            }
          }
        } else {
          lossDeadline = min(lossDeadline ?? due, due)
        }
      }
      number += 1
    }
    if let newestLost {
      losses.bytesLost += UInt64(lostBytes)
      congestion.onLost(bytes: lostBytes, newestLostSentAt: newestLost, now: now)
    }
    if let shortestLong, pathMTU.lost(bytes: shortestLong, at: now) {
      congestion.datagramBytes = pathMTU.current
    }
  }

  /// What a packet carried is to be sent again.
  private mutating func giveUp(_ number: UInt64) -> SentPackets.Packet {
    let packet = sent[number]
    sent[number].contents.insert(.isSettled)
    if packet.contents.contains(.isProbe) {
      pathMTU.probeLost(number: number)
    } else {
      losses.noteLost(number)
    }
    repeatContents(of: packet)
    return packet
  }

  private mutating func repeatContents(of packet: SentPackets.Packet) {
    if !packet.control.isEmpty { control.onLost(packet.control) }
    if !packet.talk.isEmpty { talk.onLost(packet.talk) }
    if let (index, range) = packet.side { sides[index]?.stream.onLost(range) }
    if !packet.object.isEmpty { objects.onLost(packet.object) }
    if packet.contents.contains(.hasCredit) {
      owed.frames.formUnion([.controlCredit, .talkCredit, .objectCredit])
      if $sidesIn {
        sidesIn.repeatCredit()
        owed.frames.insert(.sideCredit)
      }
    }
    if packet.contents.contains(.hasSkip) {
      if skippedTalk > talkBase { owed.frames.insert(.talkSkip) }
      if skippedObjects != nil { owed.frames.insert(.objectSkip) }
      if $sides, sides.repeatSkips() { owed.frames.insert(.sideSkip) }
    }
    if packet.contents.contains(.hasChallenge), unprovenBytes != nil {
      owed.frames.insert(.challenge)
    }
  }

  // MARK: Deadlines

  // These are asked for after each packet, so they are counted in nanoseconds: `Duration` has 128
  // bits. They are mutating so that the session is not copied to be read.

  /// When `advance` or `send` has something to do, if nothing happens before.
  public var nextDeadline: Instant? {
    mutating get {
      if ending != nil { return nil }
      var deadline = silenceDeadline
      if let due = received.ackDeadline, capacity > 0 { deadline = min(deadline, due) }
      if let due = lossDeadline ?? probeDeadline { deadline = min(deadline, due) }
      if let restDeadline { deadline = min(deadline, restDeadline) }
      if let pacedUntil { deadline = min(deadline, pacedUntil) }
      if let due = pathMTU.nextProbe, mayProbePath { deadline = min(deadline, due) }
      if keepsAlive, capacity > 0 { deadline = min(deadline, keepAliveDeadline) }
      return deadline
    }
  }

  private var silenceDeadline: Instant {
    @inline(__always) mutating get {
      lastHeard.advanced(byNanoseconds: Int64(Limits.sessionSilenceSecondsMax) * 1_000_000_000)
    }
  }

  /// When room is given back that nothing was put into for a while.
  private var restDeadline: Instant? {
    @inline(__always) mutating get {
      if !sent.hasSpareRoom { return nil }
      return lastElicitingAt.advanced(
        byNanoseconds: Int64(Limits.sessionRestSeconds) * 1_000_000_000)
    }
  }

  private var keepAliveDeadline: Instant {
    @inline(__always) mutating get {
      lastElicitingAt.advanced(
        byNanoseconds: Int64(Limits.sessionKeepAliveSeconds) * 1_000_000_000)
    }
  }

  private var probeDeadline: Instant? {
    @inline(__always) mutating get {
      if sent.isEmpty { return nil }
      let most = Int64(Limits.probeTimeoutMillisecondsMax) * 1_000_000
      let timeout = min(roundTrip.probeTimeout, most) << Int64(min(probeCount, 8))
      return lastElicitingAt.advanced(byNanoseconds: min(timeout, most))
    }
  }

  /// Does what is due. What is to be sent goes out with the next `send`.
  public mutating func advance(to now: Instant) {
    if ending != nil { return }
    if silenceDeadline <= now {
      ending = .silent
      return
    }
    if let due = lossDeadline, due <= now { detectLoss(at: now) }
    if lossDeadline == nil, let due = probeDeadline, due <= now {
      onProbeTimeout(at: now)
    }
    sent.dropSettled()
    if let due = restDeadline, due <= now { releaseRoom() }
    if keepsAlive, keepAliveDeadline <= now {
      // As a probe, since a window that is full would hold it back.
      owed.frames.insert(.ping)
      owed.probes = max(owed.probes, 1)
    }
  }

  /// RFC 9002 §6.2.4: something is sent that asks for an acknowledgement, whatever the window says:
  /// best, what the oldest packets carried.
  private mutating func onProbeTimeout(at now: Instant) {
    probeCount += 1
    owed.probes = UInt8(Limits.probesPerTimeout)
    if probeCount == Limits.blackHoleProbeTimeouts, pathMTU.current > Limits.sessionDatagramBytesMin
    {
      pathMTU.onBlackHole(at: now)
      congestion.datagramBytes = pathMTU.current
    }
    // After several in a row nothing of what is out can be hoped for (RFC 9002 §7.6).
    let isHopeless = probeCount == Limits.hopelessProbeTimeouts
    var number = sent.first
    var repeated = 0
    var lostBytes = 0
    while number < sent.next, isHopeless || repeated < Limits.probesPerTimeout {
      if sent[number].isInFlight {
        if isHopeless {
          let packet = giveUp(number)
          if !packet.contents.contains(.isProbe) { lostBytes += Int(packet.bytes) }
        } else {
          repeatContents(of: sent[number])
        }
        repeated += 1
      }
      number += 1
    }
    if isHopeless {
      congestion.onDiscarded(bytes: lostBytes)
      congestion.onPersistentCongestion()
    }
    if unprovenBytes != nil { owed.frames.insert(.challenge) }
    lastElicitingAt = now
  }
}
