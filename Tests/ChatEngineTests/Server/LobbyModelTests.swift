import Testing

@testable import ChatEngine

/// One thing that happens at a place.
private enum Step {
  case join(String, isB: Bool)
  case leave(String, isB: Bool)
  case speak(String, isB: Bool, String)
  case mutter(String)
  case show(String, [UInt8], isGood: Bool)
  case garble
  case ask
  case vanish

  /// The datagram; nil where none is sent.
  var datagram: [UInt8]? {
    switch self {
    case .join(let name, let isB): bytes(isB ? "\(name):join" : "\(name) has joined the chat.")
    case .leave(let name, let isB): bytes(isB ? "\(name):exit" : "\(name) has left the chat.")
    case .speak(let name, let isB, let text): bytes(name + (isB ? ":" : ": ") + text)
    case .mutter(let text): bytes(text)
    case .show(let name, let jpeg, _): bytes("IMG:\(name):") + jpeg
    case .garble: [0x41, 0xff, 0x3a]
    case .ask: bytes("DISCOVER_CHAT_SERVER")
    case .vanish: nil
    }
  }

  func apply(to model: inout LobbyModel, at place: Int) {
    switch self {
    case .join(let name, let isB): model.join(place, name, isB: isB)
    case .leave(let name, let isB): model.leave(place, name, isB: isB)
    case .speak(let name, let isB, let text): model.speak(place, name, isB: isB, text)
    case .mutter(let text): model.mutter(place, text)
    case .show(let name, let jpeg, let isGood): model.show(place, name, jpeg, isGood: isGood)
    case .garble: model.garble(place)
    case .ask: model.ask(place)
    case .vanish: model.vanish(place)
    }
  }
}

/// A crowd at numbered places, made from a seed.
private struct Crowd {
  static let places = 240
  private let names: [String]
  private let texts = [
    "hello", "", "a: b", "so long has left the chat.", "x has joined the chat.", "Grüße 👍",
    "line\nline", "\u{1b}[0m", ":", "IMG:", "join us", "exit?", "CHAT_SERVER_FOUND",
  ]
  private let bare = ["hello", "", "server-shutdown", "IMG", "Welcome", "what time is it"]
  private let jpegs = (1...3).map { MadeJPEG(width: $0 * 100, marker: 0xbf + UInt8($0)).bytes }
  private var last: [Int: Step] = [:]
  var random: SplitMix64

  init(seed: UInt64) {
    random = SplitMix64(seed: seed)
    let stems = ["Ann", "ann", "ANN", "Ann-2", "Bob", "Al", "Al B", "Zoe", "x", "Image", "a/b"]
    names = stems + (0..<180).map { "P\($0)" }
  }

  /// What happens next, as somebody who is `person`, or a stranger, would do it.
  mutating func step(at place: Int, _ person: LobbyModel.Person?) -> Step {
    if let again = last[place], random.chance(8) { return again }
    let step = next(person)
    last[place] = step
    return step
  }

  private mutating func next(_ person: LobbyModel.Person?) -> Step {
    let stranger = (random.pick(names), random.chance(40))
    guard let person else {
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<70: return .join(stranger.0, isB: stranger.1)
      case 70..<82: return .speak(stranger.0, isB: stranger.1, random.pick(texts))
      case 82..<86: return .show(stranger.0, random.pick(jpegs), isGood: true)
      case 86..<88: return .show(stranger.0, [1, 2], isGood: false)
      case 88..<92: return .leave(stranger.0, isB: stranger.1)
      case 92..<95: return .ask
      case 95..<97: return .mutter(random.pick(bare))
      case 97..<99: return .garble
      default: return .vanish
      }
    }
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<52: return .speak(person.claimed, isB: person.isB, random.pick(texts))
    case 52..<60: return .speak(person.name, isB: random.chance(50), random.pick(texts))
    case 60..<65: return .speak(stranger.0, isB: stranger.1, random.pick(texts))
    case 65..<70: return .show(person.claimed, random.pick(jpegs), isGood: true)
    case 70..<74: return .show(stranger.0, [1, 2], isGood: false)
    case 74..<82: return .leave(person.claimed, isB: person.isB)
    case 82..<85: return .leave(stranger.0, isB: stranger.1)
    case 85..<90: return .join(person.claimed, isB: person.isB)
    case 90..<93: return .join(stranger.0, isB: stranger.1)
    case 93..<95: return .mutter(random.pick(bare))
    case 95..<96: return .garble
    case 96..<97: return .ask
    default: return .vanish
    }
  }
}

