import CTurboJPEG
import ChatCore
import Foundation
import Testing

@Suite("Hostile pictures")
struct HostileTests {
  /// The JPEG with other sides in its frame header.
  static func claiming(_ width: Int, _ height: Int, _ file: [UInt8]) -> [UInt8] {
    var lying = file
    for segment in TestJPEG.segments(of: file) where (0xC0...0xC2).contains(segment.marker) {
      let at = segment.range.lowerBound + 5
      lying.replaceSubrange(at..<at + 2, with: [UInt8(height >> 8), UInt8(height & 255)])
      lying.replaceSubrange(at + 2..<at + 4, with: [UInt8(width >> 8), UInt8(width & 255)])
    }
    return lying
  }

  static func isRefusedForSize(_ reason: PictureError.Reason) -> Bool {
    switch reason {
    case .tooManyPixels, .tooMuchMemory: true
    default: false
    }
  }

  @Test("text, nothing and noise are no pictures")
  func noPictures() throws {
    #expect(try refusal(of: Array("Dear all,".utf8)) == .notAPicture)
    #expect(try refusal(of: []) == .empty)
    #expect(try refusal(of: TestPicture.noise(30, 30, seed: 7).rgb) == .notAPicture)
  }

  @Test("JPEG cut anywhere is refused, never accepted, never a crash", arguments: [false, true])
  func cutJPEG(isProgressive: Bool) throws {
    let file = TestJPEG.encode(.noise(90, 70), isProgressive: isProgressive)
    for count in stride(from: 3, to: file.count - 1, by: 211) {
      let reason = try refusal(of: Array(file.prefix(count)))
      #expect(reason == .truncated(.jpeg), "\(count) of \(file.count): \(reason)")
    }
    #expect(try refusal(of: Array(file.dropLast(2))) == .truncated(.jpeg))
  }

  @Test("a JPEG with broken codes is damaged")
  func brokenJPEG() throws {
    let file = TestJPEG.encode(.noise(200, 200))
    let scan = try #require(TestJPEG.segments(of: file).last).range.upperBound
    var broken = file
    for at in scan + 200..<scan + 1_200 { broken[at] = at % 2 == 0 ? 0xFF : 0 }
    #expect(try refusal(of: broken).isDamage(of: .jpeg))
  }

  @Test("a JPEG that claims far more than it has is refused before it is decoded")
  func giantJPEG() throws {
    let size = PictureSize(width: 65_535, height: 65_535)
    for isProgressive in [false, true] {
      let file = TestJPEG.encode(.quarters(64, 64), isProgressive: isProgressive)
      let reason = try refusal(of: Self.claiming(65_535, 65_535, file))
      #expect(reason == .tooManyPixels(size, limit: 400_000_000))
      // Fewer pixels, but more than so few bytes can hold: decoding would draw seconds of grey.
      #expect(try refusal(of: Self.claiming(6_000, 5_000, file)) == .truncated(.jpeg))
    }
  }

  @Test("a progressive JPEG needs memory for its coefficients, a baseline one does not")
  func coefficients() throws {
    // 12,000 × 10,000 in 4:2:0 is 360 MB of coefficients; the file is as long as it must be.
    let padding = [UInt8](repeating: 0, count: 400_000)
    let baseline = TestJPEG.encode(.quarters(64, 64)) + padding
    let progressive = TestJPEG.encode(.quarters(64, 64), isProgressive: true) + padding
    let refused = try refusal(of: Self.claiming(12_000, 10_000, progressive))
    guard case .tooMuchMemory(_, let bytes, let limit) = refused else {
      Issue.record("refused for \(refused)")
      return
    }
    #expect(bytes > 360_000_000 && limit == 160 << 20)
    #expect(try refusal(of: Self.claiming(12_000, 10_000, baseline)).isDamage(of: .jpeg))
  }

  @Test("a progressive JPEG of endless scans is refused")
  func scans() throws {
    let file = TestJPEG.encode(.quarters(64, 64), isProgressive: true)
    let last = try #require(file.indices.last { file[$0] == 0xFF && file[$0 + 1] == 0xDA })
    let scan = Array(file[last..<file.count - 2])
    let many = Array(file.dropLast(2)) + (0..<200).flatMap { _ in scan } + [0xFF, 0xD9]
    guard case .unsupported(.jpeg, let detail) = try refusal(of: many) else {
      Issue.record("it was not refused for its scans")
      return
    }
    #expect(detail.hasSuffix("scans, at most 100"))
  }

  @Test("JPEG kinds that are not read say so")
  func kinds() throws {
    let file = TestJPEG.encode(.quarters(64, 64))
    let frame = try #require(TestJPEG.segments(of: file).first { $0.marker == 0xC0 }).range
    var lossless = file
    lossless[frame.lowerBound + 1] = 0xC3
    var twelve = file
    twelve[frame.lowerBound + 4] = 12
    for kind in [lossless, twelve] {
      guard case .unsupported(.jpeg, _) = try refusal(of: kind) else {
        Issue.record("it was not refused as a kind")
        return
      }
    }
    #expect(try refusal(of: Self.claiming(64, 0, file)).isDamage(of: .jpeg))
  }

