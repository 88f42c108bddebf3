import ChatCore
import ChatEngine
import Glibc

/// One large transfer in a native session, over a real socket: see `transfer.py` beside this file.
enum TransferBench {
  static let usage = """
    transfer-bench receive --port P
      Takes objects on port P until their sender ends, compares every byte with what was to come,
      and prints one line of JSON. Exit 1 where something else came.
    transfer-bench send --host A --port P [--bytes N] [--seconds S] [--talk MS]
      Sends objects of 4 MB to the IPv4 address A, N bytes in all, or as many as go in S seconds,
      and says a line every MS milliseconds. Prints one line of JSON. Exit 1 where the session ends
      otherwise.
    """

  struct Options {
    var port: UInt16 = 0
    var host: PeerAddress?
    var bytes = 0
    var seconds = 0
    var talkMilliseconds = 0
  }

  static func main() -> Int32 {
    var arguments = CommandLine.arguments.dropFirst()
    let mode = arguments.popFirst()
    guard let options = options(arguments), options.port > 0 else { return fail(usage, 2) }
    do throws(SystemError) {
      switch (mode, options.host) {
      case ("receive", nil):
        let receiver = try TransferReceiver(options)
        try receiver.run()
        print(receiver.report)
        return receiver.isRight ? 0 : 1
      case ("send", let host?):
        let sender = try TransferSender(to: host, options)
        try sender.run()
        print(sender.report)
        return sender.isDone ? 0 : 1
      default: return fail(usage, 2)
      }
    } catch {
      return fail("transfer-bench: \(error)", 1)
    }
  }

  private static func options(_ words: ArraySlice<String>) -> Options? {
    var words = words
    var options = Options()
    while let word = words.popFirst() {
      guard let value = words.popFirst() else { return nil }
      switch word {
      case "--port": options.port = UInt16(value) ?? 0
      case "--host":
        let parts = value.split(separator: ".").compactMap { UInt8($0) }
        guard parts.count == 4 else { return nil }
        options.host = PeerAddress(v4: parts[0], parts[1], parts[2], parts[3], port: 0)
      case "--bytes": options.bytes = Int(value) ?? 0
      case "--seconds": options.seconds = Int(value) ?? 0
      case "--talk": options.talkMilliseconds = Int(value) ?? 0
      default: return nil
      }
    }
    return options
  }

  private static func fail(_ words: String, _ status: Int32) -> Int32 {
    let line = Array((words + "\n").utf8)
    _ = write(STDERR_FILENO, line, line.count)
    return status
  }

  static func processSeconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }
}

/// What both ends know beforehand: the bytes of the objects, and the session's keys. A handshake
/// would add nothing to what is measured.
enum TransferPlan {
  static let objectBytes = 4_000_000
  /// Objects that the receiver waits for at a time.
  static let objectsAhead: UInt64 = 8
  static let (clientID, serverID): (UInt32, UInt32) = (1, 2)
  static let talkType: UInt8 = 0x10

  /// The bytes of an object: even and odd ones differ, so that none is taken for its neighbour.
  static func objects() -> [[UInt8]] {
    let steps: [UInt64] = [0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03]
    return steps.map { step in
      var state: UInt64 = 1
      return [UInt8](unsafeUninitializedCapacity: objectBytes) { buffer, count in
        for index in buffer.indices {
          state = state &* 6_364_136_223_846_793_005 &+ step
          buffer[index] = UInt8(truncatingIfNeeded: state >> 56)
        }
        count = objectBytes
      }
    }
  }

  static func session(isClient: Bool, with address: PeerAddress, at now: Instant) -> Session {
    var random = SecretRandom(seed: [UInt8](repeating: 7, count: 32))
    let (first, second) = (CipherKey.make(&random), CipherKey.make(&random))
    let key = KeyPair.make(&random).publicKey
    return Session(
      localID: isClient ? clientID : serverID, remoteID: isClient ? serverID : clientID,
      remoteKey: key, address: address,
      keys: isClient ? (first, second) : (second, first),
      cipher: Cipher.hasFastAES ? .aesGCM : .chaChaPoly, keepsAlive: isClient, at: now)
  }
}
