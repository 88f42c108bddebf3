/// Every bound in the program: bytes, counts and times, with the unit in the name.
///
/// Nothing that comes from outside can grow beyond one of these. `Docs/Limits.md` lists them for
/// people who run a server; a tidy test holds the two together.
public enum Limits {
  // MARK: Datagrams

  /// The largest payload of a UDP datagram over IPv4: 65,535 − 20 (IP) − 8 (UDP). RFC 768.
  public static let datagramBytesMax = 65_507
  /// Datagrams taken from the socket by one `recvmmsg`.
  public static let receiveBatchDatagramsMax = 64
  /// Addresses of this machine from which peers are answered when they spoke to them.
  public static let sourceAddressesMax = 256
  /// Messages handed to the socket by one `sendmmsg`; the kernel's own bound is UIO_MAXIOV.
  public static let sendBatchDatagramsMax = 1_024
  /// The same for a client, which sends to one address.
  public static let clientSendBatchDatagramsMax = 64
  /// Deliveries that may wait in the outbox before the server stops deciding and sends. One
  /// decision may go past it by one fan-out, so the outbox is bounded by this plus `clientsMax`.
  public static let outboxDeliveriesHigh = 4_096
  /// Payload bytes that may wait in the outbox before the server stops deciding and sends.
  public static let outboxBytesHigh = 1 << 20
  /// The room for payload bytes: up to the mark, and what one decision may add to it.
  public static let outboxBytesMax = outboxBytesHigh + 16 * datagramBytesMax
  /// Datagrams of one size to one address that the kernel takes as one message: UDP_MAX_SEGMENTS.
  public static let segmentsMax = 64
  /// Reports about other datagrams that come while one is sent, before that one is given up.
  public static let pendingErrorsMax = 64
  /// Asked for as SO_RCVBUF and SO_SNDBUF; the kernel may grant less.
  public static let socketBufferBytes = 4 << 20

  // MARK: Native sessions

  /// What is sent and received beyond what was consumed, on each channel, at the beginning.
  public static let controlCreditBytes = 64 << 10
  public static let talkCreditBytes = 256 << 10
  public static let objectCreditBytes = 4 << 20
  /// The longest message of a channel: a text as long as may be, and its frame.
  public static let streamMessageBytesMax = 70_000
  /// Stretches of a channel, or of an object, that may wait for what belongs before them.
  public static let earlyRangesMax = 1_024
  /// Packets' entries whose room is kept for the next ones once all are acknowledged.
  public static let sentPacketsKeptMax = 64
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

  // MARK: The native handshake

  /// The least Hello that is answered: the longest answer is no longer.
  public static let helloBytesMin = 256
  public static let serverNameBytesMax = 64
  /// How long a cookie is good.
  public static let cookieSeconds = 120
  /// Answers to strangers in a second, and at once.
  public static let helloAnswersPerSecond = 10_000
  public static let helloAnswersBurst = 1_000
  /// For how long a client doubts a Reset: who knows the session answers meanwhile.
  public static let resetDoubtMilliseconds = 500
  /// Resets in a second.
  public static let resetsPerSecond = 100
  /// Deadlines in a queue for each session, most of which are stale, before the stale ones go.
  public static let timersPerSessionMax = 8
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

  // MARK: Finding a server

  /// Answers to those who look for a server in a second, and at once.
  public static let discoveryAnswersPerSecond = 10_000
  public static let discoveryAnswersBurst = 1_000
  /// When questions are asked, from the beginning on, and how long answers are waited for.
  public static let searchQuestionMilliseconds = [0, 250, 750]
  public static let searchSecondsDefault = 2
  /// The same for a client that was told no server, and how long it waits for one of this machine
  /// that is there and silent.
  public static let choiceMilliseconds = 1_000
  public static let hereMilliseconds = 250
  /// Ways that a question goes out, and servers that may answer, with the addresses of each.
  public static let searchTargetsMax = 1_024
  public static let foundServersMax = 256
  public static let foundAddressesMax = 16
  /// What a person may type to choose a server, and how often.
  public static let choiceLineBytesMax = 64
  public static let choiceTriesMax = 5
  /// Interfaces of a machine, and addresses of all of them.
  public static let interfacesMax = 1_024
  public static let interfaceAddressesMax = 4_096
  /// How long further changes of the interfaces are waited for, and notices that are taken at once.
  public static let interfaceChangeMilliseconds = 100
  public static let interfaceNoticesMax = 256
  /// After how long a daemon that announced a server and ended is looked for again.
  public static let announcementRetrySeconds = 10

  // MARK: Finding out what is wrong

