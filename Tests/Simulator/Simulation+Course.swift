import ChatEngine

/// What happens to a world from its beginning to its end.
extension Simulation {
  /// How long everything may take to be well again, and how long it is then left alone: longer
  /// than a dead session is kept.
  private static let healingSecondsMax = 400
  private static let quietSeconds = 75

  /// Plays the scenario, mends the network, waits, and judges.
  func play() {
    run(until: scenario.healsAt)
    heal()
    settle(within: Self.healingSecondsMax)
    let last = sayLastWords()
    settle(within: Self.healingSecondsMax)
    run(until: now + .seconds(Self.quietSeconds))
    if isStuck { return }
    judge(last)
  }

  private func heal() {
    note("--", "the network is mended")
    for server in servers {
      (server.disk.fullUntil, server.crashesAtWrite) = (now, nil)
      server.start(at: now)
    }
    for client in clients {
      client.heal()
      schedule(.launch(client), at: now + network.time(milliseconds: 0...3_000))
    }
  }

  private func settle(within seconds: Int) {
    for _ in 0..<seconds where !isStuck {
      run(until: now + .seconds(1))
      if clients.allSatisfy(\.isSettled) { return }
    }
  }

  // MARK: Steps

  func perform(_ act: Scenario.Act) {
    switch act {
    case .start(let index): clients[index].start(at: now)
    case .restart(let index): clients[index].launchIfWanted(at: now)
    case .say(let index, let bytes, let isSound, let kind, let room):
      clients[index].say(bytes, isSound: isSound, as: kind, in: room, at: now)
    case .show(let index, let bytes, let isSound, let room):
      clients[index].show(bytes, isSound: isSound, in: room, at: now)
    case .enter(let index, let room): clients[index].enter(room, at: now)
    case .part(let index, let room): clients[index].part(room, at: now)
    case .leave(let index, let isPatient): clients[index].goAway(isPatient: isPatient, at: now)
    case .crash(let index): clients[index].crash()
    case .freeze(let index, let milliseconds): freeze(clients[index], milliseconds)
    case .freezeServer(let index, let milliseconds): freeze(servers[index], milliseconds)
    case .move(let index): clients[index].moveAddress(at: now)
    case .strand(let index): (clients[index] as? NativeHost)?.strand()
    case .cut(let index): cut(clients[index], true)
    case .mend(let index): cut(clients[index], false)
    case .worsen(let index, let up, let down):
      clients[index].worsen(up, down)
      note(clients[index].name, "has another way now: up \(up), down \(down)")
    case .setPath(let index, let bytes):
      clients[index].setPath(bytes)
      note(clients[index].name, "has a way for \(bytes) B now")
    case .startServer(let index): servers[index].start(at: now)
    case .crashServer(let index): servers[index].crash()
    case .stopServer(let index): servers[index].stop(at: now)
    case .crashAtWrite(let index, let isKept): servers[index].crashesAtWrite = isKept
    case .fillDisk(let index, let milliseconds):
      servers[index].fillDisk(milliseconds: milliseconds, at: now)
    case .jump(let index, let seconds):
      servers[index].wallOffsetSeconds += Int64(seconds)
      note(servers[index].name, "has a wall clock that jumps by \(seconds) s")
    }
  }

  private func freeze(_ host: Host, _ milliseconds: Int) {
    note(host.name, "sleeps for \(milliseconds) ms")
    host.freeze(until: now + .milliseconds(milliseconds))
  }

  private func cut(_ client: ClientHost, _ isCut: Bool) {
    (client.up.isCut, client.down.isCut) = (isCut, isCut)
    note(client.name, isCut ? "is cut off" : "is no longer cut off")
  }

  // MARK: The end

  /// Everybody says something twice in each of its rooms. By the second time, plain clients are in,
  /// too.
  ///
  /// - Returns: what was said the second time.
  private func sayLastWords() -> [Int] {
    var last: [Int] = []
    for round in 0..<2 {
      for client in clients where client.runID != nil {
        for room in client.rooms {
          if round == 1 { last.append(ledger.utterances.count) }
          client.say(20, isSound: true, as: .text, in: room, at: now)
          run(until: now + .milliseconds(250))
        }
      }
      run(until: now + .seconds(3))
    }
    return last
  }

  private func judge(_ last: [Int]) {
    ledger.checkNothingIsPending()
    for client in clients where client.wantsIn {
      guard let run = client.runID else {
        ledger.violate("\(client.name) wants to be in at the end, and is not")
        continue
      }
      // A plain client that says nothing is not known to a server that was started again.
      guard client is NativeHost else { continue }
      ledger.checkIsUpToDate(run)
      checkHears(client, run, last)
    }
    for server in servers { judge(server) }
    checkRivals()
  }

  private func checkHears(_ client: ClientHost, _ run: Ledger.RunID, _ last: [Int]) {
    for id in last where ledger.utterances.indices.contains(id) {
      let (sender, room) = (ledger.utterances[id].sender, ledger.utterances[id].room)
      let speaker = clients.first { $0.runID == sender }
      guard let speaker, speaker.server === client.server, speaker !== client,
        client.rooms.contains(room)
      else { continue }
      if !ledger.runs[run][room].texts.contains(id) {
        ledger.violate("\(client.name) did not hear the last \(ledger.describe(id))")
      }
    }
  }

  private func judge(_ server: ServerHost) {
    guard let engine = server.engine else {
      return ledger.violate("\(server.name) is not up at the end")
    }
    var sessions = 0
    for case let client as NativeHost in clients where client.server === server && client.isUp {
      sessions += 1
      for room in client.rooms {
        judge(client, in: room, engine.memberNames(in: room).sorted())
      }
    }
    if !engine.isSettled { ledger.violate("\(server.name) has something to tell at the end") }
    for room in Scenario.rooms {
      let wanted = clients.contains { $0.server === server && $0.rooms.contains(room) && $0.isUp }
      if !wanted, !engine.memberNames(in: room).isEmpty {
        ledger.violate("\(server.name) has somebody in \(room) at the end")
      }
    }
    let footprint = engine.footprint
    note(server.name, "\(footprint)")
    if footprint.sessions != sessions || footprint.unconfirmed != 0 {
      ledger.violate("\(server.name) keeps \(footprint) for \(sessions) clients")
    }
  }

  /// Who a client takes for present in a room.
  private func judge(_ client: NativeHost, in room: RoomName, _ members: [String]) {
    let roster = client.roster(in: room)
    if roster != members {
      ledger.violate(
        "\(client.name) takes \(roster ?? []) for who is in \(room): \(members)")
    }
    // Nobody is told of itself.
    let others = members.filter { $0 != client.givenName }
    let told = client.presence(in: room)
    let awaited = told.awaited.subtracting(client.ownNames)
    if told.told.sorted() != others || !awaited.isEmpty {
      ledger.violate(
        "\(client.name) was told of \(told.told.sorted()) of \(others) in \(room), and waits "
          + "for \(awaited.sorted())")
    }
  }

  /// Of those who want one name, one has it.
  private func checkRivals() {
    for client in clients where client.plan.isRival && client.runID == nil {
      let isHeld = clients.contains {
        $0.server === client.server && $0.plan.memberName == client.plan.memberName
          && $0.runID != nil
      }
      let isWanted = clients.contains {
        $0.plan.memberName == client.plan.memberName && $0.wantsIn
      }
      if isWanted && !isHeld { ledger.violate("nobody is \(client.plan.memberName.text)") }
    }
  }
}
