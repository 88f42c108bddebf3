import ChatEngine

/// What is said in a simulation: texts and pictures of any size that name themselves, so that
/// whoever gets one can say which it is and whether every byte is right.
enum Wording {
  /// Neither the full stop, which ends the number, nor 0xff, which ends a JPEG's scan.
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
  private static let digits = 62
  private static let stop = UInt8(ascii: ".")

  /// A text of `count` bytes, or of as many as its number takes.
  static func text(_ id: Int, count: Int) -> [UInt8] {
    var text = number(id)
    if text.count < count { text.append(stop) }
    // Letters of more than one byte, so that a cut shows.
    if count - text.count >= 16, id % 3 == 0 { text += Array("é…😀".utf8) }
    fill(&text, to: count, id)
    return text
  }

  /// A JPEG that nobody could decode and whose header is sound, of about `count` bytes.
  static func picture(_ id: Int, count: Int) -> [UInt8] {
    var scan = number(id) + [stop]
    fill(&scan, to: max(40, count - pictureHead.count - 2), id)
    return pictureHead + scan + [0xff, 0xd9]
  }

  /// Which text or picture it says it is.
  static func id(ofText text: some Collection<UInt8>) -> Int? {
    var id = 0
    for (index, byte) in text.prefix(8).enumerated() {
      if byte == stop { return index > 0 ? id : nil }
      guard let digit = alphabet.firstIndex(of: byte), digit < digits else { return nil }
      id = id * digits + digit
    }
    return text.count < 8 && !text.isEmpty ? id : nil
  }

  static func id(ofPicture jpeg: [UInt8]) -> Int? { id(ofText: jpeg.dropFirst(pictureHead.count)) }

  private static func number(_ id: Int) -> [UInt8] {
    var rest = id
    var number: [UInt8] = []
    repeat {
      number.insert(alphabet[rest % digits], at: 0)
      rest /= digits
    } while rest > 0
    return number
  }

  private static func fill(_ bytes: inout [UInt8], to count: Int, _ id: Int) {
    var random = SplitMix64(seed: UInt64(id))
    bytes.reserveCapacity(count)
    while bytes.count < count {
      var word = random.next()
      for _ in 0..<min(10, count - bytes.count) {
        bytes.append(alphabet[Int(word & 63)])
        word >>= 6
      }
    }
  }

  /// SOI, an application segment, a frame of 64 × 48 in three components, and the head of a scan
  /// (ITU-T T.81, annex B).
  private static let pictureHead: [UInt8] = [
    0xff, 0xd8, 0xff, 0xe0, 0, 4, 0x4a, 0x46, 0xff, 0xc0, 0, 17, 8, 0, 48, 0, 64, 3, 0, 0x11, 0, 1,
    0x11, 0, 2, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0,
  ]
}
