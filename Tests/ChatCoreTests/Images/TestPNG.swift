/// PNG files written by hand, so that every kind and every lie can be had.
enum TestPNG {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  enum Colours: UInt8 {
    case grey = 0
    case rgb = 2
    case palette = 3
    case greyAlpha = 4
    case rgba = 6
  }

  /// A whole file. `sample` gives the samples of a pixel: 1 to 4 numbers of `depth` bits.
  static func file(
    _ width: Int, _ height: Int, _ colours: Colours, depth: Int = 8, isInterlaced: Bool = false,
    chunks: [UInt8] = [], sample: (_ x: Int, _ y: Int) -> [Int]
  ) -> [UInt8] {
    var raw: [UInt8] = []
    let passes =
      isInterlaced
      ? [
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
        (0, 1, 1, 2),
      ] : [(0, 0, 1, 1)]
    for (left, top, stepX, stepY) in passes where left < width && top < height {
      for y in stride(from: top, to: height, by: stepY) {
        raw.append(0)
        var bits: [Int] = []
        for x in stride(from: left, to: width, by: stepX) { bits += sample(x, y) }
        raw += packed(bits, depth: depth)
      }
    }
    return signature
      + header(width, height, colours, depth: depth, isInterlaced: isInterlaced) + chunks
      + chunk("IDAT", stored(raw)) + chunk("IEND", [])
  }

  static func rgb(_ picture: TestPicture, chunks: [UInt8] = []) -> [UInt8] {
    file(picture.width, picture.height, .rgb, chunks: chunks) { x, y in
      let colour = picture.colour(x, y)
      return [Int(colour.red), Int(colour.green), Int(colour.blue)]
    }
  }

  static func header(
    _ width: Int, _ height: Int, _ colours: Colours, depth: Int = 8, isInterlaced: Bool = false
  ) -> [UInt8] {
    chunk(
      "IHDR",
      bigEndian(width) + bigEndian(height)
        + [UInt8(depth), colours.rawValue, 0, 0, isInterlaced ? 1 : 0])
  }

  static func chunk(_ name: String, _ data: [UInt8], length: Int? = nil) -> [UInt8] {
    let body = Array(name.utf8) + data
    return bigEndian(length ?? data.count) + body + bigEndian(Int(checksum(body)))
  }

  static func bigEndian(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  /// zlib data that are not compressed at all (RFC 1950, RFC 1951).
  static func stored(_ raw: [UInt8]) -> [UInt8] {
    var data: [UInt8] = [0x78, 0x01]
    var at = 0
    repeat {
      let count = min(65_535, raw.count - at)
      let low = UInt8(count & 255)
      let high = UInt8(count >> 8)
      data += [at + count == raw.count ? 1 : 0, low, high, ~low, ~high]
      data += raw[at..<at + count]
      at += count
    } while at < raw.count
    var a: UInt32 = 1
    var b: UInt32 = 0
    for byte in raw {
      a = (a + UInt32(byte)) % 65_521
      b = (b + a) % 65_521
    }
    return data + bigEndian(Int(b << 16 | a))
  }

  /// zlib data that inflate to `count` zeros: one literal, then the longest match again and again.
  ///
  /// The checksum is that of zeros: the first half stays 1, the second counts.
  static func inflatingZeros(_ count: Int) -> [UInt8] {
    var data: [UInt8] = [0x78, 0x01]
    var bits: UInt64 = 0
    var bitCount: UInt64 = 0
    func put(_ value: UInt64, _ width: UInt64) {
      bits |= value << bitCount
      bitCount += width
      while bitCount >= 8 {
        data.append(UInt8(truncatingIfNeeded: bits))
        bits >>= 8
        bitCount -= 8
      }
    }
    put(1, 1)
    put(1, 2)
    put(0b0000_1100, 8)
    let matches = (count - 1) / 258
    // Symbol 285 is the length 258, distance 0 is 1: 13 bits in all, most significant bit first.
    for _ in 0..<matches { put(0b1010_0011, 8 + 5) }
    for _ in 0..<(count - 1 - matches * 258) { put(0b0000_1100, 8) }
    put(0, 7)
    if bitCount > 0 { put(0, 8 - bitCount) }
    return data + bigEndian((count % 65_521) << 16 | 1)
  }

  private static func packed(_ samples: [Int], depth: Int) -> [UInt8] {
    if depth == 16 {
      return samples.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    }
    var bytes: [UInt8] = []
    let each = 8 / depth
    for start in stride(from: 0, to: samples.count, by: each) {
      var byte = 0
      for index in 0..<each {
        let at = start + index
        byte = byte << depth | (at < samples.count ? samples[at] : 0)
      }
      bytes.append(UInt8(byte))
    }
    return bytes
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var sum: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }
    return ~sum
  }
}