  /// Questions by which round trip and loss are measured, and the gaps between them.
  public static let doctorProbes = 20
  public static let doctorProbeGapMilliseconds = 50
  /// How long an answer to one is waited for: four round trips, within these.
  public static let doctorWaitMillisecondsMin = 150
  public static let doctorWaitMillisecondsMax = 1_000
  /// How often a length is tried; between a length that passes and one that does not so many are
  /// tried at once, in so many rounds.
  public static let doctorLengthTriesMax = 3
  public static let doctorLengthsPerRound = 8
  public static let doctorRoundsMax = 4
  /// How long a TCP connection, and another program, may take; what of its output is read.
  public static let doctorConnectMilliseconds = 2_000
  public static let doctorProgramMilliseconds = 3_000
  public static let doctorProgramBytesMax = 1 << 20
  /// What is told as a slow way, a clock that is wrong, and a disk that is nearly full.
  public static let doctorSlowMilliseconds = 300
  public static let doctorClockSecondsHigh: Int64 = 60
  public static let doctorDiskBytesLow = 16 << 20
  /// How wide its lines are.
  public static let doctorColumns = 80

  // MARK: The native lobby

  /// Events, and pictures, that are kept for clients that are behind or come back.
  public static let talkLogBytes = 8 << 20
  public static let objectLogBytes = 32 << 20
  /// The largest picture that is relayed to native clients.
  public static let nativePictureBytesMax = 4 << 20
  /// Pictures that are being uploaded, all together.
  public static let uploadBytesMax = 64 << 20
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
  /// Turns of the loop whose owners may wait to be written down.
  public static let ownersWaitingMax = 8_192
  /// They are written down at most so often.
  public static let ownersGapMilliseconds = 50

  // MARK: Names

  /// A name is 1 to this many characters (extended grapheme clusters, UAX #29).
  public static let nameCharactersMax = 32
  /// A character may carry any number of combining marks, so the bytes are bounded too.
  public static let nameBytesMax = 128
  /// The highest number tried behind a taken name: `NAME-2` … `NAME-99`.
  public static let nameNumberMax = 99

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

  // MARK: Kept files

  /// The file of a key; it has one line of 61 bytes.
  public static let keyFileBytesMax = 1_024
  /// Servers that a user has met, and the file that lists them.
  public static let knownServersMax = 4_096
  public static let knownServersBytesMax = 2 << 20
  /// The file of owned names: `ownedNamesMax` lines of a key and a name take 11 MiB, and several
  /// servers may share it.
  public static let ownedNamesBytesMax = 64 << 20
  /// A longer file is written anew, with a line for each name.
  public static let ownedNamesBytesHigh = 16 << 20
  /// Tries, 10 ms apart, to change a file that another process is changing.
  public static let stateLockTriesMax = 200

  // MARK: Clients of a server

  /// Clients in all: the default, and the most that `--clients-max` can ask for.
  public static let clientsDefault = 10_000
  public static let clientsMax = 65_536
  /// Joins from one address (without its port) in a second, and so many seconds' worth at once.
  public static let joinsPerSecondDefault = 20
  public static let joinsBurstSeconds = 5
  /// Answers to newcomers from one address that are over the limit, in a second.
  public static let joinRefusalsPerSecond = 5
  /// Addresses are hashed to this many join budgets, so that forged ones cannot grow a table.
  public static let joinBudgets = 1_024
  /// Messages from one client in a second, and so many seconds' worth at once.
  public static let messagesPerSecondDefault = 200
  public static let messagesBurstSeconds = 2
  /// The most that either rate can be set to.
  public static let ratePerSecondMax = 1_000_000
  /// A client that was not heard for so long is let go: the default, and the most.
  public static let idleTimeoutSecondsDefault = 1_800
  public static let idleTimeoutSecondsMax = 30 * 86_400
  /// How long a server that was told to stop may take to send what it has.
  public static let shutdownSecondsMax = 4
  /// Something that is dropped is logged at once, then at most so often, with a count; its sender
  /// is told as often.
  public static let reportsPerSecond = 1
  /// Memory that the allocator keeps for later, beyond what it cannot give back, and how often a
  /// server that hears something looks at it.
  public static let keptMemoryBytesMax = 1 << 20
  public static let memoryLookSeconds = 5
  /// While datagrams keep coming, the network's errors get every so many turns of the loop.
  public static let errorTurns = 16
  /// Pictures that may wait to be saved; more are counted and not saved.
  public static let saveQueuePicturesMax = 64
  /// Lines of log that may wait for one turn of the loop; more are counted.
  public static let logRecordsPerTurnMax = 256
  /// Transcript or log that may wait for a slow reader; more is left out and counted.
  public static let outputBacklogBytesMax = 4 << 20

