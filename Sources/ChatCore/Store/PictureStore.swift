import CLinux
import ChatEngine
import Glibc

/// A folder in which pictures that arrived are kept: `received_image_from_NAME.jpg`, then
/// `received_image_from_NAME-2.jpg` and so on.
///
/// A picture is written whole or not at all, an existing file or link is never written over or
/// through, and a name from outside never becomes a path.
public struct PictureStore: Sendable {
  public let directory: String

  /// - Throws: `SystemError` when the folder cannot be made or written to.
  public init(directory: String, isMade: Bool) throws(SystemError) {
    self.directory = directory
    if isMade, mkdir(directory, 0o755) != 0, errno != EEXIST {
      throw SystemError.last("make the folder \(ShownText.string(directory))")
    }
    let operation = "write to the folder \(ShownText.string(directory))"
    // Opened, so that a file by this name is told from a folder.
    _ = try OwnedFD(
      checking: open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), operation)
    try checked(access(directory, W_OK | X_OK), operation)
  }

  /// Writes a picture.
  ///
  /// - Returns: the name of the new file, without the folder.
  public func save(_ jpeg: [UInt8], from name: String) throws(SystemError) -> String {
    let folder = try OwnedFD(
      checking: open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
      "open the folder \(ShownText.string(directory))")
    let stem = "received_image_from_" + Self.safeStem(name)
    let part = ".\(stem).\(getpid()).part"
    try write(jpeg, to: part, in: folder.raw)
    for number in 1...Limits.savedPictureNumberMax {
      let final = number == 1 ? "\(stem).jpg" : "\(stem)-\(number).jpg"
      if try give(final, to: part, in: folder.raw) { return final }
    }
    unlinkat(folder.raw, part, 0)
    throw SystemError(EEXIST, "save another picture as \(stem)-N.jpg")
  }

  /// A file of this folder as a path.
  func path(of file: String) -> String { directory == "." ? file : "\(directory)/\(file)" }

  /// A name as part of a file's name: what a shell, a path or a terminal would read something into
  /// becomes `_`, a leading dot too, and it is cut to a length that every file system takes.
  static func safeStem(_ name: String) -> String {
    var stem = ""
    for scalar in name.unicodeScalars {
      let properties = scalar.properties
      let isSafe: Bool =
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
          .decimalNumber, .letterNumber, .nonspacingMark, .spacingMark:
          true
        default: "-_+@ ".unicodeScalars.contains(scalar) || (scalar == "." && !stem.isEmpty)
        }
      let next = isSafe ? String(scalar) : "_"
      if stem.utf8.count + next.utf8.count > Limits.savedNameBytesMax { break }
      stem += next
    }
    return stem.isEmpty ? "_" : stem
  }

  private func write(_ jpeg: [UInt8], to part: String, in folder: Int32) throws(SystemError) {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    // A part of a process that died with the same number is nobody's any more.
    unlinkat(folder, part, 0)
    let file = try OwnedFD(
      checking: openat(folder, part, flags, 0o644), "save a picture in \(directory)")
    let failure = writeAll(jpeg, to: file.raw) ?? (fsync(file.raw) == 0 ? nil : errno)
    if let failure {
      unlinkat(folder, part, 0)
      throw SystemError(failure, "save a picture in \(ShownText.string(directory))")
    }
  }

  /// Gives the part its final name.
  ///
  /// - Returns: false when something has that name.
  private func give(
    _ final: String, to part: String, in folder: Int32
  ) throws(SystemError) -> Bool {
    if clinux_rename_new(folder, part, final) == 0 { return true }
    if errno == EEXIST { return false }
    // Some file systems know no rename that refuses to replace; a hard link refuses as well.
    if linkat(folder, part, folder, final, 0) == 0 {
      unlinkat(folder, part, 0)
      return true
    }
    if errno == EEXIST { return false }
    let error = SystemError.last("save a picture as \(final)")
    unlinkat(folder, part, 0)
    throw error
  }
}
