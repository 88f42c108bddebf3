/// What a native client has heard of the log: where it is, who is who, and what pictures are still
/// on their way.
///
/// What always holds: an event of a log is told once, also over sessions; one that an earlier log
/// told already, and that is said again after a restart, is not told.
struct NativeHearing {
  private(set) var log: UInt64 = 0
  /// The number of the last event that was told.
  private var last: UInt64 = 0
  private var names: [UInt64: String] = [:]
  /// Pictures whose bytes are not here yet, by their object.
  private var pictures: [UInt64: Picture] = [:]
  /// The number of the last message that was told; nil where what is missing cannot be asked for.
  private var lastNumber: UInt64?
  /// After which message some are missing that are being asked for; meanwhile nothing is taken.
  private(set) var catchUpFrom: UInt64?
  /// The last of them.
  private var catchUpThrough: UInt64 = 0
  private var isGapNew = false
  /// What was heard behind the gap, and waits.
  private var held: NativeEvent?
  /// This client, where the list of who is here tells of it.
  private var listedMember: UInt64?
  private(set) var ownName = ""
  /// All names that this client went by: where somebody else claims its run, it is not under them.
  private var ownNames: Set<String> = []
  /// The name that this client had before and has again: that its ghost left is no news.
  private var hiddenName: String?
  /// Whether the list of who is here is news, and who stands on it.
  private var isListing = true
  private var listed: [String: UInt64] = [:]
  /// How many events before the list are missed for good.
  private var missedBefore: UInt64 = 0
  /// Who was here before the server was started again and is not back yet: their coming is no news.
  private var awaited: Set<String> = []
  /// The greatest number heard of each run, in this log and in those before it.
  private var heard: [Sequence: UInt64] = [:]
  private var heardBefore: [Sequence: UInt64] = [:]

  /// Texts and pictures of a run are numbered each by themselves.
  private struct Sequence: Hashable {
    /// Names belong to keys; runs are only claimed.
    var name: String
    var run: UInt64
    var isPicture: Bool
  }

  private struct Picture {
    var seq: UInt64
    var from: String
    var hash: [UInt8]
  }

  /// The event up to which everything is here, pictures included.
  var completeThrough: UInt64 {
    guard let first = pictures.values.map(\.seq).min() else { return last }
    return min(last, first - 1)
  }

  /// The names of those who are here, in no order.
  var roster: [String] { Array(names.values) }

  /// How a session begins to hear of a room.
  struct Beginning {
    var log: UInt64
    /// Whether the events go on behind `completeThrough`.
    var isResumed: Bool
    /// The number of the first event that will come.
    var next: UInt64
    /// This client, as the room knows it.
    var name: String
    var member: UInt64
    /// The number of the room's next message; nil where what was missed cannot be asked for.
    var nextNumber: UInt64?
  }

  /// A session begins.
  ///
  /// - Returns: what this is for a client that was here before.
  mutating func begin(
    _ welcome: Beginning, _ events: inout [ClientEvent]
  ) -> ClientReturn {
    let isFirst = log == 0
    let how: ClientReturn =
      welcome.isResumed ? .whole : welcome.log == log ? .incomplete : .restarted
    if welcome.log != log {
      awaited.formUnion(names.values)
      awaited.subtract(ownNames)
      if awaited.count > Limits.clientsMax { awaited.removeAll() }
      heardBefore.merge(heard, uniquingKeysWith: max)
      if heardBefore.count > Limits.runsRememberedMax { heardBefore.removeAll() }
      heard.removeAll()
      (log, last) = (welcome.log, 0)
    }
    // Who hears all that happened meanwhile knows who is here.
    isListing = !welcome.isResumed
    listedMember = isListing ? welcome.member : nil
    hiddenName = !isFirst && welcome.name == ownName ? ownName : nil
    ownName = welcome.name
    ownNames.insert(welcome.name)
    if !welcome.isResumed {
      names.removeAll()
      listed.removeAll()
      for picture in pictures.values.sorted(by: { $0.seq < $1.seq }) {
        events.append(.pictureLost(from: picture.from))
      }
      pictures.removeAll()
      let before = welcome.next - min(welcome.next, 1)
      missedBefore = isFirst || before < last ? 0 : before - last
      last = max(last, before)
    }
    beginNumbers(welcome)
    return how
  }

  private mutating func beginNumbers(_ welcome: Beginning) {
    // What was found missing within the log is found so again, in the new session.
    let wasCatchingUp = catchUpFrom != nil && held == nil
    (held, catchUpFrom, isGapNew) = (nil, nil, false)
    guard let next = welcome.nextNumber else {
      lastNumber = nil
      return
    }
    let newest = next - min(next, 1)
    // What is in the log is heard there; what is not is asked for, and nothing is missed.
    guard let known = lastNumber, !welcome.isResumed else {
      if lastNumber == nil { lastNumber = newest }
      if wasCatchingUp { catchUpFrom = lastNumber }
      return
    }
    missedBefore = 0
    if known < newest { (catchUpFrom, catchUpThrough) = (known, newest) }
  }

