/// One end of a native session: reliable channels in encrypted datagrams (`Docs/Protocol.md`).
///
/// Owns the keys, what was sent and is not acknowledged, what came and is to be acknowledged, and
/// the state of every channel. In come datagrams, messages to say, and the time; out go datagrams
/// into an outbox, messages, objects, and the next deadline. It holds positions, not copies: what
/// is said to many lies once in the `SendSources` of whoever owns the sessions. What always holds:
/// a packet number is used once, also across key phases; nothing that came is taken that is not
/// authentic, or a second time; every buffer is bounded by the credit that was granted. Recovery
/// follows RFC 9002.
///
/// A structure that is owned once: whoever holds it looks it up once for each datagram, and nothing
/// in it is looked up again.
public struct Session: ~Copyable {
  /// What its packets are filled from.
  public struct SendSources {
    public var talk = ByteLog()
    /// What happens in rooms that have side channels.
    public var rooms: [ByteLog] = []
    public var objects = ObjectLog()

    public init() {}
  }

  /// How a session came to its end.
  public indirect enum Ending: Equatable, Sendable {
    case closed(CloseReason, text: String)
    /// Nothing was heard for `Limits.sessionSilenceSecondsMax`.
    case silent
    /// The other end broke the protocol; the text says how, for the log.
    case faulty(String)
    /// The server does not know the session any more.
    case reset
  }

  // What a fan-out looks at for each packet comes first, side by side, the rest behind it: at a
  // thousand sessions what counts is how many lines of the processor's caches one takes.

  public internal(set) var ending: Ending?
  var owed = Owed()
  /// Whether a side channel comes before the talk in the next packet.
  var isSideNext = false
  let remoteID: UInt32
  /// What the other end puts into its headers.
  public let localID: UInt32
  /// What may still be sent to an address that has not shown that it receives; nil once it has.
  @Compact var unprovenBytes: Int?
  public internal(set) var address: PeerAddress
  var closing: Closing?

  var talk = SendStream(from: 0, credit: UInt64(Limits.talkCreditBytes))
  /// The position in `SendSources.talk` that is offset 0 of this session's channel.
  var talkBase: UInt64 = 0
  var controlBytes = ByteLog()
  var control = SendStream(from: 0, credit: UInt64(Limits.controlCreditBytes))
  var objects = SendStream(from: 0, credit: UInt64(Limits.objectCreditBytes))

  var pathMTU = PathMTU()
  var pacer = Pacer()
  var congestion = CongestionControl()
  var sent = SentPackets()
  /// What was sent since the other end was last asked to acknowledge at once.
  var bytesSinceAckNow = 0
  var counters = SessionCounters()
  @Compact var pacedUntil: Instant?
  @Compact var lossDeadline: Instant?
  var lastElicitingAt: Instant
  var lastHeard: Instant
  var roundTrip = RoundTrip()
  var received = ReceivedPackets()
  var keys: SessionKeys

  let keepsAlive: Bool
  /// Probe timeouts in a row (RFC 9002 §6.2).
  var probeCount: UInt16 = 0
  var largestAcknowledged: UInt64 = 0
  public let remoteKey: PublicKey
  /// What a Reset of this session says (client).
  let resetToken: [UInt8]
  var objectBase: UInt64 = 0
  /// Who need not be sent objects of its own.
  @Compact public var objectAuthor: UInt64?
  /// Up to where talk was given up: the beginning of a message, of which the receiver is told.
  var skippedTalk: UInt64 = 0
  /// The first object that is not given up.
  @Compact var skippedObjects: UInt64?
  var controlIn = ReceiveStream(window: Limits.controlCreditBytes)
  var talkIn = ReceiveStream(window: Limits.talkCreditBytes)
  @Seldom var objectsIn: IncomingObjects
  var objectLimit = UInt64(Limits.objectCreditBytes)
  @Seldom var losses: SessionLosses
  @Seldom var sides: SendingSides
  @Seldom var sidesIn: ReceivingSides
  /// What a PATH_CHALLENGE asked for last, and what our own asks for.
  var pathAnswer: UInt64 = 0
  var challenge: UInt64 = 0

