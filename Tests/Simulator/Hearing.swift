import ChatEngine

/// What one client program was told, held against the log that it was told of.
///
/// A program hears a part of a log without gaps, from where it joined on. Its place in that part
/// moves with each text; what the rule of `Docs/Protocol.md`, "Coming back", lets it pass over, it
/// may pass over.
struct Hearing {
  /// The log that it hears, and where: the next text that it must be told.
  fileprivate(set) var life: Ledger.LifeID?
  /// By which the client knows it.
  fileprivate var log: UInt64 = 0
  fileprivate var nextText = 0
  fileprivate var firstPicture = 0
  /// Whether it was told that something is missing, and has heard nothing since.
  fileprivate var isAdrift = false
  /// Whether it is in again behind what was told meanwhile, and was not told yet how much that is.
  fileprivate var startsLate = false
  /// Everything that it was told.
  fileprivate(set) var texts: Set<Int> = []
  fileprivate(set) var pictures: Set<Int> = []
  /// Of how many pictures it was told that they are lost.
  fileprivate(set) var picturesLost = 0
  /// The greatest number heard of each program, in this log and in those before it.
  fileprivate var greatest: [Ledger.RunID: UInt64] = [:]
  fileprivate var greatestBefore: [Ledger.RunID: UInt64] = [:]
  fileprivate var greatestPicture: [Ledger.RunID: UInt64] = [:]
  fileprivate var greatestPictureBefore: [Ledger.RunID: UInt64] = [:]
}

extension Ledger {
  // MARK: Where a client is

  /// A client was told that it is in, or in again.
  ///
  /// - Parameters:
  ///   - life: the log of the room.
  ///   - isWhole: whether it was told that it misses nothing; nil for the first time.
  mutating func enter(_ run: RunID, _ life: LifeID?, isWhole: Bool?) {
    guard let life, let attached = runs[run].attached[lives[life].room], attached.life == life
    else { return violate("\(runs[run].host) is in a log that it did not join") }
    let room = lives[life].room
    let (last, lastLog) = (runs[run][room].life, runs[run][room].log)
    runs[run][room].log = attached.log
    if isWhole == true {
      if last != life { violate("\(runs[run].host) goes on in a log that it did not hear") }
      return
    }
    if lastLog == attached.log, isWhole == false, !mayBeForgotten(life) {
      violate("\(runs[run].host) came back to a log that is whole, and was not let go on")
    }
    // What is on the disk it gets from there, wherever it was.
    if last == life, lives[life].keepsHistory { return }
    if last != life { runs[run][room].turn() }
    runs[run][room].life = life
    runs[run][room].isAdrift = false
    // Whoever missed something of a room besides the lobby asks for it by its numbers.
    if last == nil || room != .lobby {
      runs[run][room].startsLate = last != nil
      runs[run][room].nextText = attached.texts
      runs[run][room].firstPicture = attached.pictures
      return
    }
    // Whoever was here before missed all of another log, and of its own what is forgotten.
    if last != life, let beginning = lives[life].beginning {
      (runs[run][room].nextText, runs[run][room].firstPicture) = beginning
    }
    runs[run][room].isAdrift = mayBeForgotten(life)
  }

  /// Whether a log has grown so much that its beginning may be gone.
  private func mayBeForgotten(_ life: LifeID) -> Bool {
    let isLobby = lives[life].room == .lobby
    // A room in which nothing was said is forgotten with the last that is in it.
    if !isLobby, lives[life].nextNumber == 1 { return true }
    let bytesMax = isLobby ? Limits.talkLogBytes : Limits.roomLogsBytes / Limits.roomLogsShareMin
    return lives[life].textBytes > bytesMax / 2
      || lives[life].pictureBytes > Limits.objectLogBytes / 2
  }

  // MARK: What a client is told

  mutating func hear(_ heard: Heard, in room: RoomName, by run: RunID) {
    let mark = Mark(number: heard.number, time: heard.time)
    let kind = heard.isAction ? NativeRequest.Say.Kind.action : .text
    guard let id = utterance(heard.text, isPicture: false), utterances[id].kind == kind else {
      return violate("\(runs[run].host) heard a text of \(heard.text.count) B that nobody said")
    }
    hear(id, in: room, from: heard.from, mark, by: run)
  }

  /// A client was told what a room is about from now on, or, where it has just entered, was.
  mutating func hear(topic: [UInt8], in room: RoomName, from name: String?, by run: RunID) {
    guard let id = utterance(topic, isPicture: false), utterances[id].kind == .topic else {
      return violate("\(runs[run].host) heard a topic of \(topic.count) B that nobody set")
    }
    if let name { return hear(id, in: room, from: name, nil, by: run) }
    if !utterances[id].bytes.elementsEqual((runs[run].attached[room]?.topic ?? "").utf8) {
      violate("\(runs[run].host) heard that \(room) is about \(describe(id))")
    }
  }

