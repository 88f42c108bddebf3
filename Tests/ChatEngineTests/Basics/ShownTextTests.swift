import Testing

@testable import ChatEngine

@Suite("ShownText")
struct ShownTextTests {
  private func shown(_ bytes: [UInt8]) -> String { ShownText.string(bytes) }

  @Test("Plain text, also in other scripts and with tabs, is shown as it is")
  func keepsText() {
    for text in ["", "hello", "a\tb", "Grüße", "Ωμέγα", "日本語", "👩‍👩‍👧 ok", "नमस्ते", "~"] {
      #expect(ShownText.string(text) == text)
      #expect(shown(Array(text.utf8)) == text)
    }
  }

  @Test("Every C0 control but tab and line feed is shown in its caret form, DEL as ^?")
  func showsC0() {
    for byte in UInt8(0)..<0x20 where byte != 9 && byte != 10 {
      let letter = Character(Unicode.Scalar(byte + 0x40))
      #expect(shown([0x61, byte, 0x62]) == "a^\(letter)b")
    }
    #expect(shown([0x7f]) == "^?")
    #expect(shown(Array("\u{1b}[31mred".utf8)) == "^[[31mred")
  }

  @Test("A line break is a mark, so that text keeps to one line")
  func showsLineBreaks() {
    #expect(ShownText.string("a\nb") == "a⏎b")
    #expect(ShownText.string("a\r\nb\n") == "a^M⏎b⏎")
  }

  @Test("Every C1 control is written out")
  func showsC1() {
    for value in UInt32(0x80)...0x9f {
      let text = String(Unicode.Scalar(value)!)
      #expect(ShownText.string("x\(text)y") == "x\\u{\(String(value, radix: 16))}y")
    }
    #expect(ShownText.string("\u{a0}") == "\u{a0}")
  }

  @Test("Bidirectional controls, separators and the byte order mark are written out")
  func showsBidirectionalControls() {
    let obeyed: [UInt32] =
      [0x61c, 0x200e, 0x200f, 0x2028, 0x2029] + Array(0x202a...0x202e) + Array(0x2066...0x2069)
      + [0xfeff]
    for value in obeyed {
      let text = String(Unicode.Scalar(value)!)
      #expect(ShownText.string(text) == "\\u{\(String(value, radix: 16))}")
    }
    for value in [0x61b, 0x200d, 0x2010, 0x2027, 0x202f, 0x2065, 0x206a] as [UInt32] {
      let text = String(Unicode.Scalar(value)!)
      #expect(ShownText.string(text) == text)
    }
  }

  @Test("Each byte that is no UTF-8 is U+FFFD, and what follows it is still read")
  func showsInvalidBytes() {
    #expect(shown([0x61, 0xff, 0x62]) == "a\u{fffd}b")
    #expect(shown([0xc3]) == "\u{fffd}")
    #expect(shown([0xc3, 0x0a]) == "\u{fffd}⏎")
    #expect(shown([0xe2, 0x82]) == "\u{fffd}\u{fffd}")
    #expect(shown([0xe2, 0x1b, 0x5b]) == "\u{fffd}^[[")
    #expect(shown([0xed, 0xa0, 0x80]) == "\u{fffd}\u{fffd}\u{fffd}")
    #expect(shown([0xc0, 0x9b]) == "\u{fffd}\u{fffd}")
    #expect(shown([0x9b, 0x33, 0x31, 0x6d]) == "\u{fffd}31m")
    #expect(shown([0xf4, 0x90, 0x80, 0x80]).unicodeScalars.allSatisfy { $0 == "\u{fffd}" })
  }

  @Test("The shown form of random bytes is UTF-8 without anything that is obeyed")
  func isAlwaysHarmless() throws {
    var random = SplitMix64(seed: 3)
    for _ in 0..<3_000 {
      let count = Int.random(in: 0...24, using: &random)
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      var output: [UInt8] = []
      ShownText.append(bytes.span, to: &output)
      let text = try #require(String(validating: output, as: UTF8.self), "\(bytes)")
      let isHarmless = text.unicodeScalars.allSatisfy { scalar in
        scalar == "\t" || scalar.properties.generalCategory != .control
      }
      #expect(isHarmless, "\(bytes)")
      #expect(!text.unicodeScalars.contains { ShownText.isObeyed($0) }, "\(bytes)")
    }
  }

  @Test("Showing appends and leaves what was there")
  func appends() {
    var output = Array("> ".utf8)
    ShownText.append(Array("a\u{1b}".utf8).span, to: &output)
    #expect(output == Array("> a^[".utf8))
  }
}
