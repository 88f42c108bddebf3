import Foundation
import Testing

@testable import ChatCore

@Suite("JSONObject and times")
struct JSONObjectTests {
  @Test("Fields stand in the order in which they were added, one object a line")
  func writesFields() {
    var object = JSONObject()
    #expect(object.line == "{}\n")
    object.add("type", "message")
    object.add("bytes", -7)
    object.add("z", "")
    #expect(object.line == "{\"type\":\"message\",\"bytes\":-7,\"z\":\"\"}\n")
  }

  @Test("Any text is read back as it was by another reader")
  func roundTrips() throws {
    let texts = [
      "", "plain", "\"quoted\\\"", "a\nb\r\nc\td", "Grüße 日本 👩‍👩‍👧", "\u{0}\u{1}\u{1f}\u{7f}\u{9b}",
      "\u{202e}\u{2028}\u{feff}", "</script>", "\u{10ffff}",
    ]
    for text in texts {
      var object = JSONObject()
      object.add(text, text)
      let data = Data(object.line.utf8)
      let read = try #require(JSONSerialization.jsonObject(with: data) as? [String: String])
      #expect(read.count == 1)
      #expect(Array(read.first!.value.unicodeScalars) == Array(text.unicodeScalars))
    }
  }

  @Test("Nothing in a line is obeyed by a terminal")
  func isHarmless() {
    let all = String(
      String.UnicodeScalarView(
        (UInt32(0)...0x2fff).compactMap { Unicode.Scalar($0) } + ["\u{feff}"]))
    let quoted = JSONText.quoted(all)
    #expect(
      quoted.unicodeScalars.allSatisfy {
        $0.properties.generalCategory != .control && !(0x202a...0x202e).contains($0.value)
      })
  }

  @Test("A time is written as RFC 3339 has it")
  func writesTimes() {
    #expect(rfc3339(unixSeconds: 0) == "1970-01-01T00:00:00Z")
    #expect(rfc3339(unixSeconds: 1_795_165_731) == "2026-11-20T09:08:51Z")
    #expect(rfc3339(unixSeconds: -1) == "1969-12-31T23:59:59Z")
  }
}