  /// - Parameters:
  ///   - keys: what `NoiseHandshake.split` gave.
  ///   - cipher: what both ends agreed on.
  ///   - keepsAlive: whether this end shows now and then that it is there: the client's.
  package init(
    localID: UInt32, remoteID: UInt32, remoteKey: PublicKey, address: PeerAddress,
    keys: (sending: CipherKey, receiving: CipherKey), cipher: Cipher, keepsAlive: Bool,
    resetToken: [UInt8] = [], at now: Instant
  ) {
    (self.localID, self.remoteID, self.remoteKey) = (localID, remoteID, remoteKey)
    (self.address, self.keepsAlive, self.resetToken) = (address, keepsAlive, resetToken)
    self.keys = SessionKeys(
      sending: keys.sending, receiving: keys.receiving, for: cipher, at: now)
    (lastElicitingAt, lastHeard) = (now, now)
  }

  // MARK: What is said

  /// Says a message on the control channel: its type, then what `body` appends.
  public mutating func sendControl(_ type: UInt8, _ body: (inout [UInt8]) -> Void = { _ in }) {
    sendControl { Self.appendMessage(type, body, to: &$0) }
  }

  /// Says messages on the control channel, so many, that `write` appends as channels carry them.
  public mutating func sendControl(messages: Int = 1, _ write: (inout [UInt8]) -> Void) {
    controlBytes.append(write)
    counters.controlMessages &+= UInt32(messages)
  }

  /// Appends a message as the channels carry it: its length, its type, its body.
  public static func appendMessage(
    _ type: UInt8, _ body: (inout [UInt8]) -> Void, to bytes: inout [UInt8]
  ) {
    let start = bytes.count
    bytes.append(type)
    body(&bytes)
    let count = bytes.count - start
    precondition(count <= Limits.streamMessageBytesMax, "a message that is too long")
    var head: [UInt8] = []
    head.appendVarint(UInt64(count))
    bytes.insert(contentsOf: head, at: start)
  }

  /// Control bytes that wait to be acknowledged.
  public var controlBacklogBytes: Int { controlBytes.count }

  /// Sends neither talk nor objects until `follow` says from where.
  public mutating func holdBack() {
    talk = SendStream(from: .max, credit: 0)
    objects = SendStream(from: .max, credit: 0)
  }

  /// Begins to send talk and objects, from positions in the sources on.
  public mutating func follow(talkFrom position: UInt64, objectsFrom objectPosition: UInt64) {
    talkBase = position
    talk = SendStream(from: position, credit: UInt64(Limits.talkCreditBytes))
    objectBase = objectPosition
    objects = SendStream(from: objectPosition, credit: UInt64(Limits.objectCreditBytes))
  }

  /// Whether all that was said, and all of `sources`, is acknowledged.
  public func isSettled(_ sources: SendSources) -> Bool {
    control.settled == controlBytes.end && talk.settled >= sources.talk.end
      && objects.settled >= sources.objects.end && (!$sides || sides.isSettled(sources))
  }

  /// The position in the talk up to which the other end has everything.
  public var talkSettled: UInt64 { talk.settled }
  /// The position in the talk up to which it was sent.
  var talkNext: UInt64 { talk.next }
  public var objectsSettled: UInt64 { objects.settled }

  /// Ends the session: the next datagram says so, and there is none after it.
  public mutating func close(_ reason: CloseReason, _ text: String = "") {
    if ending == nil { closing = Closing(reason: reason, text: text, isFault: false) }
  }

  /// Asks the other end to show that it is there.
  public mutating func ping() { owed.frames.insert(.ping) }

  /// The other end has shown that it heard the handshake's last message, which went out once, then.
  /// So the way is known before the first acknowledgement, which may have waited on purpose, and by
  /// what no later one says that it waited (RFC 9002 §5.3).
  mutating func noteHandshake(sentAt: Instant, heardAt now: Instant) {
    if roundTrip.hasSample { return }
    let trip = Int64(clamping: now.nanoseconds &- sentAt.nanoseconds)
    roundTrip.sample(latest: trip, ackDelay: 0)
  }

  public var isClosing: Bool { closing != nil }

  // MARK: What is heard

