/// GIF files written by hand, with LZW data that never compress: every code is a literal.
struct TestGIF {
  var screenWidth: Int
  var screenHeight: Int
  var left = 0
  var top = 0
  var width: Int
  var height: Int
  var transparent: Int?
  var isInterlaced = false
  /// Four colours: the quarters' own.
  var palette: [TestPicture.Colour] = TestPicture.upright

  init(_ width: Int, _ height: Int) {
    screenWidth = width
    screenHeight = height
    self.width = width
    self.height = height
  }

  /// The number of a pixel's quarter.
  func quarter(_ x: Int, _ y: Int) -> Int {
    (y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)
  }

  var file: [UInt8] {
    var bytes = Array("GIF89a".utf8) + word(screenWidth) + word(screenHeight)
    bytes += [0x80 | 1, 0, 0]
    for colour in palette { bytes += [colour.red, colour.green, colour.blue] }
    if let transparent { bytes += [0x21, 0xF9, 4, 1, 0, 0, UInt8(transparent), 0] }
    bytes += [0x2C] + word(left) + word(top) + word(width) + word(height)
    bytes += [isInterlaced ? 0x40 : 0]
    return bytes + raster + [0x3B]
  }

  private func word(_ value: Int) -> [UInt8] { [UInt8(value & 255), UInt8(value >> 8)] }

  private var rows: [Int] {
    if !isInterlaced { return Array(0..<height) }
    return [(0, 8), (4, 8), (2, 4), (1, 2)].flatMap { Array(stride(from: $0, to: height, by: $1)) }
  }

  /// Two bits a pixel make codes of three bits; a clear code before every second pixel keeps the
  /// table from growing, and so the codes from becoming longer.
  private var raster: [UInt8] {
    var packed: [UInt8] = []
    var bits = 0
    var bitCount = 0
    func put(_ code: Int) {
      bits |= code << bitCount
      bitCount += 3
      while bitCount >= 8 {
        packed.append(UInt8(bits & 255))
        bits >>= 8
        bitCount -= 8
      }
    }
    var index = 0
    for y in rows {
      for x in 0..<width {
        if index % 2 == 0 { put(4) }
        put(quarter(x, y))
        index += 1
      }
    }
    put(5)
    if bitCount > 0 { packed.append(UInt8(bits & 255)) }
    var blocks: [UInt8] = [2]
    for start in stride(from: 0, to: packed.count, by: 255) {
      let part = packed[start..<min(start + 255, packed.count)]
      blocks += [UInt8(part.count)] + part
    }
    return blocks + [0]
  }
}
