import ChatEngine
import Glibc

/// What the checks of one doctor know together, each by those before it.
final class Examination {
  let options: ClientOptions
  /// What was asked for by option or environment.
  let wanted: ServerAddress?
  let interfaces: NetworkInterfaces
  /// The folder of keys, where there is one that can be used.
  var folder: StateFolder?
  /// The server that is looked at, and where it may be.
  var server: ServerAddress?
  var addresses: [PeerAddress] = []
  /// Where it answered, with what, and after how long.
  var port: HelloPort?
  var answer: Handshake.HelloAnswer?
  var roundTrip = Duration.zero
  /// By how much the server's clock is ahead of this machine's, to a second or two, where it said.
  var aheadSeconds: Int64?
  /// What was found on this network, and the ways on which nothing went out.
  private(set) var found: [FoundServer] = []
  private(set) var obstacles: [ServerSearch.Obstacle] = []
  /// The longest datagram that came through in one piece.
  var wholeBytes = 0
  private var tcpAnswer: TCPAnswer?
  private var visitResult: TrustChecks.Visit?

  init(_ options: ClientOptions) throws(Failure) {
    self.options = options
    if options.server == nil, getenv("CHATD_SERVER").map({ $0.pointee != 0 }) == true {
      wanted = try options.serverAddress()
    } else {
      wanted = options.server
    }
    do throws(SystemError) {
      interfaces = try NetworkInterfaces.current()
    } catch {
      throw Failure(error)
    }
  }

  /// Looks for servers everywhere, and at the addresses that are known.
  func search() {
    var options = SearchOptions()
    options.seconds = Double(Limits.choiceMilliseconds) / 1_000
    if let server { options.port = server.port }
    options.hosts = addresses.flatMap { [$0, $0.at(options.discoveryPort)] }
    do throws(SystemError) {
      let search = try ServerSearch(options)
      found = try search.run()
      obstacles = search.obstacles
    } catch {
      obstacles = [ServerSearch.Obstacle(way: "search", error: error)]
    }
  }

  /// The server that is looked at, as it answered the search.
  var foundServer: FoundServer? {
    if let answer, let same = found.first(where: { $0.key == answer.serverKey }) { return same }
    return found.first { server in server.addresses.contains { addresses.contains($0) } }
  }

  /// Servers on the machine of the one that is looked at, which may have other ports.
  var foundNeighbours: [FoundServer] {
    found.filter { server in
      server.addresses.contains { one in addresses.contains { $0.at(0) == one.at(0) } }
    }
  }

  /// The first address, where nothing better is known.
  var address: PeerAddress { port?.address ?? addresses[0] }

  var isHere: Bool { addresses.contains { interfaces.has($0) } }

  /// The interface on whose link the server lies; nil where routers are between.
  var link: String? { addresses.lazy.compactMap { self.interfaces.name(for: $0) }.first }

  var tcp: TCPAnswer {
    if let tcpAnswer { return tcpAnswer }
    let answer = TCPAnswer.of(address)
    tcpAnswer = answer
    return answer
  }

  var visit: TrustChecks.Visit {
    if let visitResult { return visitResult }
    let result = TrustChecks.visit(self)
    visitResult = result
    return result
  }
}
