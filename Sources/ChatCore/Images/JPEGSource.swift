import ChatEngine

/// Decodes JPEG files at the smallest scale that still leaves the resizer enough to choose from.
enum JPEGSource {
  /// The picture, at least as large as it will be when it has been fitted into `box`.
  static func decode(
    _ file: [UInt8], box: PictureSize
  ) throws(PictureError.Reason) -> DecodedPicture {
    let header = try readHeader(file)
    let orientation =
      header.exif.map { EXIF.orientation(of: Array(file[$0])) } ?? .upright
    let seen = orientation.applied(to: header.size)
    let target = orientation.applied(to: seen.fitted(into: box))
    let detail = JPEGDetail.amount(in: file, header)
    let eighths = Self.eighths(from: header.size, to: target, detail: detail)
    try check(header, eighths: eighths, target: target, file: file)

    let job = Job(header: header, eighths: eighths, orientation: orientation)
    do throws(PictureError.Reason) {
      return try job.decode(file, stopsAtWarning: true)
    } catch {
      guard case .damaged(_, let detail) = error, isBenign(detail) else { throw error }
    }
    // TurboJPEG tells only the first warning; what a harmless one might hide is looked for here.
    if !header.scans(of: file.span).isEnded { throw .truncated(.jpeg) }
    return try job.decode(file, stopsAtWarning: false)
  }

  private static func readHeader(_ file: [UInt8]) throws(PictureError.Reason) -> JPEGHeader {
    do throws(JPEGHeader.Fault) {
      return try JPEGHeader(file.span)
    } catch {
      switch error {
      case .notJPEG, .dimensions: throw .notAPicture
      case .truncated: throw .truncated(.jpeg)
      case .damaged(let detail): throw .damaged(.jpeg, detail: detail)
      case .unsupported(let detail): throw .unsupported(.jpeg, detail: detail)
      }
    }
  }

  /// The scale, in eighths, that the transform itself applies while decoding.
  ///
  /// Only 1, 2, 4 and 8 have vector code; a step between them costs more than it saves.
  private static func eighths(
    from size: PictureSize, to target: PictureSize, detail: Double
  ) -> Int {
    let oversampling = detail < JPEGDetail.soft ? oversamplingOfSoft : oversampling
    for eighths in [1, 2, 4] {
      let enough =
        Double(size.width * eighths) >= 8 * oversampling * Double(target.width)
        && Double(size.height * eighths) >= 8 * oversampling * Double(target.height)
      if enough { return eighths }
    }
    return 8
  }

  /// How much larger than the target the decoded picture must be, so that what the transform's
  /// cruder filter folds back into the picture is not seen: less than 0.1 dB of what results. In a
  /// picture without fine detail there is little to fold.
  private static let oversampling = 1.55
  private static let oversamplingOfSoft = 1.27

  private static func check(
    _ header: JPEGHeader, eighths: Int, target: PictureSize, file: [UInt8]
  ) throws(PictureError.Reason) {
    try PictureBudget.check(header.size, bytes: 0)
    let scaled = scaledSize(header.size, eighths)
    // The most any path keeps: planes as stored, or packed pixels and the planes made from them.
    let isPlain = header.componentCount <= 3
    var bytes = file.count + PictureBudget.resultBytes(target)
    bytes += isPlain ? 3 * Plane.bytes(width: scaled.width + 32, height: scaled.height + 32) : 0
    bytes += isPlain ? 0 : 4 * scaled.pixels + PlaneBuilder.bytes(scaled)
    if header.keepsCoefficients { bytes += 2 * 64 * header.blocks }
    // The decoder's own rows: a few lines of units of all components.
    bytes += 64 * header.componentCount * header.size.width + (1 << 20)
    try PictureBudget.check(header.size, bytes: bytes)
    if !header.mayBeComplete(fileBytes: file.count) { throw .truncated(.jpeg) }
    if header.isProgressive {
      let scans = header.scans(of: file.span).count
      if scans > Limits.pictureScansMax {
        throw .unsupported(.jpeg, detail: "\(scans) scans, at most \(Limits.pictureScansMax)")
      }
    }
  }

