/// JPEG headers made byte by byte; nothing could decode them, and nothing here does.
struct MadeJPEG {
  var width = 64
  var height = 48
  var marker: UInt8 = 0xc0
  var components = 3
  var precision: UInt8 = 8
  /// Both sampling factors of every component.
  var factors: UInt8 = 0x11
  /// Whole segments, or fill bytes, between SOI and the frame header.
  var before: [UInt8] = [0xff, 0xe0, 0x00, 0x04, 0x4a, 0x46]
  /// The first scan's data; as many as the picture needs at least where nobody says otherwise.
  var scan: [UInt8]?

  /// SOI, what comes before, SOF, SOS, the scan and EOI.
  var bytes: [UInt8] { header + scanData + [0xff, 0xd9] }

  /// All up to the first byte of the scan.
  var header: [UInt8] { [0xff, 0xd8] + before + frame + scanHeader }

  var frame: [UInt8] {
    let length = 8 + 3 * components
    return [0xff, marker] + big(length) + [precision] + big(height) + big(width)
      + [UInt8(components)] + (0..<components).flatMap { [UInt8($0), factors, 0] }
  }

  /// A start of scan for one component.
  var scanHeader: [UInt8] { [0xff, 0xda] + big(8) + [1, 1, 0, 0, 63, 0] }

  private var scanData: [UInt8] {
    scan ?? [UInt8](repeating: 0, count: (width + 31) / 8 * ((height + 31) / 8) * components / 8)
  }

  private func big(_ value: Int) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }
}
