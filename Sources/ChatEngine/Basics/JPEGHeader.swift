/// What the markers of a JPEG say before its first scan, read without decoding anything
/// (ITU-T T.81, annex B).
///
/// A server looks at it before it passes a picture on, and a decoder before it takes any memory: a
/// progressive file keeps two bytes for every sample, whatever it is scaled to.
public struct JPEGHeader: Equatable, Sendable {
  /// Samples across and down within one unit of the picture, 1 to 4 each.
  private struct Component {
    let across: Int
    let down: Int

    init(factors: UInt8) {
      across = Int(factors >> 4)
      down = Int(factors & 15)
    }
  }

  public let width: Int
  public let height: Int
  /// One for grey, three for YCbCr or RGB, four for CMYK or YCCK.
  public let componentCount: Int
  /// The sampling factors of up to four components, a byte each, so that a look at a picture that
  /// is passed on asks for no memory.
  private let factors: UInt32
  public let isProgressive: Bool
  public let isArithmetic: Bool
  /// Whether a decoder keeps all coefficients: progressive, or the components come one by one.
  public let keepsCoefficients: Bool
  /// Whether Adobe's marker is there, after which CMYK is stored inverted.
  public let isAdobe: Bool
  /// The EXIF block, from `Exif\0\0` on.
  public let exif: Range<Int>?
  /// Where the data of the first scan begin.
  public let scanStart: Int

  public enum Fault: Error, Equatable, Sendable {
    /// The bytes do not begin as a JPEG does.
    case notJPEG
    /// The bytes end before a picture begins, or hold fewer than it needs.
    case truncated
    /// The rule of the format that is broken.
    case damaged(String)
    /// A sound kind of JPEG that is not read.
    case unsupported(String)
    /// A side, or the number of pixels, is above what is passed on.
    case dimensions(width: Int, height: Int)
  }

  /// Reads the segments up to the first scan.
  ///
  /// - Throws: `Fault`, but never `.dimensions`.
  public init(_ file: Span<UInt8>) throws(Fault) {
    guard file.count >= 3, file[0] == 0xff, file[1] == 0xd8, file[2] == 0xff else {
      throw .notJPEG
    }
    var position = 2
    var frame: Frame?
    var isAdobe = false
    var exif: Range<Int>?
    while true {
      let segment = try JPEGSegment.next(in: file, after: &position)
      let payload = segment.payload
      switch segment.marker {
      case 0xc0, 0xc1, 0xc2, 0xc9, 0xca:
        if frame != nil { throw .damaged("it has two frames") }
        frame = try Frame(file.extracting(payload), marker: segment.marker)
      case 0xc3, 0xc5...0xc7, 0xcb, 0xcd...0xcf:
        throw .unsupported("lossless or hierarchical coding")
      case 0xe1 where exif == nil && file.extracting(payload).hasBytes("Exif\0\0"):
        exif = payload
      case 0xee where payload.count >= 12 && file.extracting(payload).hasBytes("Adobe"):
        isAdobe = true
      case 0xd9: throw .damaged("it ends before its first scan")
      case 0xda:
        guard let frame, !payload.isEmpty else { throw .damaged("a scan comes before the frame") }
        self.width = frame.width
        self.height = frame.height
        self.componentCount = frame.componentCount
        self.factors = frame.factors
        self.isProgressive = frame.isProgressive
        self.isArithmetic = frame.isArithmetic
        let scanned = Int(file[payload.lowerBound])
        self.keepsCoefficients = frame.isProgressive || scanned < frame.componentCount
        self.isAdobe = isAdobe
        self.exif = exif
        self.scanStart = payload.upperBound
        return
      default: break
      }
    }
  }

  /// The header of a picture that may be passed on and shown: whole as far as one can tell without
  /// decoding, of a kind that every program reads, and of sane dimensions.
  public static func relayable(_ file: Span<UInt8>) throws(Fault) -> JPEGHeader {
    let header = try JPEGHeader(file)
    let side = Limits.relayedPictureSideMax
    guard header.width <= side, header.height <= side,
      header.width * header.height <= Limits.relayedPicturePixelsMax
    else { throw .dimensions(width: header.width, height: header.height) }
    switch header.componentCount {
    case 1, 3, 4: break
    case let count: throw .unsupported("\(count) components")
    }
    if header.isArithmetic { throw .unsupported("arithmetic coding") }
    if !header.mayBeComplete(fileBytes: file.count) { throw .truncated }
    return header
  }

  /// The blocks of 8×8 samples in all components, padded to whole units as they are coded.
  public var blocks: Int {
    var (acrossMax, downMax, perUnit) = (1, 1, 0)
    for index in 0..<componentCount {
      let component = component(index)
      acrossMax = max(acrossMax, component.across)
      downMax = max(downMax, component.down)
      perUnit += component.across * component.down
    }
    let unitsAcross = (width + 8 * acrossMax - 1) / (8 * acrossMax)
    let unitsDown = (height + 8 * downMax - 1) / (8 * downMax)
    return unitsAcross * unitsDown * perUnit
  }

