import ChatEngine

/// A world and what is going to happen in it: all of it follows from one seed.
struct Scenario {
  struct Server {
    var name: String
    var address: PeerAddress
    var keyPair: KeyPair
    var password: (key: SecretKey, salt: [UInt8])?
    var messagesPerSecond: Int
    /// Whether messages are told once they are on its disk.
    var keepsHistory = true
    var clientsMax = Limits.clientsDefault
    var latency: Duration
    var clockStart: Instant
  }

  struct Client {
    var name: String
    /// Its server's place among the servers.
    var server: Int
    var isNative: Bool
    var memberName: MemberName
    /// Whether somebody else with another key wants the same name.
    var isRival = false
    var keyPair: KeyPair
    var acceptsNumber = false
    var password: [UInt8]?
    var deliveryTimeout: Duration?
    /// Whether it knows the server's key from before.
    var knowsServer = false
    var address: PeerAddress
    var up: Link.Conditions
    var down: Link.Conditions
    var latency: Duration
    var clockStart: Instant
  }

  /// Something that happens at a time: a fault, or something that a person does.
  enum Act {
    case start(client: Int)
    case say(
      client: Int, bytes: Int, isSound: Bool, as: NativeRequest.Say.Kind = .text,
      in: RoomName = .lobby)
    case show(client: Int, bytes: Int, isSound: Bool, in: RoomName = .lobby)
    case enter(client: Int, room: RoomName)
    case part(client: Int, room: RoomName)
    case leave(client: Int, isPatient: Bool)
    case crash(client: Int)
    /// Its machine sleeps, or is too busy.
    case freeze(client: Int, milliseconds: Int)
    case freezeServer(Int, milliseconds: Int)
    /// A program that crashed is started again.
    case restart(client: Int)
    /// Its address changes, and what is sent to the old one is lost.
    case move(client: Int)
    /// Its address is of no use any more, and it has to find out.
    case strand(client: Int)
    case cut(client: Int)
    case mend(client: Int)
    case worsen(client: Int, up: Link.Conditions, down: Link.Conditions)
    case setPath(client: Int, bytes: Int)
    case startServer(Int)
    case crashServer(Int)
    case stopServer(Int)
    /// It crashes at the next write: before the batch is on the disk, or before it knows so.
    case crashAtWrite(Int, isKept: Bool)
    /// Nothing finds room on its disk for so long.
    case fillDisk(Int, milliseconds: Int)
    /// The wall clock jumps.
    case jump(server: Int, seconds: Int)
  }

  struct Step {
    var at: Instant
    var act: Act
  }

  /// The rooms besides the lobby that people go to.
  static let rooms = ["dev", "ops", "tea"].map { try! RoomName($0) }

  var servers: [Server] = []
  var clients: [Client] = []
  /// In the order of time.
  var steps: [Step] = []
  /// When the last fault is over and the network is mended.
  var healsAt = Simulation.start
  /// Whether the network says that nobody is at an address.
  var reportsRefusals = false
  /// How many of the datagrams of native clients somebody sends again from another address.
  var impostorPerMille = 0
  /// How many of the things that people do have to do with rooms.
  var roomsPerMille = 0

  /// What draws the world, and, forked, what happens in it.
  var random: SplitMix64

  init(seed: UInt64) {
    random = SplitMix64(seed: seed)
    // Making the key of a password takes long, on purpose.
    drawServers(1...2, hasPassword: random.chance(perMille: 15))
    drawClients()
    reportsRefusals = random.chance(perMille: 500)
    impostorPerMille = random.chance(perMille: 200) ? random.int(1...20) : 0
    for index in servers.indices { servers[index].keepsHistory = random.chance(perMille: 850) }
    roomsPerMille = random.pick([0, 200, 400, 700])
    drawSteps()
  }

  /// One server and so many native clients on sound ways, who join in the first seconds; for what
  /// happens then, `steps` are added. The network is mended after a minute.
  init(natives: Int, seed: UInt64 = 1) {
    random = SplitMix64(seed: seed)
    drawServers(1...1, hasPassword: false)
    servers[0].messagesPerSecond = 0
    for index in 0..<natives {
      var client = drawClient(index, isNative: true)
      (client.up, client.down) = (Link.Conditions(), Link.Conditions())
      client.deliveryTimeout = nil
      clients.append(client)
      steps.append(
        Step(at: Simulation.start + .milliseconds(100 * index), act: .start(client: index)))
    }
    steps.insert(Step(at: Simulation.start, act: .startServer(0)), at: 0)
    healsAt = Simulation.start + .seconds(60)
  }

  /// Something happens so many seconds after the beginning.
  mutating func add(_ act: Act, atSecond second: Double) {
    let at = Simulation.start + .microseconds(Int(second * 1e6))
    steps.append(Step(at: at, act: act))
  }
}
