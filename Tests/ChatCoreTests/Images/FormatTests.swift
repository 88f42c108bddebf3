import ChatCore
import Testing

@Suite("PNG, WebP, GIF and HEIC pictures")
struct FormatTests {
  static let upright = TestPicture.upright

  @Test("PNG of every colour type and depth, interlaced and not", arguments: [false, true])
  func png(isInterlaced: Bool) throws {
    let (width, height) = (67, 49)
    func light(_ x: Int, _ y: Int) -> Bool { x < width / 2 }
    func check(_ file: [UInt8], _ name: String) throws {
      let pixels = try fitted(file).pixels
      #expect(pixels.hasCorners([.white, .black, .white, .black]), "\(name)")
    }
    for depth in [1, 2, 4, 8, 16] {
      let top = 1 << depth - 1
      let file = TestPNG.file(width, height, .grey, depth: depth, isInterlaced: isInterlaced) {
        [light($0, $1) ? top : 0]
      }
      try check(file, "grey \(depth)")
    }
    for depth in [8, 16] {
      let top = 1 << depth - 1
      try check(
        TestPNG.file(width, height, .greyAlpha, depth: depth, isInterlaced: isInterlaced) {
          light($0, $1) ? [0, 0] : [0, top]
        }, "grey with alpha \(depth)")
      try check(
        TestPNG.file(width, height, .rgba, depth: depth, isInterlaced: isInterlaced) {
          light($0, $1) ? [0, 0, 0, 0] : [0, 0, 0, top]
        }, "RGBA \(depth)")
      let quarters = TestPNG.file(width, height, .rgb, depth: depth, isInterlaced: isInterlaced) {
        let colour = TestPicture.quarters(width, height).colour($0, $1)
        return [colour.red, colour.green, colour.blue].map { Int($0) << (depth - 8) }
      }
      #expect(try fitted(quarters).pixels.hasCorners(Self.upright), "RGB \(depth)")
    }
    let palette = TestPNG.chunk("PLTE", [0, 0, 0, 255, 255, 255])
    for depth in [1, 2, 4, 8] {
      try check(
        TestPNG.file(
          width, height, .palette, depth: depth, isInterlaced: isInterlaced, chunks: palette
        ) { [light($0, $1) ? 1 : 0] }, "palette \(depth)")
    }
  }

  @Test("transparency of a palette and of a colour key is laid on white")
  func pngKey() throws {
    let palette = TestPNG.chunk("PLTE", [220, 40, 40, 0, 0, 0]) + TestPNG.chunk("tRNS", [255, 0])
    let file = TestPNG.file(40, 40, .palette, chunks: palette) { x, _ in [x < 20 ? 0 : 1] }
    #expect(try fitted(file).pixels.hasCorners([.red, .white, .red, .white]))
    let key = TestPNG.chunk("tRNS", [0, 40, 0, 40, 0, 220])
    let keyed = TestPNG.rgb(.quarters(40, 40), chunks: key)
    #expect(try fitted(keyed).pixels.hasCorners([.red, .green, .white, .yellow]))
  }

  @Test("half transparent is half white")
  func pngHalf() throws {
    let file = TestPNG.file(64, 64, .rgba) { _, _ in [200, 0, 100, 128] }
    let expected = TestPicture.Colour(red: 227, green: 127, blue: 177)
    #expect(try fitted(file).pixels.colour(32, 32).isNear(expected, by: 3))
  }

  @Test("a PNG's eXIf turns it, before and after its pixels")
  func pngOrientation() throws {
    let exif = TestPNG.chunk("eXIf", Array(TestJPEG.exif(orientation: 6).dropFirst(6)))
    let before = TestPNG.rgb(.quarters(81, 33), chunks: exif)
    let after = Array(TestPNG.rgb(.quarters(81, 33)).dropLast(12)) + exif
    for file in [before, after + TestPNG.chunk("IEND", [])] {
      let (result, pixels) = try fitted(file)
      #expect(result.sourceSize == PictureSize(width: 33, height: 81))
      #expect(pixels.hasCorners([.blue, .red, .yellow, .green]))
    }
  }

  @Test("a PNG larger than the box is resized")
  func largePNG() throws {
    let (result, pixels) = try fitted(TestPNG.rgb(.quarters(901, 603)))
    #expect(result.size == PictureSize(width: 640, height: 428))
    #expect(pixels.hasCorners(Self.upright))
  }

