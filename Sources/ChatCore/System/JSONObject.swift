import ChatEngine

/// One JSON object (RFC 8259), written field by field in the order they are added.
struct JSONObject {
  private var text = "{"

  mutating func add(_ key: String, _ value: String) {
    addRaw(key, JSONText.quoted(value))
  }

  mutating func add(_ key: String, _ value: Int) { addRaw(key, String(value)) }

  mutating func add(_ key: String, _ value: Bool) { addRaw(key, value ? "true" : "false") }

  mutating func add(_ key: String, _ values: [String]) {
    addRaw(key, "[" + values.map(JSONText.quoted).joined(separator: ",") + "]")
  }

  /// The object and a newline.
  var line: String { text + "}\n" }

  private mutating func addRaw(_ key: String, _ value: String) {
    if text.utf8.count > 1 { text += "," }
    text += JSONText.quoted(key) + ":" + value
  }
}

enum JSONText {
  /// A JSON string with its quotes. What a terminal would obey is escaped too, so that the output
  /// is safe to look at.
  static func quoted(_ text: String) -> String {
    // Most texts need nothing of what follows, which costs ten times as much.
    if text.utf8.allSatisfy({ 0x20...0x7e ~= $0 && $0 != 0x22 && $0 != 0x5c }) {
      return "\"\(text)\""
    }
    var output = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case "\n": output += "\\n"
      case "\r": output += "\\r"
      case "\t": output += "\\t"
      default:
        if scalar.value < 0x20 || isObeyed(scalar) {
          for unit in UTF16.encode(scalar)! {
            let digits = String(unit, radix: 16)
            output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
          }
        } else {
          output.unicodeScalars.append(scalar)
        }
      }
    }
    return output + "\""
  }

  private static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value == 0x7f || ShownText.isObeyed(scalar)
  }
}
