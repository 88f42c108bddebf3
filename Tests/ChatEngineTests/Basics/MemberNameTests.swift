import Testing

@testable import ChatEngine

@Suite("MemberName")
struct MemberNameTests {
  private func fault(_ text: String) -> MemberName.Fault? {
    do throws(MemberName.Fault) {
      _ = try MemberName(text)
      return nil
    } catch {
      return error
    }
  }

  @Test(
    "Names of visible characters in any script are taken as they are written",
    arguments: [
      "A", "Anoop", "Ann Lee", "Zoë", "Ωμέγα", "李雷", "नमस्ते", "O'Neil-Smith", "a_b.c@d+1", "👍",
      "❤️", "IMG:".replacing(":", with: "2"), "12345678901234567890123456789012", "A  B",
    ])
  func takesNames(text: String) throws {
    #expect(try MemberName(text).text == text)
  }

  @Test(
    "Each fault is named",
    arguments: [
      ("", .empty), (" ", .empty), ("   ", .empty), (" A", .outerSpace), ("A ", .outerSpace),
      ("123456789012345678901234567890123", .tooLong), ("a:b", .scalar(":")),
      ("a/b", .scalar("/")), (":", .scalar(":")), ("a\nb", .scalar("\n")), ("a\tb", .scalar("\t")),
      ("a\u{0}", .scalar("\u{0}")), ("\u{1b}[31m", .scalar("\u{1b}")),
      ("\u{7f}", .scalar("\u{7f}")),
      ("a\u{85}", .scalar("\u{85}")), ("a\u{202e}b", .scalar("\u{202e}")),
      ("a\u{200b}b", .scalar("\u{200b}")), ("a\u{200d}b", .scalar("\u{200d}")),
      ("\u{feff}a", .scalar("\u{feff}")), ("a\u{ad}b", .scalar("\u{ad}")),
      ("a\u{2028}b", .scalar("\u{2028}")), ("a\u{a0}b", .scalar("\u{a0}")),
      ("a\u{3000}b", .scalar("\u{3000}")), ("a\u{e000}", .scalar("\u{e000}")),
      ("a\u{3164}", .scalar("\u{3164}")), ("a\u{378}", .scalar("\u{378}")),
      ("a\u{e0041}", .scalar("\u{e0041}")), ("a\u{fe00}", .scalar("\u{fe00}")),
    ] as [(String, MemberName.Fault)])
  func namesFaults(text: String, expected: MemberName.Fault) {
    #expect(fault(text) == expected)
  }

  @Test("Characters are counted as people see them, and bytes are bounded besides")
  func countsCharacters() {
    #expect(fault(String(repeating: "é", count: 32)) == nil)
    #expect(fault(String(repeating: "e\u{301}", count: 32)) == nil)
    #expect(fault(String(repeating: "👍", count: 32)) == nil)
    #expect(fault(String(repeating: "👍", count: 33)) == .tooLong)
    #expect(fault("a" + String(repeating: "\u{301}", count: 63)) == nil)
    #expect(fault("ab" + String(repeating: "\u{301}", count: 63)) == nil)
    #expect(fault("abc" + String(repeating: "\u{301}", count: 63)) == .tooLong)
  }

  @Test(
    "Names are the same without case and in NFC",
    arguments: [
      ("Anoop", "anoop"), ("ANOOP", "Anoop"), ("Zoë", "ZOE\u{308}"), ("Straße", "STRASSE"),
      ("ΣΑΣ", "σας"), ("σασ", "σας"), ("Ωμέγα", "ΩΜΈΓΑ"), ("İ", "i\u{307}"), ("Å", "\u{212b}"),
      ("ǆ", "ǅ"), ("ﬁ", "FI"), ("Жук", "жУК"),
    ])
  func comparesNames(one: String, other: String) throws {
    let names = [try MemberName(one), try MemberName(other)]
    #expect(names[0] == names[1])
    #expect(names[0].hashValue == names[1].hashValue)
    #expect(names[0].text == one)
  }

