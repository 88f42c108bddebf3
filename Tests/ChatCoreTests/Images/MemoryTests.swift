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

  private func report(on file: [UInt8], environment: [String: String] = [:]) throws -> Report {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("picture-\(UUID().uuidString)")
    try Data(file).write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    return try report(path: path.path, environment: environment)
  }

  /// `input` is a `Pipe` or a `FileHandle`: what the child's standard input is.
  private func report(
    path: String, input: Any? = nil, environment: [String: String] = [:]
  ) throws -> Report {
    // The tool lies beside the tests' own bundle.
    let folder = Bundle.module.bundleURL.deletingLastPathComponent()
    let process = Process()
    let output = Pipe()
    process.executableURL = folder.appendingPathComponent("picture-bench")
    process.arguments = [path]
    process.standardOutput = output
    if let input { process.standardInput = input }
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
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

  @Test("without its library HEIC says what is missing, and other pictures are read")
  func heifMissing() throws {
    // A file that is no library, found before the real one, is as good as none.
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("libraries-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data("none".utf8).write(to: folder.appendingPathComponent("libheif.so.1"))
    let environment = ["LD_LIBRARY_PATH": folder.path]
    let heic = try report(on: try fixture("upright.heic"), environment: environment)
    #expect(heic.error?.contains("HEIC needs the package libheif1") == true, "\(heic)")
    let jpeg = try report(on: TestJPEG.encode(.quarters(64, 64)), environment: environment)
    #expect(jpeg.error == nil)
  }

  @Test("standard input is read from a pipe, and not from a terminal or a device")
  func standardInput() throws {
    let file = TestJPEG.encode(.quarters(300, 200))
    let pipe = Pipe()
    let writer = Thread {
      try? pipe.fileHandleForWriting.write(contentsOf: Data(file))
      try? pipe.fileHandleForWriting.close()
    }
    writer.start()
    #expect(try report(path: "-", input: pipe).error == nil)
    let null = try #require(FileHandle(forReadingAtPath: "/dev/null"))
    let refused = try report(path: "-", input: null)
    #expect(refused.error == "standard input is neither a file nor a pipe")
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
