import ChatEngine

/// A machine with a client of a plain dialect. Its network loses and reorders, and nothing else:
/// there is nothing in the dialect that could notice a copy or a changed byte.
final class ClassicHost: ClientHost {
  private var client: ClassicClient?
  private var ending: ClientEnding?

  override var nextDeadline: Instant? { client?.nextDeadline }

  override func launch(at now: Instant) {
    runID = world.ledger.newRun(of: name, name: plan.memberName.text, isNative: false)
    ending = nil
    client = ClassicClient(ClassicClient.Configuration(name: plan.memberName))
    client?.start(at: local(now))
  }

  override func kill() { client = nil }

  override func say(
    _ count: Int, isSound: Bool, as kind: NativeRequest.Say.Kind, in room: RoomName,
    at now: Instant
  ) {
    guard let runID, let client, isSound, room == .lobby, !isFrozen else { return }
    let text = world.ledger.utter(false, by: runID, isSound: true) {
      Wording.text($0, count: count)
    }
    client.say(text, at: local(now))
    world.note(name, "says \(text.count) B")
    act(at: now)
  }

  override func show(_ count: Int, isSound: Bool, in room: RoomName, at now: Instant) {
    guard let runID, let client, isSound, room == .lobby, !isFrozen else { return }
    let jpeg = world.ledger.utter(true, by: runID, isSound: true) {
      Wording.picture($0, count: count)
    }
    client.show(jpeg, at: local(now))
    world.note(name, "shows \(jpeg.count) B")
    act(at: now)
  }

  override func leave(isPatient: Bool, at now: Instant) {
    if isPatient {
      client?.leave(at: local(now))
    } else {
      client?.leaveNow(at: local(now))
    }
  }

  /// Nobody can tell, so it is asked later whether it hears what is said.
  override var isSettled: Bool { runID != nil || !wantsIn }

  override func work(at now: Instant) {
    guard let client, let runID else { return }
    for datagram in inbox { client.receive(datagram.bytes.span, at: local(now)) }
    if !refusals.isEmpty { client.handleUnreachable() }
    client.advance(to: local(now))
    transmit(&client.outbox)
    for event in client.takeEvents() {
      world.mix(event)
      switch event {
      case .message(let heard):
        let (from, text) = (heard.from, heard.text)
        world.note(name, "hears \(text.count) B from \(from)")
        world.ledger.hearPlain(text: text, from: from, by: runID)
      case .picture(let from, let jpeg):
        world.note(name, "is shown \(jpeg.count) B by \(from)")
        world.ledger.hearPlain(picture: jpeg, by: runID)
      case .ended(let ending): self.ending = ending
      default: break
      }
    }
    if let ending {
      self.client = nil
      ended("\(ending)", isRefused: false, at: now)
    }
  }
}