  @Test(
    "WebP, lossy and lossless, scaled in decoding or not, and the first frame of an animation",
    arguments: ["lossy.webp", "lossless.webp", "large.webp", "animated.webp"])
  func webp(name: String) throws {
    let (result, pixels) = try fitted(fixture(name))
    #expect(pixels.hasCorners(Self.upright), "\(pixels.corners)")
    let isLarge = name == "large.webp"
    #expect(result.sourceSize.width == (isLarge ? 4_000 : 160))
    #expect(result.size.width == (isLarge ? 640 : 160))
  }

  @Test(
    "transparency is laid on white", arguments: ["alpha-lossy.webp", "alpha-lossless.webp"])
  func alphaWebP(name: String) throws {
    #expect(try fitted(fixture(name)).pixels.hasCorners([.red, .green, .white, .white]))
  }

  @Test("a WebP's EXIF turns it")
  func turnedWebP() throws {
    let (result, pixels) = try fitted(fixture("turned.webp"))
    #expect(result.sourceSize == PictureSize(width: 120, height: 160))
    #expect(pixels.hasCorners([.blue, .red, .yellow, .green]))
  }

  @Test(
    "HEIC of every colour kind",
    arguments: ["upright.heic", "full-chroma.heic", "ten-bits.heic"])
  func heicKinds(name: String) throws {
    let pixels = try fitted(fixture(name)).pixels
    #expect(pixels.hasCorners(Self.upright), "\(pixels.corners)")
  }

  @Test("HEIC of limited range is stretched to the full one")
  func limitedHEIC() throws {
    // The samples are those of upright.heic, but say that 16 is black and BT.709 their matrix.
    let pixels = try fitted(fixture("limited.heic")).pixels
    let yCbCr = [
      (93.8, 97.6, 218.0), (133.9, 75.0, 61.0),
      (60.5, 218.0, 113.4), (202.5, 36.3, 147.6),
    ]
    for (found, (y, cb, cr)) in zip(pixels.corners, yCbCr) {
      let light = (y - 16) * 255 / 219
      let (blue, red) = ((cb - 128) * 255 / 224, (cr - 128) * 255 / 224)
      func clamped(_ value: Double) -> UInt8 { UInt8(min(max(value, 0), 255).rounded()) }
      let expected = TestPicture.Colour(
        red: clamped(light + 1.5748 * red), green: clamped(light - 0.1873 * blue - 0.4681 * red),
        blue: clamped(light + 1.8556 * blue))
      #expect(found.isNear(expected), "\(found) \(expected)")
    }
  }

  @Test("HEIC turned once although EXIF says it again, and transparent")
  func heic() throws {
    let (result, pixels) = try fitted(fixture("turned.heic"))
    #expect(result.sourceSize == PictureSize(width: 120, height: 160))
    #expect(pixels.hasCorners([.blue, .red, .yellow, .green]))
    #expect(try fitted(fixture("alpha.heic")).pixels.hasCorners([.red, .green, .white, .white]))
  }

  @Test("GIF, interlaced and not", arguments: [false, true])
  func gif(isInterlaced: Bool) throws {
    var gif = TestGIF(90, 70)
    gif.isInterlaced = isInterlaced
    #expect(try fitted(gif.file).pixels.hasCorners(Self.upright))
    gif.transparent = 2
    #expect(try fitted(gif.file).pixels.hasCorners([.red, .green, .white, .yellow]))
  }

  @Test("a GIF's frame stands where it says; around it is white, and what hangs over is cut")
  func gifFrame() throws {
    var gif = TestGIF(40, 40)
    gif.screenWidth = 100
    gif.screenHeight = 80
    gif.left = 50
    gif.top = 0
    let (result, pixels) = try fitted(gif.file)
    #expect(result.sourceSize == PictureSize(width: 100, height: 80))
    #expect(pixels.colour(20, 20).isNear(.white) && pixels.colour(60, 60).isNear(.white))
    #expect(pixels.colour(60, 10).isNear(.red) && pixels.colour(80, 10).isNear(.green))
    #expect(pixels.colour(60, 30).isNear(.blue) && pixels.colour(80, 30).isNear(.yellow))
    gif.left = 80
    gif.top = 60
    let cut = try fitted(gif.file).pixels
    #expect(cut.colour(90, 70).isNear(.red) && cut.colour(70, 70).isNear(.white))
    gif.screenWidth = 0
    gif.screenHeight = 0
    gif.left = 0
    gif.top = 0
    #expect(try fitted(gif.file).pixels.hasCorners(Self.upright))
  }
}