  @Test("PNG bombs are refused by their header")
  func pngBombs() throws {
    let end = TestPNG.chunk("IDAT", TestPNG.stored([0])) + TestPNG.chunk("IEND", [])
    for isInterlaced in [false, true] {
      for (width, height) in [(60_000, 60_000), (0x7FFF_FFFF, 0x7FFF_FFFF), (1, 0x7FFF_FFFF)] {
        let header = TestPNG.header(width, height, .rgba, depth: 16, isInterlaced: isInterlaced)
        let file = TestPNG.signature + header + end
        let reason = try refusal(of: file)
        // The widest is beyond what libspng itself can count.
        #expect(Self.isRefusedForSize(reason) || reason.isDamage(of: .png), "\(reason)")
        #expect(Self.isRefusedForSize(reason) || width > 60_000)
      }
    }
  }

  @Test("a box as large as the picture counts for memory too")
  func largeBox() throws {
    let end = TestPNG.chunk("IDAT", TestPNG.stored([0])) + TestPNG.chunk("IEND", [])
    let file = TestPNG.signature + TestPNG.header(9_000, 9_000, .grey) + end
    let box = PictureSize(width: 9_000, height: 9_000)
    #expect(Self.isRefusedForSize(try refusal(of: file, PictureRequest(box: box))))
    #expect(!Self.isRefusedForSize(try refusal(of: file)))
  }

  @Test("a PNG chunk that lies about its length, or whose checksum is wrong")
  func lyingPNG() throws {
    let header = TestPNG.signature + TestPNG.header(8, 8, .grey)
    let data = TestPNG.stored([UInt8](repeating: 0, count: 8 * 9))
    for length in [0x7FFF_FFFF, 0xFFFF_FFFF, 4_000_000] {
      let lying = header + TestPNG.chunk("IDAT", data, length: length) + TestPNG.chunk("IEND", [])
      let reason = try refusal(of: lying)
      #expect(reason == .truncated(.png) || reason.isDamage(of: .png), "\(length): \(reason)")
      let text = header + TestPNG.chunk("tEXt", Array("a\0b".utf8), length: length)
      let refused = try refusal(of: text + TestPNG.chunk("IDAT", data))
      #expect(refused == .truncated(.png) || refused.isDamage(of: .png))
    }
    var wrong = header + TestPNG.chunk("IDAT", data)
    wrong[wrong.count - 1] ^= 1
    #expect(try refusal(of: wrong + TestPNG.chunk("IEND", [])).isDamage(of: .png))
  }

  @Test("PNG cut anywhere is refused")
  func cutPNG() throws {
    let file = TestPNG.rgb(.noise(20, 20))
    // Only the last four bytes, the checksum of a chunk without content, are not missed.
    for count in Array(stride(from: 9, to: file.count - 4, by: 13)) + [file.count - 5] {
      let reason = try refusal(of: Array(file.prefix(count)))
      #expect(reason == .truncated(.png) || reason.isDamage(of: .png), "\(count): \(reason)")
    }
  }

  @Test("GIF: a giant screen, a giant frame, cut, without frame or colours")
  func gif() throws {
    var gif = TestGIF(20, 20)
    gif.screenWidth = 65_535
    gif.screenHeight = 65_535
    #expect(Self.isRefusedForSize(try refusal(of: gif.file)))
    var frame = TestGIF(20, 20).file
    let at = try #require(frame.firstIndex(of: 0x2C))
    frame.replaceSubrange(at + 5..<at + 9, with: [255, 255, 255, 255])
    #expect(Self.isRefusedForSize(try refusal(of: frame)))
    let whole = TestGIF(20, 20).file
    for count in 6..<whole.count - 4 {
      let reason = try refusal(of: Array(whole.prefix(count)))
      #expect(reason == .truncated(.gif) || reason.isDamage(of: .gif), "\(count): \(reason)")
    }
    #expect(try refusal(of: Array(whole[..<at]) + [0x3B]).isDamage(of: .gif))
    var colourless = whole
    colourless[10] = 0
    colourless.removeSubrange(13..<25)
    #expect(try refusal(of: colourless).isDamage(of: .gif))
  }

  @Test(
    "WebP and HEIC cut anywhere are refused",
    arguments: ["lossy.webp", "lossless.webp", "alpha-lossy.webp", "upright.heic", "large.webp"])
  func cut(name: String) throws {
    let file = try fixture(name)
    let format: PictureFormat = name.hasSuffix("webp") ? .webp : .heic
    for count in stride(from: 40, to: file.count - 1, by: max(1, file.count / 40)) {
      let reason = try refusal(of: Array(file.prefix(count)))
      #expect(reason == .truncated(format) || reason.isDamage(of: format), "\(count): \(reason)")
    }
  }

  @Test("whatever bytes are turned over, there is an answer and no crash")
  func flipped() throws {
    var state: UInt64 = 42
    func next(_ below: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % below
    }
    var files = [
      TestJPEG.encode(.noise(60, 40)), TestJPEG.encode(.noise(60, 40), isProgressive: true),
      TestPNG.rgb(.noise(20, 10)), TestGIF(20, 20).file,
    ]
    for name in [
      "lossy.webp", "alpha-lossless.webp", "animated.webp", "alpha.heic", "upright.heic",
    ] {
      files.append(try fixture(name))
    }
    var answers = 0
    for file in files {
      for _ in 0..<60 {
        var broken = file
        for _ in 0..<4 { broken[next(broken.count)] = UInt8(next(256)) }
        do {
          let result = try PictureFitter.fit(broken, name: "picture")
          #expect(result.size.width <= 640 && result.size.height <= 480)
        } catch {
          #expect(!error.description.isEmpty)
        }
        answers += 1
      }
    }
    #expect(answers == files.count * 60)
  }
}
