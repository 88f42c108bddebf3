import CTurboJPEG

/// Pixels that a test drew, or found in a result: packed RGB.
struct TestPicture: Equatable {
  struct Colour: Equatable {
    var red: UInt8
    var green: UInt8
    var blue: UInt8

    static let red = Colour(red: 220, green: 40, blue: 40)
    static let green = Colour(red: 40, green: 200, blue: 40)
    static let blue = Colour(red: 40, green: 40, blue: 220)
    static let yellow = Colour(red: 230, green: 220, blue: 40)
    static let white = Colour(red: 255, green: 255, blue: 255)
    static let black = Colour(red: 0, green: 0, blue: 0)

    /// Whether a colour that went through a lossy format is still this one.
    func isNear(_ other: Colour, by tolerance: Int = 14) -> Bool {
      abs(Int(red) - Int(other.red)) <= tolerance
        && abs(Int(green) - Int(other.green)) <= tolerance
        && abs(Int(blue) - Int(other.blue)) <= tolerance
    }
  }

  let width: Int
  let height: Int
  var rgb: [UInt8]

  init(width: Int, height: Int, rgb: [UInt8]) {
    self.width = width
    self.height = height
    self.rgb = rgb
  }

  init(width: Int, height: Int, colour: (_ x: Int, _ y: Int) -> Colour) {
    self.init(width: width, height: height, rgb: [])
    rgb.reserveCapacity(3 * width * height)
    for y in 0..<height {
      for x in 0..<width {
        let colour = colour(x, y)
        rgb += [colour.red, colour.green, colour.blue]
      }
    }
  }

  /// Red, green, blue and yellow quarters, from the top left by rows.
  static func quarters(_ width: Int, _ height: Int) -> TestPicture {
    TestPicture(width: width, height: height) { x, y in
      y < height / 2
        ? (x < width / 2 ? .red : .green) : (x < width / 2 ? .blue : .yellow)
    }
  }

  /// Noise that no encoder can make small, the same for a seed every time.
  static func noise(_ width: Int, _ height: Int, seed: UInt64 = 1) -> TestPicture {
    var state = seed
    func next() -> UInt8 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 33)
    }
    return TestPicture(width: width, height: height) { _, _ in
      Colour(red: next(), green: next(), blue: next())
    }
  }

  func colour(_ x: Int, _ y: Int) -> Colour {
    let at = 3 * (y * width + x)
    return Colour(red: rgb[at], green: rgb[at + 1], blue: rgb[at + 2])
  }

  /// The colours near the four corners, from the top left by rows: far enough from where the
  /// quarters meet, whose colours a small JPEG mixes.
  var corners: [Colour] {
    let (left, top) = (width / 8, height / 8)
    let (right, bottom) = (width - 1 - left, height - 1 - top)
    return [
      colour(left, top), colour(right, top), colour(left, bottom), colour(right, bottom),
    ]
  }

  func hasCorners(_ expected: [Colour]) -> Bool {
    zip(corners, expected).allSatisfy { $0.isNear($1) }
  }

  static let upright: [Colour] = [.red, .green, .blue, .yellow]
}

/// JPEG files as tests need them, written and read with TurboJPEG directly.
enum TestJPEG {
  static func encode(
    _ picture: TestPicture, subsampling: TJSAMP = TJSAMP_420, quality: Int32 = 90,
    isProgressive: Bool = false
  ) -> [UInt8] {
    let handle = tjInitCompress()
    defer { tjDestroy(handle) }
    var output: UnsafeMutablePointer<UInt8>?
    var bytes: UInt = 0
    let flags = TJFLAG_ACCURATEDCT | (isProgressive ? TJFLAG_PROGRESSIVE : 0)
    let result = tjCompress2(
      handle, picture.rgb, Int32(picture.width), 0, Int32(picture.height),
      Int32(TJPF_RGB.rawValue), &output, &bytes, Int32(subsampling.rawValue), quality, flags)
    precondition(result == 0)
    defer { tjFree(output) }
    return Array(UnsafeBufferPointer(start: output, count: Int(bytes)))
  }

