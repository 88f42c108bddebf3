/// The bounds of native sessions, from the handshake to the lobby.
extension Limits {
  // MARK: Native sessions

  /// What is sent and received beyond what was consumed, on each channel, at the beginning.
  public static let controlCreditBytes = 64 << 10
  public static let talkCreditBytes = 256 << 10
  public static let objectCreditBytes = 4 << 20
  /// The longest message of a channel: a text as long as may be, and its frame.
  public static let streamMessageBytesMax = 70_000
  /// Stretches of a channel, or of an object, that may wait for what belongs before them.
  public static let earlyRangesMax = 1_024
  /// Entries of packets that were acknowledged, before the others are moved into their place: the
  /// fewer, the less room a session takes that always has something under way.
  public static let sentPacketsMoved = 8
  /// Packets' entries whose room is kept for the next ones once all are acknowledged.
  public static let sentPacketsKeptMax = 8
  /// Objects, and bytes of them, that one end waits for at a time.
  public static let objectsExpectedMax = 256
  public static let objectsExpectedBytesMax = 64 << 20
  /// Paths of other MTUs that a shared object is kept sealed for at a time.
  public static let objectPieceSizesMax = 4
  /// The least part of an object that is worth a place in a packet.
  public static let objectPartBytesMin = 64
  /// What a packet with a shared piece holds besides: header, frames and tags, with room to spare.
  public static let sharedOverheadBytes = 96
  /// The frames before a shared piece.
  public static let sharedFramesBytesMax = 40
  /// All frames that are no data, at their longest.
  public static let owedFramesBytesMax = 96
  /// Questions of a session for the past that wait, and that are being looked up.
  public static let historyQuestionsMax = 64
  public static let historyQuestionsOutMax = 2
  /// With more that was answered and not taken, no more is looked up.
  public static let historyBacklogBytesHigh = 1 << 20
  /// When a client asks again for what it missed and could not be told, and how often in vain at
  /// most.
  public static let catchUpAgainSeconds = 2
  public static let catchUpFailuresMax = 5
  /// Channels of a session for rooms besides the lobby, and for history.
  public static let sideChannelsMax = 72
  /// Those of them that ask whether the other end is there, and answer that.
  public static let pathFramesBytesMax = 1 + 9 + 9
  /// The reason that a session's end gives in words.
  public static let closeTextBytesMax = 256
  /// What may be sent to a new address, in multiples of what came from there (RFC 9000 §8.1).
  public static let unprovenAddressFactor = 3
  /// The least packet that is worth sending while a new address is not proven.
  public static let smallPacketBytes = 50
  /// Later packets that must have arrived for one to be lost (RFC 9002 §6.1.1).
  public static let lossPackets: UInt64 = 3
  /// Packets that a probe timeout sends (RFC 9002 §6.2.4).
  public static let probesPerTimeout = 2
  /// The longest that a sender waits before it probes again.
  public static let probeTimeoutMillisecondsMax = 3_000
  /// Probe timeouts in a row after which large datagrams are thought to be swallowed; after which
  /// all that is out is given up; after which another socket is tried.
  public static let blackHoleProbeTimeouts = 2
  public static let hopelessProbeTimeouts = 3
  public static let suspectProbeTimeouts = 2
  /// How long a session lives without a word of the other end.
  public static let sessionSilenceSecondsMax = 60
  /// How often a native client shows that it is there.
  public static let sessionKeepAliveSeconds = 10
  /// After how long without a word to the other end a session gives back the room for speaking.
  public static let sessionRestSeconds = 3
  /// A key is used for so many packets, and so long.
  public static let keyPhasePackets: UInt64 = 1 << 20
  public static let keyPhaseSeconds = 3_600
  /// A datagram of so many bytes gets through everywhere; longer ones are tried first.
  public static let sessionDatagramBytesMin = 1_200
  /// The lengths that are tried, in order: Ethernet and tunnels (IPv6 and IPv4), Wi-Fi, FDDI, jumbo
  /// frames, loopback.
  public static let sessionDatagramBytesTried = [
    1_232, 1_372, 1_452, 1_472, 2_948, 4_352, 8_952, 16_000, 32_000, datagramBytesMax,
  ]
  /// A length is tried at once where so many times as many bytes wait to be sent.
  public static let pathProbeWaitingFactor: UInt64 = 4
  /// Of what went out, so many bytes count for probes at most.
  public static let pathProbeBudgetBytesMax: UInt32 = 256 << 10
  /// A length that was lost so often does not get through.
  public static let pathProbeLossesMax = 2
  /// Times in a row that long datagrams were lost and none arrived, after which the path is taken
  /// for one that does not let them through any more.
  public static let pathLongLossesMax = 3
  /// How long after a probe that was lost the same length is tried again.
  public static let pathProbeGapMilliseconds = 1_000
  /// How long after the last probe of a search the next search begins.
  public static let pathSearchGapSeconds = 600
  /// The same after a path stopped letting through what it let through before.
  public static let pathBlackHoleSeconds = 60
  /// Ranges of packet numbers that are remembered, and that an ACK names.
  public static let ackRangesMax = 33
  /// Keys that keep what was worked out of them for sealing, about 1 KiB each, and how often a key
  /// has sealed before that is done.
  public static let cipherSchedulesMax = 1_024
  public static let cipherSchedulePackets: UInt32 = 64
  /// Up to so many bytes AES-256-GCM is libsodium's, beyond that libcrypto's.
  public static let shortSealedBytesMax = 768
  /// So many packets that want an acknowledgment may wait for one, and so long.
  public static let ackElicitingPacketsMax = 256
  public static let ackDelayMilliseconds = 50
  /// What a round trip is taken for before one was measured, and the most that one counts for.
  public static let roundTripFirstMilliseconds = 333
  public static let roundTripSecondsMax = 60
  /// No wait for an acknowledgment is cut finer than this.
  public static let timerGranularityMilliseconds = 1
  /// What a session may have in flight: at first, and at most; and so many datagrams at least.
  public static let congestionWindowBytesFirst = 12_000
  public static let congestionWindowBytesMax = 16 << 20
  public static let congestionWindowDatagramsMin = 2
  /// The window does not grow while round trips take this much longer than twice the least.
  public static let standingQueueMilliseconds = 20
  /// Slow start ends early where round trips grow by an eighth, but by at least and at most this
  /// much, over a round with so many datagrams; then it goes on at a quarter of its pace for so
  /// many rounds. RFC 9406.
  public static let slowStartDelayMillisecondsMin = 4
  public static let slowStartDelayMillisecondsMax = 16
  public static let slowStartSampleDatagrams = 8
  public static let slowStartLastRoundsMax = 5
  /// What a sender may send at once: so many datagrams, or so long's worth; and this many bytes
  /// where round trips are shorter than that.
  public static let pacingBurstDatagrams = 10
  public static let pacingBurstMicroseconds = 1_000
  public static let pacingNearBurstBytes = 64 << 10
  public static let pacingNearMicroseconds = 2_000
  /// A sender that waits for its pace waits for so long's worth, and so wakes up less often.
  public static let pacingGapMicroseconds = 500

