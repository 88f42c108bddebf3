import Testing

@testable import ChatEngine

@Suite("Messages of the native protocol")
struct NativeMessageTests {
  private static func text(_ count: Int, _ random: inout SplitMix64) -> String {
    String((0..<count).map { _ in random.pick(["a", "ß", "日", "🦊", " "]) }.joined())
  }

  private static func number(_ random: inout SplitMix64) -> UInt64 {
    random.pick([0, 1, 63, 64, 16_383, 16_384, 1 << 30, ByteWriter.varintMax])
  }

  private static func hash(_ random: inout SplitMix64) -> [UInt8] {
    (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  /// A message as the channel carries it, without its length.
  private static func body(_ carried: [UInt8]) -> ArraySlice<UInt8> {
    let count = carried.withUnsafeBufferPointer { bytes in
      var reader = ByteReader(bytes)
      let length = reader.varint()
      #expect(length == UInt64(reader.remaining), "the length is that of what follows")
      return reader.offset
    }
    return carried.dropFirst(count)
  }

  private static func request(_ random: inout SplitMix64) -> NativeRequest {
    switch Int.random(in: 0..<8, using: &random) {
    case 0:
      var join = NativeRequest.Join(
        name: text(8, &random), acceptsNumber: random.chance(50), run: random.next())
      (join.log, join.last) = (random.next(), number(&random))
      return .join(join)
    case 1: return .leave
    case 3: return .ownFigures
    case 4: return .allFigures(from: number(&random))
    case 2:
      return .offer(
        NativeRequest.Offer(
          number: number(&random), object: number(&random), length: number(&random),
          hash: hash(&random), channel: number(&random)))
    case 5: return .part(channel: number(&random))
    case 6:
      return .enter(
        NativeRequest.Enter(
          channel: number(&random), room: text(8, &random),
          last: random.chance(50) ? number(&random) : nil))
    default:
      return .say(
        NativeRequest.Say(
          number: number(&random), channel: number(&random),
          kind: NativeRequest.Say.Kind(rawValue: UInt8.random(in: 0...2, using: &random))!,
          text: bytes(text(20, &random))[...]))
    }
  }

  private static func figures(_ random: inout SplitMix64) -> SessionFigures {
    var figures = SessionFigures()
    for name in SessionFigure.allCases { figures[name] = number(&random) }
    return figures
  }

  private static func reply(_ random: inout SplitMix64) -> NativeReply {
    switch Int.random(in: 0..<10, using: &random) {
    case 0:
      return .welcome(
        NativeReply.Welcome(
          name: text(8, &random), member: number(&random), log: random.next(),
          isResumed: random.chance(50), next: number(&random), said: number(&random),
          shown: number(&random), messageBytesMax: number(&random),
          pictureBytesMax: number(&random), serverName: text(3, &random),
          nextNumber: number(&random), topic: text(9, &random)))
    case 1: return .refused(random.pick([.nameOwned, .nameInUse, .badName, .full]), words: "no")
    case 2:
      return .receipt(
        random.pick([.say, .offer]), number: number(&random),
        failure: random.chance(50) ? nil : text(9, &random))
    case 3: return .want(number: number(&random))
    case 7:
      return .entered(
        NativeReply.Entered(
          channel: number(&random), isResumed: random.chance(50), next: number(&random),
          nextNumber: number(&random), topic: text(9, &random)))
    case 8: return .notEntered(channel: number(&random), words: text(9, &random))
    case 9: return .parted(channel: number(&random))
    case 4: return .figures(figures(&random))
    case 5:
      var page = SessionsPage()
      for name in ServerFigure.allCases { page.server[name] = number(&random) }
      page.next = number(&random)
      page.rows = (0..<Int.random(in: 0...5, using: &random)).map { _ in
        SessionsPage.Row(name: text(6, &random), figures: figures(&random))
      }
      return .sessions(page)
    default:
      return .present(
        (0..<Int.random(in: 0...5, using: &random)).map { _ in
          NativeReply.Present(member: number(&random), name: text(6, &random))
        })
    }
  }

  private static func event(_ random: inout SplitMix64) -> NativeEvent {
    var message: NativeEvent.Message? = NativeEvent.Message(
      number: number(&random), time: Int64(number(&random)),
      id: MessageID(run: UInt64.random(in: 0 ... .max, using: &random), number: number(&random)))
    let kind: NativeEvent.Kind
    switch Int.random(in: 0..<6, using: &random) {
    case 0: (kind, message) = (.joined(name: text(8, &random)), nil)
    case 1: (kind, message) = (.left(random.pick([.said, .silent, .unreachable])), nil)
    case 2: kind = .said(bytes(text(30, &random))[...])
    case 3: kind = .did(bytes(text(30, &random))[...])
    case 4: kind = .topic(bytes(text(30, &random))[...])
    default:
      kind = .showed(
        NativeEvent.Picture(
          object: number(&random), length: number(&random), width: 640, height: 65_535,
          key: hash(&random), hash: hash(&random)))
    }
    return NativeEvent(
      seq: number(&random), member: number(&random), kind: kind, message: message)
  }

  @Test("What is written is read", arguments: 0..<100)
  func roundTrips(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for _ in 0..<20 {
      let request = Self.request(&random)
      var carried: [UInt8] = []
      request.append(to: &carried)
      #expect(NativeRequest(Self.body(carried)) == request)

      let event = Self.event(&random)
      carried = []
      event.append(to: &carried)
      #expect(NativeEvent(Self.body(carried)) == event)

      let reply = Self.reply(&random)
      #expect(NativeReply(Self.body(Self.carried(reply))) == reply)
    }
  }

  /// A reply as a session carries it.
  private static func carried(_ reply: NativeReply) -> [UInt8] {
    let pair = SessionPair()
    reply.send(on: &pair.a.session)
    pair.run(.milliseconds(20)) { !pair.b.controls.isEmpty }
    var bytes: [UInt8] = []
    for message in pair.b.controls {
      Session.appendMessage(message[0], { $0 += message.dropFirst() }, to: &bytes)
    }
    return bytes
  }

  @Test("A message that is cut anywhere is not read", arguments: 0..<40)
  func refusesCut(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var carried: [UInt8] = []
    let request = Self.request(&random)
    request.append(to: &carried)
    let requestBody = Self.body(carried)
    for count in 0..<requestBody.count {
      let read = NativeRequest(requestBody.prefix(count))
      // A text has no length of its own.
      if case .say = request, count > 1 { continue }
      #expect(read == nil)
    }
    carried = []
    let event = Self.event(&random)
    event.append(to: &carried)
    let eventBody = Self.body(carried)
    for count in 0..<eventBody.count {
      let read = NativeEvent(eventBody.prefix(count))
      switch read?.kind {
      case .said?, .did?, .topic?: continue
      default: #expect(read == nil)
      }
    }
    let replyBody = Self.body(Self.carried(Self.reply(&random)))
    for count in 0..<replyBody.count { #expect(NativeReply(replyBody.prefix(count)) == nil) }
  }

  @Test("Unknown types, kinds and texts that are none are not read")
  func refusesOthers() {
    for type in UInt8.min...UInt8.max {
      let rest = [UInt8](repeating: 0, count: 100)
      let message = ([type] + rest)[...]
      if !([0x01, 0x02, 0x03, 0x04, 0x05, 0x10, 0x11, 0x12] as [UInt8]).contains(type) {
        #expect(NativeRequest(message) == nil)
      }
      if !(0x20...0x29).contains(type) { #expect(NativeReply(message) == nil) }
      if !(0x30...0x35).contains(type) { #expect(NativeEvent(message) == nil) }
    }
    #expect(NativeRequest([]) == nil && NativeReply([]) == nil && NativeEvent([]) == nil)
    #expect(NativeEvent([0x30, 1, 1, 2, 0xff, 0xfe]) == nil, "a name that is no text")
    #expect(NativeRequest([0x04, 2, 0]) == nil, "a question for something else")
    #expect(NativeRequest([0x04, 0, 1]) == nil, "a place in the list of one")
    #expect(NativeReply([0x21, 9, 0]) == nil, "a reason that there is not")
    #expect(NativeReply([0x22, 2, 1, 0, 0]) == nil, "a receipt for nothing")
    #expect(NativeRequest([0x10, 1, 1, 3, 65]) == nil, "a text of no kind")
    let offer: [UInt8] = [0x03, 1, 1, 1, 5] + [UInt8](repeating: 0, count: 33)
    #expect(NativeRequest(offer[...]) == nil, "an object that is no picture")
    // A count that is far beyond what follows makes no room.
    #expect(NativeReply([0x24, 0xff, 255, 255, 255, 255, 255, 255, 255]) == nil)
  }
}
