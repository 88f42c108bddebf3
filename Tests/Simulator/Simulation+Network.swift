import ChatEngine

/// What becomes of a datagram between two machines.
extension Simulation {
  /// A machine sends a datagram.
  func transmit(_ datagram: Datagram, isProbe: Bool, from host: Host) {
    host.countSent()
    datagramCount += 1
    trace.mix(now.nanoseconds)
    trace.mix(datagram.bytes)
    if let server = host as? ServerHost {
      watch(datagram, of: server, isProbe)
      guard let client = client(at: datagram.target) else { return }
      carry(datagram, on: &client.down)
    } else if let client = host as? ClientHost {
      let fault = wire.sent(
        datagram.bytes, by: client.sender, isProbe: isProbe, path: client.pathMax, at: now)
      if let fault { ledger.violate("\(client.name) sent \(fault)") }
      if carry(datagram, on: &client.up) { pose(as: client, datagram) }
    }
  }

  private func watch(_ datagram: Datagram, of server: ServerHost, _ isProbe: Bool) {
    let client = client(at: datagram.target)
    let fault = wire.sent(
      datagram.bytes, by: server.sender, isProbe: isProbe,
      path: client?.pathMax ?? Limits.datagramBytesMax, at: now)
    if let fault { ledger.violate("\(server.name) sent \(fault)") }
    if WireWatch.isNative(datagram.bytes),
      let fault = wire.sent(by: server.address, to: datagram.target, datagram.bytes)
    {
      ledger.violate("\(server.name) sent \(fault)")
    }
  }

  /// - Returns: whether it gets through.
  @discardableResult
  private func carry(_ datagram: Datagram, on link: inout Link) -> Bool {
    let isWhole = WireWatch.isNative(datagram.bytes)
    switch link.carry(datagram.bytes.count, isWhole: isWhole, at: now, &network) {
    case .failure(let loss):
      tell(datagram, "\(loss)")
      return false
    case .success(let arrivals):
      for arrival in arrivals {
        var copy = datagram
        if arrival.isCorrupt { corrupt(&copy) }
        let what = (arrival.isCorrupt ? " changed" : "") + (arrival.isCopy ? " a copy" : "")
        tell(datagram, "arrives at \(Trace.clock(arrival.at))\(what)")
        queue.insert(.arrival(copy), at: arrival.at)
      }
      return true
    }
  }

  private func tell(_ datagram: Datagram, _ what: @autoclosure () -> String) {
    guard trace.detail >= .wire else { return }
    let type = String(datagram.bytes.first ?? 0, radix: 16)
    let who = "\(datagram.source) → \(datagram.target)"
    trace.tell("\(Trace.clock(now)) \(who) \(type) \(datagram.bytes.count) B \(what())")
  }

  private func corrupt(_ datagram: inout Datagram) {
    datagram.isTrue = false
    for _ in 0..<network.int(1...4) where !datagram.bytes.isEmpty {
      let place = network.int(0...datagram.bytes.count - 1)
      datagram.bytes[place] ^= UInt8(network.int(1...255))
    }
  }

  /// Somebody who sees the wire sends it again, from elsewhere.
  private func pose(as client: ClientHost, _ datagram: Datagram) {
    guard WireWatch.isNative(datagram.bytes), now < scenario.healsAt,
      network.chance(perMille: scenario.impostorPerMille)
    else { return }
    var copy = datagram
    copy.isTrue = false
    copy.source = impostor(of: client)
    queue.insert(.arrival(copy), at: now + network.time(milliseconds: 0...300))
  }

  // MARK: Arrival

  func arrive(_ datagram: Datagram) {
    if let server = servers.first(where: { $0.address == datagram.target }) {
      guard server.isUp else { return refuse(datagram, to: client(at: datagram.source)) }
      if WireWatch.isNative(datagram.bytes) {
        wire.reached(
          server.address, by: datagram.source, datagram.bytes, isTrue: datagram.isTrue)
      }
      server.arrive(datagram, at: now)
      return
    }
    // What was sent to where it is no more is lost.
    guard let client = client(at: datagram.target), client.address == datagram.target else {
      return
    }
    guard client.isUp else { return refuse(datagram, to: client.server) }
    wire.reached(client: datagram.target, by: datagram.source)
    client.arrive(datagram, at: now)
  }

  /// Tells the sender that nobody is there, in half of the worlds, and there mostly.
  private func refuse(_ datagram: Datagram, to host: Host?) {
    guard scenario.reportsRefusals, let host, network.chance(perMille: 700) else { return }
    if let client = host as? ClientHost, client.down.isCut { return }
    queue.insert(
      .refusal(of: datagram.target, to: host), at: now + network.time(milliseconds: 1...60))
  }
}
