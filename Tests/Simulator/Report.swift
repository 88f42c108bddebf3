import ChatEngine

/// What came of playing one seed.
public struct Report: Sendable {
  public let seed: UInt64
  public let violations: [Violation]
  /// The same for every run of the seed.
  public let hash: UInt64
  /// What happened, as numbers.
  public let datagrams: Int
  public let utterances: Int
  public let accepted: Int
  public let heard: Int
  public let virtualSeconds: Double

  /// How much `play` tells while it plays.
  public enum Detail: Sendable { case nothing, story, wire }

  /// Plays a seed.
  ///
  /// - Parameter tell: gets one line for each thing that happens.
  public static func play(
    seed: UInt64, _ detail: Detail = .nothing, tell: @escaping (String) -> Void = { _ in }
  ) -> Report {
    let told: Trace.Detail =
      switch detail {
      case .nothing: .nothing
      case .story: .story
      case .wire: .wire
      }
    return play(Scenario(seed: seed), seed: seed, Trace(told, tell))
  }

  /// Plays a scenario that somebody wrote.
  static func play(_ scenario: Scenario) -> Report {
    play(scenario, seed: 0, Trace(.nothing) { _ in })
  }

  private static func play(_ scenario: Scenario, seed: UInt64, _ trace: Trace) -> Report {
    if trace.detail > .nothing { scenario.lines.forEach(trace.tell) }
    let simulation = Simulation(scenario, trace)
    simulation.play()
    return simulation.report(seed)
  }
}

extension Simulation {
  fileprivate func report(_ seed: UInt64) -> Report {
    Report(
      seed: seed, violations: ledger.violations, hash: trace.hash, datagrams: datagramCount,
      utterances: ledger.utterances.count,
      accepted: ledger.utterances.count { $0.fate == .accepted },
      heard: ledger.runs.reduce(0) { $0 + $1.heardCount },
      virtualSeconds: Double(now.nanoseconds(since: Self.start)) / 1e9)
  }
}

extension Scenario {
  /// The world in words, for whoever reads a seed's story.
  fileprivate var lines: [String] {
    var lines = servers.map { server in
      "\(server.name) at \(server.address): \(server.messagesPerSecond) messages a second"
        + (server.password == nil ? "" : ", with a password")
        + (server.keepsHistory ? ", keeps history" : "")
    }
    for client in clients {
      lines.append(
        "\(client.name) at \(client.address) of \(servers[client.server].name) as "
          + client.memberName.text + (client.isRival ? ", a rival" : ""))
      lines.append("  up   \(client.up.words)")
      lines.append("  down \(client.down.words)")
    }
    if impostorPerMille > 0 { lines.append("impostors: \(impostorPerMille) ‰") }
    return lines
  }
}

extension Link.Conditions {
  var words: String {
    "loss \(lossPerMille) ‰, copies \(duplicatePerMille) ‰, overtaken \(reorderPerMille) ‰, "
      + "changed \(corruptPerMille) ‰, \(delay) + \(jitter), \(bitsPerSecond) bit/s, "
      + "queue \(queueBytesMax) B, longest \(datagramBytesMax) B"
  }
}
