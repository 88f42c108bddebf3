/// Objects (pictures) that are sent to many, or one after another: each has a number, and its bytes
/// have positions that go on from one object to the next.
///
/// A session keeps a position, not a queue. What goes to many is sealed once for each piece size:
/// the sealed pieces are kept beside the object and sent as they are (`Docs/Protocol.md`, "Shared
/// pieces").
public struct ObjectLog {
  public struct Object {
    public let number: UInt64
    /// The position of its first byte.
    public let start: UInt64
    public fileprivate(set) var bytes: [UInt8]
    /// The side room whose members get it; nil for the talk's.
    public let room: UInt32?
    /// Whom it need not be sent to: who said it.
    public let author: UInt64?
    fileprivate var seal: ObjectSeal?

    public var positions: Range<UInt64> { start..<start + UInt64(bytes.count) }
  }

  private var objects: [Object] = []
  private var dropped = 0
  /// The position of the oldest byte that is kept.
  public private(set) var base: UInt64 = 0
  public private(set) var end: UInt64 = 0

  public init() {}

  /// The bytes that are kept.
  public var count: Int { Int(end - base) }
  /// The number of the oldest object that is kept; nil where none is.
  public var firstNumber: UInt64? { dropped < objects.count ? objects[dropped].number : nil }

  /// Adds an object of at least one byte.
  public mutating func append(
    _ bytes: [UInt8], number: UInt64, room: UInt32? = nil, author: UInt64? = nil,
    sharedKey: CipherKey? = nil
  ) {
    precondition(!bytes.isEmpty, "an object has bytes")
    objects.append(
      Object(
        number: number, start: end, bytes: bytes, room: room, author: author,
        seal: sharedKey.map { ObjectSeal(key: $0) }))
    end += UInt64(bytes.count)
  }

  /// Drops the oldest objects until at most `bytesMax` bytes are kept.
  public mutating func drop(toBytes bytesMax: Int) {
    while count > bytesMax { dropFirst() }
  }

  /// Drops the objects that lie wholly below `position`.
  public mutating func drop(below position: UInt64) {
    while dropped < objects.count, objects[dropped].positions.upperBound <= position {
      dropFirst()
    }
  }

  private mutating func dropFirst() {
    base = objects[dropped].positions.upperBound
    objects[dropped].seal = nil
    objects[dropped].bytes = []
    dropped += 1
    if dropped >= 64 || dropped == objects.count {
      objects.removeFirst(dropped)
      dropped = 0
    }
  }

  /// The object that a position between `base` and `end` lies in.
  func index(at position: UInt64) -> Int {
    var (low, high) = (dropped, objects.count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if objects[middle].start <= position { low = middle } else { high = middle - 1 }
    }
    return low
  }

  subscript(_ index: Int) -> Object { objects[index] }

  /// Copies a sealed piece of a shared object, tag included, to `target`.
  ///
  /// - Returns: how many bytes it has.
  func writePiece(
    _ piece: Int, size: Int, ofObjectAt index: Int, to target: UnsafeMutablePointer<UInt8>
  ) -> Int {
    let bytes = objects[index].bytes
    guard let seal = objects[index].seal else { preconditionFailure("it is not shared") }
    return seal.write(piece, size: size, of: bytes, to: target)
  }

  func isShared(_ index: Int) -> Bool { objects[index].seal != nil }
}

/// The sealed pieces of one object, made when they are first asked for.
final class ObjectSeal {
  static let tagBytes = 16

  private struct Pieces {
    var size: Int
    var isSealed: [Bool]
    var bytes: [UInt8]
  }

  private let key: CipherKey
  private var sizes: [Pieces] = []

  init(key: CipherKey) { self.key = key }

  func write(
    _ piece: Int, size: Int, of object: [UInt8], to target: UnsafeMutablePointer<UInt8>
  ) -> Int {
    let entry = sizes.firstIndex { $0.size == size } ?? add(size, object.count)
    let from = piece * size
    let count = min(size, object.count - from)
    let place = piece * (size + Self.tagBytes)
    if !sizes[entry].isSealed[piece] {
      sizes[entry].isSealed[piece] = true
      sizes[entry].bytes.withUnsafeMutableBufferPointer { sealed in
        object.withUnsafeBufferPointer { plain in
          _ = UnsafeMutableBufferPointer(rebasing: sealed[place..<place + count])
            .update(fromContentsOf: plain[from..<from + count])
        }
        key.seal(
          sealed.baseAddress! + place, count: count, header: sealed.baseAddress!,
          headerCount: 0, nonce: CipherNonce(UInt32(size), UInt64(piece)))
      }
    }
    sizes[entry].bytes.withUnsafeBufferPointer { sealed in
      target.update(from: sealed.baseAddress! + place, count: count + Self.tagBytes)
    }
    return count + Self.tagBytes
  }

  /// Paths of one network are alike, so few sizes are in use at once; the oldest goes.
  private func add(_ size: Int, _ count: Int) -> Int {
    if sizes.count == Limits.objectPieceSizesMax { sizes.removeFirst() }
    let pieces = (count + size - 1) / size
    sizes.append(
      Pieces(
        size: size, isSealed: [Bool](repeating: false, count: pieces),
        bytes: [UInt8](repeating: 0, count: count + pieces * Self.tagBytes)))
    return sizes.count - 1
  }
}
