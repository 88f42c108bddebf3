/// What a JPEG's headers say of its picture, read without decoding anything (ITU-T T.81, annex B).
public struct JPEGHeader: Equatable, Sendable {
  public var width: Int
  public var height: Int
  /// Whether the picture comes in several scans (SOF2), so that a decoder must hold all of it.
  public var isProgressive: Bool
  /// 1 for grey, 3 for YCbCr or RGB, 4 for CMYK or YCCK.
  public var components: Int

  public enum Fault: Error, Equatable {
    /// The bytes do not begin with SOI and a marker.
    case notJPEG
    /// The bytes end, or lose their markers, before a picture begins.
    case damaged
    /// Arithmetic, lossless or hierarchical coding, or a shape that nobody uses.
    case unsupported
    /// A side is 0 or above `Limits.relayedPictureSideMax`, or the pixels are too many.
    case dimensions(width: Int, height: Int)
  }

  /// Reads the segments up to the first scan.
  ///
  /// - Throws: `Fault` except `.dimensions`, which is for `relayable`.
  public init(_ bytes: Span<UInt8>) throws(Fault) {
    guard bytes.count >= 4, bytes[0] == 0xff, bytes[1] == 0xd8, bytes[2] == 0xff else {
      throw .notJPEG
    }
    var frame: JPEGHeader?
    var position = 2
    while true {
      guard let marker = Self.marker(bytes, &position) else { throw .damaged }
      if marker == 0xd9 || marker == 0xd8 { throw .damaged }
      if marker == 0x01 || (0xd0...0xd7).contains(marker) { continue }
      guard bytes.count - position >= 2 else { throw .damaged }
      let length = Int(bytes[position]) << 8 | Int(bytes[position + 1])
      guard length >= 2, bytes.count - position >= length else { throw .damaged }
      switch marker {
      case 0xc0, 0xc1, 0xc2:
        frame = try Self.frame(bytes, position, length, isProgressive: marker == 0xc2)
      case 0xc3, 0xc5...0xc7, 0xc9...0xcb, 0xcd...0xcf:
        throw .unsupported
      case 0xda:
        guard let frame, bytes.count > position + length else { throw .damaged }
        self = frame
        return
      default:
        break
      }
      position += length
    }
  }

  /// The header of a picture that may be relayed and shown: readable, and of sane dimensions.
  public static func relayable(_ bytes: Span<UInt8>) throws(Fault) -> JPEGHeader {
    let header = try JPEGHeader(bytes)
    let side = Limits.relayedPictureSideMax
    guard header.width > 0, header.height > 0, header.width <= side, header.height <= side,
      header.width * header.height <= Limits.relayedPicturePixelsMax
    else { throw .dimensions(width: header.width, height: header.height) }
    return header
  }

  private init(width: Int, height: Int, isProgressive: Bool, components: Int) {
    self.width = width
    self.height = height
    self.isProgressive = isProgressive
    self.components = components
  }

  /// The next marker's second byte; any number of fill bytes 0xFF may stand before it.
  private static func marker(_ bytes: Span<UInt8>, _ position: inout Int) -> UInt8? {
    guard position < bytes.count, bytes[position] == 0xff else { return nil }
    while position < bytes.count, bytes[position] == 0xff { position += 1 }
    guard position < bytes.count, bytes[position] != 0 else { return nil }
    defer { position += 1 }
    return bytes[position]
  }

  private static func frame(
    _ bytes: Span<UInt8>, _ position: Int, _ length: Int, isProgressive: Bool
  ) throws(Fault) -> JPEGHeader {
    guard length >= 8 else { throw .damaged }
    let components = Int(bytes[position + 7])
    guard length == 8 + 3 * components else { throw .damaged }
    guard bytes[position + 2] == 8, [1, 3, 4].contains(components) else { throw .unsupported }
    return JPEGHeader(
      width: Int(bytes[position + 5]) << 8 | Int(bytes[position + 6]),
      height: Int(bytes[position + 3]) << 8 | Int(bytes[position + 4]),
      isProgressive: isProgressive, components: components)
  }
}

extension JPEGHeader.Fault {
  /// One line for a person, to follow "because".
  public var text: String {
    switch self {
    case .notJPEG: "it is no JPEG"
    case .damaged: "its JPEG headers are damaged"
    case .unsupported: "it is of a kind of JPEG that nobody can show"
    case .dimensions(let width, let height): "its size of \(width)×\(height) is not allowed"
    }
  }
}
