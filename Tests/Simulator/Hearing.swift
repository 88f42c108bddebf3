import ChatEngine

/// What one client program was told, held against the log that it was told of.
///
/// A program hears a part of a log without gaps, from where it joined on. Its place in that part
/// moves with each text; what the rule of `Docs/Protocol.md`, "Coming back", lets it pass over, it
/// may pass over.
struct Hearing {
  /// The log that it hears, and where: the next text that it must be told.
  fileprivate(set) var life: Ledger.LifeID?
  fileprivate var nextText = 0
  fileprivate var firstPicture = 0
  /// Whether it was told that something is missing, and has heard nothing since.
  fileprivate var isAdrift = false
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
  /// - Parameter isWhole: whether it was told that it misses nothing; nil for the first time.
  mutating func enter(_ run: RunID, _ life: LifeID?, isWhole: Bool?) {
    guard let life, let attached = runs[run].attached, attached.life == life else {
      return violate("\(runs[run].host) is in a log that it did not join")
    }
    let last = runs[run].hearing.life
    if isWhole == true {
      if last != life { violate("\(runs[run].host) goes on in a log that it did not hear") }
      return
    }
    if last == life, isWhole == false, !mayBeForgotten(life) {
      violate("\(runs[run].host) came back to a log that is whole, and was not let go on")
    }
    if last != life { runs[run].hearing.turn() }
    runs[run].hearing.life = life
    runs[run].hearing.isAdrift = false
    if last == nil {
      runs[run].hearing.nextText = attached.texts
      runs[run].hearing.firstPicture = attached.pictures
      return
    }
    // Whoever was here before missed all of another log, and of its own what is forgotten.
    if last != life, let beginning = lives[life].beginning {
      (runs[run].hearing.nextText, runs[run].hearing.firstPicture) = beginning
    }
    runs[run].hearing.isAdrift = mayBeForgotten(life)
  }

  /// Whether a log has grown so much that its beginning may be gone.
  private func mayBeForgotten(_ life: LifeID) -> Bool {
    lives[life].textBytes > Limits.talkLogBytes / 2
      || lives[life].pictureBytes > Limits.objectLogBytes / 2
  }

  // MARK: What a client is told

  mutating func hear(text: [UInt8], from name: String, by run: RunID) {
    guard let id = Wording.id(ofText: text), utterances.indices.contains(id),
      utterances[id].bytes == text
    else {
      return violate("\(runs[run].host) heard a text of \(text.count) B that nobody said")
    }
    hear(id, from: name, by: run)
  }

  /// A client was told where its own text or picture stands.
  mutating func hear(own ticket: MessageTicket, by run: RunID) {
    guard let id = id(of: ticket, by: run) else {
      return violate("\(runs[run].host) heard \(ticket) of itself, which it never said")
    }
    if utterances[id].isPicture {
      note(picture: id, by: run)
    } else {
      hear(id, from: nil, by: run)
    }
  }

