import ChatEngine

/// How much fine detail a JPEG holds, told without decoding it.
enum JPEGDetail {
  /// Most photographs are below. Above are those with sharp texture everywhere, and text.
  static let soft = 6.0

  /// Bits per pixel, made comparable between qualities by the root of the mean quantiser step.
  ///
  /// One photograph gives the same number within a third from quality 30 to 100. What else is in the
  /// file counts as well, and a file without a table counts as full of detail: the error is on the
  /// side of quality.
  static func amount(in file: [UInt8], _ header: JPEGHeader) -> Double {
    guard let step = meanStep(of: file) else { return .infinity }
    let bits = 8 * Double(file.count - header.scanStart)
    return bits / Double(header.size.pixels) * step.squareRoot()
  }

  /// The mean of the first quantisation table, which is luma's in practice (T.81, B.2.4.1).
  private static func meanStep(of file: [UInt8]) -> Double? {
    var position = 2
    while let segment = try? JPEGSegment.next(in: file.span, after: &position),
      segment.marker != 0xDA
    {
      guard segment.marker == 0xDB else { continue }
      let table = file[segment.payload]
      guard let kind = table.first else { return nil }
      let bytesPerStep = kind >> 4 == 0 ? 1 : 2
      let steps = table.dropFirst().prefix(64 * bytesPerStep)
      guard steps.count == 64 * bytesPerStep else { return nil }
      let sum = steps.enumerated().reduce(0) { sum, byte in
        let isHigh = bytesPerStep == 2 && byte.offset.isMultiple(of: 2)
        return sum + Int(byte.element) << (isHigh ? 8 : 0)
      }
      return Double(sum) / 64
    }
    return nil
  }
}
