/// The bounds of clients, of pictures, and of those who look for a server.
extension Limits {
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
  /// What a client keeps of a room that is not shown, until it is: events, and about their bytes.
  public static let roomBacklogEventsMax = 500
  public static let roomBacklogBytesMax = 1 << 20
  /// How wide the rule is above what is shown of another room.
  public static let ruleColumnsMax = 78
  /// Names that a client remembers for `/who` and completion.
  public static let rosterNamesMax = 10_000

  // MARK: History

  /// Messages that `chatd history` shows where nothing else is asked for, and the most that can be
  /// asked for by number.
  public static let historyMessagesDefault = 50
  public static let historyMessagesMax = 1_000_000
  /// Pages of the past that are asked for ahead of what is shown.
  public static let historyPagesAheadMax = 3
  /// Words on the command line that are looked for.
  public static let searchOperandsMax = 64

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
  /// How wide a server's name is shown.
  public static let shownNameColumnsMax = 32
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
}
