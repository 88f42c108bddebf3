import ChatCore
import Foundation
import Testing

/// Runs `picture-bench` on a picture and looks at the peak of its resident memory.
@Suite("Memory")
struct MemoryTests {
  private struct Report: Decodable {
    let peakKilobytes: Int
    let error: String?
  }

  private func report(on file: [UInt8]) throws -> Report {
    let folder = try #require(Bundle.main.executableURL).deletingLastPathComponent()
    var tool = folder.appendingPathComponent("picture-bench")
    if !FileManager.default.isExecutableFile(atPath: tool.path) {
      tool = Bundle.module.bundleURL.deletingLastPathComponent()
        .appendingPathComponent("picture-bench")
    }
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("picture-\(UUID().uuidString)")
    try Data(file).write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    let process = Process()
    let output = Pipe()
    process.executableURL = tool
    process.arguments = [path.path]
    process.standardOutput = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Report.self, from: text)
  }

  @Test("no hostile picture takes 200 MB", arguments: Hostile.allCases)
  func hostile(kind: Hostile) throws {
    let report = try report(on: try kind.file)
    #expect(report.peakKilobytes > 1_000)
    #expect(report.peakKilobytes < 200_000, "\(report)")
    #expect((report.error != nil) == kind.isRefused, "\(report)")
  }

  enum Hostile: String, CaseIterable, CustomTestStringConvertible {
    case pngBomb, pngTextBomb, pngWide, jpegGiant, jpegGiantProgressive, gifScreen, webpCut, heicCut
    case text, jpegAtLimit, pngInflating

    var testDescription: String { rawValue }

    var isRefused: Bool { self != .pngInflating && self != .jpegAtLimit }

    var file: [UInt8] {
      get throws {
        let end = TestPNG.chunk("IDAT", TestPNG.stored([0])) + TestPNG.chunk("IEND", [])
        let jpeg = TestJPEG.encode(.quarters(64, 64))
        switch self {
        case .pngBomb:
          return TestPNG.signature + TestPNG.header(60_000, 60_000, .rgba) + end
        case .pngTextBomb:
          // 64 texts of 100 MB each, if anybody were to inflate them.
          let bomb = Array("k\0\0".utf8) + TestPNG.inflatingZeros(100_000_000)
          let header = TestPNG.signature + TestPNG.header(60, 60, .grey)
          return header + (0..<64).flatMap { _ in TestPNG.chunk("zTXt", bomb) } + end
        case .pngWide:
          return TestPNG.signature + TestPNG.header(0x7FFF_FFFF, 1, .rgba, depth: 16) + end
        case .pngInflating:
          // A sound picture of 64 megapixels in less than 300 kB: allowed, and within bounds.
          let rows = TestPNG.inflatingZeros(8_000 * 8_001)
          return TestPNG.signature + TestPNG.header(8_000, 8_000, .grey)
            + TestPNG.chunk("IDAT", rows) + TestPNG.chunk("IEND", [])
        case .jpegGiant: return HostileTests.claiming(65_535, 65_535, jpeg)
        case .jpegGiantProgressive:
          let file = TestJPEG.encode(.quarters(64, 64), isProgressive: true)
          return HostileTests.claiming(65_535, 65_535, file)
        case .jpegAtLimit:
          return TestJPEG.encode(
            TestPicture(
              width: 6_000, height: 5_000,
              rgb: [UInt8](repeating: 99, count: 3 * 6_000 * 5_000)), isProgressive: true)
        case .gifScreen:
          var gif = TestGIF(20, 20)
          gif.screenWidth = 65_535
          gif.screenHeight = 65_535
          return gif.file
        case .webpCut: return Array(try fixture("large.webp").dropLast(9_000))
        case .heicCut: return Array(try fixture("upright.heic").dropLast(300))
        case .text: return Array(repeatElement(Array("lorem ipsum ".utf8), count: 90_000).joined())
        }
      }
    }
  }
}
