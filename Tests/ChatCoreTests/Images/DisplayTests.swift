import ChatCore
import Testing

@Suite("Pictures for display")
struct DisplayTests {
  @Test("pixels come out upright, in the box, packed")
  func display() throws {
    let file = TestJPEG.inserting(
      marker: 0xE1, TestJPEG.exif(orientation: 6), into: TestJPEG.encode(.quarters(640, 480)))
    let box = PictureSize(width: 101, height: 101)
    let pixels = try PictureDecoder.decodeForDisplay(file, name: "picture", fitting: box)
    #expect(pixels.size == PictureSize(width: 76, height: 101))
    #expect(pixels.rgb.count == 3 * 76 * 101)
    let picture = TestPicture(width: 76, height: 101, rgb: pixels.rgb)
    #expect(picture.hasCorners([.blue, .red, .yellow, .green]))
  }

  @Test("small pictures are not enlarged")
  func small() throws {
    let file = TestJPEG.encode(.quarters(33, 21))
    let box = PictureSize(width: 500, height: 500)
    let pixels = try PictureDecoder.decodeForDisplay(file, name: "picture", fitting: box)
    #expect(pixels.size == PictureSize(width: 33, height: 21))
  }

  @Test("what is no JPEG, or damaged, or too large is refused")
  func refused() throws {
    let box = PictureSize(width: 80, height: 80)
    func reason(_ file: [UInt8]) throws -> PictureError.Reason {
      try #require(throws: PictureError.self) {
        try PictureDecoder.decodeForDisplay(file, name: "picture", fitting: box)
      }.reason
    }
    #expect(try reason(TestPNG.rgb(.quarters(10, 10))) == .notAPicture)
    #expect(try reason([]) == .empty)
    let file = TestJPEG.encode(.quarters(200, 200))
    #expect(try reason(Array(file.prefix(file.count / 2))) == .truncated(.jpeg))
    let giant = HostileTests.claiming(65_535, 65_535, file)
    #expect(
      try reason(giant)
        == .tooManyPixels(PictureSize(width: 65_535, height: 65_535), limit: 400_000_000))
  }
}
