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

  // MARK: Names

  /// A name is 1 to this many characters (extended grapheme clusters, UAX #29).
  public static let nameCharactersMax = 32
  /// A character may carry any number of combining marks, so the bytes are bounded too.
  public static let nameBytesMax = 128
  /// The highest number tried behind a taken name: `NAME-2` … `NAME-99`.
  public static let nameNumberMax = 99

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

  /// The first wait for an answer before the question is repeated; each further one is twice as
  /// long.
  public static let questionGapMilliseconds = 250
  /// How long a client of a server that answers nothing waits, after it joined and after it left,
  /// for the network to say that nobody is there.
  public static let classicGraceMilliseconds = 100
  /// How soon a datagram that the kernel had no room for is sent again.
  public static let sendRetryMilliseconds = 5
  /// What a process that ends gives its streams and workers to finish.
  public static let drainMilliseconds = 1_000
  /// Addresses of a server's name that are tried, one after the other.
  public static let serverAddressesMax = 8
  /// How long a client waits for a server's answer.
  public static let answerTimeoutSecondsDefault = 5
  public static let timeoutSecondsMax = 86_400
  /// How often a client shows that it is alive, and how many answers may stay out before it takes
  /// the server for lost.
  public static let keepAliveSeconds = 60
  public static let keepAlivesMissedMax = 3
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
}
