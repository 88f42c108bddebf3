import CTurboJPEG
import ChatCore
import Testing

@Suite("JPEG pictures")
struct JPEGTests {
  @Test(
    "every subsampling comes out in place and in colour",
    arguments: [TJSAMP_444, TJSAMP_422, TJSAMP_420, TJSAMP_440, TJSAMP_411], [false, true])
  func subsampling(subsampling: TJSAMP, isProgressive: Bool) throws {
    // 1,001 is resized without help; 200 is not resized; 5,200 is decoded at a quarter.
    for (width, height) in [(1_001, 751), (200, 150), (37, 53), (5_200, 512)] {
      let file = TestJPEG.encode(
        .quarters(width, height), subsampling: subsampling, isProgressive: isProgressive)
      let (result, pixels) = try fitted(file)
      #expect(result.sourceSize == PictureSize(width: width, height: height))
      #expect(pixels.hasCorners(TestPicture.upright), "\(width)×\(height) \(pixels.corners)")
    }
  }

  @Test("grey becomes YCbCr without colour", arguments: [(300, 200), (1_500, 999)])
  func grey(width: Int, height: Int) throws {
    let grey = TestPicture(width: width, height: height) { x, _ in
      x < width / 2 ? .black : TestPicture.Colour(red: 180, green: 180, blue: 180)
    }
    let (_, pixels) = try fitted(TestJPEG.encode(grey, subsampling: TJSAMP_GRAY))
    let light = TestPicture.Colour(red: 180, green: 180, blue: 180)
    #expect(pixels.corners[0].isNear(.black, by: 4) && pixels.corners[3].isNear(light, by: 4))
  }

  @Test("edges stay where they are, to a fraction of a pixel")
  func position() throws {
    // Widths that the transform rounds up by as much as it can, at a half, a quarter, an eighth.
    // Taken for the true width, the rounded one would move an edge near the right by 0.27 to 0.47
    // pixels of the result. The sum of a row's light tells where the edge is.
    for (width, height) in [(2_241, 170), (4_485, 320), (8_969, 600)] {
      let edge = width * 95 / 100
      let row =
        [UInt8](repeating: 230, count: 3 * edge)
        + [UInt8](repeating: 25, count: 3 * (width - edge))
      let source = TestPicture(
        width: width, height: height, rgb: Array(repeatElement(row, count: height).joined()))
      let file = TestJPEG.encode(source, subsampling: TJSAMP_GRAY, quality: 95)
      let (_, pixels) = try fitted(file, PictureRequest(quality: 95))
      let light = (0..<pixels.width).map { Double(pixels.colour($0, pixels.height / 2).red) }
      let found = light.reduce(0) { $0 + ($1 - 25) / 205 }
      let expected = Double(edge) / Double(width) * Double(pixels.width)
      #expect(abs(found - expected) < 0.15, "\(width): \(found), not \(expected)")
    }
  }

  @Test("quantisation tables of 16 bits and data behind the end change nothing to be seen")
  func tables() throws {
    // 1,920 wide is decoded at a half if the file says that it is soft, and whole if not.
    let file = TestJPEG.encode(.quarters(1_920, 1_080))
    let expected = try fitted(file).result.jpeg
    var wide = Array(file.prefix(2))
    let segments = TestJPEG.segments(of: file)
    for (marker, range) in segments {
      if marker == 0xDB {
        let steps: [UInt8] = file[range].dropFirst(5).flatMap { [0, $0] }
        wide += [0xFF, 0xDB, 0, 131, file[range.lowerBound + 4] | 16] + steps
      } else {
        wide += file[range]
      }
    }
    let scan = try #require(segments.last).range.upperBound
    #expect(try fitted(wide + file[scan...]).result.jpeg == expected)
    // Such data count as detail: the picture is decoded whole, which is never wrong.
    let (_, pixels) = try fitted(file + [UInt8](repeating: 0, count: 1 << 20))
    #expect(pixels.hasCorners(TestPicture.upright))
  }

  @Test("all eight orientations are applied", arguments: 1...8)
  func orientation(value: Int) throws {
    let (r, g, b, y) = (
      TestPicture.Colour.red, TestPicture.Colour.green, TestPicture.Colour.blue,
      TestPicture.Colour.yellow
    )
    let seen = [
      [r, g, b, y], [g, r, y, b], [y, b, g, r], [b, y, r, g], [r, b, g, y], [b, r, y, g],
      [y, g, b, r], [g, y, r, b],
    ][value - 1]
    for (width, height) in [(161, 95), (1_301, 733)] {
      for isBigEndian in [false, true] {
        let exif = TestJPEG.exif(orientation: UInt8(value), isBigEndian: isBigEndian)
        let file = TestJPEG.inserting(
          marker: 0xE1, exif, into: TestJPEG.encode(.quarters(width, height)))
        let (result, pixels) = try fitted(file)
        #expect(pixels.hasCorners(seen), "\(pixels.corners)")
        let stands = value >= 5
        #expect(result.sourceSize.width == (stands ? height : width))
        #expect(result.sourceSize.height == (stands ? width : height))
      }
    }
  }