@Suite("A crowd in the lobby")
struct LobbyModelTests {
  private static let idleMilliseconds = 20_000

  @Test(
    "Every client gets exactly the bytes that a simple model of the lobby predicts, in order",
    arguments: [1, 2, 3, 20_261_120] as [UInt64])
  func agreesWithTheModel(seed: UInt64) {
    var crowd = Crowd(seed: seed)
    var model = LobbyModel(clientsMax: 150, idleMilliseconds: Self.idleMilliseconds)
    let harness = EngineHarness {
      $0.clientsMax = 150
      $0.joinsPerSecond = 0
      $0.messagesPerSecond = 0
      $0.idleTimeout = .milliseconds(Self.idleMilliseconds)
      $0.keepsTranscript = false
    }
    let start = harness.now
    var milliseconds = 0
    var delivered = 0
    var fullest = 0
    for number in 0..<2_500 {
      milliseconds += crowd.random.chance(1) ? 5_000 : Int.random(in: 1...60, using: &crowd.random)
      harness.now = start + .milliseconds(milliseconds)
      var told: [Sent] = []
      // Where many are due at once the engine lets them go in parts.
      while let due = harness.engine.nextDeadline, due <= harness.now {
        told += harness.advance(by: .zero)
      }
      model.wait(until: milliseconds)
      let place = Int.random(in: 1...Crowd.places, using: &crowd.random)
      let step = crowd.step(at: place, model.people[place])
      step.apply(to: &model, at: place)
      told +=
        step.datagram.map { harness.receive($0, from: EngineHarness.address(place)) }
        ?? harness.reportUnreachable(place)
      delivered += told.count
      fullest = max(fullest, model.people.count)
      if let fault = difference(told, model.takeInboxes()) {
        Issue.record("seed \(seed), step \(number), \(step) at \(place): \(fault)")
        return
      }
      if harness.engine.clientCount != model.people.count {
        Issue.record("seed \(seed), step \(number): \(harness.engine.clientCount) clients")
        return
      }
    }
    #expect(delivered > 50_000, "seed \(seed): a crowd that says little shows little")
    #expect(fullest > 60, "seed \(seed)")
  }

  @Test("The comparison finds a datagram that is missing, changed, doubled or out of order")
  func findsDifferences() {
    let told = [sent(1, "a"), sent(2, "b"), sent(1, "c")]
    let inboxes = [1: [bytes("a"), bytes("c")], 2: [bytes("b")]]
    #expect(difference(told, inboxes) == nil)
    #expect(difference([told[1], told[0], told[2]], inboxes) == nil)
    #expect(difference([told[0], told[1]], inboxes) != nil)
    #expect(difference(told + [told[1]], inboxes) != nil)
    #expect(difference([told[2], told[1], told[0]], inboxes) != nil)
    #expect(difference(told + [sent(3, "d")], inboxes) != nil)
    #expect(difference([told[0], sent(2, "x"), told[2]], inboxes) != nil)
  }

  /// Where what was sent is not what each place should have got; nil where it is.
  private func difference(_ told: [Sent], _ expected: [Int: [[UInt8]]]) -> String? {
    var got: [PeerAddress: [[UInt8]]] = [:]
    for sent in told { got[sent.address, default: []].append(sent.bytes) }
    let wanted = Dictionary(
      uniqueKeysWithValues: expected.map { (EngineHarness.address($0.key), $0.value) })
    if got == wanted { return nil }
    let places = Set(got.keys).union(wanted.keys)
    let wrong = places.filter { got[$0] != wanted[$0] }.min { $0.low < $1.low }!
    func show(_ datagrams: [[UInt8]]?) -> [String] {
      (datagrams ?? []).map { ShownText.string(Array($0.prefix(80))) }
    }
    return "\(wrong) got \(show(got[wrong])) instead of \(show(wanted[wrong]))"
  }
}
