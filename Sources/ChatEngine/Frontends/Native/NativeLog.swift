/// The log of the lobby as native clients get it: every event once, encoded once, for all of them.
///
/// Owns the bytes of the events and of the pictures that they tell of (`sources`), and where each
/// event begins. Events wait until they are released: before that no session sees them, so that who
/// says something meanwhile is not answered with each notice by itself. What always holds: the
/// events that are kept have consecutive numbers, and together take at most `Limits.talkLogBytes`;
/// the pictures at most `Limits.objectLogBytes`.
struct NativeLog {
  private(set) var sources = Session.SendSources()
  /// The events that are not released yet.
  private var waiting: [UInt8] = []
  /// Tells this log from the one before the server was started again.
  let id: UInt64
  /// The number of the next event.
  private(set) var nextSeq: UInt64 = 1
  private(set) var nextObject: UInt64 = 1
  /// Where each event that is kept begins in the talk, and where the objects after it begin.
  private var marks: [Mark] = []
  private var marksDropped = 0

  private struct Mark {
    var talk: UInt64
    var objects: UInt64
  }

  init(id: UInt64) { self.id = id }

  private var firstSeq: UInt64 { nextSeq - UInt64(marks.count - marksDropped) }

  /// The position behind the newest event, whether it is released or not.
  private var talkEnd: UInt64 { sources.talk.end + UInt64(waiting.count) }

  var waitingBytes: Int { waiting.count }

  /// Appends the event whose `seq` is `nextSeq`.
  mutating func append(_ event: NativeEvent) {
    precondition(event.seq == nextSeq, "events are numbered in order")
    var objects = sources.objects.end
    // Whoever goes on at a picture's event has not got its bytes, which are here already.
    if case .showed(let picture) = event.kind { objects -= picture.length }
    marks.append(Mark(talk: talkEnd, objects: objects))
    event.append(to: &waiting)
    nextSeq += 1
  }

  /// Lets the sessions see all events.
  mutating func release() {
    sources.talk.append(waiting)
    waiting.removeAll(keepingCapacity: waiting.capacity <= Limits.noticeBytesHigh)
    dropOldest()
  }

  /// Adds a picture's bytes; the event that tells of it comes next.
  mutating func appendObject(_ bytes: [UInt8], author: UInt64?, key: CipherKey) -> UInt64 {
    let number = nextObject
    nextObject += 1
    sources.objects.append(bytes, number: number, author: author, sharedKey: key)
    sources.objects.drop(toBytes: Limits.objectLogBytes)
    return number
  }

  /// Counts an event that is not kept, nor is what was before it.
  mutating func pass() {
    nextSeq += 1
    if marks.isEmpty { return }
    (marks, waiting) = ([], [])
    marksDropped = 0
    sources.talk.drop(below: sources.talk.end)
    sources.objects.drop(toBytes: 0)
  }

  private mutating func dropOldest() {
    guard sources.talk.count > Limits.talkLogBytes else { return }
    while sources.talk.end - marks[marksDropped].talk > UInt64(Limits.talkLogBytes) {
      marksDropped += 1
    }
    sources.talk.drop(below: marks[marksDropped].talk)
    if marksDropped > marks.count / 2 {
      marks.removeFirst(marksDropped)
      marksDropped = 0
    }
  }

  /// The oldest event that is kept, or else the next one, and where it begins.
  var beginning: (seq: UInt64, place: (talk: UInt64, objects: UInt64)) {
    (firstSeq, position(after: firstSeq - 1)!)
  }

  /// The number of the next event, and where it will begin.
  var end: (seq: UInt64, place: (talk: UInt64, objects: UInt64)) {
    (nextSeq, (talkEnd, sources.objects.end))
  }

  /// The low half of the number of the first event that does not begin below a position.
  func seq(at position: UInt64) -> UInt32 {
    var (low, high) = (marksDropped, marks.count)
    while low < high {
      let middle = (low + high) / 2
      if marks[middle].talk < position { low = middle + 1 } else { high = middle }
    }
    return UInt32(truncatingIfNeeded: firstSeq + UInt64(low - marksDropped))
  }

  /// Where the talk and the objects go on after event `last`; nil where that is not kept.
  func position(after last: UInt64) -> (talk: UInt64, objects: UInt64)? {
    guard last < nextSeq, last + 1 >= firstSeq else { return nil }
    if last + 1 == nextSeq { return end.place }
    let mark = marks[marksDropped + Int(last + 1 - firstSeq)]
    return (mark.talk, mark.objects)
  }
}
