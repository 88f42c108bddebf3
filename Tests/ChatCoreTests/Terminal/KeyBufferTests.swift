import Testing

@testable import ChatCore

@Suite("KeyBuffer")
struct KeyBufferTests {
  private func keys(_ pieces: [[UInt8]]) -> [[UInt8]] {
    var buffer = KeyBuffer()
    return pieces.flatMap { piece -> [[UInt8]] in
      buffer.add(piece)
      var keys: [[UInt8]] = []
      while let key = buffer.next() { keys.append(key) }
      return keys
    }
  }

  private let whole: [[UInt8]] = [
    [0x61], [0xc3, 0xa9], [0xe2, 0x82, 0xac], [0xf0, 0x9f, 0x91, 0x8d], [0x0d], [0x7f],
    [0x1b, 0x5b, 0x41], [0x1b, 0x4f, 0x50], [0x1b, 0x62],
    [0x1b, 0x5b, 0x31, 0x3b, 0x35, 0x43], [0x1b, 0x5b, 0x33, 0x7e], [0x62],
  ]

  @Test("Keys come out whole, however their bytes came in")
  func makesKeys() {
    let bytes = whole.flatMap { $0 }
    #expect(keys([bytes]) == whole)
    #expect(keys(bytes.map { [$0] }) == whole)
    for cut in 0...bytes.count {
      #expect(keys([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole, "cut at \(cut)")
    }
  }

  @Test("An escape sequence that is no key is passed over, and a tab within a paste is a space")
  func passesOverSequences() {
    #expect(keys([Array("a\u{1b}[31mb".utf8)]) == [[0x61], [0x62]])
    #expect(keys([Array("\u{1b}[200~x\ty".utf8)]) == [[0x78], [0x20], [0x79]])
    #expect(keys([[0x09]]) == [[0x09]])
  }

  @Test("A key that has not wholly come is waited for")
  func waits() {
    for part in [[0x1b], [0x1b, 0x5b], [0x1b, 0x5b, 0x31], [0x1b, 0x4f], [0xe2, 0x82]] as [[UInt8]]
    {
      var buffer = KeyBuffer()
      buffer.add(part)
      #expect(buffer.next() == nil)
      #expect(!buffer.isEmpty)
    }
  }

  @Test("A lone escape is thrown away, and what follows is read as itself")
  func dropsEscapes() {
    var buffer = KeyBuffer()
    buffer.dropLoneEscape()
    buffer.add([0x1b])
    buffer.dropLoneEscape()
    #expect(buffer.isEmpty)
    buffer.add([0x61])
    buffer.dropLoneEscape()
    #expect(buffer.next() == [0x61])
  }

  @Test("Bytes that start no key pass as they are, and endless ones are not kept")
  func passesJunk() {
    #expect(keys([[0xff, 0x80, 0xc1]]) == [[0xff], [0x80], [0xc1]])
    let endless = [0x1b, 0x5b] + [UInt8](repeating: 0x31, count: 100)
    let got = keys([endless])
    #expect(got.flatMap { $0 } == Array(endless.prefix(got.count)))
    #expect(endless.count - got.count < 32)
  }
}
