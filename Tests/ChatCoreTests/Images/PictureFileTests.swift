import ChatCore
import Foundation
import Testing

@Suite("Reading picture files")
struct PictureFileTests {
  /// A folder that is gone after the test.
  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("pictures-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  private func error(_ path: String) throws -> PictureError {
    try #require(throws: PictureError.self) { try PictureFile.read(path: path) }
  }

  @Test("a file is read whole, and named by the last part of its path")
  func whole() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("a b.jpg").path
      let bytes = [UInt8]((0..<200_000).map { UInt8(truncatingIfNeeded: $0) })
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      let file = try PictureFile.read(path: path)
      #expect(file.name == "a b.jpg")
      #expect(file.bytes == bytes)
    }
  }

  @Test("each thing that is no readable file has its own line")
  func lines() throws {
    try withFolder { folder in
      let gone = folder.appendingPathComponent("gone.jpg").path
      #expect(try error(gone).description == "\(gone) does not exist")
      let inFile = folder.appendingPathComponent("empty.jpg")
      try Data().write(to: inFile)
      #expect(try error(inFile.path).description == "\(inFile.path) is empty")
      let below = inFile.path + "/x.jpg"
      #expect(try error(below).description == "\(below) does not exist")
      let line = try error(folder.path).description
      #expect(line == "\(folder.path) is a directory, not a picture")
      #expect(try error("/dev/zero").description == "/dev/zero is neither a file nor a pipe")
      let pipe = folder.appendingPathComponent("pipe.jpg").path
      #expect(mkfifo(pipe, 0o600) == 0)
      #expect(try error(pipe).description == "\(pipe) is neither a file nor a pipe")
    }
  }

  @Test("a pipe is read where that is wanted, however slowly it is filled")
  func pipes() throws {
    var ends: [Int32] = [-1, -1]
    #expect(pipe(&ends) == 0)
    let writer = ends[1]
    Thread.detachNewThread {
      for byte in "slow".utf8 {
        usleep(5_000)
        _ = write(writer, [byte], 1)
      }
      close(writer)
    }
    let path = "/dev/fd/\(ends[0])"
    #expect(throws: PictureError.self) { try PictureFile.read(path: path) }
    #expect(try PictureFile.read(path: path, acceptsPipes: true).bytes == Array("slow".utf8))
    close(ends[0])
  }

  @Test("a file beyond the limit is refused by its size, with both figures and the limit's name")
  func tooLarge() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("huge.jpg").path
      #expect(FileManager.default.createFile(atPath: path, contents: nil))
      #expect(truncate(path, 100_000_000) == 0)
      let line = try error(path).description
      #expect(
        line
          == "\(path) is too large: 100.0 MB, at most 67.1 MB are read "
          + "(limit pictureFileBytesMax)")
    }
  }

  @Test("a file without permission", .enabled(if: geteuid() != 0, "root may read everything"))
  func notPermitted() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("secret.jpg").path
      try Data([1]).write(to: URL(fileURLWithPath: path))
      #expect(chmod(path, 0) == 0)
      #expect(try error(path).description == "secret.jpg may not be read: permission denied")
    }
  }

  @Test("names cannot command a terminal")
  func names() throws {
    let line = PictureError(name: "a\u{1B}]0;x\u{7}\n\u{202E}b.png", reason: .notAPicture)
    #expect(
      line.description
        == "a?]0;x???b.png is not a picture: JPEG, PNG, WebP, GIF and HEIC are read")
  }
}