  // MARK: Pictures

  /// Pictures are fitted into this box unless `--max-size` says otherwise.
  public static let pictureWidthDefault = 640
  public static let pictureHeightDefault = 480
  /// The JPEG quality that a picture is encoded at first.
  public static let pictureQualityDefault = 50
  /// The largest JPEG that travels in one classic datagram: 50 bytes are kept for the prefix.
  public static let classicPictureBytesMax = 65_457
  /// The largest picture file that is read at all.
  public static let pictureFileBytesMax = 64 << 20
  /// What decoding one picture may take, file included. A picture that would need more is refused
  /// from its header, before anything is decoded.
  public static let pictureMemoryBytesMax = 160 << 20
  /// The largest picture that is decoded: more takes seconds, and no camera makes more.
  public static let picturePixelsMax = 400_000_000
  /// The most scans of a progressive JPEG: programs write about ten, and each costs a whole pass.
  public static let pictureScansMax = 100
  /// The largest EXIF block that is searched for the orientation: what a JPEG segment can hold.
  public static let pictureEXIFBytesMax = 65_535
  /// The largest chunk of a PNG besides its pixels, as stored and as inflated.
  public static let picturePNGChunkBytesMax = 8 << 20
  /// While a picture is too large to travel its quality is lowered by this much, down to the least.
  public static let pictureQualityStep = 10
  public static let pictureQualityMin = 20
  /// After that its sides are made smaller by this step, again and again.
  public static let pictureShrinkPercent = 85
  /// The longest side, and the most pixels, of a picture that is relayed or shown.
  public static let relayedPictureSideMax = 4_096
  public static let relayedPicturePixelsMax = 8 << 20

  // MARK: Client

  /// The first wait for an answer before a Hello or an Init is repeated; each further one is twice
  /// as long.
  public static let questionGapMilliseconds = 250
  /// How long a client of dialect A waits, after it joined and after it left, for the network to
  /// say that nobody is there.
  public static let classicGraceMilliseconds = 100
  /// After how long a person is shown that something is not accepted yet.
  public static let pendingShownMilliseconds = 300
  /// Lines above the prompt that hold what is not accepted yet; of more, the newest.
  public static let pendingLinesShownMax = 4
  /// Of what was not accepted, or was refused, so much is named in a pipe; the rest is counted.
  public static let unsentNamedMax = 10
  /// How much of a text that was not accepted is quoted.
  public static let quotedCharactersMax = 72
  /// How soon a datagram that the kernel had no room for is sent again.
  public static let sendRetryMilliseconds = 5
  /// What a process that ends gives its streams and workers to finish.
  public static let drainMilliseconds = 1_000
  /// Addresses of a server's name that are tried, and after how long without an answer the next one
  /// is asked too (RFC 8305 §8).
  public static let serverAddressesMax = 8
  public static let addressDelayMilliseconds = 250
  /// How long a client waits for a server's answer.
  public static let answerTimeoutSecondsDefault = 5
  public static let timeoutSecondsMax = 86_400
  /// A client's own pace, below what a server accepts from it.
  public static let clientMessagesPerSecond = 150
  public static let clientMessagesBurst = 100
  /// Messages that may wait for the pace before input is no longer read.
  public static let clientQueueMessagesHigh = 64
  /// The largest text of one message: a datagram less the longest name and `: `, and room for the
  /// number that a server may put behind a name.
  public static let messageBytesMax = datagramBytesMax - nameBytesMax - 16
  /// What may wait for a picture that came before it to be ready.
  public static let arrivalsHeldMax = 1_000
  /// What is read from standard input at once.
  public static let inputChunkBytes = 64 << 10
  /// Pieces of standard input that may wait for the loop.
  public static let inputChunksMax = 4
  /// The number tried behind the name of a saved picture before giving up.
  public static let savedPictureNumberMax = 9_999
  /// The bytes of a sender's name that stand in a saved picture's name.
  public static let savedNameBytesMax = 160
  /// The longest escape sequence of a key.
  public static let keyBytesMax = 32
  /// How long after an escape the rest of a key may come.
  public static let escapeMilliseconds = 50
  /// The most columns and rows that a picture takes in a terminal.
  public static let canvasColumnsMax = 80
  public static let canvasRowsMax = 24
  /// Lines that the terminal remembers.
  public static let inputHistoryLinesMax = 500
  /// Names that a client remembers for `/who` and completion.
  public static let rosterNamesMax = 10_000

  // MARK: Native sessions

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
}
