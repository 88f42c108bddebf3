/// Text from outside, made fit to be shown: control, escape and bidirectional characters are
/// written out, never obeyed.
///
/// What is shown keeps to one line. Tabs stay; a line break becomes `⏎`, a control character its
/// caret form (`^[` for escape), other dangerous scalars `\u{202e}`, bytes that are no UTF-8
/// U+FFFD.
public enum ShownText {
  /// Appends the shown form of `bytes` to `output`. Does not allocate beyond `output`'s growth.
  public static func append(_ bytes: Span<UInt8>, to output: inout [UInt8]) {
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte < 0x80 {
        appendASCII(byte, to: &output)
        index += 1
        continue
      }
      guard let scalar = UTF8Text.decode(bytes, at: index) else {
        output.append(contentsOf: [0xef, 0xbf, 0xbd])
        index += 1
        continue
      }
      let length = UTF8Text.length(ofScalarStarting: byte)
      if isObeyed(scalar) {
        output.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".utf8)
      } else {
        for offset in 0..<length { output.append(bytes[index + offset]) }
      }
      index += length
    }
  }

  /// The shown form of `text`.
  public static func string(_ text: String) -> String {
    var output: [UInt8] = []
    var text = text
    text.withUTF8 { append($0.span, to: &output) }
    return String(decoding: output, as: UTF8.self)
  }

  /// The shown form of `bytes`.
  public static func string(_ bytes: [UInt8]) -> String {
    var output: [UInt8] = []
    append(bytes.span, to: &output)
    return String(decoding: output, as: UTF8.self)
  }

  private static func appendASCII(_ byte: UInt8, to output: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\n"):
      output.append(contentsOf: [0xe2, 0x8f, 0x8e])
    case UInt8(ascii: "\t"), 0x20...0x7e:
      output.append(byte)
    default:
      output.append(UInt8(ascii: "^"))
      output.append(byte ^ 0x40)
    }
  }

  /// Whether a terminal, or the layout of a line, would obey this scalar instead of showing it:
  /// C1 controls, the bidirectional controls of UAX #9, line and paragraph separators, and the
  /// byte order mark.
  public static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x80...0x9f, 0x61c, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: true
    default: false
    }
  }
}