  /// The next message of a channel, type byte first; nil when there is none yet.
  public mutating func takeMessage(_ channel: Channel) -> ArraySlice<UInt8>? {
    do throws(ReceiveStream.Fault) {
      let message =
        channel == .control ? try controlIn.takeMessage() : try talkIn.takeMessage()
      if message != nil { counters.messagesReceived &+= 1 }
      return message
    } catch {
      fail("a message on channel \(channel.rawValue)")
      return nil
    }
  }

  /// Drops the messages that were taken, and grants the credit that this frees.
  public mutating func dropTaken() {
    controlIn.dropTaken()
    talkIn.dropTaken()
    if controlIn.newLimit() != nil { owed.frames.insert(.controlCredit) }
    if talkIn.newLimit() != nil { owed.frames.insert(.talkCredit) }
    if $sidesIn, sidesIn.dropTaken() { owed.frames.insert(.sideCredit) }
  }

  /// Waits for an object.
  ///
  /// - Returns: false where too many, or too many bytes, are waited for already.
  public mutating func expectObject(
    _ number: UInt64, length: Int, sharedKey: CipherKey? = nil
  ) -> Bool {
    objectsIn.expect(number, length: length, sharedKey: sharedKey)
  }

  /// Parts of an object that is told of and not waited for are not wanted, nor are those of objects
  /// before it where all are told of in one log.
  public mutating func knowObjects(through number: UInt64) { objectsIn.know(number) }

  /// No longer waits for an object: what comes of it from now on is passed over.
  public mutating func forgetObject(_ number: UInt64) {
    if $objectsIn { objectsIn.forget(number) }
  }

  /// The objects that are whole, in the order in which they became so.
  public mutating func takeObjects() -> [(number: UInt64, bytes: [UInt8])] {
    $objectsIn ? objectsIn.takeCompleted() : []
  }

  /// The objects that the other end gave up.
  public mutating func takeLostObjects() -> [UInt64] {
    $objectsIn ? objectsIn.takeLost() : []
  }

  public func objectProgress(_ number: UInt64) -> Int? { objectsIn.progress(of: number) }

  /// A breach of the protocol: the session ends, and the other end is told.
  mutating func fail(_ what: String) {
    if ending != nil || isClosing { return }
    closing = Closing(reason: .protocolError, text: what, isFault: true)
  }

  /// The figures that people ask for.
  public var smoothedRoundTrip: Duration { .nanoseconds(roundTrip.smoothed) }
  public var datagramBytes: Int { pathMTU.current }

  /// Gives back room that a session which says nothing does not need.
  mutating func releaseRoom() {
    sent.releaseRoom()
    congestion.releaseRoom()
    keys.releaseRoom()
  }
}

/// Frames other than data that wait to be sent. What they say is looked up when they are written.
struct OwedFrames: OptionSet {
  let rawValue: UInt16

  static let controlCredit = OwedFrames(rawValue: 1)
  static let talkCredit = OwedFrames(rawValue: 2)
  static let objectCredit = OwedFrames(rawValue: 4)
  /// The receiver is to be told that it will not get what is below.
  static let talkSkip = OwedFrames(rawValue: 8)
  static let objectSkip = OwedFrames(rawValue: 16)
  static let pathResponse = OwedFrames(rawValue: 32)
  static let challenge = OwedFrames(rawValue: 64)
  static let ping = OwedFrames(rawValue: 128)
  static let sideCredit = OwedFrames(rawValue: 256)
  static let sideSkip = OwedFrames(rawValue: 512)

  static let aboutChannels: OwedFrames = [
    .controlCredit, .talkCredit, .objectCredit, .talkSkip, .objectSkip,
  ]
  /// What asks whether the other end is there, or answers that.
  static let aboutPath: OwedFrames = [.pathResponse, .challenge, .ping]
}

struct Owed {
  /// All of them are ack-eliciting.
  var frames: OwedFrames = []
  /// Probes that the probe timeout asked for; the window does not hold them back.
  var probes: UInt8 = 0
}

/// What the other end is told at the end.
final class Closing {
  let reason: CloseReason
  let text: String
  /// Whether the other end broke the protocol.
  let isFault: Bool

  init(reason: CloseReason, text: String, isFault: Bool) {
    (self.reason, self.text, self.isFault) = (reason, text, isFault)
  }
}
