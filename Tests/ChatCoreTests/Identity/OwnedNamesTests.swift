import ChatEngine
import Glibc
import Testing

@testable import ChatCore

@Suite("OwnedNames")
struct OwnedNamesTests {
  private let one = PublicKey(Array(UInt8(1)...32))!
  private let two = PublicKey(Array(UInt8(2)...33))!

  @Test("What is appended is there the next time")
  func appends() throws {
    let state = try TemporaryState()
    let names = try OwnedNames(in: state.folder)
    #expect(names.loaded.isEmpty && state.files == [])
    try names.append([(try MemberName("Ann"), one), (try MemberName("José de la Cruz"), two)])
    try names.append([(try MemberName("😀"), one)])
    #expect(state.mode("names") == 0o600)
    #expect(
      state.read("names") == """
        AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA= Ann
        AgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICE= José de la Cruz
        AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA= 😀

        """)
    let loaded = try OwnedNames(in: state.folder).loaded
    #expect(loaded.map(\.name.text) == ["Ann", "José de la Cruz", "😀"])
    #expect(loaded.map(\.owner) == [one, two, one])
  }

  @Test("A line that comes again says that its name was used later; the first key keeps a name")
  func order() throws {
    let state = try TemporaryState()
    let names = try OwnedNames(in: state.folder)
    let (ann, ben) = (try MemberName("Ann"), try MemberName("Ben"))
    try names.append([(ann, one), (ben, two), (ann, two), (ann, one)])
    let loaded = try OwnedNames(in: state.folder).loaded
    #expect(loaded.map(\.name) == [ben, ann] && loaded.map(\.owner) == [two, one])
  }

  @Test("A file that has become long is written anew, a line for each name, in the same order")
  func compacts() throws {
    let state = try TemporaryState()
    let names = try OwnedNames(in: state.folder)
    let owned = try (0..<10).map { (name: try MemberName("n\($0)"), owner: $0 < 5 ? one : two) }
    for _ in 0..<20 { try names.append(owned, high: 1_000) }
    try names.append([owned[3]], high: 1_000)
    #expect(state.read("names").utf8.count <= 1_000)
    #expect(state.mode("names") == 0o600 && state.files == ["names"])
    let loaded = try OwnedNames(in: state.folder).loaded
    #expect(
      loaded.map(\.name.text) == [0, 1, 2, 4, 5, 6, 7, 8, 9, 3].map { "n\($0)" })
  }

  @Test("A line that was not written to its end is cut off")
  func cutsOff() throws {
    let state = try TemporaryState()
    try OwnedNames(in: state.folder).append([(try MemberName("Ann"), one)])
    let good = state.read("names")
    for count in 1..<good.utf8.count {
      state.write("names", good + good.prefix(count).replacing("\n", with: ""))
      let names = try OwnedNames(in: state.folder)
      #expect(names.loaded.map(\.name.text) == ["Ann"])
      #expect(state.read("names") == good)
    }
    state.write("names", "AQID")
    #expect(try OwnedNames(in: state.folder).loaded.isEmpty)
    #expect(state.read("names") == "")
  }

  @Test(
    "A damaged line is named",
    arguments: [
      "", "x", "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
      "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA= ",
      "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=  Ann",
      "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA= a:b", "AQID Ann",
    ])
  func namesDamage(line: String) throws {
    let state = try TemporaryState()
    try OwnedNames(in: state.folder).append([(try MemberName("Ann"), one)])
    let good = state.read("names")
    state.write("names", good + line + "\n" + good)
    let said = complaint { () throws(Failure) in try OwnedNames(in: state.folder) }
    #expect(said?.contains("line 2 of \(state.folder.path)/names") == true, "\(said ?? "")")
  }

  @Test("A file that is too long is not read")
  func isBounded() throws {
    let state = try TemporaryState()
    state.write("names", "")
    truncate("\(state.folder.path)/names", off_t(Limits.ownedNamesBytesMax + 1))
    let said = complaint { () throws(Failure) in try OwnedNames(in: state.folder) }
    #expect(said?.contains("longer than") == true)
  }
}

@Suite("PasswordFile")
struct PasswordFileTests {
  private func file(_ text: String, mode: mode_t = 0o600) throws -> PasswordFile {
    let folder = TemporaryFolder()
    folder.write("password", text)
    chmod(folder.path + "/password", mode)
    return try PasswordFile(folder.path + "/password")
  }

  @Test(
    "Is the first line",
    arguments: ["open sesame", "open sesame\n", "open sesame\r\n", "open sesame\nand more\n"])
  func isLine(text: String) throws {
    let file = try file(text)
    #expect(file.password == Array("open sesame".utf8))
    #expect(file.warning == nil)
  }

  @Test("Spaces and other letters belong to it")
  func isExact() throws {
    #expect(try file(" a b \t\n").password == Array(" a b \t".utf8))
    #expect(try file("π≈3\n").password == Array("π≈3".utf8))
    let long = String(repeating: "x", count: Limits.passwordBytesMax)
    #expect(try file(long).password.count == Limits.passwordBytesMax)
  }

  @Test("An empty or endless one is refused", arguments: ["", "\n", "\r\n", "\nsecond"])
  func isRefused(text: String) throws {
    #expect(complaint { () throws(Failure) in try PasswordFile("/nonexistent") } != nil)
    #expect(throws: Failure.self) { try file(text) }
    let long = String(repeating: "x", count: Limits.passwordBytesMax + 1)
    #expect(throws: Failure.self) { try file(long) }
    #expect(complaint { () throws(Failure) in try PasswordFile("/dev/zero") } != nil)
    #expect(complaint { () throws(Failure) in try PasswordFile("/") } != nil)
  }

  @Test("Others who can read it are warned of", arguments: [0o644, 0o640, 0o604])
  func warns(mode: mode_t) throws {
    let file = try file("x\n", mode: mode)
    #expect(file.warning?.contains("chmod 600") == true)
    #expect(file.password == [UInt8(ascii: "x")])
  }

  @Test("May be a pipe")
  func isPipe() throws {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    let text = "open sesame\nrest"
    #expect(write(ends[1], text, text.utf8.count) == text.utf8.count)
    close(ends[1])
    defer { close(ends[0]) }
    let file = try PasswordFile("/dev/fd/\(ends[0])")
    #expect(file.password == Array("open sesame".utf8))
    #expect(file.warning == nil)
  }
}