  // MARK: The native handshake

  /// The least Hello that is answered: the longest answer is no longer.
  public static let helloBytesMin = 256
  public static let serverNameBytesMax = 64
  /// How long a cookie is good.
  public static let cookieSeconds = 120
  /// Answers to strangers in a second, and at once.
  public static let helloAnswersPerSecond = 10_000
  public static let helloAnswersBurst = 1_000
  /// Of those, answers in a second that are longer than they have to be, since that was wished.
  public static let longAnswersPerSecond = 500
  /// For how long a client doubts a Reset: who knows the session answers meanwhile.
  public static let resetDoubtMilliseconds = 500
  /// The same for a Reset with another token, which anybody can make up: long enough for some
  /// probes, on a bad link, too.
  public static let foreignResetDoubtMilliseconds = 3_000
  /// Resets in a second.
  public static let resetsPerSecond = 100
  /// Deadlines in a queue for each session, most of which are stale, before the stale ones go.
  public static let timersPerSessionMax = 2
  /// But so many may always stand there.
  public static let timersKeptMin = 1_024
  /// Handshakes that were answered and not yet used.
  public static let unconfirmedMax = 4_096
  /// How long a session may last that has not joined.
  public static let joinSecondsMax = 10
  /// The longest gap between two Hellos, and how often an Init is repeated before the next Hello.
  public static let questionGapSecondsMax = 4
  public static let initiationRepeatsMax = 2
  /// How long a client waits before it begins again: the first time, and at most.
  public static let reconnectMillisecondsMin = 250
  public static let reconnectMillisecondsMax = 15_000

