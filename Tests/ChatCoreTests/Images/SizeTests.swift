import CTurboJPEG
import ChatCore
import Testing

@Suite("Sizes, and what is given up for them")
struct SizeTests {
  @Test(
    "pictures are fitted into the box, keep their shape and are never enlarged",
    arguments: [
      (4_032, 3_024, 640, 480), (3_024, 4_032, 360, 480), (640, 480, 640, 480), (1, 1, 1, 1),
      (2, 2, 2, 2), (639, 480, 639, 480), (641, 480, 640, 479), (1, 5_000, 1, 480),
      (5_000, 1, 640, 1), (3, 5_000, 1, 480), (5_000, 7, 640, 1), (1_600, 1_203, 638, 480),
      (7, 3, 7, 3), (1_300, 12, 640, 6),
    ])
  func sizes(width: Int, height: Int, expectedWidth: Int, expectedHeight: Int) throws {
    let grey = TestPicture(width: width, height: height) { _, _ in
      TestPicture.Colour(red: 200, green: 100, blue: 50)
    }
    for file in [TestJPEG.encode(grey), TestJPEG.encode(grey, subsampling: TJSAMP_444)] {
      let (result, pixels) = try fitted(file)
      #expect(result.size == PictureSize(width: expectedWidth, height: expectedHeight))
      let middle = pixels.colour(expectedWidth / 2, expectedHeight / 2)
      #expect(middle.isNear(TestPicture.Colour(red: 200, green: 100, blue: 50), by: 8))
    }
  }

  @Test("thin strips are averaged, not skipped")
  func strips() throws {
    // Black and white lines along a strip of 4 pixels that becomes 1: the result is their mean.
    let file = TestPNG.file(3_000, 4, .grey) { _, y in [y % 2 == 0 ? 0 : 255] }
    let (result, pixels) = try fitted(file)
    #expect(result.size == PictureSize(width: 640, height: 1))
    let mean = TestPicture.Colour(red: 128, green: 128, blue: 128)
    #expect(pixels.colour(320, 0).isNear(mean, by: 6))
  }

  @Test("another box and another quality are obeyed")
  func request() throws {
    let file = TestJPEG.encode(.noise(400, 300))
    let box = PictureSize(width: 100, height: 100)
    let small = try fitted(file, PictureRequest(box: box)).result
    #expect(small.size == PictureSize(width: 100, height: 75) && small.quality == 50)
    let better = try fitted(file, PictureRequest(box: box, quality: 80)).result
    #expect(better.quality == 80 && better.jpeg.count > small.jpeg.count)
  }

  @Test("quality is lowered first, then the size, and the summary says so")
  func fallback() throws {
    let file = TestPNG.rgb(.noise(320, 240))
    let full = try fitted(file).result
    #expect(!full.isQualityLowered && !full.isMadeSmaller)
    #expect(
      full.summary(name: "noise.png")
        == "noise.png 320×240 231 kB → 320×240 \((full.jpeg.count + 500) / 1_000) kB")

    let tighter = PictureRequest(bytesMax: full.jpeg.count - 1)
    let lowered = try fitted(file, tighter).result
    #expect(lowered.quality == 40 && lowered.isQualityLowered && !lowered.isMadeSmaller)
    #expect(lowered.summary(name: "n").hasSuffix(" kB, quality lowered to 40"))

    let least = try fitted(file, PictureRequest(bytesMax: full.jpeg.count / 2)).result
    #expect(least.quality == 20 && !least.isMadeSmaller)
    let tight = try fitted(file, PictureRequest(bytesMax: least.jpeg.count - 1)).result
    #expect(tight.size == PictureSize(width: 272, height: 204) && tight.isMadeSmaller)
    #expect(
      tight.summary(name: "n").hasSuffix(" kB, quality lowered to 20, made smaller to fit"))
    let tiny = try fitted(file, PictureRequest(bytesMax: 2_000)).result
    #expect(tiny.isMadeSmaller && tiny.size.width < tight.size.width)
  }

  @Test("what cannot be made to fit is refused")
  func impossible() throws {
    let reason = try refusal(of: TestJPEG.encode(.noise(64, 64)), PictureRequest(bytesMax: 100))
    #expect(reason == .cannotFit(bytesMax: 100))
  }

  @Test("summaries write sizes for people")
  func summaries() {
    func summary(_ bytes: Int) -> String {
      FittedPicture(
        jpeg: [UInt8](repeating: 0, count: 37_600),
        sourceSize: PictureSize(width: 4_032, height: 3_024), sourceBytes: bytes,
        size: PictureSize(width: 640, height: 480), quality: 50, isQualityLowered: false,
        isMadeSmaller: false
      ).summary(name: "a\u{1B}[31m\u{202E}b\n.jpg")
    }
    #expect(summary(5_149_999) == "a?[31m?b?.jpg 4032×3024 5.1 MB → 640×480 38 kB")
    #expect(summary(999_499).contains(" 999 kB →"))
    #expect(summary(999_500).contains(" 1.0 MB →"))
    #expect(summary(999).contains(" 999 B →"))
  }

  @Test("many threads may fit pictures at once")
  func threads() async throws {
    let file = TestJPEG.encode(.quarters(1_000, 700))
    let alone = try PictureFitter.fit(file, name: "picture")
    await withTaskGroup(of: FittedPicture?.self) { group in
      for _ in 0..<16 {
        group.addTask { try? PictureFitter.fit(file, name: "picture") }
      }
      for await result in group { #expect(result == alone) }
    }
  }
}