  /// A client was told where its own text or picture stands.
  mutating func hear(own ticket: MessageTicket, by run: RunID) {
    guard let id = id(of: ticket, by: run) else {
      return violate("\(runs[run].host) heard \(ticket) of itself, which it never said")
    }
    if utterances[id].isPicture {
      note(picture: id, in: utterances[id].room, by: run)
    } else {
      hear(id, in: utterances[id].room, from: nil, nil, by: run)
    }
  }

  private mutating func hear(
    _ id: Int, in room: RoomName, from name: String?, _ mark: Mark?, by run: RunID
  ) {
    let host = runs[run].host
    guard let life = runs[run][room].life else {
      return violate("\(host) heard \(describe(id)) before it was in")
    }
    if !runs[run][room].texts.insert(id).inserted {
      return violate("\(host) heard \(describe(id)) twice")
    }
    guard let place = lives[life].place(of: id, false) else {
      return violate("\(host) heard \(describe(id)), which is not in the log that it is in")
    }
    if name != nil, utterances[id].sender == run {
      violate("\(host) heard its own \(describe(id)) as somebody else's")
    }
    if let name, name != lives[life].names[place] {
      violate("\(host) heard \(describe(id)) from \(name) and not \(lives[life].names[place])")
    }
    if let mark, mark != lives[life].marks[place] {
      violate("\(host) heard \(describe(id)) as \(mark) and not \(lives[life].marks[place])")
    }
    let next = runs[run][room].nextText
    if place < next {
      violate("\(host) heard \(describe(id)) after what was said after it")
    } else if !runs[run][room].isAdrift {
      passOver(next..<place, of: room, by: run)
    }
    runs[run][room].isAdrift = false
    runs[run][room].nextText = max(next, place + 1)
    runs[run][room].note(utterances[id])
  }

  /// Says which texts of the log a client was not told.
  private mutating func passOver(_ places: Range<Int>, of room: RoomName, by run: RunID) {
    guard let life = runs[run][room].life else { return }
    for place in places {
      let id = lives[life].texts[place]
      if !runs[run][room].mayMiss(utterances[id]) {
        violate("\(runs[run].host) did not hear \(describe(id)), \(place + 1). of its log")
      }
    }
  }

  mutating func hear(
    picture jpeg: [UInt8], in room: RoomName = .lobby, from name: String, by run: RunID
  ) {
    let host = runs[run].host
    guard let id = utterance(jpeg, isPicture: true) else {
      return violate("\(host) was shown \(jpeg.count) B that nobody showed")
    }
    if utterances[id].sender == run { violate("\(host) was shown its own \(describe(id))") }
    note(picture: id, in: room, by: run)
  }

  /// A client was told that a picture was shown while it was away.
  mutating func hear(
    attachment: StoredAttachment, _ number: UInt64, in room: RoomName, from name: String,
    by run: RunID
  ) {
    let id = utterances.indices.first {
      utterances[$0].isPicture && utterances[$0].kept?.room == room
        && utterances[$0].kept?.number == number && isHere($0, by: run, in: room)
    }
    let jpeg = id.map { utterances[$0].bytes } ?? []
    guard let id, Blake2b.hash256(jpeg.span) == attachment.hash else {
      return violate("\(runs[run].host) was told of a picture \(number) that nobody showed")
    }
    if utterances[id].sender == run { violate("\(runs[run].host) was told of its own picture") }
    let marks = runs[run][room].life.map { lives[$0].marks } ?? []
    let next = runs[run][room].nextText
    let isLate = next > 0 && marks[next - 1].number > number
    if isLate || next < marks.count && marks[next].number < number {
      violate("\(runs[run].host) was told of \(describe(id)) out of its place")
    }
    note(picture: id, in: room, by: run)
  }

  /// Whether something is in the log that a client hears.
  private func isHere(_ id: Int, by run: RunID, in room: RoomName) -> Bool {
    guard let life = runs[run][room].life else { return false }
    return lives[life].place(of: id, utterances[id].isPicture) != nil
  }

  private mutating func note(picture id: Int, in room: RoomName, by run: RunID) {
    let host = runs[run].host
    if !runs[run][room].pictures.insert(id).inserted {
      return violate("\(host) was shown \(describe(id)) twice")
    }
    guard let life = runs[run][room].life, lives[life].place(of: id, true) != nil else {
      return violate("\(host) was shown \(describe(id)), which is not in its log")
    }
    runs[run][room].note(utterances[id])
  }

  /// A client was told that events were left out.
  mutating func miss(_ count: Int, in room: RoomName = .lobby, by run: RunID) {
    if runs[run][room].startsLate {
      runs[run][room].startsLate = false
      return
    }
    runs[run][room].isAdrift = true
    guard let life = runs[run][room].life, lives[life].keepsHistory || !mayBeForgotten(life)
    else { return }
    if lives[life].keepsHistory || room != .lobby || lives[life].beginning?.texts == 0 {
      violate("\(runs[run].host) was told that it missed \(count) of a log that is whole")
    }
  }

