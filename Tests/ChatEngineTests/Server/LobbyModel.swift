/// The lobby as a person would describe it, written without looking at how the engine does it: who
/// is at which place, and which bytes each place gets, in order.
struct LobbyModel {
  struct Person {
    var claimed: String
    var name: String
    var isB: Bool
    var heard: Int
    var warned: Int?
  }

  let clientsMax: Int
  let idleMilliseconds: Int
  private(set) var people: [Int: Person] = [:]
  /// What each place got and was not taken yet.
  private var inboxes: [Int: [[UInt8]]] = [:]
  private var now = 0

  init(clientsMax: Int, idleMilliseconds: Int) {
    self.clientsMax = clientsMax
    self.idleMilliseconds = idleMilliseconds
  }

  mutating func takeInboxes() -> [Int: [[UInt8]]] {
    defer { inboxes = [:] }
    return inboxes
  }

  // MARK: What happens

  mutating func wait(until time: Int) {
    now = time
    let due = people.filter { $0.value.heard + idleMilliseconds <= now }
    for (place, _) in due.sorted(by: { $0.value.heard < $1.value.heard }) {
      tell(place, "You were not heard for a long time and have left the chat.")
      part(place)
    }
  }

  mutating func vanish(_ place: Int) {
    if people[place] != nil { part(place) }
  }

  /// `NAME has joined the chat.` or `NAME:join`.
  mutating func join(_ place: Int, _ name: String, isB: Bool) {
    people[place]?.heard = now
    if let person = people[place] {
      if person.claimed == name && person.isB == isB { return welcome(place) }
      part(place)
    }
    admit(place, name, isB: isB)
  }

  /// `NAME has left the chat.` or `NAME:exit`.
  mutating func leave(_ place: Int, _ name: String, isB: Bool) {
    people[place]?.heard = now
    guard let person = people[place] else { return }
    if person.claimed == name && person.isB == isB { return part(place) }
    say(place, isB ? "\(name):exit" : "\(name) has left the chat.")
  }

  /// `NAME: TEXT` or `NAME:TEXT`; a text of dialect B must not be one of its own words.
  mutating func speak(_ place: Int, _ name: String, isB: Bool, _ text: String) {
    people[place]?.heard = now
    if let person = people[place] {
      if person.claimed != name { return say(place, name + (isB ? ":" : ": ") + text) }
      if person.isB == isB { return say(place, text) }
      // In dialect B the space belongs to the text; in dialect A it is missing.
      return say(place, person.isB ? " " + text : "\(name):\(text)")
    }
    admit(place, name, isB: isB)
    if people[place] != nil { say(place, text) }
  }

  /// A text with no name in front.
  mutating func mutter(_ place: Int, _ text: String) {
    people[place]?.heard = now
    if people[place] != nil, !text.isEmpty { say(place, text) }
  }

  /// Bytes that are no text.
  mutating func garble(_ place: Int) { people[place]?.heard = now }

  mutating func ask(_ place: Int) {
    people[place]?.heard = now
    tell(place, "CHAT_SERVER_FOUND")
  }

  /// `IMG:NAME:JPEG`.
  mutating func show(_ place: Int, _ name: String, _ jpeg: [UInt8], isGood: Bool) {
    people[place]?.heard = now
    if people[place] == nil { admit(place, name, isB: false) }
    guard let person = people[place] else { return }
    if isGood {
      for (other, listener) in people where other != place {
        let notice = Array("\(person.name) sent an image.".utf8)
        let picture = Array("IMG:\(person.name):".utf8) + jpeg
        inboxes[other, default: []].append(listener.isB ? notice : picture)
      }
    } else if person.warned.map({ now - $0 >= 1_000 }) ?? true {
      people[place]?.warned = now
      tell(place, "This was not passed on, because it is no JPEG.")
    }
  }

  // MARK: -

  private mutating func admit(_ place: Int, _ wanted: String, isB: Bool) {
    if wanted.contains("/") {
      return tell(place, "You were not let in, because a name cannot hold \"/\".")
    }
    let taken = Set(people.values.map { $0.name.lowercased() })
    var name = wanted
    if people.count == clientsMax {
      return tell(place, "You were not let in, because the chat is full.")
    }
    if taken.contains(name.lowercased()) {
      if isB { return tell(place, "Name already taken") }
      var number = 2
      while taken.contains("\(wanted)-\(number)".lowercased()) { number += 1 }
      name = "\(wanted)-\(number)"
    }
    people[place] = Person(claimed: wanted, name: name, isB: isB, heard: now)
    welcome(place)
    tellOthers(place, a: "\(name) has joined the chat.", b: "\(name) joined")
  }

  private mutating func welcome(_ place: Int) {
    guard let person = people[place] else { return }
    if person.isB {
      tell(place, "Welcome")
    } else if person.name != person.claimed {
      tell(place, "This name is taken here, so you are \(person.name).")
    }
  }

  private mutating func part(_ place: Int) {
    guard let person = people[place] else { return }
    tellOthers(place, a: "\(person.name) has left the chat.", b: "User \(person.name) left")
    people[place] = nil
  }

  private mutating func say(_ place: Int, _ text: String) {
    guard let person = people[place] else { return }
    tellOthers(place, a: "\(person.name): \(text)", b: "\(person.name):\(text)")
  }

  private mutating func tell(_ place: Int, _ text: String) {
    inboxes[place, default: []].append(Array(text.utf8))
  }

  private mutating func tellOthers(_ place: Int, a: String, b: String) {
    for (other, listener) in people where other != place { tell(other, listener.isB ? b : a) }
  }
}