  @Test("mirroring odd sides keeps the colours on their pixels", arguments: [1, 2, 3, 4])
  func oddMirror(value: UInt8) throws {
    // 41 red columns and rows of 101, as light as the grey around them, so that only the chroma
    // planes know where red ends. Half a chroma sample of shift would make them 40 or 42.
    let grey = TestPicture.Colour(red: 117, green: 117, blue: 117)
    let red = TestPicture.Colour(red: 180, green: 90, blue: 90)
    let source = TestPicture(width: 101, height: 101) { x, y in x < 41 && y < 41 ? red : grey }
    let plain = TestJPEG.encode(source, subsampling: TJSAMP_444, quality: 100)
    let file = TestJPEG.inserting(marker: 0xE1, TestJPEG.exif(orientation: value), into: plain)
    let pixels = try fitted(file, PictureRequest(quality: 100)).pixels
    func redness(_ x: Int, _ y: Int) -> Double {
      let colour = pixels.colour(x, y)
      return (Double(colour.red) - Double(colour.green)) / 90
    }
    let column = [2, 3].contains(value) ? 90 : 10
    let row = [3, 4].contains(value) ? 90 : 10
    let across = (0..<101).reduce(0.0) { $0 + redness($1, row) }
    let down = (0..<101).reduce(0.0) { $0 + redness(column, $1) }
    #expect(abs(across - 41) < 0.5, "\(across) columns are red")
    #expect(abs(down - 41) < 0.5, "\(down) rows are red")
  }

  @Test("a wrong orientation is none", arguments: [UInt8(0), 9, 255])
  func wrongOrientation(value: UInt8) throws {
    let file = TestJPEG.inserting(
      marker: 0xE1, TestJPEG.exif(orientation: value), into: TestJPEG.encode(.quarters(60, 40)))
    #expect(try fitted(file).pixels.hasCorners(TestPicture.upright))
  }

  @Test("metadata are left out")
  func metadata() throws {
    var file = TestJPEG.encode(.quarters(120, 90))
    for marker: UInt8 in [0xE1, 0xE2, 0xED, 0xFE] {
      file = TestJPEG.inserting(marker: marker, Array("Exif\0\0POSITION".utf8), into: file)
    }
    let result = try fitted(file).result
    #expect(!String(decoding: result.jpeg, as: UTF8.self).contains("POSITION"))
  }

  @Test("CMYK by Adobe's rules and without them")
  func cmyk() throws {
    #expect(try fitted(fixture("cmyk-adobe.jpg")).pixels.hasCorners(TestPicture.upright))
    // Light left by cyan, magenta, yellow and black: red with a third of black.
    let light: [UInt8] = [240, 30, 30, 170]
    let inks = (0..<96 * 64).flatMap { _ in light }
    let file = TestJPEG.encodeCMYK(inks, width: 96, height: 64)
    let expected = TestPicture.Colour(red: 160, green: 20, blue: 20)
    #expect(try fitted(file).pixels.colour(40, 30).isNear(expected, by: 6))
    #expect(try fitted(fixture("cmyk-plain.jpg")).pixels.hasCorners(TestPicture.upright))
  }

  @Test("large CMYK is scaled in decoding and keeps its place")
  func largeCMYK() throws {
    let source = TestPicture.quarters(2_603, 1_301)
    var inks: [UInt8] = []
    for at in stride(from: 0, to: source.rgb.count, by: 3) {
      inks += source.rgb[at..<at + 3]
      inks.append(255)
    }
    let file = TestJPEG.encodeCMYK(inks, width: 2_603, height: 1_301)
    #expect(try fitted(file).pixels.hasCorners(TestPicture.upright))
  }

  @Test("components that are RGB themselves, and unusual subsampling")
  func packed() throws {
    let rgb = TestJPEG.encodeRGB(.quarters(160, 120))
    #expect(try fitted(rgb).pixels.hasCorners(TestPicture.upright))
    #expect(try fitted(fixture("unusual.jpg")).pixels.hasCorners(TestPicture.upright))
  }

  @Test("harmless warnings are accepted, also where the file is cut after them")
  func warnings() throws {
    let file = TestJPEG.encode(.quarters(400, 300))
    let scan = try #require(TestJPEG.segments(of: file).last).range
    var stray = Array(file[..<scan.lowerBound]) + [0x12, 0x34]
    stray += file[scan.lowerBound...]
    #expect(try fitted(stray).pixels.hasCorners(TestPicture.upright))
    #expect(try refusal(of: Array(stray.dropLast(400))) == .truncated(.jpeg))
  }

  @Test("bytes after the end are ignored")
  func trailing() throws {
    let file = TestJPEG.encode(.quarters(100, 100)) + Array("and a film".utf8)
    #expect(try fitted(file).pixels.hasCorners(TestPicture.upright))
  }
}
