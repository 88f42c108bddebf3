/// What a message is that is kept; the numbers are those of the database and of the wire.
public enum StoredKind: UInt8, Sendable {
  case text = 0
  case action = 1
  case picture = 2
  case file = 3
  case topic = 4
}

/// What a message says of a picture or a file, which itself lies elsewhere under its hash.
public struct StoredAttachment: Hashable, Sendable {
  public static let hashBytes = 32

  /// 32 bytes.
  public var hash: [UInt8]
  /// In bytes.
  public var length: UInt64
  /// In pixels; 0 where it is no picture.
  public var width: UInt32
  public var height: UInt32
  /// At most `Limits.storedFileNameBytesMax` bytes.
  public var name: String

  public init(hash: [UInt8], length: UInt64, width: UInt32, height: UInt32, name: String) {
    precondition(hash.count == Self.hashBytes, "no hash")
    self.hash = hash
    self.length = length
    self.width = width
    self.height = height
    self.name = name
  }

  /// Hash (32 bytes), length (u64), width and height (u32 each), and the name to the end.
  public var encoded: [UInt8] {
    var bytes = hash
    bytes.appendU64(length)
    bytes.appendU32(width)
    bytes.appendU32(height)
    bytes.append(contentsOf: name.utf8)
    return bytes
  }

  /// Nil where `bytes` are not what `encoded` makes.
  public init?(_ bytes: [UInt8]) {
    let read: Self? = bytes.withUnsafeBufferPointer { buffer in
      var reader = ByteReader(buffer)
      guard let hash = reader.bytes(Self.hashBytes), let length = reader.u64(),
        let width = reader.u32(), let height = reader.u32(),
        reader.remaining <= Limits.storedFileNameBytesMax,
        let name = String(validating: reader.rest(), as: UTF8.self)
      else { return nil }
      return Self(hash: Array(hash), length: length, width: width, height: height, name: name)
    }
    guard let read else { return nil }
    self = read
  }
}
