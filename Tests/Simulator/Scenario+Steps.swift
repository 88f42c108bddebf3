import ChatEngine

/// How what happens in a world is drawn.
extension Scenario {
  mutating func drawSteps() {
    let length = random.int(10_000...90_000)
    for server in servers.indices {
      steps.append(Step(at: Simulation.start, act: .startServer(server)))
    }
    for client in clients.indices {
      let isLate = random.chance(perMille: 300)
      add(.start(client: client), at: random.int(0...(isLate ? length * 3 / 4 : 3_000)))
    }
    // Who is in a room from the beginning says more there.
    for client in clients.indices where random.chance(perMille: roomsPerMille) {
      add(.enter(client: client, room: drawRoom()), at: random.int(3_000...6_000))
    }
    for _ in 0..<random.int(5...70) { drawAct(at: random.int(1_000...length)) }
    for _ in 0..<random.int(0...6) { drawFault(at: random.int(2_000...length)) }
    var end = length
    if random.chance(perMille: 30) {
      // Long enough for keys to be changed, and then something is said with the new ones.
      end += random.int(3_700_000...8_000_000)
      for _ in 0..<10 { drawAct(at: end - random.int(1_000...60_000)) }
    }
    steps.sort { $0.at < $1.at }
    healsAt = Simulation.start + .milliseconds(end + 1_000)
    // What is still to happen when the network is mended does not happen.
    steps.removeAll { $0.at >= healsAt }
  }

  private mutating func add(_ act: Act, at milliseconds: Int) {
    let at = Simulation.start + .microseconds(milliseconds * 1_000 + random.int(0...999))
    steps.append(Step(at: at, act: act))
  }

  private mutating func drawClientIndex() -> Int { random.int(0...clients.count - 1) }

  // MARK: What people do

  private mutating func drawAct(at milliseconds: Int) {
    let client = drawClientIndex()
    if random.chance(perMille: roomsPerMille) {
      return drawRoomAct(by: client, at: milliseconds)
    }
    switch random.int(0...99) {
    case 0..<3:
      let bytes = random.int(1...Limits.topicBytesMax)
      add(.say(client: client, bytes: bytes, isSound: true, as: drawKind()), at: milliseconds)
    case 3..<66: drawSaying(by: client, at: milliseconds)
    case 66..<82:
      add(.show(client: client, bytes: drawSize(), isSound: true), at: milliseconds)
    case 82..<85: add(.say(client: client, bytes: 0, isSound: false), at: milliseconds)
    case 85..<87: add(.show(client: client, bytes: 500, isSound: false), at: milliseconds)
    case 87..<94:
      add(.leave(client: client, isPatient: random.chance(perMille: 700)), at: milliseconds)
      if random.chance(perMille: 700) {
        add(.start(client: client), at: milliseconds + random.int(10...20_000))
      }
    default: add(.start(client: client), at: milliseconds)
    }
  }

  private mutating func drawRoom() -> RoomName { random.pick(Self.rooms) }

  private mutating func drawKind() -> NativeRequest.Say.Kind { random.pick([.action, .topic]) }

  /// What people do in a room, or to be there. Some forget that they are not.
  private mutating func drawRoomAct(by client: Int, at milliseconds: Int) {
    let room = drawRoom()
    switch random.int(0...99) {
    case 0..<25: add(.enter(client: client, room: room), at: milliseconds)
    case 25..<35: add(.part(client: client, room: room), at: milliseconds)
    case 35..<38:
      // In and out again, before much can have been told.
      for step in 0..<random.int(2...6) {
        let act =
          step % 2 == 0 ? Act.enter(client: client, room: room) : .part(client: client, room: room)
        add(act, at: milliseconds + step * random.int(0...30))
      }
    case 38..<75: drawSaying(by: client, in: room, at: milliseconds)
    case 75..<87:
      let bytes = random.int(1...Limits.topicBytesMax)
      add(
        .say(client: client, bytes: bytes, isSound: true, as: drawKind(), in: room),
        at: milliseconds)
    case 87..<98:
      add(.show(client: client, bytes: drawSize(), isSound: true, in: room), at: milliseconds)
    default: add(.say(client: client, bytes: 0, isSound: false, in: room), at: milliseconds)
    }
  }

  /// One text, or a flood of them.
  private mutating func drawSaying(
    by client: Int, in room: RoomName = .lobby, at milliseconds: Int
  ) {
    let isFlood = random.chance(perMille: 100)
    for _ in 0..<(isFlood ? random.int(2...80) : 1) {
      let size = isFlood ? random.int(1...300) : drawSize()
      add(.say(client: client, bytes: size, isSound: true, in: room), at: milliseconds)
    }
  }

  /// Mostly lines, sometimes all that a message can hold.
  private mutating func drawSize() -> Int {
    switch random.int(0...9) {
    case 0...5: random.int(1...200)
    case 6...7: random.int(200...4_000)
    case 8: random.int(4_000...20_000)
    default: random.int(20_000...60_000)
    }
  }

  // MARK: Faults

  private mutating func drawFault(at milliseconds: Int) {
    let client = drawClientIndex()
    let later = milliseconds + random.int(1_000...40_000)
    switch random.int(0...127) {
    case 112...:
      let server = clients[client].server
      let isKept = random.chance(perMille: 500)
      add(.crashAtWrite(server, isKept: isKept), at: milliseconds)
      drawSaying(by: client, at: milliseconds + random.int(1...2_000))
      add(.startServer(server), at: milliseconds + random.int(2_000...15_000))
    case 100..<112:
      let server = clients[client].server
      add(.fillDisk(server, milliseconds: random.int(100...8_000)), at: milliseconds)
    case 0..<22:
      add(.cut(client: client), at: milliseconds)
      add(.mend(client: client), at: later)
    case 22..<30:
      // All that are at one server.
      let server = clients[client].server
      for index in clients.indices where clients[index].server == server {
        add(.cut(client: index), at: milliseconds)
        add(.mend(client: index), at: later)
      }
    case 30..<42: add(.move(client: client), at: milliseconds)
    case 42..<46: add(.strand(client: client), at: milliseconds)
    case 46..<52: add(.setPath(client: client, bytes: drawPath()), at: milliseconds)
    case 52..<62:
      let way = drawWay(isNative: clients[client].isNative)
      add(.worsen(client: client, up: way.up, down: way.down), at: milliseconds)
    case 62..<76:
      add(.crashServer(clients[client].server), at: milliseconds)
      add(.startServer(clients[client].server), at: milliseconds + random.int(0...15_000))
    case 76..<79:
      let long = random.pick([300, 5_000, 30_000, 120_000])
      add(.freeze(client: client, milliseconds: random.int(100...long)), at: milliseconds)
    case 79..<81:
      let long = random.pick([300, 5_000, 30_000])
      let server = clients[client].server
      add(.freezeServer(server, milliseconds: random.int(100...long)), at: milliseconds)
    case 81..<88:
      add(.crash(client: client), at: milliseconds)
      add(.restart(client: client), at: milliseconds + random.int(0...15_000))
    case 88..<96:
      add(.stopServer(clients[client].server), at: milliseconds)
      add(.startServer(clients[client].server), at: milliseconds + random.int(5_000...15_000))
    default:
      add(
        .jump(server: clients[client].server, seconds: random.int(-100_000...100_000)),
        at: milliseconds)
    }
  }
}
