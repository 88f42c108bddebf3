import Glibc
import Testing

@testable import ChatCore

/// A state folder in a folder of its own.
final class TemporaryState {
  let home = TemporaryFolder()
  let folder: StateFolder

  init() throws { folder = try StateFolder(home.path + "/state") }

  deinit {
    for file in files { unlink("\(folder.path)/\(file)") }
    rmdir(folder.path)
  }

  /// The names in the state folder.
  var files: [String] {
    guard let opened = opendir(folder.path) else { return [] }
    defer { closedir(opened) }
    var names: [String] = []
    while let entry = readdir(opened) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  func read(_ file: String) -> String {
    String(decoding: home.read("state/\(file)") ?? [], as: UTF8.self)
  }

  func write(_ file: String, _ text: String, mode: mode_t = 0o600) {
    home.write("state/\(file)", text)
    chmod("\(folder.path)/\(file)", mode)
  }

  func mode(_ file: String) -> mode_t {
    var status = stat()
    precondition(stat("\(folder.path)/\(file)", &status) == 0)
    return status.st_mode & 0o777
  }
}

/// What a failure says, for expectations; nil where there is none.
func complaint<Result>(_ body: () throws(Failure) -> Result) -> String? {
  do throws(Failure) {
    _ = try body()
    return nil
  } catch {
    return error.message
  }
}

@Suite("StateFolder")
struct StateFolderTests {
  private func path(_ variables: [String: String]) -> String? {
    StateFolder.path { variables[$0] }
  }

  @Test("Is the one that the environment names")
  func isNamed() {
    let home = ["HOME": "/home/ann"]
    #expect(path(home) == "/home/ann/.local/state/chatd")
    let state = home.merging(["XDG_STATE_HOME": "/var/tmp/x"]) { $1 }
    #expect(path(state) == "/var/tmp/x/chatd")
    #expect(path(home.merging(["XDG_STATE_HOME": "x"]) { $1 }) == "/home/ann/.local/state/chatd")
    #expect(path(home.merging(["XDG_STATE_HOME": ""]) { $1 }) == "/home/ann/.local/state/chatd")
    let systemd = state.merging(["STATE_DIRECTORY": "/var/lib/chatd:/var/lib/other"]) { $1 }
    #expect(path(systemd) == "/var/lib/chatd")
    #expect(path([:]) == nil)
    #expect(path(["HOME": "relative"]) == nil)
  }

  @Test("Is made with all that leads to it, for its owner alone")
  func isMade() throws {
    let home = TemporaryFolder()
    let folder = try StateFolder(home.path + "/a/b/chatd")
    var status = stat()
    #expect(stat(folder.path, &status) == 0 && status.st_mode & 0o777 == 0o700)
    #expect(stat(home.path + "/a", &status) == 0 && status.st_mode & 0o777 == 0o700)
    #expect(try StateFolder(folder.path).path == folder.path, "it is there already")
    for path in ["/a/b/chatd", "/a/b", "/a"] { rmdir(home.path + path) }
  }

  @Test("Is refused where it cannot be, or where others can write to it")
  func isRefused() throws {
    let home = TemporaryFolder()
    home.write("file", "")
    #expect(
      complaint { () throws(Failure) in try StateFolder(home.path + "/file") }?.contains("/file")
        == true)
    #expect(
      complaint { () throws(Failure) in try StateFolder(home.path + "/file/chatd") } != nil)
    let state = try TemporaryState()
    chmod(state.folder.path, 0o770)
    let text = complaint { () throws(Failure) in try StateFolder(state.folder.path) }
    #expect(text?.contains("others can write") == true)
    chmod(state.folder.path, 0o755)
    #expect(complaint { () throws(Failure) in try StateFolder(state.folder.path) } == nil)
  }
}
