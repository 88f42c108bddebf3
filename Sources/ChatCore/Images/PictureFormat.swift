/// The formats that are read. What a file is, its first bytes say, never its name.
public enum PictureFormat: String, CustomStringConvertible, Sendable {
  case jpeg = "JPEG"
  case png = "PNG"
  case webp = "WebP"
  case gif = "GIF"
  case heic = "HEIC"

  public var description: String { rawValue }

  /// The format that `file` begins like, or nil if it begins like none.
  init?(of file: [UInt8]) {
    if file.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if file.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if file.starts(with: "GIF87a".utf8) || file.starts(with: "GIF89a".utf8) {
      self = .gif
    } else if file.starts(with: "RIFF".utf8) && file.dropFirst(8).starts(with: "WEBP".utf8) {
      self = .webp
    } else if Self.beginsLikeHEIC(file) {
      self = .heic
    } else {
      return nil
    }
  }

  /// ISO 23008-12: a file type box comes first, and one of its brands says still HEVC picture.
  private static func beginsLikeHEIC(_ file: [UInt8]) -> Bool {
    guard file.count >= 16, file[4..<8].elementsEqual("ftyp".utf8) else { return false }
    let declared = file[0..<4].reduce(0) { $0 << 8 | Int($1) }
    let end = min(declared, file.count, 16 + 4 * 32)
    var brands = [file[8..<12]]
    var at = 16
    while at + 4 <= end {
      brands.append(file[at..<at + 4])
      at += 4
    }
    let known = ["heic", "heix", "heim", "heis"]
    return brands.contains { brand in known.contains { brand.elementsEqual($0.utf8) } }
  }
}
