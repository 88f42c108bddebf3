import Testing

@testable import ChatEngine

@Suite("UTF8Text")
struct UTF8TextTests {
  /// What the standard library says of the same bytes.
  private func isValidForSwift(_ bytes: [UInt8]) -> Bool {
    String(validating: bytes, as: UTF8.self) != nil
  }

  /// The scalar that the standard library reads first, and from how many bytes.
  private func firstScalar(_ bytes: [UInt8]) -> Unicode.Scalar? {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    if case .scalarValue(let scalar) = decoder.decode(&iterator) { return scalar }
    return nil
  }

  /// Collects disagreements, since an expectation for each sequence would take minutes.
  private func check(_ bytes: [UInt8], _ wrong: inout [[UInt8]]) {
    let ours = UTF8Text.isValid(bytes.span)
    if ours != isValidForSwift(bytes) || UTF8Text.decode(bytes.span, at: 0) != firstScalar(bytes) {
      wrong.append(bytes)
    }
  }

  @Test("Every sequence of one or two bytes is judged and read as the standard library does")
  func agreesOnShortSequences() {
    var wrong: [[UInt8]] = []
    for first in UInt8.min...UInt8.max {
      check([first], &wrong)
      for second in UInt8.min...UInt8.max { check([first, second], &wrong) }
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(5))")
  }

  @Test("Every three bytes with a lead of three are judged as the standard library does")
  func agreesOnThreeBytes() {
    // Second and third bytes count by where they lie: the edges of each range, and its inside.
    let edges: [UInt8] = [0, 0x41, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff]
    var wrong: [[UInt8]] = []
    for first in UInt8(0xe0)...0xef {
      for second in UInt8.min...UInt8.max {
        for third in edges { check([first, second, third], &wrong) }
      }
    }
    for first in [0x41, 0x80, 0xc1, 0xc2, 0xdf] as [UInt8] {
      for second in edges { for third in edges { check([first, second, third], &wrong) } }
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(5))")
  }

  @Test("Sequences of four bytes, at every edge and sampled, are judged as the library does")
  func agreesOnFourBytes() {
    let edges: [UInt8] = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0xbf, 0xc0, 0xff]
    var wrong: [[UInt8]] = []
    for first in UInt8(0xef)...0xff {
      for second in edges {
        for third in edges {
          for fourth in edges { check([first, second, third, fourth], &wrong) }
        }
      }
    }
    var random = SplitMix64(seed: 4)
    for _ in 0..<20_000 {
      let tail = (0..<3).map { _ in
        UInt8.random(in: random.chance(80) ? 0x80...0xbf : 0...0xff, using: &random)
      }
      check([UInt8.random(in: 0xf0...0xf7, using: &random)] + tail, &wrong)
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(5))")
  }

  @Test("Every scalar is read back from its own encoding")
  func readsEveryScalar() {
    var wrong: [UInt32] = []
    var output: [UInt8] = []
    for value in stride(from: UInt32(0), through: 0x10_ffff, by: 7) {
      guard let scalar = Unicode.Scalar(value) else { continue }
      output.removeAll(keepingCapacity: true)
      output.append(contentsOf: UTF8.encode(scalar)!)
      if UTF8Text.decode(output.span, at: 0) != scalar
        || UTF8Text.length(ofScalarStarting: output[0]) != output.count
      {
        wrong.append(value)
      }
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(5))")
  }

  @Test("A fault is found wherever it stands")
  func findsFaultsAnywhere() {
    let text = Array("ab Grüße 日本 👍".utf8)
    #expect(text.isUTF8)
    #expect([UInt8]().isUTF8)
    for index in text.indices {
      var broken = text
      broken[index] = 0xff
      #expect(!broken.isUTF8, "at \(index)")
    }
    for count in 0..<text.count {
      let cut = Array(text[..<count])
      #expect(cut.isUTF8 == isValidForSwift(cut), "cut to \(count)")
    }
  }

  @Test("Repairing leaves text alone and makes anything else into text")
  func repairs() {
    #expect(UTF8Text.repaired(Array("Grüße".utf8)) == Array("Grüße".utf8))
    #expect(UTF8Text.repaired([0x61, 0xff, 0x62]) == Array("a\u{fffd}b".utf8))
    #expect(UTF8Text.repaired([0xed, 0xa0, 0x80, 0xf0, 0x9f]).isUTF8)
  }

  @Test("The helpers on bytes find and compare within the bytes, also at their edges")
  func searchesBytes() {
    let bytes = Array("NAME: text".utf8)
    #expect(bytes.has("NAME"))
    #expect(bytes.has(": ", at: 4))
    #expect(!bytes.has("text!", at: 6))
    #expect(!bytes.has("N", at: -1))
    #expect(!bytes.has("", at: 11))
    #expect(bytes.has("", at: 10))
    #expect(bytes.equals("NAME: text"))
    #expect(!bytes.equals("NAME: tex"))
    #expect(bytes.endsWith("text"))
    #expect(!bytes.endsWith("a longer text than that"))
    #expect(bytes.position(of: UInt8(ascii: "t")) == 6)
    #expect(bytes.position(of: UInt8(ascii: "t"), from: 7) == 9)
    #expect(bytes.position(of: UInt8(ascii: "z")) == nil)
    #expect(bytes.text(0..<4) == "NAME")
    #expect(Array(bytes[6..<10]) == Array("text".utf8))
  }
}
