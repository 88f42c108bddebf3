import ChatEngine

/// What clients of a server that keeps its history were told, held against what is on its disk.
///
/// There nothing is missed, whatever becomes of sessions and servers: a program hears each message
/// from where it joined on, once, in the order of their numbers. Only pictures take their time, and
/// of those that were under way when a session was lost it may be told that they are lost.
extension Ledger {
  func keepsHistory(_ run: RunID, in room: RoomName) -> Bool {
    runs[run][room].life.map { lives[$0].keepsHistory } ?? false
  }

  /// What is kept of a room that a client is in, in the order of their numbers.
  private func kept(_ run: RunID, in room: RoomName) -> [Int] {
    guard let life = runs[run][room].life else { return [] }
    return kept[lives[life].server]?[room] ?? []
  }

  /// A client was told a message, or where its own stands.
  mutating func hearKept(
    _ id: Int, in room: RoomName, from name: String?, _ mark: Mark?, by run: RunID
  ) {
    let host = runs[run].host
    guard let place = utterances[id].kept, place.room == room else {
      return violate("\(host) heard \(describe(id)) in \(room), which does not keep it")
    }
    if name != nil, utterances[id].sender == run {
      violate("\(host) heard its own \(describe(id)) as somebody else's")
    }
    if let name, name != place.author {
      violate("\(host) heard \(describe(id)) from \(name) and not \(place.author)")
    }
    if let mark, mark != Mark(number: place.number, time: place.time) {
      violate("\(host) heard \(describe(id)) as \(mark) and not \(place)")
    }
    let isNew =
      utterances[id].isPicture
      ? runs[run][room].pictures.insert(id).inserted : runs[run][room].texts.insert(id).inserted
    let next = runs[run][room].nextNumber
    if !isNew {
      return violate("\(host) heard \(describe(id)) twice")
    } else if place.number < next {
      return violate("\(host) heard \(describe(id)) after what was said after it")
    }
    for missed in kept(run, in: room)[Int(next - 1)..<Int(place.number - 1)]
    where !mayComeLate(missed, to: run) {
      violate("\(host) did not hear \(describe(missed)), and hears \(describe(id))")
    }
    runs[run][room].nextNumber = place.number + 1
  }

  /// Whether a message is told when it is whole, and not in its place.
  private func mayComeLate(_ id: Int, to run: RunID) -> Bool {
    utterances[id].isPicture && utterances[id].sender != run
  }

  /// A client was shown somebody else's picture.
  mutating func show(kept id: Int, in room: RoomName, by run: RunID) {
    let host = runs[run].host
    guard let place = utterances[id].kept, place.room == room,
      place.number >= runs[run][room].firstNumber
    else { return violate("\(host) was shown \(describe(id)), which is not for it") }
    if !runs[run][room].pictures.insert(id).inserted {
      violate("\(host) was shown \(describe(id)) twice")
    }
  }

  /// A client was told of a picture that it missed.
  mutating func hear(
    _ attachment: StoredAttachment, in room: RoomName, from name: String, _ mark: Mark,
    by run: RunID
  ) {
    let place = Int(clamping: mark.number) - 1
    let kept = kept(run, in: room)
    let jpeg = kept.indices.contains(place) ? utterances[kept[place]].bytes : []
    guard !jpeg.isEmpty, Blake2b.hash256(jpeg.span) == attachment.hash,
      attachment.length == jpeg.count
    else {
      return violate("\(runs[run].host) was told of \(attachment) as \(mark), which is not so")
    }
    hearKept(kept[place], in: room, from: name, mark, by: run)
  }

  /// What a client was not told yet. Of so many pictures as it was told that they are lost, nothing
  /// is expected.
  func unheard(by run: RunID, in room: RoomName) -> [Int] {
    let hearing = runs[run][room]
    let kept = kept(run, in: room)
    var unheard: [Int] = []
    var late: [Int] = []
    for number in hearing.firstNumber..<max(hearing.firstNumber, UInt64(kept.count + 1)) {
      let id = kept[Int(number - 1)]
      if mayComeLate(id, to: run) {
        if !hearing.pictures.contains(id) { late.append(id) }
      } else if number >= hearing.nextNumber {
        unheard.append(id)
      }
    }
    return late.count > hearing.picturesLost ? unheard + late : unheard
  }
}