  private func component(_ index: Int) -> Component {
    Component(factors: UInt8(truncatingIfNeeded: factors >> (8 * UInt32(index))))
  }

  /// Whether the file can hold its picture: Huffman coding spends at least one bit on every block.
  ///
  /// A few bytes that claim thousands of pixels a side would keep a decoder busy with grey.
  /// Arithmetic coding may spend less, and is so rare that its files are simply decoded.
  public func mayBeComplete(fileBytes: Int) -> Bool {
    isArithmetic || blocks / 8 <= fileBytes - scanStart
  }

  /// How many scans there are and whether the file has its end marker, found without decoding.
  public func scans(of file: Span<UInt8>) -> (count: Int, isEnded: Bool) {
    var position = scanStart
    var count = 1
    while let segment = try? JPEGSegment.next(in: file, after: &position) {
      if segment.marker == 0xd9 { return (count, true) }
      if segment.marker == 0xda { count += 1 }
    }
    return (count, false)
  }

  private struct Frame {
    let width: Int
    let height: Int
    let componentCount: Int
    let factors: UInt32
    let isProgressive: Bool
    let isArithmetic: Bool

    init(_ bytes: Span<UInt8>, marker: UInt8) throws(Fault) {
      guard bytes.count >= 6, bytes.count >= 6 + 3 * Int(bytes[5]), bytes[5] >= 1 else {
        throw .damaged("its frame header is too short")
      }
      if bytes[0] != 8 { throw .unsupported("\(bytes[0]) bits per sample") }
      width = Int(bytes[3]) << 8 | Int(bytes[4])
      height = Int(bytes[1]) << 8 | Int(bytes[2])
      if width == 0 || height == 0 { throw .damaged("it has no size") }
      if bytes[5] > 4 { throw .unsupported("\(bytes[5]) components") }
      componentCount = Int(bytes[5])
      var factors: UInt32 = 0
      for index in 0..<componentCount {
        let byte = bytes[7 + 3 * index]
        let component = Component(factors: byte)
        guard (1...4).contains(component.across), (1...4).contains(component.down) else {
          throw .damaged("its sampling factors are out of range")
        }
        factors |= UInt32(byte) << (8 * UInt32(index))
      }
      self.factors = factors
      isProgressive = marker == 0xc2 || marker == 0xca
      isArithmetic = marker == 0xc9 || marker == 0xca
    }
  }
}

extension JPEGHeader.Fault {
  /// A few words for a person, to follow "because".
  public var text: String {
    switch self {
    case .notJPEG: "it is no JPEG"
    case .truncated: "its JPEG data end too early"
    case .damaged(let detail): "it is a damaged JPEG (\(detail))"
    case .unsupported(let detail): "it is a kind of JPEG that not everyone can show (\(detail))"
    case .dimensions(let width, let height): "its size of \(width)×\(height) is not allowed"
    }
  }
}

/// One marker segment of a JPEG.
public struct JPEGSegment {
  public let marker: UInt8
  /// Without the two bytes of length; empty for markers that stand alone.
  public let payload: Range<Int>

  /// The next segment; anything between two segments is passed over, as decoders do.
  public static func next(
    in file: Span<UInt8>, after position: inout Int
  ) throws(JPEGHeader.Fault) -> JPEGSegment {
    guard skipScan(file, &position) else { throw .truncated }
    while position + 1 < file.count, file[position + 1] == 0xff { position += 1 }
    guard position + 1 < file.count else { throw .truncated }
    let marker = file[position + 1]
    position += 2
    if marker == 0x01 || (0xd0...0xd9).contains(marker) {
      return JPEGSegment(marker: marker, payload: position..<position)
    }
    guard position + 2 <= file.count else { throw .truncated }
    let length = Int(file[position]) << 8 | Int(file[position + 1])
    if length < 2 { throw .damaged("a segment has no length") }
    guard position + length <= file.count else { throw .truncated }
    let payload = position + 2..<position + length
    position = payload.upperBound
    return JPEGSegment(marker: marker, payload: payload)
  }

  /// Moves to the next marker that is not part of a scan's data; false at the end of the file.
  private static func skipScan(_ file: Span<UInt8>, _ position: inout Int) -> Bool {
    while let found = file.firstIndex(of: 0xff, from: position), found + 1 < file.count {
      position = found
      let marker = file[found + 1]
      if marker != 0, !(0xd0...0xd7).contains(marker) { return true }
      position += 2
    }
    position = file.count
    return false
  }
}