  // MARK: The native lobby

  /// Events, and pictures, that are kept for clients that are behind or come back.
  public static let talkLogBytes = 8 << 20
  public static let objectLogBytes = 32 << 20
  /// The largest picture that is relayed to native clients.
  public static let nativePictureBytesMax = 4 << 20
  /// Pictures that are being uploaded, all together.
  public static let uploadBytesMax = 64 << 20
  /// Where others want its room, an upload is given up of which not even so many bytes came for so
  /// long; and how often such uploads are looked for at most.
  public static let uploadProgressBytesMin = 4_096
  public static let uploadStallSecondsMax = 20
  public static let uploadLookMilliseconds = 1_000
  /// Pictures that one client may offer before the first has come.
  public static let offersMax = 64
  /// Events that are kept while no native client was here yet: those of a server that was started
  /// again come back for them.
  public static let unheardEventsMax: UInt64 = 200
  /// Those who were here before a server was started again may be away for so long.
  public static let returnSecondsMax = 60
  /// Names of those who are here that a client lists when it is back.
  public static let returnNamesShownMax = 20
  /// Client programs whose last numbers a server, and whose texts a client, remembers.
  public static let runsMax = 65_536
  public static let runsRememberedMax = 10_000
  /// Numbers in a row that were refused, of which a server remembers so many for each program.
  public static let refusedRangesMax = 64
  /// Control messages of one client that may wait before its talk is no longer heard.
  public static let controlBacklogBytesHigh = 256 << 10
  /// People in one message of the list of who is here.
  public static let presentPerMessage = 256
  /// Notices that come and go are told at most so often, and so much more rarely for each client.
  public static let noticeGapMilliseconds = 100
  public static let noticeGapMicrosecondsPerClient = 20
  /// So many bytes of notices do not wait.
  public static let noticeBytesHigh = 256 << 10
  /// Messages of one session before what they brought about is sent.
  public static let messagesPerTurnMax = 256
  /// Datagrams of one session before the others have their turn.
  public static let sessionDatagramsPerTurn = 16
  /// Numbers of one set of figures.
  public static let figuresMax = 64
  /// Sessions in one part of the list of all.
  public static let figuresPerMessage = 128
  /// Questions for figures that are answered in a second.
  public static let figuresPerSecond = 500
  /// Sessions that ask for figures and have not joined.
  public static let onlookersMax = 128
  /// A client asks again for figures that do not come.
  public static let figuresRepeatMilliseconds = 2_000
  /// The longest time between two looks at the figures.
  public static let figuresIntervalSecondsMax = 86_400
  /// Handshakes of one address that may fail in a second; beyond that, those from ports that did
  /// not fail within the last second; and those of all addresses together.
  public static let badHandshakesPerSecond = 10
  public static let badHandshakesPerSecondOfNewPorts = 100
  public static let badHandshakesPerSecondOfAll = 2_000
  /// How long the lots last that those of new ports draw.
  public static let handshakeWindowMilliseconds = 250
  /// Addresses with their ports are hashed to so many budgets of one a second.
  public static let handshakePortBudgets = 16_384
  /// How long a server that was told to stop waits for its clients to have everything.
  public static let settleSecondsMax = 2
  /// Names that are owned by a key, in all.
  public static let ownedNamesMax = 65_536
  public static let ownedNamesPerKeyMax = 16
  /// Names that get an owner from one address: in an hour, and at once.
  public static let ownedNamesPerHour = 60
  public static let ownedNamesBurst = 256
  /// That a name is used is written down at most so often.
  public static let ownedNameToldSeconds = 3_600
  /// Names that were claimed or used and are not written down yet, the latest.
  public static let claimsWaitingMax = 65_536
  /// Where they could not be, that is tried again after so long, or with the next message.
  public static let claimsGapSeconds = 5

  // MARK: Encryption

  /// The longest message of a Noise handshake (Noise §3).
  public static let noiseMessageBytesMax = 65_535
  /// A packet number is remembered until one is seen that is greater by so much.
  public static let replayWindowNumbers = 1_024
  /// A password, and the file whose first line it is.
  public static let passwordBytesMax = 1_024
  public static let passwordFileBytesMax = 64 << 10
  /// The memory in which a password is made into a key.
  public static let passwordKeyMemoryBytes = 64 << 20
}