  @Test("Names that differ by more are others")
  func tellsNamesApart() throws {
    for (one, other) in [("Ann", "Anna"), ("Ann", "An n"), ("e", "é"), ("A-2", "A-3")] {
      #expect(try MemberName(one) != MemberName(other))
    }
  }

  @Test("Every letter's name is the same as its upper-case, lower-case and decomposed forms'")
  func comparesEveryLetter() throws {
    var wrong: [Unicode.Scalar] = []
    for value in UInt32(0x41)...0x1ffff {
      guard let scalar = Unicode.Scalar(value), let name = try? MemberName(String(scalar)) else {
        continue
      }
      for form in [scalar.properties.uppercaseMapping, scalar.properties.lowercaseMapping] {
        if let other = try? MemberName(form), other != name { wrong.append(scalar) }
      }
    }
    // Upper case makes two letters of a letter with an iota below, which is not the same in NFC.
    let hasIotaBelow = wrong.filter { $0.properties.uppercaseMapping.hasSuffix("\u{399}") }
    #expect(wrong == hasIotaBelow, "\(wrong.prefix(20))")
  }

  @Test("Two texts that are the same in NFC are one name, in whatever order their marks stand")
  func comparesReorderedMarks() throws {
    let ordered = "\u{3b1}\u{301}\u{345}"
    let reordered = "\u{3b1}\u{345}\u{301}"
    try #require(ordered == reordered, "canonically equivalent")
    let names = [try MemberName(ordered), try MemberName(reordered)]
    #expect(names[0] == names[1])
    #expect(try MemberName("\u{1fb4}") == names[0])
  }

  @Test(
    "A name that nobody can see is refused",
    arguments: ["\u{fe0f}", "\u{fe0f}\u{fe0f}", "\u{2800}", " \u{301}"])
  func refusesInvisibleNames(text: String) {
    #expect(fault(text) != nil)
  }

  @Test("A character that cannot be seen does not make another name of the same one")
  func refusesInvisibleDifferences() throws {
    let twin = try? MemberName("Anoop\u{fe0f}")
    let plain = try MemberName("Anoop")
    #expect(twin == nil || twin == plain)
  }

  @Test("A number is put behind, and the end is cut where the name would grow too long")
  func numbersNames() throws {
    #expect(try MemberName("Ann").numbered(2)?.text == "Ann-2")
    #expect(try MemberName(String(repeating: "x", count: 30)).numbered(2)?.text.count == 32)
    let long = try MemberName(String(repeating: "x", count: 32))
    #expect(long.numbered(2)?.text == String(repeating: "x", count: 30) + "-2")
    #expect(long.numbered(99)?.text == String(repeating: "x", count: 29) + "-99")
    let wide = try MemberName(String(repeating: "👍", count: 32))
    #expect(wide.numbered(10)?.text == String(repeating: "👍", count: 29) + "-10")
    let spaced = try MemberName(String(repeating: "x", count: 29) + " yz")
    #expect(spaced.numbered(2) != nil)
    let marked = try MemberName("a" + String(repeating: "\u{301}", count: 63))
    #expect(try #require(marked.numbered(2)).text.utf8.count <= Limits.nameBytesMax)
  }

  @Test("Each fault tells a person something, and shows nothing that a terminal would obey")
  func explainsFaults() {
    let faults: [MemberName.Fault] = [
      .empty, .tooLong, .scalar("/"), .scalar("\u{1b}"), .outerSpace, .reserved,
    ]
    #expect(Set(faults.map(\.text)).count == faults.count)
    for fault in faults { #expect(ShownText.string(fault.text) == fault.text) }
    #expect(MemberName.Fault.scalar("\u{1b}").text.contains("U+001B"))
    #expect(MemberName.Fault.scalar("/").text.contains("\"/\""))
  }
}
