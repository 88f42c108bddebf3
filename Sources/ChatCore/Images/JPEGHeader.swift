import Glibc

/// What the markers of a JPEG say before its first scan (ITU-T T.81, annex B).
///
/// The decoder reads them again; they are read here first because its memory depends on them: a
/// progressive file keeps two bytes for every sample, whatever it is scaled to.
struct JPEGHeader {
  struct Component: Equatable {
    let identifier: UInt8
    /// Samples across and down within one unit of the picture, 1 to 4.
    let across: Int
    let down: Int
  }

  let size: PictureSize
  let components: [Component]
  let isProgressive: Bool
  let isArithmetic: Bool
  /// Whether the decoder keeps all coefficients: progressive, or the components come one by one.
  let keepsCoefficients: Bool
  /// Whether Adobe's marker is there, after which CMYK is stored inverted.
  let isAdobe: Bool
  /// The EXIF block, from `Exif\0\0` on.
  let exif: Range<Int>?
  /// Where the data of the first scan begin.
  let scanStart: Int

  var acrossMax: Int { components.map(\.across).max() ?? 1 }
  var downMax: Int { components.map(\.down).max() ?? 1 }

  /// Throws `.truncated`, `.damaged` or `.unsupported` of JPEG.
  init(of file: [UInt8]) throws(PictureError.Reason) {
    var markers = JPEGMarkers(file: file, at: 2)
    var frame: Frame?
    var isAdobe = false
    var exif: Range<Int>?
    while true {
      let segment = try markers.next()
      let payload = segment.payload
      switch segment.marker {
      case 0xC0, 0xC1, 0xC2, 0xC9, 0xCA:
        if frame != nil { throw .damaged(.jpeg, detail: "it has two frames") }
        frame = try Frame(file[payload], marker: segment.marker)
      case 0xC3, 0xC5...0xC7, 0xCB, 0xCD...0xCF:
        throw .unsupported(.jpeg, detail: "lossless or hierarchical coding")
      case 0xE1 where exif == nil && file[payload].starts(with: Array("Exif\0\0".utf8)):
        exif = payload
      case 0xEE where file[payload].starts(with: "Adobe".utf8) && payload.count >= 12:
        isAdobe = true
      case 0xD9: throw .damaged(.jpeg, detail: "it ends before its first scan")
      case 0xDA:
        guard let frame, let scanned = file[payload].first else {
          throw .damaged(.jpeg, detail: "a scan comes before the frame")
        }
        size = frame.size
        components = frame.components
        isProgressive = frame.isProgressive
        isArithmetic = frame.isArithmetic
        keepsCoefficients = frame.isProgressive || Int(scanned) < frame.components.count
        self.isAdobe = isAdobe
        self.exif = exif
        scanStart = payload.upperBound
        return
      default: break
      }
    }
  }

  private struct Frame {
    let size: PictureSize
    let components: [Component]
    let isProgressive: Bool
    let isArithmetic: Bool

    init(_ payload: ArraySlice<UInt8>, marker: UInt8) throws(PictureError.Reason) {
      let bytes = Array(payload)
      guard bytes.count >= 6, bytes.count >= 6 + 3 * Int(bytes[5]), bytes[5] >= 1 else {
        throw .damaged(.jpeg, detail: "its frame header is too short")
      }
      if bytes[0] != 8 { throw .unsupported(.jpeg, detail: "\(bytes[0]) bits per sample") }
      size = PictureSize(
        width: Int(bytes[3]) << 8 | Int(bytes[4]), height: Int(bytes[1]) << 8 | Int(bytes[2]))
      if size.width == 0 || size.height == 0 { throw .damaged(.jpeg, detail: "it has no size") }
      if bytes[5] > 4 { throw .unsupported(.jpeg, detail: "\(bytes[5]) components") }
      components = (0..<Int(bytes[5])).map { index in
        let factors = Int(bytes[7 + 3 * index])
        return Component(
          identifier: bytes[6 + 3 * index], across: factors >> 4, down: factors & 15)
      }
      if components.contains(where: { !(1...4).contains($0.across) || !(1...4).contains($0.down) })
      {
        throw .damaged(.jpeg, detail: "its sampling factors are out of range")
      }
      isProgressive = marker == 0xC2 || marker == 0xCA
      isArithmetic = marker == 0xC9 || marker == 0xCA
    }
  }

  /// The blocks of 8×8 samples in all components, padded to whole units as they are coded.
  var blocks: Int {
    let unitsAcross = (size.width + 8 * acrossMax - 1) / (8 * acrossMax)
    let unitsDown = (size.height + 8 * downMax - 1) / (8 * downMax)
    return unitsAcross * unitsDown * components.reduce(0) { $0 + $1.across * $1.down }
  }

  /// Whether the file can hold its picture: Huffman coding spends at least one bit on every block.
  ///
  /// A few bytes that claim thousands of pixels a side would keep the decoder busy with grey.
  /// Arithmetic coding may spend less, and is so rare that its files are simply decoded.
  func mayBeComplete(fileBytes: Int) -> Bool {
    isArithmetic || blocks / 8 <= fileBytes - scanStart
  }

  /// How many scans follow and whether the file has its end marker, found without decoding.
  func scans(of file: [UInt8]) -> (count: Int, isEnded: Bool) {
    var markers = JPEGMarkers(file: file, at: scanStart)
    var count = 1
    while markers.skipScan() {
      guard let segment = try? markers.next() else { break }
      if segment.marker == 0xD9 { return (count, true) }
      if segment.marker == 0xDA { count += 1 }
    }
    return (count, false)
  }
}

/// A walk over the marker segments of a JPEG.
struct JPEGMarkers {
  struct Segment {
    let marker: UInt8
    /// Without the two bytes of length; empty for markers that stand alone.
    let payload: Range<Int>
  }

  let file: [UInt8]
  var at: Int

  /// The next segment; anything between two segments is passed over, as decoders do.
  mutating func next() throws(PictureError.Reason) -> Segment {
    guard skipScan() else { throw .truncated(.jpeg) }
    while at + 1 < file.count && file[at + 1] == 0xFF { at += 1 }
    guard at + 1 < file.count else { throw .truncated(.jpeg) }
    let marker = file[at + 1]
    at += 2
    if marker == 0x01 || (0xD0...0xD9).contains(marker) {
      return Segment(marker: marker, payload: at..<at)
    }
    guard at + 2 <= file.count else { throw .truncated(.jpeg) }
    let length = Int(file[at]) << 8 | Int(file[at + 1])
    if length < 2 { throw .damaged(.jpeg, detail: "a segment has no length") }
    guard at + length <= file.count else { throw .truncated(.jpeg) }
    let payload = at + 2..<at + length
    at = payload.upperBound
    return Segment(marker: marker, payload: payload)
  }

  /// Moves to the next marker that is not part of a scan's data; false at the end of the file.
  mutating func skipScan() -> Bool {
    file.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return false }
      while at + 1 < bytes.count {
        guard let found = memchr(base + at, 0xFF, bytes.count - 1 - at) else { break }
        at = UnsafeRawPointer(found) - base
        let marker = bytes[at + 1]
        if marker != 0 && !(0xD0...0xD7).contains(marker) { return true }
        at += 2
      }
      at = bytes.count
      return false
    }
  }
}