  mutating func losePicture(in room: RoomName = .lobby, by run: RunID) {
    runs[run][room].picturesLost += 1
  }

  /// A client left a room, and forgets what it heard there.
  mutating func part(_ run: RunID, from room: RoomName) {
    runs[run].heardBefore += runs[run][room].texts.count + runs[run][room].pictures.count
    (runs[run].hearings[room], runs[run].attached[room]) = (nil, nil)
  }

  // MARK: Plain clients

  /// A client of a plain dialect was told something: its network promises nothing, but it does not
  /// hear a thing twice.
  mutating func hearPlain(text: [UInt8], from name: String, by run: RunID) {
    let (kind, words) = Self.read(text)
    guard let id = utterance(words, isPicture: false), utterances[id].kind == kind else {
      return violate("\(runs[run].host) heard a text of \(text.count) B that nobody said")
    }
    let logs = lives.count { $0.room == .lobby && $0.place(of: id, false) != nil }
    if logs == 0 { violate("\(runs[run].host) heard \(describe(id)), which is in no log") }
    // What two lives of a server logged, it told twice.
    if !runs[run][.lobby].texts.insert(id).inserted, logs == 1 {
      violate("\(runs[run].host) heard \(describe(id)) twice")
    }
  }

  /// What a text is, by what stands before it.
  private static func read(_ text: [UInt8]) -> (NativeRequest.Say.Kind, [UInt8]) {
    let prefixes: [(String, NativeRequest.Say.Kind)] = [
      (ClassicText.topic, .topic), (ClassicText.action, .action),
    ]
    for (prefix, kind) in prefixes where text.starts(with: prefix.utf8) {
      return (kind, Array(text.dropFirst(prefix.utf8.count)))
    }
    return (.text, text)
  }

  mutating func hearPlain(picture jpeg: [UInt8], by run: RunID) {
    guard let id = utterance(jpeg, isPicture: true) else {
      return violate("\(runs[run].host) was shown \(jpeg.count) B that nobody showed")
    }
    let logs = lives.count { $0.room == .lobby && $0.place(of: id, true) != nil }
    if logs == 0 { violate("\(runs[run].host) was shown \(describe(id)), which is in no log") }
    if !runs[run][.lobby].pictures.insert(id).inserted, logs == 1 {
      violate("\(runs[run].host) was shown \(describe(id)) twice")
    }
  }

  // MARK: At the end

  /// Whether a client has heard all of the logs of its rooms.
  ///
  /// - Parameter life: the lobby's log, which it must be in.
  func isUpToDate(_ run: RunID, in lobby: LifeID) -> Bool {
    runs[run].wanted.allSatisfy { room in
      let hearing = runs[run][room]
      guard let life = hearing.life, life == existingLog(of: room, beside: lobby),
        hearing.log == lives[life].log
      else { return false }
      let rest = lives[life].texts[hearing.nextText...]
      return rest.allSatisfy { hearing.mayMiss(utterances[$0]) }
        && missingPictures(of: run, in: room).count <= hearing.picturesLost
    }
  }

  private func missingPictures(of run: RunID, in room: RoomName) -> [Int] {
    let hearing = runs[run][room]
    guard let life = hearing.life else { return [] }
    return lives[life].pictures[hearing.firstPicture...].filter {
      utterances[$0].sender != run && !hearing.pictures.contains($0)
        && !hearing.mayMiss(utterances[$0])
    }
  }

  mutating func checkIsUpToDate(_ run: RunID) {
    for room in runs[run].wanted.sorted(by: { $0.text < $1.text }) {
      guard let life = runs[run][room].life else {
        violate("\(runs[run].host) is not in \(room) at the end")
        continue
      }
      passOver(runs[run][room].nextText..<lives[life].texts.count, of: room, by: run)
      let missing = missingPictures(of: run, in: room)
      if missing.count > runs[run][room].picturesLost {
        violate("\(runs[run].host) was not shown \(missing.map(describe))")
      }
    }
    for room in runs[run].hearings.keys where !runs[run].wanted.contains(room) {
      violate("\(runs[run].host) is in \(room) at the end")
    }
  }
}

extension Hearing {
  /// Another log begins.
  fileprivate mutating func turn() {
    greatestBefore.merge(greatest, uniquingKeysWith: max)
    greatestPictureBefore.merge(greatestPicture, uniquingKeysWith: max)
    greatest.removeAll()
    greatestPicture.removeAll()
  }

  fileprivate mutating func note(_ said: Ledger.Utterance) {
    if said.isPicture {
      greatestPicture[said.sender] = max(greatestPicture[said.sender] ?? 0, said.number)
    } else {
      greatest[said.sender] = max(greatest[said.sender] ?? 0, said.number)
    }
  }

  /// Whether an earlier log told this, or something that its author said later.
  fileprivate func mayMiss(_ said: Ledger.Utterance) -> Bool {
    let before = (said.isPicture ? greatestPictureBefore : greatestBefore)[said.sender] ?? 0
    return said.number <= before
  }
}
