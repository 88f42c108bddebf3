import Glibc

/// A folder of its own, gone with everything in it when it is let go of.
final class TemporaryFolder {
  let path: String

  init() {
    var template = Array("/tmp/chatd-test-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { preconditionFailure("no temporary folder") }
    path = String(cString: made)
  }

  deinit {
    for file in files { unlink("\(path)/\(file)") }
    rmdir(path)
  }

  /// The names in the folder, hidden ones too, in order.
  var files: [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// The bytes of a file; nil where there is none.
  func read(_ file: String) -> [UInt8]? {
    let fd = open("\(path)/\(file)", O_RDONLY)
    guard fd >= 0 else { return nil }
    defer { close(fd) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = Glibc.read(fd, &buffer, buffer.count), count > 0 {
      bytes += buffer[..<count]
    }
    return bytes
  }

  func write(_ file: String, _ text: String) {
    let fd = open("\(path)/\(file)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    precondition(fd >= 0 && Glibc.write(fd, text, text.utf8.count) == text.utf8.count)
    close(fd)
  }
}

/// A pipe, closed when it is let go of.
final class TestPipe {
  private(set) var readEnd: Int32 = -1
  private(set) var writeEnd: Int32 = -1

  init() {
    var ends: [Int32] = [-1, -1]
    precondition(pipe(&ends) == 0, "no pipe")
    (readEnd, writeEnd) = (ends[0], ends[1])
  }

  deinit {
    closeReadEnd()
    if writeEnd >= 0 { close(writeEnd) }
  }

  func closeReadEnd() {
    if readEnd >= 0 { close(readEnd) }
    readEnd = -1
  }

  func write(_ text: String) { _ = Glibc.write(writeEnd, text, text.utf8.count) }

  /// Reads until `count` bytes came.
  func read(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while bytes.count < count {
      let got = Glibc.read(readEnd, &buffer, min(buffer.count, count - bytes.count))
      if got <= 0 { break }
      bytes += buffer[..<got]
    }
    return bytes
  }
}

/// Waits until something is so, which another thread brings about; gives up after five seconds.
func waitUntil(_ isSo: () -> Bool) -> Bool {
  for _ in 0..<5_000 {
    if isSo() { return true }
    usleep(1_000)
  }
  return isSo()
}
