import ChatEngine
import Glibc

/// How names, sizes and byte counts are written for people.
enum PictureText {
  /// `name` with everything a terminal might obey replaced by `?`: control characters, line and
  /// paragraph separators, and the marks that turn the direction of writing.
  static func harmless(_ name: String) -> String {
    var text = String.UnicodeScalarView()
    for scalar in name.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
        text.append("?")
      default: text.append(scalar)
      }
    }
    return String(text)
  }

  static func size(_ size: PictureSize) -> String { "\(size.width)×\(size.height)" }

  /// Decimal units, as file managers show them: `812 B`, `38 kB`, `5.1 MB`.
  static func bytes(_ count: Int) -> String {
    if count < 1_000 { return "\(count) B" }
    let kilobytes = (count + 500) / 1_000
    if kilobytes < 1_000 { return "\(kilobytes) kB" }
    let tenths = (count + 50_000) / 100_000
    return "\(tenths / 10).\(tenths % 10) MB"
  }

  /// The operating system's words for an error number.
  static func system(_ code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      buffer.initialize(repeating: 0)
      guard let text = buffer.baseAddress, strerror_r(code, text, buffer.count) == 0 else {
        return "error \(code)"
      }
      return String(cString: text)
    }
  }
}

extension StoredAttachment {
  /// `a picture, 640×480, 38 kB`, or `report.pdf, 5.1 MB`.
  var words: String {
    let size = PictureText.bytes(Int(clamping: length))
    if width > 0 { return "a picture, \(width)×\(height), \(size)" }
    return "\(name.isEmpty ? "a file" : ShownText.string(name)), \(size)"
  }
}
