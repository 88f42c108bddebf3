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

  // MARK: Faults on purpose

  /// The longest delay, and the most that it may vary.
  public static let impairedSecondsMax = 10
  /// What waits for the rate of one direction, as before a way's slowest part; more is lost.
  public static let impairedQueueBytesMax = 128 << 10
  /// What is on its way in one direction at a time; more is dropped.
  public static let impairedDatagramsMax = 16_384
  public static let impairedBytesMax = 16 << 20
  /// A datagram that others overtake comes later by up to its delay, and at least up to this.
  public static let impairedReorderMilliseconds = 10

  // MARK: Names

  /// A name is 1 to this many characters (extended grapheme clusters, UAX #29).
  public static let nameCharactersMax = 32
  /// A character may carry any number of combining marks, so the bytes are bounded too.
  public static let nameBytesMax = 128
  /// The highest number tried behind a taken name: `NAME-2` … `NAME-99`.
  public static let nameNumberMax = 99

  // MARK: Rooms

  public static let roomsMax = 4_096
  /// What a room is about.
  public static let topicBytesMax = 512
  /// The logs of all rooms but the lobby, shared between them; each has at least so small a part.
  public static let roomLogsBytes = 64 << 20
  public static let roomLogsShareMin = 16
  /// Besides the lobby.
  public static let roomsPerMemberMax = 64
  /// Answers to programs of before that wait until what was said before is kept.
  public static let answersWaitingMax = 4_096
  /// With more than so many bytes of messages that wait to be kept, no more are taken.
  public static let keepingBytesHigh = 8 << 20

  // MARK: Kept files

  /// The file of a key; it has one line of 61 bytes.
  public static let keyFileBytesMax = 1_024
  /// Servers that a user has met, and the file that lists them.
  public static let knownServersMax = 4_096
  public static let knownServersBytesMax = 2 << 20
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
  /// server that has something to do looks at it.
  public static let keptMemoryBytesMax = 1 << 18
  public static let memoryLookSeconds = 5
  /// Blocks from so many bytes on are mapped by themselves, and so much may lie free at the end of
  /// the heap.
  public static let mappedBlockBytesMin = 1 << 15
  public static let heapTopBytesMax = 1 << 22
  /// What the outbox keeps of its room when there is time to look.
  public static let outboxKeptBytesMax = 1 << 16
  /// While datagrams keep coming, the network's errors get every so many turns of the loop.
  public static let errorTurns = 16
  /// Pictures that may wait to be saved; more are counted and not saved.
  public static let saveQueuePicturesMax = 64
  /// Lines of log that may wait for one turn of the loop; more are counted.
  public static let logRecordsPerTurnMax = 256
  /// Transcript or log that may wait for a slow reader; more is left out and counted.
  public static let outputBacklogBytesMax = 4 << 20
}
