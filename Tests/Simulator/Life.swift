import ChatEngine

/// One life of a server, and the log that it kept in it, as its transcript tells.
struct Life {
  let server: String
  /// By which clients know the log.
  let log: UInt64
  /// What was said, in the order of the log.
  private(set) var texts: [Int] = []
  private(set) var pictures: [Int] = []
  /// Under which name.
  private(set) var names: [String] = []
  private(set) var textBytes = 0
  private(set) var pictureBytes = 0
  /// The lines of its transcript.
  fileprivate(set) var lines = 0
  /// Where the log begins that native clients get, once one was there: a server does not keep for
  /// long what none could come back for.
  fileprivate(set) var beginning: (texts: Int, pictures: Int)?
  private var placesOfTexts: [Int: Int] = [:]
  private var placesOfPictures: [Int: Int] = [:]
  /// The greatest number of each program.
  private var greatest: [Ledger.RunID: (text: UInt64, picture: UInt64)] = [:]

  init(server: String, log: UInt64) { (self.server, self.log) = (server, log) }

  func place(of id: Int, _ isPicture: Bool) -> Int? {
    isPicture ? placesOfPictures[id] : placesOfTexts[id]
  }

  fileprivate mutating func append(
    _ id: Int, _ said: Ledger.Utterance, name: String, isOrdered: Bool
  ) -> String? {
    if place(of: id, said.isPicture) != nil { return "is in the log twice" }
    var numbers = greatest[said.sender] ?? (0, 0)
    let isInOrder = said.number > (said.isPicture ? numbers.picture : numbers.text)
    if said.isPicture {
      placesOfPictures[id] = pictures.count
      pictures.append(id)
      pictureBytes += said.bytes.count
      numbers.picture = said.number
    } else {
      placesOfTexts[id] = texts.count
      texts.append(id)
      names.append(name)
      textBytes += said.bytes.count
      numbers.text = said.number
    }
    greatest[said.sender] = numbers
    return isInOrder || !isOrdered ? nil : "is in the log behind what was said after it"
  }
}

extension Ledger {
  mutating func newLife(of server: String, log: UInt64) -> LifeID {
    lives.append(Life(server: server, log: log))
    return lives.count - 1
  }

  func life(ofLog log: UInt64) -> LifeID? { lives.lastIndex { $0.log == log } }

  /// A server let a client in; what it logs from here on is for that client.
  mutating func attach(_ run: RunID, to life: LifeID, as name: String) {
    runs[run].attached = Attachment(
      life: life, texts: lives[life].texts.count, pictures: lives[life].pictures.count)
    if runs[run].isNative, lives[life].beginning == nil {
      let isKept = lives[life].lines <= Limits.unheardEventsMax
      lives[life].beginning =
        isKept ? (0, 0) : (lives[life].texts.count, lives[life].pictures.count)
    }
    runs[run].name = name
  }

  /// Reads what a server added to its transcript: `HH:MM:SS NAME: text` for each text.
  mutating func read(transcript: [UInt8], of life: LifeID) {
    for line in transcript.split(separator: UInt8(ascii: "\n")) {
      lives[life].lines += 1
      let said = line.dropFirst("HH:MM:SS ".utf8.count)
      if said.first == UInt8(ascii: "*") { continue }
      guard let colon = said.firstIndex(of: UInt8(ascii: ":")) else {
        violate("a line of the transcript without a colon")
        continue
      }
      let name = String(decoding: said[..<colon], as: UTF8.self)
      let text = said[colon...].dropFirst(2)
      guard let id = Wording.id(ofText: text), utterances.indices.contains(id),
        utterances[id].bytes.elementsEqual(text)
      else {
        violate("\(lives[life].server) logged a text of \(text.count) B that nobody said")
        continue
      }
      log(id, in: life, name)
    }
  }

  /// A picture that a server took, from what it gives to be saved.
  mutating func read(picture jpeg: [UInt8], from name: String, of life: LifeID) {
    guard let id = Wording.id(ofPicture: jpeg), utterances.indices.contains(id),
      utterances[id].bytes == jpeg
    else {
      violate("\(lives[life].server) logged a picture of \(jpeg.count) B that nobody showed")
      return
    }
    log(id, in: life, name)
  }

  private mutating func log(_ id: Int, in life: LifeID, _ name: String) {
    if !utterances[id].isSound { violate("\(describe(id)) is not sound and in the log") }
    if runs[utterances[id].sender].isNative, utterances[id].fate == .failed {
      violate("\(describe(id)) failed and is in the log")
    }
    // The network of a plain client keeps no order.
    let isOrdered = runs[utterances[id].sender].isNative
    if let fault = lives[life].append(id, utterances[id], name: name, isOrdered: isOrdered) {
      violate("\(describe(id)) \(fault)")
    }
  }
}
