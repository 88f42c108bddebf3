import CSPNG
import ChatEngine

/// Decodes PNG files: the only user of libspng.
///
/// Rows go straight into the planes; only an interlaced file, whose rows come in seven passes, is
/// held whole as pixels in between.
enum PNGSource {
  static func decode(
    _ file: UnsafeBufferPointer<UInt8>, box: PictureSize
  ) throws(PictureError.Reason) -> DecodedPicture {
    let reader = try Reader()
    return try reader.decode(file, box: box)
  }

  private struct Reader: ~Copyable {
    private let context: OpaquePointer

    init() throws(PictureError.Reason) {
      guard let context = spng_ctx_new(0) else { throw .outOfMemory }
      self.context = context
    }

    deinit { spng_ctx_free(context) }

    func decode(
      _ file: UnsafeBufferPointer<UInt8>, box: PictureSize
    ) throws(PictureError.Reason) -> DecodedPicture {
      // Texts and profiles are inflated when they are met: what they may grow to is bounded too.
      let chunk = Limits.picturePNGChunkBytesMax
      try check(spng_set_chunk_limits(context, chunk, chunk))
      // A wrong checksum in a text does no harm; in the picture it does.
      let lenient = Int32(SPNG_CRC_DISCARD.rawValue)
      try check(spng_set_crc_action(context, Int32(SPNG_CRC_ERROR.rawValue), lenient))
      try check(spng_set_png_buffer(context, file.baseAddress, file.count))
      var header = spng_ihdr()
      try check(spng_get_ihdr(context, &header))
      let size = PictureSize(width: Int(header.width), height: Int(header.height))
      let isInterlaced = header.interlace_method != 0
      // The reader keeps two rows of up to 8 bytes a pixel, and the row that is handed out.
      try PictureBudget.check(
        size,
        bytes: file.count + PlaneBuilder.bytes(size) + 24 * size.width + 2 * chunk
          + (isInterlaced ? 4 * size.pixels : 0)
          + PictureBudget.resultBytes(size.fitted(into: box)))

      var transparency = spng_trns()
      let isTransparent =
        header.color_type == UInt8(SPNG_COLOR_TYPE_GRAYSCALE_ALPHA.rawValue)
        || header.color_type == UInt8(SPNG_COLOR_TYPE_TRUECOLOR_ALPHA.rawValue)
        || spng_get_trns(context, &transparency) == 0
      let builder =
        isInterlaced
        ? try whole(size, isTransparent: isTransparent)
        : try rows(size, isTransparent: isTransparent)
      // What stands behind the pixels is read too: the orientation may, and the end must.
      try check(spng_decode_chunks(context))
      return builder.finish(sourceSize: size, orientation: orientation)
    }

    private var orientation: Orientation {
      var exif = spng_exif()
      guard spng_get_exif(context, &exif) == 0, let data = exif.data,
        exif.length <= Limits.pictureEXIFBytesMax
      else { return .upright }
      let block = UnsafeRawBufferPointer(start: data, count: exif.length)
      return EXIF.orientation(of: Array(block))
    }

    private func begin(_ isTransparent: Bool, flags: UInt32) throws(PictureError.Reason) -> Int32 {
      let format = Int32((isTransparent ? SPNG_FMT_RGBA8 : SPNG_FMT_RGB8).rawValue)
      let transparency = isTransparent ? SPNG_DECODE_TRNS.rawValue : 0
      try check(spng_decode_image(context, nil, 0, format, Int32(flags | transparency)))
      return format
    }

    private func rows(
      _ size: PictureSize, isTransparent: Bool
    ) throws(PictureError.Reason) -> PlaneBuilder {
      var builder = try PlaneBuilder(size: size)
      _ = try begin(isTransparent, flags: SPNG_DECODE_PROGRESSIVE.rawValue)
      var row = [UInt8](repeating: 0, count: (isTransparent ? 4 : 3) * size.width)
      for index in 0..<size.height {
        let code = spng_decode_row(context, &row, row.count)
        // The last row comes together with the end of the image.
        let isLast = index == size.height - 1
        if code != 0 && !(isLast && code == Int32(SPNG_EOI.rawValue)) { throw reason(code) }
        try builder.append(pixels: row, width: size.width, isTransparent: isTransparent)
      }
      return builder
    }

    private func whole(
      _ size: PictureSize, isTransparent: Bool
    ) throws(PictureError.Reason) -> PlaneBuilder {
      let format = Int32((isTransparent ? SPNG_FMT_RGBA8 : SPNG_FMT_RGB8).rawValue)
      let stride = (isTransparent ? 4 : 3) * size.width
      var pixels = [UInt8](repeating: 0, count: stride * size.height)
      let flags = isTransparent ? Int32(SPNG_DECODE_TRNS.rawValue) : 0
      try check(spng_decode_image(context, &pixels, pixels.count, format, flags))
      var builder = try PlaneBuilder(size: size)
      for row in 0..<size.height {
        let start = row * stride
        let end = start + stride
        try builder.append(
          pixels: Array(pixels[start..<end]), width: size.width, isTransparent: isTransparent)
      }
      return builder
    }

    private func check(_ code: Int32) throws(PictureError.Reason) {
      if code != 0 { throw reason(code) }
    }

    private func reason(_ code: Int32) -> PictureError.Reason {
      switch code {
      case Int32(SPNG_EMEM.rawValue): .outOfMemory
      case SPNG_IO_EOF.rawValue, Int32(SPNG_EOF.rawValue): .truncated(.png)
      default: .damaged(.png, detail: String(cString: spng_strerror(code)))
      }
    }
  }
}
