import ChatEngine
import Glibc

/// Announces a server as `_chatd._udp` by multicast DNS and DNS-SD (RFC 6762, 6763), through the
/// system's Avahi where one runs. Where none runs nothing happens, and a line of the log says so.
///
/// All of it is on a thread of its own, since the library waits for the daemon's answers. The
/// daemon takes the announcement back when the process ends.
enum ServiceAnnouncement {
  struct Service: Sendable {
    /// What the server calls itself; a number is put behind it where another has the name.
    var name: String
    var port: UInt16
    /// Keys and values for whoever looks, each `key=value`.
    var records: [String]
  }

  /// Begins to announce, and goes on when the daemon is started again.
  ///
  /// - Parameter report: called on the other thread with what happens.
  static func start(
    _ service: Service, report: @escaping @Sendable (String) -> Void
  ) throws(SystemError) {
    try startThread {
      guard let library = AvahiLibrary() else { return report("libavahi-client is not installed") }
      while true {
        let announcer = Announcer(service, library, report)
        guard announcer.run() else { return }
        sleep(UInt32(Limits.announcementRetrySeconds))
      }
    }
  }
}

/// One connection to the daemon, and what is announced over it. Belongs to one thread.
private final class Announcer {
  private let service: ServiceAnnouncement.Service
  private let library: AvahiLibrary
  private let report: (String) -> Void
  private var name: String
  private var loop: OpaquePointer?
  private var group: OpaquePointer?

  init(
    _ service: ServiceAnnouncement.Service, _ library: AvahiLibrary,
    _ report: @escaping (String) -> Void
  ) {
    (self.service, self.library) = (service, library)
    self.report = report
    name = Self.label(service.name)
  }

  /// A label of DNS has at most 63 bytes (RFC 1035 §2.3.4), and is not empty.
  private static func label(_ name: String) -> String {
    var name = name.isEmpty ? "chatd" : name
    while name.utf8.count > 63 { name.removeLast() }
    return name
  }

  /// Announces until the daemon is gone.
  ///
  /// - Returns: whether another try may help: false where there is no way to a daemon.
  func run() -> Bool {
    guard let loop = library.loopNew() else { return false }
    defer { library.loopFree(loop) }
    self.loop = loop
    var error: Int32 = 0
    let me = Unmanaged.passUnretained(self).toOpaque()
    guard
      let client = library.clientNew(
        library.loopGet(loop), AvahiLibrary.waitsForDaemon, clientChanged, me, &error)
    else {
      report("no Avahi: \(text(error))")
      return false
    }
    defer { library.clientFree(client) }
    _ = library.loopRun(loop)
    return true
  }

  fileprivate func handle(client: OpaquePointer, state: Int32) {
    switch state {
    case AvahiLibrary.clientRunning: announce(client)
    case AvahiLibrary.clientRegistering, AvahiLibrary.clientCollision:
      // The machine's own name changes, and what is announced names it.
      if let group { _ = library.groupReset(group) }
    case AvahiLibrary.clientFailure:
      report("Avahi is gone: \(text(library.clientErrno(client)))")
      group = nil
      if let loop { library.loopQuit(loop) }
    default: break
    }
  }

  fileprivate func handle(group: OpaquePointer, state: Int32) {
    switch state {
    case AvahiLibrary.groupEstablished: report("announced as \(name)")
    case AvahiLibrary.groupCollision:
      takeAnotherName()
      fill(group)
    case AvahiLibrary.groupFailure: report("Avahi did not take the announcement")
    default: break
    }
  }

  private func announce(_ client: OpaquePointer) {
    if group == nil {
      let me = Unmanaged.passUnretained(self).toOpaque()
      group = library.groupNew(client, groupChanged, me)
    }
    if let group { fill(group) } else { report("Avahi: \(text(library.clientErrno(client)))") }
  }

  private func fill(_ group: OpaquePointer) {
    var list: OpaquePointer?
    for record in service.records { list = library.listAdd(list, record) }
    defer { library.listFree(list) }
    var result = AvahiLibrary.collision
    var tries = 0
    while result == AvahiLibrary.collision, tries < Limits.nameNumberMax {
      if tries > 0 { takeAnotherName() }
      tries += 1
      result = library.groupAdd(
        group, AvahiLibrary.unspecified, AvahiLibrary.unspecified, 0, name, "_chatd._udp", nil, nil,
        service.port, list)
    }
    if result == 0 { result = library.groupCommit(group) }
    if result < 0 { report("Avahi: \(text(result))") }
  }

  private func takeAnotherName() {
    guard let other = library.otherName(name) else { return }
    name = String(cString: other)
    library.free(other)
  }

  private func text(_ error: Int32) -> String {
    library.errorText(error).map { String(cString: $0) } ?? "error \(error)"
  }
}

private func clientChanged(
  _ client: OpaquePointer?, _ state: Int32, _ me: UnsafeMutableRawPointer?
) {
  guard let client, let me else { return }
  Unmanaged<Announcer>.fromOpaque(me).takeUnretainedValue().handle(client: client, state: state)
}

private func groupChanged(
  _ group: OpaquePointer?, _ state: Int32, _ me: UnsafeMutableRawPointer?
) {
  guard let group, let me else { return }
  Unmanaged<Announcer>.fromOpaque(me).takeUnretainedValue().handle(group: group, state: state)
}
