/// The log of a room as native clients get it: every event once, encoded once, for all of them.
///
/// Owns where each event begins; the bytes lie in a `ByteLog` of the sources that all sessions send
/// from. Events wait until they are released: before that no session sees them, so that who says
/// something meanwhile is not answered with each notice by itself. What always holds: the events
/// that are kept have consecutive numbers.
struct NativeLog {
  /// Where the talk and the objects begin that follow an event.
  typealias Place = (talk: UInt64, objects: UInt64)

  /// The events that are not released yet.
  private var waiting: [UInt8] = []
  /// The position behind the newest event that is released.
  private var releasedEnd: UInt64 = 0
  /// The number of the next event.
  private(set) var nextSeq: UInt64 = 1
  /// Where each event that is kept begins in the talk, and where the objects after it begin.
  private var marks: [Mark] = []
  private var marksDropped = 0

  private struct Mark {
    var talk: UInt64
    var objects: UInt64
  }

  private var firstSeq: UInt64 { nextSeq - UInt64(marks.count - marksDropped) }

  /// The position behind the newest event, whether it is released or not.
  private var talkEnd: UInt64 { releasedEnd + UInt64(waiting.count) }

  var waitingBytes: Int { waiting.count }

  /// Appends the event whose `seq` is `nextSeq`.
  ///
  /// - Parameter objectsEnd: the position behind the newest object.
  mutating func append(_ event: NativeEvent, objectsEnd: UInt64) {
    precondition(event.seq == nextSeq, "events are numbered in order")
    var objects = objectsEnd
    // Whoever goes on at a picture's event has not got its bytes, which are here already.
    if case .showed(let picture) = event.kind { objects -= picture.length }
    marks.append(Mark(talk: talkEnd, objects: objects))
    event.append(to: &waiting)
    nextSeq += 1
  }

  /// Lets the sessions see all events, and drops the oldest beyond `bytesMax`; the newest is kept,
  /// however long it is.
  mutating func release(into bytes: inout ByteLog, bytesMax: Int) {
    bytes.append(waiting)
    releasedEnd = bytes.end
    waiting.removeAll(keepingCapacity: waiting.capacity <= Limits.noticeBytesHigh)
    guard bytes.count > bytesMax else { return }
    while marksDropped + 1 < marks.count,
      bytes.end - marks[marksDropped].talk > UInt64(bytesMax)
    { marksDropped += 1 }
    bytes.drop(below: marks[marksDropped].talk)
    if marksDropped > marks.count / 2 {
      marks.removeFirst(marksDropped)
      marksDropped = 0
    }
  }

  /// Counts an event that is not kept, nor is what was before it.
  mutating func pass(_ bytes: inout ByteLog) {
    nextSeq += 1
    if marks.isEmpty { return }
    (marks, waiting) = ([], [])
    marksDropped = 0
    bytes.drop(below: bytes.end)
  }

  /// The oldest event that is kept, or else the next one, and where it begins.
  func beginning(objectsEnd: UInt64) -> (seq: UInt64, place: Place) {
    (firstSeq, position(after: firstSeq - 1, objectsEnd: objectsEnd)!)
  }

  /// The number of the next event, and where it will begin.
  func end(objectsEnd: UInt64) -> (seq: UInt64, place: Place) {
    (nextSeq, (talkEnd, objectsEnd))
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
  func position(after last: UInt64, objectsEnd: UInt64) -> Place? {
    guard last < nextSeq, last + 1 >= firstSeq else { return nil }
    if last + 1 == nextSeq { return (talkEnd, objectsEnd) }
    let mark = marks[marksDropped + Int(last + 1 - firstSeq)]
    return (mark.talk, mark.objects)
  }
}
