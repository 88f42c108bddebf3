/// JPEG headers made byte by byte; nothing could decode them, and nothing here does.
struct MadeJPEG {
  var width = 64
  var height = 48
  var marker: UInt8 = 0xc0
  var components = 3
  var precision: UInt8 = 8
  /// Whole segments, or fill bytes, between SOI and the frame header.
  var before: [UInt8] = [0xff, 0xe0, 0x00, 0x04, 0x4a, 0x46]
  var scan: [UInt8] = [1, 2, 3]

  /// SOI, what comes before, SOF, SOS, the scan and EOI.
  var bytes: [UInt8] { [0xff, 0xd8] + before + frame + scanHeader + scan + [0xff, 0xd9] }

  var frame: [UInt8] {
    let length = 8 + 3 * components
    return [0xff, marker] + big(length) + [precision] + big(height) + big(width)
      + [UInt8(components)] + [UInt8](repeating: 0x11, count: 3 * components)
  }

  /// A start of scan for one component.
  var scanHeader: [UInt8] { [0xff, 0xda] + big(8) + [1, 1, 0, 0, 63, 0] }

  /// The shortest prefix of `bytes` whose headers are whole: up to the scan's first byte.
  var headerBytes: Int { 2 + before.count + frame.count + scanHeader.count + 1 }

  private func big(_ value: Int) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }
}
