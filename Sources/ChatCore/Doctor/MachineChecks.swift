import ChatEngine
import Glibc

/// What this machine has: interfaces, a firewall, a place for keys.
enum MachineChecks {
  // MARK: Interfaces

  static func interfaces(_ examination: Examination) -> Finding {
    let all = examination.interfaces.all
    let figure = all.map(describe).joined(separator: "; ")
    let outside = all.filter { !$0.isLoopback }
    if outside.isEmpty || examination.interfaces.up.isEmpty {
      return .warning(
        .onlyLoopback, all.isEmpty ? "there is no interface" : "there is only \(figure)",
        "only programs of this machine can be reached: plug in a cable, or join a wireless network")
    }
    let up = outside.filter(\.isUp)
    let bare = up.filter { !hasUsefulAddress($0) }
    if !up.isEmpty, bare.count == up.count {
      return .warning(
        .noAddress, figure,
        "no network gave this machine an address: look at DHCP (is the cable in the right "
          + "socket?), or set one with ip address add")
    }
    if up.isEmpty {
      return .warning(.onlyLoopback, figure, "set one up: ip link set dev \(outside[0].name) up")
    }
    if let first = bare.first {
      return .note(figure, "nothing is reached by \(first.name) before it has an address")
    }
    // Devices that nobody set up are none that somebody misses.
    if let first = outside.first(where: { !($0.isUp && $0.isRunning) && !$0.addresses.isEmpty }) {
      return .note(
        figure,
        first.isUp
          ? "nothing is reached by \(first.name): no cable, or nobody at its other end"
          : "nothing is reached by \(first.name), which is down")
    }
    return .ok(figure)
  }

  /// An IPv6 address of the link alone comes without any network.
  static func hasUsefulAddress(_ interface: NetworkInterface) -> Bool {
    interface.addresses.contains { !$0.address.isLinkLocal }
  }

  private static func describe(_ interface: NetworkInterface) -> String {
    if !interface.isUp { return "\(interface.name) is down" }
    let list = interface.addresses.map(\.address.scopedHost).joined(separator: ", ")
    return "\(interface.name) \(list.isEmpty ? "without an address" : list)"
      + (interface.isRunning ? "" : " (no link)")
  }

  // MARK: The firewall

  private static let ports =
    "let UDP \(ServerAddress.defaultPort) and \(DiscoveryGroup.port) in where a server runs, and "
    + "answers to UDP everywhere"

  static func firewall(_: Examination) -> Finding {
    var seen: [String] = []
    if isUFWOn() { seen.append("ufw is on") }
    if let path = OutsideProgram.path("firewall-cmd"),
      OutsideProgram.run(path, ["--state"])?.output.hasPrefix("running") == true
    {
      seen.append("firewalld is running")
    }
    guard let path = OutsideProgram.path("nft"),
      let listing = OutsideProgram.run(path, ["list", "ruleset"]), listing.status == 0
    else {
      let unread = "rules are not readable" + (geteuid() == 0 ? "" : " without root")
      return seen.isEmpty
        ? .skipped(unread) : .note((seen + [unread]).joined(separator: "; "), ports)
    }
    let rules = FirewallRules(listing.output)
    if rules.isOpen && seen.isEmpty { return .ok("no rule of nftables drops anything") }
    if !rules.isOpen { seen.append(rules.text) }
    return .note(seen.joined(separator: "; "), ports)
  }

  private static func isUFWOn() -> Bool {
    guard
      let file = try? OwnedFD(checking: open("/etc/ufw/ufw.conf", O_RDONLY | O_CLOEXEC), "open"),
      let bytes = try? readAll(file.raw, max: Limits.inputChunkBytes, "read")
    else { return false }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains("ENABLED=yes")
  }

  // MARK: The state folder

  static func state(_ examination: Examination) -> Finding {
    let path = StateFolder.path { name in getenv(name).map { String(cString: $0) } }
    guard let path else {
      return .warning(
        .stateFolder, "there is no folder for keys",
        "set HOME or XDG_STATE_HOME, or servers are not known again")
    }
    var status = stat()
    if stat(path, &status) != 0 { return missing(path, errno) }
    do throws(Failure) {
      let folder = try StateFolder(path)
      _ = try KeyFile.client.load(in: folder)
      let known = try KnownServers(in: folder)
      examination.folder = folder
      if let warning = known.warning {
        return .warning(
          .keyInDoubt, warning, "as it says: a server that the line may be about is not spoken to")
      }
    } catch {
      // A folder that cannot be used costs the memory only; one that others can write to, and a
      // file in it that is not as it must be, ends every client.
      if StateFolder.isOpenToOthers {
        return .failed(.stateFolder, error.message, "do what is said there")
      }
      let isFolder = status.st_mode & S_IFMT != S_IFDIR || access(path, R_OK | X_OK) != 0
      return isFolder
        ? .warning(.stateFolder, error.message, "chmod 700 \(path), or servers are not known again")
        : .failed(
          .ownKey, error.message, "do what is said there; chatd never replaces a key itself")
    }
    if access(path, W_OK) != 0 {
      return .warning(
        .stateFolder, "\(path) cannot be written to: \(SystemError.last("").reason)",
        "make it yours, with mode 0700, or servers are not known again")
    }
    return room(path, mode: status.st_mode & 0o777)
  }

  private static func missing(_ path: String, _ error: Int32) -> Finding {
    var parent = path
    while access(parent, F_OK) != 0, let slash = parent.lastIndex(of: "/") {
      parent = slash == parent.startIndex ? "/" : String(parent[..<slash])
    }
    var error = error
    if error == ENOENT {
      if access(parent, W_OK | X_OK) == 0 {
        return .ok("\(path) is made by the first conversation")
      }
      error = errno
    }
    return .warning(
      .stateFolder, "\(path) cannot be made: \(SystemError(error, "").reason)",
      "name another place in XDG_STATE_HOME, or servers are not known again")
  }

  private static func room(_ path: String, mode: mode_t) -> Finding {
    var space = statvfs()
    guard statvfs(path, &space) == 0 else {
      return .note("\(path), mode 0\(String(mode, radix: 8))")
    }
    let free = Int(
      clamping: UInt64(space.f_bavail).multipliedReportingOverflow(
        by: UInt64(space.f_frsize)
      ).partialValue)
    let figure = "\(path), mode 0\(String(mode, radix: 8)), \(free >> 20) MiB free"
    let finding =
      free < Limits.doctorDiskBytesLow
      ? Finding.warning(.diskFull, figure, "make room there, or servers are not known again")
      : .ok(figure)
    return finding.measuring([("free-bytes", free)])
  }
}
