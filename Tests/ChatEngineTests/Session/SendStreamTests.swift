import Testing

@testable import ChatEngine

@Suite("SendStream")
struct SendStreamTests {
  /// Every byte by itself: what a stream is, without a single range.
  private struct Model {
    enum Fate { case unsent, sent, lost, settled }

    var fates: [Fate]
    var next = 0
    var limit: Int
    var passed = 0

    init(count: Int, credit: Int) {
      fates = [Fate](repeating: .unsent, count: count)
      limit = credit
    }

    var settled: Int { fates.firstIndex { $0 != .settled } ?? fates.count }

    func piece(end: Int, atMost count: Int) -> Range<Int>? {
      if let first = fates.firstIndex(of: .lost) {
        let stop = fates[first...].firstIndex { $0 != .lost } ?? fates.count
        return first..<min(stop, first + count)
      }
      let stop = min(end, limit, next + count)
      return next < stop ? next..<stop : nil
    }

    mutating func set(_ range: Range<Int>, _ fate: Fate) {
      for index in range where fates[index] != .settled { fates[index] = fate }
    }
  }

  private static let start: UInt64 = 1_000
  private static func wide(_ range: Range<Int>) -> Range<UInt64> {
    start + UInt64(range.lowerBound)..<start + UInt64(range.upperBound)
  }

  @Test("A stream does what a table of its bytes does", arguments: 0..<60)
  func equalsModel(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let count = 4_000
    var model = Model(count: count, credit: 100)
    var stream = SendStream(from: Self.start, credit: 100)
    var underWay: [Range<Int>] = []
    for _ in 0..<600 {
      let end = Int.random(in: model.next...min(count, model.next + 300), using: &random)
      switch Int.random(in: 0..<100, using: &random) {
      case ..<45:
        let most = Int.random(in: 1...60, using: &random)
        let wanted = model.piece(end: end, atMost: most)
        let piece = stream.piece(end: Self.start + UInt64(end), atMost: most)
        #expect(piece == wanted.map(Self.wide))
        guard let wanted else { continue }
        stream.onSent(Self.wide(wanted))
        model.set(wanted, .sent)
        model.next = max(model.next, wanted.upperBound)
        underWay.append(wanted)
      case ..<70 where !underWay.isEmpty:
        let range = underWay.remove(at: Int.random(in: 0..<underWay.count, using: &random))
        stream.onAcknowledged(Self.wide(range))
        model.set(range, .settled)
      case ..<85 where !underWay.isEmpty:
        let range = underWay.remove(at: Int.random(in: 0..<underWay.count, using: &random))
        stream.onLost(Self.wide(range))
        model.set(range, .lost)
      case ..<95:
        // An older limit may come later.
        let limit = model.limit - model.passed + Int.random(in: -50...120, using: &random)
        stream.raise(limit: Self.start + UInt64(max(0, limit)))
        model.limit = max(model.limit, max(0, limit) + model.passed)
      case ..<97: skip(&stream, &model, to: min(count, model.settled + 30))
      default: pass(&stream, &model, min(count, model.next + 40))
      }
      check(stream, model, end)
    }
  }

  private func skip(_ stream: inout SendStream, _ model: inout Model, to position: Int) {
    stream.skip(to: Self.start + UInt64(position))
    guard position > model.settled else { return }
    model.set(0..<position, .settled)
    model.next = max(model.next, position)
    model.limit = max(model.limit, position)
  }

  private func pass(_ stream: inout SendStream, _ model: inout Model, _ upper: Int) {
    let range = model.next..<upper
    stream.pass(Self.wide(range))
    model.set(range, .settled)
    model.next = upper
    model.limit += range.count
    model.passed += range.count
  }

  private func check(_ stream: SendStream, _ model: Model, _ end: Int) {
    #expect(stream.next == Self.start + UInt64(model.next))
    #expect(stream.settled == Self.start + UInt64(model.settled))
    #expect(stream.limit == Self.start + UInt64(model.limit))
    #expect(stream.isSettled == (model.settled == model.next))
    #expect(stream.hasLost == model.fates.contains(.lost))
    let wide = Self.start + UInt64(end)
    #expect(stream.hasPiece(end: wide) == (stream.piece(end: wide, atMost: 1) != nil))
  }

  @Test("Credit counts what is sent, so what is passed over uses none up")
  func keepsCredit() {
    var stream = SendStream(from: 0, credit: 100)
    // Three quarters of a long stream need not be sent at all.
    for round in 0..<UInt64(50) {
      let begin = round * 400
      stream.pass(begin..<begin + 300)
      let piece = stream.piece(end: begin + 400, atMost: 100)
      #expect(piece == begin + 300..<begin + 400)
      stream.onSent(begin + 300..<begin + 400)
      stream.onAcknowledged(begin + 300..<begin + 400)
      // The receiver got so much, and grants as much again.
      stream.raise(limit: (round + 1) * 100 + 100)
    }
    #expect(stream.isSettled)
  }
}
