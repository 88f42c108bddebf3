import ChatEngine
import Testing

@Suite("Stored messages")
struct StoredMessageTests {
  @Test("A room's name is what it may be")
  func roomNames() {
    for name in ["lobby", "a", "0", "a.b_c-9", "..", String(repeating: "x", count: 64)] {
      #expect(RoomKey(room: name) == .room(name))
    }
    for name in ["", "A", "a b", "ä", "a/b", "a\0", "#a", String(repeating: "x", count: 65)] {
      #expect(RoomKey(room: name) == nil, "\(name)")
    }
  }

  @Test("The description of a file is read as it was written, and nothing else is")
  func attachments() {
    let file = StoredAttachment(
      hash: Array(0..<32), length: .max, width: 640, height: .max, name: "ü .txt")
    #expect(StoredAttachment(file.encoded) == file)
    #expect(file.encoded.count == 32 + 8 + 4 + 4 + 7)
    for count in 0..<48 { #expect(StoredAttachment(Array(file.encoded.prefix(count))) == nil) }
    #expect(StoredAttachment(Array(file.encoded.prefix(48)))?.name == "")
    #expect(StoredAttachment(file.encoded + [0xff]) == nil)
    let long = [UInt8](repeating: 0x61, count: Limits.storedFileNameBytesMax)
    #expect(StoredAttachment(file.encoded.prefix(48) + long) != nil)
    #expect(StoredAttachment(file.encoded.prefix(48) + long + [0x61]) == nil)
  }
}