  /// Inks as light, 255 for none, stored as they are: what Adobe's programs write.
  static func encodeCMYK(_ inks: [UInt8], width: Int, height: Int) -> [UInt8] {
    let handle = tjInitCompress()
    defer { tjDestroy(handle) }
    var output: UnsafeMutablePointer<UInt8>?
    var bytes: UInt = 0
    let result = tjCompress2(
      handle, inks, Int32(width), 0, Int32(height), Int32(TJPF_CMYK.rawValue), &output, &bytes,
      Int32(TJSAMP_444.rawValue), 95, TJFLAG_ACCURATEDCT)
    precondition(result == 0)
    defer { tjFree(output) }
    return Array(UnsafeBufferPointer(start: output, count: Int(bytes)))
  }

  /// A file whose components are red, green and blue themselves, as Adobe's marker can say.
  static func encodeRGB(_ picture: TestPicture) -> [UInt8] {
    let handle = tjInitCompress()
    defer { tjDestroy(handle) }
    let planes = (0..<3).map { channel in
      stride(from: channel, to: picture.rgb.count, by: 3).map { picture.rgb[$0] }
    }
    var output: UnsafeMutablePointer<UInt8>?
    var bytes: UInt = 0
    planes[0].withUnsafeBufferPointer { red in
      planes[1].withUnsafeBufferPointer { green in
        planes[2].withUnsafeBufferPointer { blue in
          var pointers = [red.baseAddress, green.baseAddress, blue.baseAddress]
          let result = tjCompressFromYUVPlanes(
            handle, &pointers, Int32(picture.width), nil, Int32(picture.height),
            Int32(TJSAMP_444.rawValue), &output, &bytes, 95, TJFLAG_ACCURATEDCT)
          precondition(result == 0)
        }
      }
    }
    defer { tjFree(output) }
    let file = Array(UnsafeBufferPointer(start: output, count: Int(bytes)))
    // The JFIF header would say YCbCr; the last byte of Adobe's says that nothing was transformed.
    let adobe = Array("Adobe".utf8) + [0, 100, 0, 0, 0, 0, 0]
    return inserting(marker: 0xEE, adobe, into: removing(marker: 0xE0, from: file))
  }

  static func decode(_ file: [UInt8]) -> TestPicture? {
    let handle = tjInitDecompress()
    defer { tjDestroy(handle) }
    var width: Int32 = 0
    var height: Int32 = 0
    var subsampling: Int32 = 0
    var space: Int32 = 0
    guard
      tjDecompressHeader3(
        handle, file, UInt(file.count), &width, &height, &subsampling, &space) == 0
    else { return nil }
    var rgb = [UInt8](repeating: 0, count: 3 * Int(width) * Int(height))
    guard
      tjDecompress2(
        handle, file, UInt(file.count), &rgb, width, 0, height, Int32(TJPF_RGB.rawValue),
        TJFLAG_ACCURATEDCT) == 0
    else { return nil }
    return TestPicture(width: Int(width), height: Int(height), rgb: rgb)
  }

  static func inserting(marker: UInt8, _ payload: [UInt8], into file: [UInt8]) -> [UInt8] {
    let length = payload.count + 2
    return file[..<2] + [0xFF, marker, UInt8(length >> 8), UInt8(length & 255)] + payload
      + file[2...]
  }

  static func removing(marker: UInt8, from file: [UInt8]) -> [UInt8] {
    var result = file
    for segment in segments(of: file).reversed() where segment.marker == marker {
      result.removeSubrange(segment.range)
    }
    return result
  }

  /// The segments before the first scan: what each is, and where it stands with its marker.
  static func segments(of file: [UInt8]) -> [(marker: UInt8, range: Range<Int>)] {
    var found: [(marker: UInt8, range: Range<Int>)] = []
    var at = 2
    while at + 4 <= file.count, file[at] == 0xFF {
      let length = Int(file[at + 2]) << 8 | Int(file[at + 3])
      found.append((file[at + 1], at..<at + 2 + length))
      if file[at + 1] == 0xDA { break }
      at += 2 + length
    }
    return found
  }

  /// The payload of an EXIF segment, or of a PNG chunk without its first six bytes.
  static func exif(orientation: UInt8, isBigEndian: Bool = false) -> [UInt8] {
    let tiff: [UInt8] =
      isBigEndian
      ? [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation]
      : [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0]
    return Array("Exif\0\0".utf8) + tiff + [0, 0, 0, 0, 0, 0]
  }
}
