import CTurboJPEG
import ChatCore
import Foundation
import Testing

/// Fits a picture and checks what holds for every result, whatever came in.
func fitted(
  _ file: [UInt8], _ request: PictureRequest = PictureRequest(),
  location: SourceLocation = #_sourceLocation
) throws -> (result: FittedPicture, pixels: TestPicture) {
  let result = try PictureFitter.fit(file, name: "picture", request: request)
  let pixels = try #require(TestJPEG.decode(result.jpeg), sourceLocation: location)
  #expect(pixels.width == result.size.width, sourceLocation: location)
  #expect(pixels.height == result.size.height, sourceLocation: location)
  #expect(result.size.width <= min(request.box.width, result.sourceSize.width))
  #expect(result.size.height <= min(request.box.height, result.sourceSize.height))
  #expect(result.jpeg.count <= request.bytesMax, sourceLocation: location)
  #expect(result.sourceBytes == file.count, sourceLocation: location)
  let segments = TestJPEG.segments(of: result.jpeg)
  // Tables, one baseline frame, one scan, and the JFIF header: no metadata of any kind.
  let allowed: Set<UInt8> = [0xE0, 0xDB, 0xC0, 0xC4, 0xDA]
  #expect(segments.allSatisfy { allowed.contains($0.marker) }, sourceLocation: location)
  let frame = try #require(segments.first { $0.marker == 0xC0 }, sourceLocation: location)
  let bytes = Array(result.jpeg[frame.range])
  #expect(bytes[9] == 3 && bytes[11] == 0x22 && bytes[14] == 0x11 && bytes[17] == 0x11)
  return (result, pixels)
}

/// The reason for which a picture is refused; a test fails if it is not.
func refusal(
  of file: [UInt8], _ request: PictureRequest = PictureRequest(),
  location: SourceLocation = #_sourceLocation
) throws -> PictureError.Reason {
  let error = try #require(
    throws: PictureError.self, sourceLocation: location
  ) { try PictureFitter.fit(file, name: "picture", request: request) }
  #expect(!error.description.contains("\n"), sourceLocation: location)
  return error.reason
}

/// A picture that `Fixtures/make.py` has made.
func fixture(_ name: String) throws -> [UInt8] {
  let folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
  return Array(try Data(contentsOf: folder.appendingPathComponent(name)))
}

extension PictureError.Reason {
  func isDamage(of format: PictureFormat) -> Bool {
    if case .damaged(format, _) = self { return true }
    return false
  }
}