  static func scaledSize(_ size: PictureSize, _ eighths: Int) -> PictureSize {
    PictureSize(
      width: (size.width * eighths + 7) / 8, height: (size.height * eighths + 7) / 8)
  }

  /// Warnings after which the picture is whole: stray bytes and wrong version numbers.
  private static func isBenign(_ detail: String) -> Bool {
    let harms = ["remature end", "bad Huffman code", "arithmetic", "DCT coefficient", "restart"]
    return !harms.contains { detail.contains($0) }
  }

  /// One way through the decoder, that may be gone twice.
  private struct Job {
    let header: JPEGHeader
    let eighths: Int
    let orientation: Orientation

    func decode(
      _ file: [UInt8], stopsAtWarning: Bool
    ) throws(PictureError.Reason) -> DecodedPicture {
      let decompressor = try JPEGDecompressor()
      let kind = try decompressor.kind(of: file)
      if kind.size != header.size { throw .damaged(.jpeg, detail: "it states two sizes") }
      if kind.colours == .yCbCr || kind.colours == .grey, let subsampling = kind.subsampling {
        return try decodePlanes(
          decompressor, file, subsampling: subsampling, isGrey: kind.colours == .grey,
          stopsAtWarning: stopsAtWarning)
      }
      return try decodePacked(
        decompressor, file, isCMYK: kind.colours == .cmyk, stopsAtWarning: stopsAtWarning)
    }

    private func decodePlanes(
      _ decompressor: borrowing JPEGDecompressor, _ file: [UInt8],
      subsampling: JPEGDecompressor.Subsampling, isGrey: Bool, stopsAtWarning: Bool
    ) throws(PictureError.Reason) -> DecodedPicture {
      let size = scaledSize(header.size, eighths)
      let luma = try JPEGDecompressor.plane(0, size: size, subsampling: subsampling)
      var chroma: ChromaPlanes?
      if !isGrey {
        chroma = ChromaPlanes(
          cb: try JPEGDecompressor.plane(1, size: size, subsampling: subsampling),
          cr: try JPEGDecompressor.plane(2, size: size, subsampling: subsampling))
      }
      try decompressor.decode(
        file, size: size, luma: luma, chroma: chroma, stopsAtWarning: stopsAtWarning)
      return DecodedPicture(
        sourceSize: header.size, orientation: orientation, luma: luma, chroma: chroma,
        scaleX: Double(eighths) / 8, scaleY: Double(eighths) / 8, chromaStepX: subsampling.stepX,
        chromaStepY: subsampling.stepY)
    }

    /// CMYK, RGB and unusual subsampling: packed pixels first, then planes.
    private func decodePacked(
      _ decompressor: borrowing JPEGDecompressor, _ file: [UInt8], isCMYK: Bool,
      stopsAtWarning: Bool
    ) throws(PictureError.Reason) -> DecodedPicture {
      let size = scaledSize(header.size, eighths)
      let stride = (isCMYK ? 4 : 3) * size.width
      var pixels = [UInt8](repeating: 0, count: stride * size.height)
      try decompressor.decode(
        file, size: size, as: isCMYK ? .cmyk : .rgb, into: &pixels, stride: stride,
        stopsAtWarning: stopsAtWarning)
      // Adobe's programs store ink inverted: 255 is none.
      let inverted: UInt8 = header.isAdobe ? 0 : 255
      var builder = try PlaneBuilder(size: size)
      for row in 0..<size.height {
        try builder.append { rgb in
          for column in 0..<size.width {
            let from = row * stride + (isCMYK ? 4 : 3) * column
            for channel in 0..<3 {
              let value = pixels[from + channel]
              rgb[3 * column + channel] =
                isCMYK
                ? mixed(value ^ inverted, black: pixels[from + 3] ^ inverted) : value
            }
          }
        }
      }
      let scale = Double(eighths) / 8
      return builder.finish(
        sourceSize: header.size, orientation: orientation, scaleX: scale, scaleY: scale)
    }

    /// Light left by one ink and by black, both given as light: 255 is no ink.
    private func mixed(_ light: UInt8, black: UInt8) -> UInt8 {
      UInt8((UInt32(light) * UInt32(black) + 127) / 255)
    }
  }
}

extension JPEGHeader {
  var size: PictureSize { PictureSize(width: width, height: height) }
}
