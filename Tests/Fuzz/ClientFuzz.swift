/// Whatever a server, a person and the network do, in whatever order, a client does not trap, ends
/// once, says nothing after its end, and keeps the order of what it was told to say.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzClient(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  var input = FuzzInput(start, count)
  let run = ClientRun(settings: input.byte())
  while !input.isEmpty { run.step(&input) }
  run.finish()
  return 0
}

private final class ClientRun {
  private let client: ClassicClient
  private var now = Instant(nanoseconds: 1_000_000_000_000)
  private var hasStarted = false
  private var hasJoined = false
  private var addressesTried = 1
  private var endings = 0
  /// Texts in the order in which they were said, and how many of them went out.
  private var said: [[UInt8]] = []
  private var sentCount = 0

  init(settings: UInt8) {
    let names = ["Ann", "x", "Zoë", "IMG2"]
    var configuration = ClassicClient.Configuration(
      name: try! MemberName(names[Int(settings >> 6)]))
    if settings & 16 != 0 { configuration.pace = Rate(perSecond: 10, burst: 1) }
    client = ClassicClient(configuration)
  }

  func step(_ input: inout FuzzInput) {
    let choice = input.byte()
    let wasEnded = client.isEnded
    switch choice % 9 {
    case 0 where !hasStarted && !wasEnded:
      hasStarted = true
      client.start(at: now)
    case 1: say(input.chunk())
    case 2:
      let jpeg = input.chunk()
      client.show(jpeg, at: now)
      if !wasEnded { said.append(jpeg) }
    case 3 where choice < 128: client.leave(at: now)
    case 3:
      // What waits is not said; all that went out before has been looked at.
      said.removeSubrange(sentCount...)
      client.leaveNow(at: now)
    case 4 where hasStarted: client.handleUnreachable()
    case 5 where hasStarted && !hasJoined && !wasEnded:
      if addressesTried < Limits.serverAddressesMax { client.startAgain(at: now) }
      addressesTried += 1
    case 6: advance(by: Int(choice) * 4)
    default: client.receive(input.chunk().span, at: now)
    }
    check(wasEnded)
  }

  /// A client that is left alone after leaving comes to an end.
  func finish() {
    let wasEnded = client.isEnded
    if !hasStarted && !wasEnded { client.start(at: now) }
    client.leave(at: now)
    for _ in 0..<2_000 where !client.isEnded { advance(by: 1_000) }
    check(wasEnded)
    hold(client.isEnded, "a client that never ends")
    hold(endings == 1, "\(endings) ends")
  }

  private func say(_ text: [UInt8]) {
    client.say(text, at: now)
    if !client.isEnded { said.append(text) }
  }

  private func advance(by milliseconds: Int) {
    let end = now + .milliseconds(milliseconds)
    var turns = 0
    while let deadline = client.nextDeadline, deadline <= end {
      now = max(now, deadline)
      client.advance(to: now)
      turns += 1
      hold(turns < 10_000, "deadlines that do not move on")
    }
    now = end
    client.advance(to: now)
  }

  private func check(_ wasEnded: Bool) {
    let outgoing = takeDatagrams(&client.outbox)
    hold(!wasEnded || outgoing.isEmpty, "a datagram after the end")
    for datagram in outgoing { check(datagram.bytes) }
    for event in client.takeEvents() {
      hold(endings == 0, "an event after the end")
      if case .ended = event { endings += 1 }
      if event == .joined {
        hold(!hasJoined, "joined twice")
        hasJoined = true
      }
    }
    hold(client.isEnded == (endings > 0), "an end without an event")
    hold(!client.isEnded || client.nextDeadline == nil, "a deadline after the end")
    hold(client.isEnded || !hasStarted || !client.isBusy || client.nextDeadline != nil, "stuck")
  }

  private func check(_ datagram: [UInt8]) {
    hold(datagram.count <= Limits.datagramBytesMax, "longer than a datagram")
    if sentCount < said.count,
      datagram.suffix(said[sentCount].count).elementsEqual(said[sentCount]),
      !isNotice(datagram)
    {
      sentCount += 1
    } else {
      hold(isNotice(datagram), "words out of order")
    }
  }

  private func isNotice(_ datagram: [UInt8]) -> Bool {
    datagram.span.endsWith(ClassicDialect.a.joinSuffix)
      || datagram.span.endsWith(ClassicDialect.a.leaveSuffix)
  }
}
