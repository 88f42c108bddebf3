import ChatEngine
import Glibc

/// Which server is looked at, and how it is found.
enum ServerChecks {
  // MARK: Which

  static func server(_ examination: Examination) -> Finding {
    if let wanted = examination.wanted { return named(wanted, examination) }
    if ServerChoice.isSomebodyHere() {
      examination.server = .thisMachine
      examination.addresses = (try? ServerAddress.thisMachine.resolve()) ?? []
      examination.search()
      return .ok("one on this machine, \(ServerAddress.thisMachine)")
    }
    examination.search()
    let servers = examination.found.filter { $0.server != nil }
    guard let first = servers.first, let server = first.server else { return nobody(examination) }
    examination.server = server
    examination.addresses = first.addresses
    let name = first.name.isEmpty ? "one" : first.name
    if servers.count == 1 { return .ok("\(name) at \(first.place), the only one that is found") }
    if servers.count(where: \.isHere) == 1 {
      return .ok("\(name) at \(first.place), the only one on this machine")
    }
    return .warning(
      .severalServers, "\(servers.count) servers are found; this looks at \(name), \(first.place)",
      "say which with --server, or join asks, and scripts end; chatd discover lists them")
  }

  private static func named(_ wanted: ServerAddress, _ examination: Examination) -> Finding {
    examination.server = wanted
    if let missing = wanted.missingInterface {
      return .failed(.noRoute, missing.figure, missing.advice)
    }
    switch wanted.lookUp() {
    case .success(let addresses) where !addresses.isEmpty:
      examination.addresses = addresses
      examination.search()
      let places = addresses.map(\.scopedHost)
      return .ok(
        places == [wanted.host] ? "\(wanted)" : "\(wanted) is \(places.joined(separator: ", "))")
    case .failure(let fault) where fault.code == EAI_AGAIN || fault.code == EAI_FAIL:
      return .failed(
        .nameService, "\(wanted) could not be looked up: \(fault.text)",
        "the name service is not reached: give the server's address in numbers, or look at "
          + "/etc/resolv.conf")
    case .failure(let fault):
      return .failed(
        .noSuchHost, "there is no host \(wanted.host): \(fault.text)",
        "look at how the name is written, or give the server's address in numbers")
    case .success:
      return .failed(
        .noSuchHost, "\(wanted.host) has no address", "give the server's address in numbers")
    }
  }

  private static func nobody(_ examination: Examination) -> Finding {
    if let old = examination.found.first {
      return .failed(
        .oldServer, "only servers of before are found, at \(old.place)",
        "talk with it by chatd join --classic --server HOST, or start a server with chatd serve")
    }
    let ways = examination.obstacles.map { "\($0.way): \($0.error.reason)" }
    let figure = "no server on this machine, and none answers on this network"
    let advice =
      "start one with chatd serve; one beyond this network, or that is not to be found, is named "
      + "with --server HOST"
    return .failed(
      .noServer, ([figure] + ways.prefix(Limits.doctorLengthTriesMax)).joined(separator: "; "),
      advice)
  }

  // MARK: How it is found

  static func discovery(_ examination: Examination) -> Finding {
    guard let found = examination.foundServer else {
      let others = examination.found.count
      let figure =
        "it does not answer who looks for servers"
        + (others == 0 ? "" : ", and \(others == 1 ? "another does" : "\(others) others do")")
      return examination.port == nil
        ? .skipped(figure)
        : .note(
          figure, "it is beyond this network, or runs with --no-discovery: name it by --server")
    }
    let ways = found.ways.filter { $0 != "text" }
    let figure = "heard by \(ways.joined(separator: ", "))"
    if examination.isHere { return .ok(figure) }
    guard let link = examination.link ?? found.interface else {
      return .ok("\(figure); who is beyond this network has to name it by --server")
    }
    let open = Set(ways.compactMap { $0.split(separator: " ").first.map(String.init) })
    if open.isDisjoint(with: ["broadcast", "multicast", "peer"]) {
      return .warning(
        .broadcastBlocked,
        "it answers when it is asked directly, and not to what is sent to everybody on \(link)",
        "name it by --server \(found.place); something drops broadcast and multicast: a firewall "
          + "that lets UDP \(DiscoveryGroup.port) in from itself alone, or an access point that "
          + "keeps its clients apart")
    }
    let interface = examination.interfaces.all.first { $0.name == link }
    let couldBroadcast =
      interface?.canBroadcast == true
      && interface?.addresses.contains { $0.address.v4 != nil } == true
    if couldBroadcast, !open.contains("broadcast") {
      var finding = Finding.note(figure, "broadcasts on \(link) do not arrive, which costs nothing")
      finding.fault = .broadcastBlocked
      return finding
    }
    return .ok(figure)
  }

  // MARK: Its clock

  static func clock(_ examination: Examination) -> Finding {
    guard let ahead = examination.aheadSeconds ?? examination.foundServer?.aheadSeconds else {
      return .skipped("the server does not say")
    }
    let apart = ahead.magnitude
    let figure =
      apart <= 1
      ? "the same as the server's, to a second or two"
      : "the server's is \(apart) s \(ahead > 0 ? "ahead" : "behind")"
    let finding =
      apart > UInt64(Limits.doctorClockSecondsHigh)
      ? Finding.warning(
        .clock, figure, "set the clock that is wrong; times of what is said do not agree")
      : .ok(figure)
    return finding.measuring([("ahead-seconds", Int(clamping: ahead))])
  }
}
