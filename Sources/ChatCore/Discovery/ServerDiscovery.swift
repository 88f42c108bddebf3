import ChatEngine
import Glibc

/// Lets a server be found: its second socket, the groups in which it is asked for, and what lies on
/// the links of this machine, which all change with the machine's interfaces.
///
/// Nothing of it is needed for the server to serve: what fails is logged, and the rest goes on.
final class ServerDiscovery {
  private let engine: ServerEngine
  private let port: DatagramPort
  private let log: LogSink
  /// Nil for every address of this machine.
  private let boundTo: PeerAddress?
  private var questions: DiscoveryPort?
  private var watch: InterfaceWatch?

  /// - Parameter port: the server's own, which is open.
  init(
    _ options: ServeOptions, beside port: DatagramPort, _ engine: ServerEngine, _ log: LogSink,
    on reactor: Reactor
  ) {
    (self.engine, self.port, self.log) = (engine, port, log)
    let bound = port.address.map { $0.at(0) }
    boundTo = bound?.isUnspecified == true ? nil : bound
    if options.server.discovery == .off { return }
    if options.discoveryPort != port.address?.port {
      do throws(SystemError) {
        questions = try DiscoveryPort(options.discoveryPort, beside: port, engine, on: reactor)
      } catch {
        report(.warning, error, "servers are looked for there too; --discovery-port N is another")
      }
    }
    do throws(SystemError) {
      watch = try InterfaceWatch(on: reactor) { [unowned self] in refresh() }
    } catch {
      report(.warning, error, "interfaces that come later are not served")
    }
    refresh()
    announce(options)
  }

  /// Tells programs that know nothing of chatd, where the machine has what does that.
  private func announce(_ options: ServeOptions) {
    guard let number = port.address?.port, boundTo?.isLoopback != true else { return }
    let service = ServiceAnnouncement.Service(
      name: engine.serverName, port: number,
      records: [
        "txtvers=1", "version=\(Handshake.version)",
        "key=\(KeyWords.text(of: engine.publicKey))",
        "password=\(options.passwordFile == nil ? "no" : "yes")",
      ])
    do throws(SystemError) {
      let log = log
      try ServiceAnnouncement.start(service) { text in
        log.write(LogRecord(.debug, "announcement", [("text", .text(text))]))
      }
    } catch {
      report(.debug, error, "the server is not announced")
    }
  }

  private func refresh() {
    do throws(SystemError) {
      let interfaces = try NetworkInterfaces.current()
      engine.setLink(boundTo.map { interfaces.prefixes(servedAt: $0) } ?? interfaces.prefixes)
      for interface in interfaces.up where interface.canMulticast { join(interface) }
    } catch {
      report(.warning, error, "hosts of these links are not answered")
    }
  }

  /// What was joined already is joined.
  private func join(_ interface: NetworkInterface) {
    do throws(SystemError) {
      try questions?.join(interface: interface.index)
      if boundTo == nil { try port.join(interface: interface.index) }
    } catch {
      report(.debug, error, "questions to the group are not heard on \(interface.name)")
    }
  }

  private func report(_ level: LogLevel, _ error: SystemError, _ effect: String) {
    log.write(
      LogRecord(
        level, "discovery", [("reason", .text(error.description)), ("effect", .text(effect))]))
  }
}