  mutating func note(_ present: [NativeReply.Present], _ events: inout [ClientEvent]) {
    guard isListing else { return }
    for person in present {
      guard names.count < Limits.clientsMax * 2 else { return }
      let isNew = names.updateValue(person.name, forKey: person.member) == nil
      awaited.remove(person.name)
      guard isNew, person.member != listedMember else { continue }
      listed[person.name] = person.member
      events.append(.present(person.name))
    }
  }

  /// The list of who is here is complete.
  mutating func endList(_ events: inout [ClientEvent]) {
    guard isListing else { return }
    events.append(.listed)
    if missedBefore > 0 { events.append(.missed(Int(clamping: missedBefore))) }
    missedBefore = 0
  }

  /// Who is not back by now has gone.
  mutating func endWaiting(_ events: inout [ClientEvent]) {
    for name in awaited.sorted() { events.append(.departed(name)) }
    awaited.removeAll()
  }

  /// Takes the next event of the log.
  mutating func take(
    _ event: NativeEvent, ownRun: UInt64, _ session: inout Session, _ events: inout [ClientEvent]
  ) {
    if leavesGap(event) { return }
    let isNew = event.seq > last
    if isNew, let number = event.message?.number, let lastNumber, number <= lastNumber {
      // It came as a part of what was missed.
      last = event.seq
      if case .showed(let picture) = event.kind {
        session.knowObjects(through: picture.object)
      }
      return
    }
    if isNew {
      if event.seq > last + 1, last > 0 {
        events.append(.missed(Int(clamping: event.seq - last - 1)))
      }
      last = event.seq
      if lastNumber != nil, let number = event.message?.number { lastNumber = number }
    }
    switch event.kind {
    case .joined(let name):
      guard isNew, names.count < Limits.clientsMax * 2 else { return }
      names[event.member] = name
      arrive(event.member, name, &events)
    case .left:
      guard isNew, let name = names.removeValue(forKey: event.member) else { return }
      depart(event.member, name, &events)
    case .said(let text), .did(let text), .topic(let text):
      guard let message = event.message, isNew,
        !isRepeated(message.id, of: event.member, isPicture: false)
      else { return }
      tell(event, message, Array(text), ownRun, &events)
    case .showed(let picture):
      guard let author = event.message?.id else { return }
      take(picture, author, event, isNew, ownRun, &session, &events)
    }
  }

  // MARK: What was missed

  /// After which message the rest of what is missing begins; nil where nothing is.
  var catchUpAfter: UInt64? { catchUpFrom == nil ? nil : lastNumber }

  /// Whether messages before this one are missing that can be asked for: then it waits.
  private mutating func leavesGap(_ event: NativeEvent) -> Bool {
    guard let lastNumber, let number = event.message?.number, number > lastNumber + 1 else {
      // So do notices behind messages that were left out; those before them are lost.
      if lastNumber != nil, event.seq > last + 1, last > 0 { last = event.seq - 1 }
      return false
    }
    (held, catchUpFrom, catchUpThrough, isGapNew) = (event, lastNumber, number - 1, true)
    return true
  }

  /// After which message some are missing, when that was just found.
  mutating func takeNewGap() -> UInt64? {
    guard isGapNew else { return nil }
    isGapNew = false
    return catchUpFrom
  }

  /// Takes a message that was missed.
  mutating func takePast(_ message: PastMessage, ownRun: UInt64, _ events: inout [ClientEvent]) {
    guard let known = lastNumber, message.number > known, catchUpFrom != nil,
      held == nil || message.number <= catchUpThrough
    else { return }
    // What the server keeps no more.
    if message.number > known + 1 {
      events.append(.missed(Int(clamping: message.number - known - 1)))
    }
    lastNumber = message.number
    let isPicture = message.kind == .picture
    guard !isRepeated(message.id, by: message.from, isPicture: isPicture) else { return }
    if message.id.run == ownRun, ownNames.contains(message.from) {
      events.append(
        .ownMessage(MessageTicket(isPicture: isPicture, number: message.id.number)))
      return
    }
    switch message.kind {
    case .text, .action:
      var heard = Heard(from: message.from, text: message.body)
      heard.isAction = message.kind == .action
      (heard.number, heard.time) = (message.number, message.time)
      events.append(.message(heard))
    case .topic: events.append(.topic(from: message.from, text: message.body))
    case .picture, .file:
      guard let attachment = StoredAttachment(message.body) else { return }
      events.append(
        .attachment(
          from: message.from, attachment, number: message.number, time: message.time))
    }
  }

