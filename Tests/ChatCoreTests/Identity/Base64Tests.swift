import Testing

@testable import ChatCore

@Suite("Base64")
struct Base64Tests {
  @Test(
    "Is that of RFC 4648 §10",
    arguments: [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
      ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
  func isStandard(text: String, encoded: String) {
    #expect(Base64.encode(Array(text.utf8)) == Array(encoded.utf8))
    #expect(Base64.decode(encoded.utf8) == Array(text.utf8))
  }

  @Test("Every byte comes back")
  func comesBack() {
    for count in 0...70 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + count) }
      #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }
    let all = (0...255).map { UInt8($0) }
    #expect(Base64.decode(Base64.encode(all)) == all)
  }

  @Test(
    "Has one spelling for everything",
    arguments: [
      "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "=Zg=", "Z===", "====", "Zm 9", "Zm-_", "Zg==Zg==",
      "Zm9v\n", "Zm9vYg=\n",
    ])
  func isStrict(text: String) {
    #expect(Base64.decode(text.utf8) == nil)
  }
}
