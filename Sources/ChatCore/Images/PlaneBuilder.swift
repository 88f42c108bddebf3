/// Gathers a picture row by row, as RGB, into 4:2:0 planes.
///
/// Only a strip of a few rows is ever held as RGB: a picture takes 1.5 bytes a pixel, not 3 or 4.
struct PlaneBuilder: ~Copyable {
  let size: PictureSize
  private let compressor: JPEGCompressor
  private let y: Plane
  private let cb: Plane
  private let cr: Plane
  private var strip: [UInt8]
  private var rowsInStrip = 0
  private var rowsDone = 0

  private static let stripRows = 16

  init(size: PictureSize) throws(PictureError.Reason) {
    // Locals first: an initialiser that throws may not leave some of its own unset.
    let compressor = try JPEGCompressor()
    let y = try Plane(width: size.width, height: size.height)
    let cb = try Plane(width: (size.width + 1) / 2, height: (size.height + 1) / 2)
    let cr = try Plane(width: (size.width + 1) / 2, height: (size.height + 1) / 2)
    self.size = size
    self.compressor = compressor
    self.y = y
    self.cb = cb
    self.cr = cr
    strip = [UInt8](repeating: 255, count: 3 * size.width * Self.stripRows)
  }

  /// What gathering a picture of this size takes in memory.
  static func bytes(_ size: PictureSize) -> Int {
    PictureBudget.planarBytes(size) + 2 * 3 * size.width * stripRows
  }

  /// Adds the next row; `write` is given its 3 × width bytes, R, G, B, which are white before.
  mutating func append(_ write: (UnsafeMutablePointer<UInt8>) -> Void) throws(PictureError.Reason) {
    let offset = 3 * size.width * rowsInStrip
    strip.withUnsafeMutableBufferPointer { strip in
      guard let base = strip.baseAddress else { return }
      let row = base + offset
      row.update(repeating: 255, count: 3 * size.width)
      write(row)
    }
    rowsInStrip += 1
    if rowsInStrip == Self.stripRows || rowsDone + rowsInStrip == size.height { try flush() }
  }

  /// Adds the next row from packed pixels, RGB or RGBA.
  ///
  /// `width` and `at` place a row that is shorter than the picture; what is left is white, and so
  /// is what lies behind transparent pixels.
  mutating func append(
    pixels: UnsafePointer<UInt8>, width: Int, at column: Int = 0, isTransparent: Bool
  ) throws(PictureError.Reason) {
    precondition(column >= 0 && column + width <= size.width)
    try append { row in
      let to = row + 3 * column
      if isTransparent {
        Self.layOnWhite(rgba: pixels, width: width, into: to)
      } else {
        to.update(from: pixels, count: 3 * width)
      }
    }
  }

  private mutating func flush() throws(PictureError.Reason) {
    let chromaRow = rowsDone / 2
    let rows = rowsInStrip
    let done = rowsDone
    // The array does not change its place while the call lasts; a closure could not throw typed.
    try compressor.convert(
      rgb: strip, width: size.width, rows: rows, y: y.base + done * y.stride,
      cb: cb.base + chromaRow * cb.stride, cr: cr.base + chromaRow * cr.stride,
      strideY: y.stride, strideChroma: cb.stride)
    rowsDone += rows
    rowsInStrip = 0
  }

  /// The picture, once every row has been added.
  ///
  /// `sourceSize` is the file's size where the decoder has scaled already.
  consuming func finish(sourceSize: PictureSize, orientation: Orientation) -> DecodedPicture {
    precondition(rowsDone == size.height, "a row is missing")
    let scaleX = Double(size.width) / Double(sourceSize.width)
    let scaleY = Double(size.height) / Double(sourceSize.height)
    return finish(
      sourceSize: sourceSize, orientation: orientation, scaleX: scaleX, scaleY: scaleY)
  }

  /// The same where the scale is not exactly the sizes' ratio, because a size was rounded.
  consuming func finish(
    sourceSize: PictureSize, orientation: Orientation, scaleX: Double, scaleY: Double
  ) -> DecodedPicture {
    DecodedPicture(
      sourceSize: sourceSize, orientation: orientation, luma: y,
      chroma: ChromaPlanes(cb: cb, cr: cr), scaleX: scaleX, scaleY: scaleY, chromaStepX: 2,
      chromaStepY: 2)
  }

  /// Lays a row of RGBA (not premultiplied) on white, as RGB.
  static func layOnWhite(
    rgba: UnsafePointer<UInt8>, width: Int, into rgb: UnsafeMutablePointer<UInt8>
  ) {
    for column in 0..<width {
      let from = rgba + 4 * column
      let to = rgb + 3 * column
      let alpha = UInt32(from[3])
      for channel in 0..<3 {
        // Division by 255, rounded, without dividing.
        let sum = UInt32(from[channel]) * alpha + 255 * (255 - alpha) + 128
        to[channel] = UInt8(truncatingIfNeeded: (sum + sum >> 8) >> 8)
      }
    }
  }
}