  /// A page of what was missed is here.
  ///
  /// - Parameter hadNone: whether nothing was in it: then there is no more.
  /// - Returns: after which message the next page begins; nil where all is here.
  mutating func endPage(hadNone: Bool, _ events: inout [ClientEvent]) -> UInt64? {
    guard let known = lastNumber, catchUpFrom != nil else { return nil }
    if !hadNone, known < catchUpThrough { return known }
    // What is older than what the server keeps is missed for good.
    if known < catchUpThrough { events.append(.missed(Int(clamping: catchUpThrough - known))) }
    lastNumber = max(known, catchUpThrough)
    catchUpFrom = nil
    return nil
  }

  /// What waited for what was missed, which is here now.
  mutating func takeHeld() -> NativeEvent? {
    guard catchUpFrom == nil, let event = held else { return nil }
    held = nil
    last = max(last, event.seq - 1)
    return event
  }

  /// Whoever is on the list of who is here was told of, also where it came more than once before.
  private mutating func arrive(
    _ member: UInt64, _ name: String, _ events: inout [ClientEvent]
  ) {
    if member == listedMember || name == hiddenName { return }
    let isKnown = listed[name] != nil || awaited.remove(name) != nil
    events.append(isKnown ? .present(name) : .arrived(name))
  }

  private mutating func depart(
    _ member: UInt64, _ name: String, _ events: inout [ClientEvent]
  ) {
    // Who was in a room just before is in the list already, and its leaving may be told after it.
    if member == listedMember || name == hiddenName { return }
    if let here = listed[name] {
      guard here == member else { return }
      listed[name] = nil
    }
    events.append(.departed(name))
  }

  private mutating func tell(
    _ event: NativeEvent, _ message: NativeEvent.Message, _ text: [UInt8], _ ownRun: UInt64,
    _ events: inout [ClientEvent]
  ) {
    if isOwn(message.id, event.member, ownRun) {
      events.append(.ownMessage(MessageTicket(isPicture: false, number: message.id.number)))
    } else if case .topic = event.kind {
      events.append(.topic(from: name(event.member), text: text))
    } else {
      var heard = Heard(from: name(event.member), text: text)
      if case .did = event.kind { heard.isAction = true }
      (heard.number, heard.time) = (message.number, message.time)
      events.append(.message(heard))
    }
  }

  private func isOwn(
    _ author: MessageID, _ member: UInt64, _ ownRun: UInt64
  ) -> Bool {
    author.run == ownRun && author.run != 0 && ownNames.contains(name(member))
  }

  private func name(_ member: UInt64) -> String { names[member] ?? "?" }

  /// Whether an earlier log told it; texts of a run come in order.
  private mutating func isRepeated(
    _ author: MessageID, of member: UInt64, isPicture: Bool
  ) -> Bool {
    isRepeated(author, by: name(member), isPicture: isPicture)
  }

  private mutating func isRepeated(
    _ author: MessageID, by name: String, isPicture: Bool
  ) -> Bool {
    guard author.run != 0 else { return false }
    let sequence = Sequence(name: name, run: author.run, isPicture: isPicture)
    heard[sequence] = max(heard[sequence] ?? 0, author.number)
    if heard.count > Limits.runsRememberedMax { heard.removeAll() }
    return author.number <= heardBefore[sequence] ?? 0
  }

  // MARK: Pictures

  private mutating func take(
    _ picture: NativeEvent.Picture, _ author: MessageID, _ event: NativeEvent,
    _ isNew: Bool, _ ownRun: UInt64, _ session: inout Session, _ events: inout [ClientEvent]
  ) {
    if isOwn(author, event.member, ownRun) {
      session.knowObjects(through: picture.object)
      let ticket = MessageTicket(isPicture: true, number: author.number)
      if isNew, !isRepeated(author, of: event.member, isPicture: true) {
        events.append(.ownMessage(ticket))
      }
      return
    }
    // After a session was lost, only the pictures that were not whole come again.
    let isWanted =
      isNew
      ? !isRepeated(author, of: event.member, isPicture: true)
      : pictures[picture.object] != nil
    guard isWanted else {
      session.knowObjects(through: picture.object)
      return
    }
    guard let key = CipherKey(copying: picture.key.span),
      let length = Int(exactly: picture.length),
      session.expectObject(picture.object, length: length, sharedKey: key)
    else {
      session.knowObjects(through: picture.object)
      pictures[picture.object] = nil
      events.append(.pictureLost(from: name(event.member)))
      return
    }
    pictures[picture.object] = Picture(
      seq: event.seq, from: name(event.member), hash: picture.hash)
  }

  /// A picture is whole.
  mutating func finish(_ object: UInt64, _ bytes: [UInt8], _ events: inout [ClientEvent]) {
    guard let picture = pictures.removeValue(forKey: object) else { return }
    if Blake2b.hash256(bytes.span) == picture.hash {
      events.append(.picture(from: picture.from, jpeg: bytes))
    } else {
      events.append(.pictureLost(from: picture.from))
    }
  }

  /// The server no longer has a picture.
  mutating func lose(_ object: UInt64, _ events: inout [ClientEvent]) {
    guard let picture = pictures.removeValue(forKey: object) else { return }
    events.append(.pictureLost(from: picture.from))
  }
}
