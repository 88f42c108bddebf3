/// Why a picture could not be read or made smaller: one clear line for a person.
public struct PictureError: Error, Equatable, CustomStringConvertible, Sendable {
  /// What the picture is called in messages, as the caller named it.
  public let name: String
  public let reason: Reason

  public init(name: String, reason: Reason) {
    self.name = name
    self.reason = reason
  }

  public enum Reason: Error, Equatable, Sendable {
    case missing
    case directory
    case notPermitted
    /// A terminal, a device, or a pipe that was named by its path: reading might never end.
    case notAFile
    /// The operating system refused with this error number while the file was read.
    case unreadable(errno: Int32)
    case empty
    /// The file has `bytes` bytes, or at least so many where it came through a pipe.
    case tooLarge(bytes: Int, limit: Int)
    case notAPicture
    case truncated(PictureFormat)
    /// The file breaks its format's rules; `detail` is the library's own short text.
    case damaged(PictureFormat, detail: String)
    /// The file may be sound, but is of a kind that is not read.
    case unsupported(PictureFormat, detail: String)
    case tooManyPixels(PictureSize, limit: Int)
    case tooMuchMemory(PictureSize, bytes: Int, limit: Int)
    /// Even at the lowest quality and a few pixels the result has more than `bytesMax` bytes.
    case cannotFit(bytesMax: Int)
    /// HEIC is decoded by a library that is loaded when it is needed, and it is not installed.
    case heifMissing
    case outOfMemory
  }

  public var description: String {
    let name = PictureText.harmless(name)
    switch reason {
    case .missing: return "\(name) does not exist"
    case .directory: return "\(name) is a directory, not a picture"
    case .notPermitted: return "\(name) may not be read: permission denied"
    case .notAFile: return "\(name) is neither a file nor a pipe"
    case .unreadable(let code): return "\(name) could not be read: \(PictureText.system(code))"
    case .empty: return "\(name) is empty"
    case .tooLarge(let bytes, let limit):
      return "\(name) is too large: \(PictureText.bytes(bytes)), at most "
        + "\(PictureText.bytes(limit)) are read (limit pictureFileBytesMax)"
    case .notAPicture:
      return "\(name) is not a picture: JPEG, PNG, WebP, GIF and HEIC are read"
    case .truncated(let format): return "\(name) is truncated: the \(format) data end too early"
    case .damaged(let format, let detail): return "\(name) is a damaged \(format): \(detail)"
    case .unsupported(let format, let detail):
      return "\(name) is a kind of \(format) that is not read: \(detail)"
    case .tooManyPixels(let size, let limit):
      return "\(name) is too large: \(PictureText.size(size)), at most "
        + "\(limit / 1_000_000) megapixels are read (limit picturePixelsMax)"
    case .tooMuchMemory(let size, let bytes, let limit):
      return "\(name) needs too much memory: \(PictureText.size(size)) would take "
        + "\(PictureText.bytes(bytes)), at most \(PictureText.bytes(limit)) are used "
        + "(limit pictureMemoryBytesMax)"
    case .cannotFit(let bytesMax):
      return "\(name) cannot be made to fit into \(PictureText.bytes(bytesMax))"
    case .heifMissing:
      return "\(name) is a HEIC picture: HEIC needs the package libheif1, which is not installed"
    case .outOfMemory: return "\(name) could not be read: out of memory"
    }
  }
}