  private mutating func hear(_ id: Int, from name: String?, by run: RunID) {
    let host = runs[run].host
    guard let life = runs[run].hearing.life else {
      return violate("\(host) heard \(describe(id)) before it was in")
    }
    if !runs[run].hearing.texts.insert(id).inserted {
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
    let next = runs[run].hearing.nextText
    if place < next {
      violate("\(host) heard \(describe(id)) after what was said after it")
    } else if !runs[run].hearing.isAdrift {
      passOver(next..<place, by: run)
    }
    runs[run].hearing.isAdrift = false
    runs[run].hearing.nextText = max(next, place + 1)
    runs[run].hearing.note(utterances[id])
  }

  /// Says which texts of the log a client was not told.
  private mutating func passOver(_ places: Range<Int>, by run: RunID) {
    guard let life = runs[run].hearing.life else { return }
    for place in places {
      let id = lives[life].texts[place]
      if !runs[run].hearing.mayMiss(utterances[id]) {
        violate("\(runs[run].host) did not hear \(describe(id)), \(place + 1). of its log")
      }
    }
  }

  mutating func hear(picture jpeg: [UInt8], from name: String, by run: RunID) {
    let host = runs[run].host
    guard let id = Wording.id(ofPicture: jpeg), utterances.indices.contains(id),
      utterances[id].bytes == jpeg
    else { return violate("\(host) was shown \(jpeg.count) B that nobody showed") }
    if utterances[id].sender == run { violate("\(host) was shown its own \(describe(id))") }
    note(picture: id, by: run)
  }

  private mutating func note(picture id: Int, by run: RunID) {
    let host = runs[run].host
    if !runs[run].hearing.pictures.insert(id).inserted {
      return violate("\(host) was shown \(describe(id)) twice")
    }
    guard let life = runs[run].hearing.life, lives[life].place(of: id, true) != nil else {
      return violate("\(host) was shown \(describe(id)), which is not in its log")
    }
    runs[run].hearing.note(utterances[id])
  }

  /// A client was told that events were left out.
  mutating func miss(_ count: Int, by run: RunID) {
    runs[run].hearing.isAdrift = true
    if let life = runs[run].hearing.life, !mayBeForgotten(life), lives[life].beginning?.texts == 0 {
      violate("\(runs[run].host) was told that it missed \(count) of a log that is whole")
    }
  }

  mutating func losePicture(by run: RunID) { runs[run].hearing.picturesLost += 1 }

  // MARK: Plain clients

  /// A client of a plain dialect was told something: its network promises nothing, but it does not
  /// hear a thing twice.
  mutating func hearPlain(text: [UInt8], from name: String, by run: RunID) {
    guard let id = Wording.id(ofText: text), utterances.indices.contains(id),
      utterances[id].bytes == text
    else {
      return violate("\(runs[run].host) heard a text of \(text.count) B that nobody said")
    }
    let logs = lives.count { $0.place(of: id, false) != nil }
    if logs == 0 { violate("\(runs[run].host) heard \(describe(id)), which is in no log") }
    // What two lives of a server logged, it told twice.
    if !runs[run].hearing.texts.insert(id).inserted, logs == 1 {
      violate("\(runs[run].host) heard \(describe(id)) twice")
    }
  }

  mutating func hearPlain(picture jpeg: [UInt8], by run: RunID) {
    guard let id = Wording.id(ofPicture: jpeg), utterances.indices.contains(id),
      utterances[id].bytes == jpeg
    else { return violate("\(runs[run].host) was shown \(jpeg.count) B that nobody showed") }
    let logs = lives.count { $0.place(of: id, true) != nil }
    if !runs[run].hearing.pictures.insert(id).inserted, logs == 1 {
      violate("\(runs[run].host) was shown \(describe(id)) twice")
    }
  }

  // MARK: At the end

  /// Whether a client has heard all of its log.
  func isUpToDate(_ run: RunID) -> Bool {
    guard let life = runs[run].hearing.life else { return false }
    let hearing = runs[run].hearing
    let rest = lives[life].texts[hearing.nextText...].contains { !hearing.mayMiss(utterances[$0]) }
    return !rest && missingPictures(of: run).count <= hearing.picturesLost
  }

  private func missingPictures(of run: RunID) -> [Int] {
    let hearing = runs[run].hearing
    guard let life = hearing.life else { return [] }
    return lives[life].pictures[hearing.firstPicture...].filter {
      utterances[$0].sender != run && !hearing.pictures.contains($0)
        && !hearing.mayMiss(utterances[$0])
    }
  }

  mutating func checkIsUpToDate(_ run: RunID) {
    guard let life = runs[run].hearing.life else {
      return violate("\(runs[run].host) is not in at the end")
    }
    passOver(runs[run].hearing.nextText..<lives[life].texts.count, by: run)
    let missing = missingPictures(of: run)
    if missing.count > runs[run].hearing.picturesLost {
      violate("\(runs[run].host) was not shown \(missing.map(describe))")
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
