import ChatEngine
import Glibc
import Testing

@testable import ChatCore

@Suite("PictureStore")
struct PictureStoreTests {
  private let jpeg: [UInt8] = [0xff, 0xd8, 1, 2, 3]

  private func store(_ folder: TemporaryFolder) throws -> PictureStore {
    try PictureStore(directory: folder.path, isMade: false)
  }

  @Test("A second picture of the same sender gets a number; nothing is written over")
  func numbersPictures() throws {
    let folder = TemporaryFolder()
    let store = try store(folder)
    #expect(try store.save([1], from: "Ann") == "received_image_from_Ann.jpg")
    #expect(try store.save([2], from: "Ann") == "received_image_from_Ann-2.jpg")
    folder.write("received_image_from_Ann-3.jpg", "mine")
    #expect(try store.save([4], from: "Ann") == "received_image_from_Ann-4.jpg")
    #expect(folder.read("received_image_from_Ann.jpg") == [1])
    #expect(folder.read("received_image_from_Ann-2.jpg") == [2])
    #expect(folder.read("received_image_from_Ann-3.jpg") == Array("mine".utf8))
    #expect(folder.files.count == 4, "no part is left")
  }

  @Test("A link in the way, also one that leads nowhere, is neither followed nor replaced")
  func avoidsLinks() throws {
    let folder = TemporaryFolder()
    let other = TemporaryFolder()
    let store = try store(folder)
    let link = "\(folder.path)/received_image_from_Ann.jpg"
    #expect(symlink("\(other.path)/target", link) == 0)
    #expect(try store.save(jpeg, from: "Ann") == "received_image_from_Ann-2.jpg")
    #expect(other.files == [])
    other.write("target", "precious")
    #expect(try store.save(jpeg, from: "Ann") == "received_image_from_Ann-3.jpg")
    #expect(other.read("target") == Array("precious".utf8))
    var info = stat()
    #expect(lstat(link, &info) == 0 && info.st_mode & S_IFMT == S_IFLNK)
  }

  @Test("A link in the way of the part is removed, not written through")
  func avoidsLinksToParts() throws {
    let folder = TemporaryFolder()
    let other = TemporaryFolder()
    other.write("target", "precious")
    let part = "\(folder.path)/.received_image_from_Ann.\(getpid()).part"
    #expect(symlink("\(other.path)/target", part) == 0)
    #expect(try store(folder).save(jpeg, from: "Ann") == "received_image_from_Ann.jpg")
    #expect(other.read("target") == Array("precious".utf8))
    #expect(folder.read("received_image_from_Ann.jpg") == jpeg)
    #expect(folder.files == ["received_image_from_Ann.jpg"])
  }

  @Test(
    "A name from outside never becomes a path, an option or something that a terminal obeys",
    arguments: [
      ("Ann Lee", "Ann Lee"), ("../../etc/passwd", "_._.._etc_passwd"), ("..", "_."), (".", "_"),
      ("", "_"), ("a/b", "a_b"), ("a\\b", "a_b"), ("a\u{0}b", "a_b"), ("a\nb", "a_b"),
      ("\u{1b}[31m", "__31m"), ("\u{202e}gpj", "_gpj"), ("$(id)`x`", "__id__x_"), ("Zoë", "Zoë"),
      ("日本", "日本"), ("👍", "_"), (".hidden", "_hidden"), ("a.jpg", "a.jpg"), ("~", "_"),
    ])
  func makesSafeNames(name: String, stem: String) throws {
    #expect(PictureStore.safeStem(name) == stem)
    let folder = TemporaryFolder()
    let file = try store(folder).save(jpeg, from: name)
    #expect(file == "received_image_from_\(stem).jpg")
    #expect(folder.files == [file])
  }

  @Test("The longest names make a file name that every file system takes")
  func cutsNames() throws {
    for letter in ["x", "日", "e\u{301}"] {
      let folder = TemporaryFolder()
      let store = try store(folder)
      let name = String(repeating: letter, count: 200)
      #expect(PictureStore.safeStem(name).utf8.count <= 160)
      for _ in 0..<2 { #expect(try store.save(jpeg, from: name).utf8.count <= 255) }
      #expect(folder.files.count == 2)
    }
  }

  @Test("A picture of any size is written whole, for its owner to write and others to read")
  func writesWhole() throws {
    let folder = TemporaryFolder()
    let store = try store(folder)
    let large = (0..<Limits.datagramBytesMax).map { UInt8(truncatingIfNeeded: $0) }
    let file = try store.save(large, from: "Ann")
    #expect(folder.read(file) == large)
    #expect(folder.read(try store.save([], from: "Bob")) == [])
    var info = stat()
    #expect(stat("\(folder.path)/\(file)", &info) == 0)
    #expect(info.st_mode & 0o7777 & ~0o644 == 0)
  }

  @Test("A picture is never seen under its name before it is whole")
  func showsNoPart() throws {
    let folder = TemporaryFolder()
    let store = try store(folder)
    let large = [UInt8](repeating: 7, count: 4 << 20)
    let done = try Mailbox<String>(capacity: 20)
    try startThread {
      for _ in 0..<10 {
        if let file = try? store.save(large, from: "Ann") { _ = done.send(file) }
      }
    }
    var saved: [String] = []
    while saved.count < 10 {
      for file in folder.files where !file.hasPrefix(".") {
        var info = stat()
        if stat("\(folder.path)/\(file)", &info) == 0 { #expect(info.st_size == large.count) }
      }
      saved += done.takeAll()
    }
    #expect(folder.files == saved.sorted())
  }

  @Test("When every number is taken the picture is refused, and no part is left")
  func runsOutOfNumbers() throws {
    let folder = TemporaryFolder()
    for number in 1...Limits.savedPictureNumberMax {
      folder.write("received_image_from_A\(number == 1 ? "" : "-\(number)").jpg", "")
    }
    let store = try store(folder)
    let error = #expect(throws: SystemError.self) { try store.save(jpeg, from: "A") }
    #expect(error?.code == EEXIST)
    #expect(folder.files.count == Limits.savedPictureNumberMax)
  }

  @Test("A folder is made where that is wanted; what cannot be a folder is refused at once")
  func checksFolders() throws {
    let folder = TemporaryFolder()
    let inner = "\(folder.path)/inner"
    let missing = #expect(throws: SystemError.self) {
      try PictureStore(directory: inner, isMade: false)
    }
    #expect(missing?.code == ENOENT)
    let made = try PictureStore(directory: inner, isMade: true)
    #expect(try made.save(jpeg, from: "Ann") == "received_image_from_Ann.jpg")
    _ = try PictureStore(directory: inner, isMade: true)
    unlink("\(inner)/received_image_from_Ann.jpg")
    rmdir(inner)
    #expect(throws: SystemError.self) { try made.save(jpeg, from: "Ann") }
    folder.write("file", "")
    #expect(throws: SystemError.self) {
      try PictureStore(directory: "\(folder.path)/file", isMade: true)
    }
    #expect(throws: SystemError.self) {
      try PictureStore(directory: "\(folder.path)/a/b", isMade: true)
    }
  }

  @Test("A program that may be run is not a folder either")
  func refusesPrograms() {
    let folder = TemporaryFolder()
    folder.write("program", "#!/bin/sh\n")
    chmod("\(folder.path)/program", 0o755)
    #expect(throws: SystemError.self) {
      try PictureStore(directory: "\(folder.path)/program", isMade: true)
    }
  }
}
