/// Objects that are on their way here: each is put together from parts that come in any order.
///
/// What always holds: no more objects and bytes than the limits allow are expected at a time, and
/// a part never reaches beyond the length that was told.
struct IncomingObjects: HasBeginning {
  struct Object {
    let length: Int
    /// Opens the pieces of an object that is sealed for many.
    let sharedKey: CipherKey?
    var bytes: [UInt8]
    var received = RangeSet()
  }

  enum Arrival {
    case taken
    /// It came before, or is of an object that nobody waits for any more.
    case stale
    /// Its object was not told of yet.
    case unknown
  }

  private var objects: [UInt64: Object] = [:]
  private(set) var completed: [(number: UInt64, bytes: [UInt8])] = []
  private var expectedBytes = 0
  /// Objects of this number and above were not told of yet.
  private var firstUnknown: UInt64 = 0
  /// Whether they are told of in several logs, so that one may be told of before one with a lower
  /// number; and which ones were, then.
  private var isUnordered = false
  private var told = RangeSet()
  /// Objects below this number will not come.
  private var firstKept: UInt64 = 0
  /// Bytes that came for the first time, for the credit.
  private(set) var bytesTaken: UInt64 = 0
  /// Those that were waited for and were given up by the other end.
  private var lost: [UInt64] = []

  var isEmpty: Bool { objects.isEmpty && completed.isEmpty }

  /// Whether an object of `length` bytes may be expected beside the others.
  func hasRoom(_ length: Int) -> Bool {
    length > 0 && objects.count < Limits.objectsExpectedMax
      && length <= Limits.objectsExpectedBytesMax - expectedBytes
  }

  /// Waits for an object; its parts are ignored where there is no room for it.
  ///
  /// - Returns: whether there is.
  mutating func expect(_ number: UInt64, length: Int, sharedKey: CipherKey? = nil) -> Bool {
    know(number)
    guard number >= firstKept, objects[number] == nil, hasRoom(length) else { return false }
    expectedBytes += length
    objects[number] = Object(
      length: length, sharedKey: sharedKey, bytes: [UInt8](repeating: 0, count: length))
    return true
  }

  /// Everything below `number` is told of, or will not be.
  mutating func know(below number: UInt64) { firstUnknown = max(firstUnknown, number) }

  /// An object is told of, and with it those before it, where all are told of in one log.
  mutating func know(_ number: UInt64) {
    guard isUnordered else { return know(below: number &+ 1) }
    guard number >= firstUnknown, number < .max else { return }
    told.insert(number..<number + 1)
    // Of those that are so much older nobody tells any more.
    if told.count > Limits.earlyRangesMax, let first = told.first {
      told.remove(first)
      know(below: first.upperBound)
    }
  }

  /// From now on they are told of in several logs.
  mutating func takeAnyOrder() { isUnordered = true }

  func key(of number: UInt64) -> CipherKey? { objects[number]?.sharedKey }

  func state(of number: UInt64) -> Arrival {
    if objects[number] != nil { return .taken }
    let isTold = number < firstUnknown || told.ranges.contains { $0.contains(number) }
    return isTold ? .stale : .unknown
  }

  /// Takes a part of an object that is expected.
  ///
  /// - Returns: false where it reaches beyond the object.
  mutating func receive(
    _ part: UnsafeBufferPointer<UInt8>, of number: UInt64, at offset: UInt64
  ) -> Bool {
    guard let length = objects[number]?.length else {
      noteStale(part.count)
      return true
    }
    let (end, overflow) = offset.addingReportingOverflow(UInt64(part.count))
    guard !overflow, end <= UInt64(length) else { return false }
    let range = offset..<end
    if range.isEmpty || objects[number]!.received.covers(range) { return true }
    guard objects[number]!.received.count < Limits.earlyRangesMax else { return false }
    bytesTaken += UInt64(range.count)
    objects[number]!.bytes.withUnsafeMutableBufferPointer { bytes in
      let target = UnsafeMutableBufferPointer(rebasing: bytes[Int(offset)..<Int(end)])
      _ = target.update(fromContentsOf: part)
    }
    objects[number]!.received.insert(range)
    if objects[number]!.received.covers(0..<UInt64(length)) {
      completed.append((number, objects.removeValue(forKey: number)!.bytes))
    }
    return true
  }

  /// Bytes came that nobody keeps, but their sender counts them.
  mutating func noteStale(_ count: Int) { bytesTaken += UInt64(count) }

  /// How much of an object came; nil when it is not expected.
  func progress(of number: UInt64) -> Int? {
    objects[number]?.received.ranges.reduce(0) { $0 + $1.count }
  }

  /// Takes the objects that are whole, in the order in which they became so.
  mutating func takeCompleted() -> [(number: UInt64, bytes: [UInt8])] {
    if completed.isEmpty { return [] }
    defer { completed = [] }
    for object in completed { expectedBytes -= object.bytes.count }
    return completed
  }

  /// No longer waits for the objects below `number`.
  ///
  /// - Returns: those that it waited for.
  @discardableResult
  mutating func forget(below number: UInt64) -> [UInt64] {
    know(below: number)
    firstKept = max(firstKept, number)
    let gone = objects.keys.filter { $0 < number }.sorted()
    for key in gone { expectedBytes -= objects.removeValue(forKey: key)!.length }
    lost += gone
    return gone
  }

  /// No longer waits for one object; it may be expected again.
  mutating func forget(_ number: UInt64) {
    guard let object = objects.removeValue(forKey: number) else { return }
    expectedBytes -= object.length
  }

  /// Takes those that were waited for and will not come.
  mutating func takeLost() -> [UInt64] {
    defer { lost = [] }
    return lost
  }
}
