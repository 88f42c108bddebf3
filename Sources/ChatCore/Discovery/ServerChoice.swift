import ChatEngine
import Glibc

/// Which server a client means that was told none: one on this machine, else the only one that is
/// found, else the one that a person chooses.
struct ServerChoice {
  private let isQuiet: Bool

  init(isQuiet: Bool) { self.isQuiet = isQuiet }

  /// - Throws: `Failure` where there is none, and with a list where there are several and nobody to
  ///   ask.
  func server() throws(Failure) -> ServerAddress {
    if Self.isSomebodyHere() { return .thisMachine }
    var options = SearchOptions()
    options.seconds = Double(Limits.choiceMilliseconds) / 1_000
    let servers: [FoundServer]
    do throws(SystemError) {
      servers = try ServerSearch(options).run().filter { $0.server != nil }
    } catch {
      throw Failure(error)
    }
    let here = servers.filter(\.isHere)
    let one = here.count == 1 ? here[0] : servers.count == 1 ? servers[0] : try choose(servers)
    guard let server = one.server else { throw Self.none }
    if !isQuiet {
      // Nothing of its key: that is what the handshake shows, and not who answered.
      note("* using \(one.shownName ?? "the server") at \(one.place)")
    }
    return server
  }

  private static var none: Failure {
    Failure(
      .notReached,
      "no server on this machine or on this network; start one with: chatd serve, "
        + "or say where it is with --server HOST")
  }

  /// Whether something listens where a server of this machine does: the usual case, which must not
  /// wait. Something that is there and silent may be a server that is busy, or one of before.
  static func isSomebodyHere() -> Bool {
    let hello = Handshake.hello(nonce: KernelRandom.bytes(8).reduce(0) { $0 << 8 | UInt64($1) })
    let addresses = (try? ServerAddress.thisMachine.resolve()) ?? []
    var sockets = addresses.compactMap { try? ConnectedSocket(connectingTo: $0) }
    for socket in sockets {
      _ = hello.withUnsafeBytes { Glibc.send(socket.fd, $0.baseAddress, $0.count, 0) }
    }
    let end = Clocks.now() + .milliseconds(Limits.hereMilliseconds)
    while !sockets.isEmpty, Clocks.now() < end {
      var requests = sockets.map { pollfd(fd: $0.fd, events: Int16(POLLIN), revents: 0) }
      let left = Int32(clamping: (end.nanoseconds - Clocks.now().nanoseconds) / 1_000_000 + 1)
      if poll(&requests, nfds_t(requests.count), left) == 0 { break }
      var remaining: [ConnectedSocket] = []
      for socket in sockets {
        switch socket.receive() {
        case .datagrams: return true
        case .unreachable: break
        case .nothing: remaining.append(socket)
        }
      }
      sockets = remaining
    }
    return !sockets.isEmpty
  }

  // MARK: Several

  private func choose(_ servers: [FoundServer]) throws(Failure) -> FoundServer {
    if servers.isEmpty { throw Self.none }
    let table = FoundServer.table(servers, isNumbered: true)
    guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
      throw Failure(
        .notReached, "\(servers.count) servers answer on this network; say which with --server",
        details: FoundServer.table(servers).split(separator: "\n").map(String.init))
    }
    _ = writeAll(Array(table.utf8), to: STDERR_FILENO)
    for _ in 0..<Limits.choiceTriesMax {
      _ = writeAll(Array("Which one? [1-\(servers.count)] ".utf8), to: STDERR_FILENO)
      guard let line = Self.readLine() else { break }
      if let number = Int(line), servers.indices.contains(number - 1) { return servers[number - 1] }
    }
    throw Failure(.notReached, "no server was chosen; say which with --server")
  }

  /// One line of the terminal, without what surrounds it; nil at the end. A line is read as it is
  /// typed, so that nothing of the next is taken away.
  private static func readLine() -> String? {
    var bytes = [UInt8](repeating: 0, count: Limits.choiceLineBytesMax)
    let count = read(STDIN_FILENO, &bytes, bytes.count)
    if count <= 0 { return nil }
    return String(decoding: bytes[..<count].filter { $0 > 0x20 }, as: UTF8.self)
  }
}
