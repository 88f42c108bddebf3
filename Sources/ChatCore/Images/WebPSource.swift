import CWebP
import ChatEngine

/// Decodes WebP files, of an animation the first frame: the only user of libwebp.
enum WebPSource {
  static func decode(
    _ file: UnsafeBufferPointer<UInt8>, box: PictureSize
  ) throws(PictureError.Reason) -> DecodedPicture {
    let container = try Container(file)
    let canvas = container.canvas
    var frame = WebPIterator()
    guard WebPDemuxGetFrame(container.demuxer, 1, &frame) != 0 else { throw .truncated(.webp) }
    defer { WebPDemuxReleaseIterator(&frame) }
    if frame.complete == 0 { throw .truncated(.webp) }

    var config = WebPDecoderConfig()
    guard WebPInitDecoderConfig(&config) != 0 else { throw .outOfMemory }
    let features = WebPGetFeatures(frame.fragment.bytes, frame.fragment.size, &config.input)
    guard features == VP8_STATUS_OK else { throw reason(features) }
    let size = PictureSize(width: Int(config.input.width), height: Int(config.input.height))
    let isWhole = size == canvas && frame.x_offset == 0 && frame.y_offset == 0
    if Int(frame.x_offset) + size.width > canvas.width
      || Int(frame.y_offset) + size.height > canvas.height
    {
      throw .damaged(.webp, detail: "its first frame lies outside")
    }
    let orientation = container.orientation
    let seen = orientation.applied(to: canvas)
    let target = orientation.applied(to: seen.fitted(into: box))
    let decoded = isWhole ? decodedSize(canvas, target: target) : size
    try check(
      canvas, decoded: decoded, built: isWhole ? decoded : canvas, input: config.input,
      fileBytes: file.count, target: target)

    let isTransparent = config.input.has_alpha != 0
    var pixels = [UInt8](repeating: 0, count: (isTransparent ? 4 : 3) * decoded.pixels)
    try decode(frame.fragment, &config, to: decoded, isScaled: decoded != size, into: &pixels)
    var builder = try PlaneBuilder(size: isWhole ? decoded : canvas)
    let stride = (isTransparent ? 4 : 3) * decoded.width
    let top = isWhole ? 0 : Int(frame.y_offset)
    for row in 0..<builder.size.height {
      if row < top || row >= top + decoded.height {
        try builder.append { _ in }
      } else {
        try builder.append(
          pixels: Array(pixels[(row - top) * stride..<(row - top + 1) * stride]),
          width: decoded.width, at: isWhole ? 0 : Int(frame.x_offset),
          isTransparent: isTransparent)
      }
    }
    return builder.finish(sourceSize: canvas, orientation: orientation)
  }

  /// The library's own scaler averages areas. It brings a far larger picture to within reach and
  /// leaves the last step, which is what can be seen, to the resizer.
  private static func decodedSize(_ size: PictureSize, target: PictureSize) -> PictureSize {
    let reach = 3
    if size.width < 2 * reach * target.width || size.height < 2 * reach * target.height {
      return size
    }
    return PictureSize(width: reach * target.width, height: reach * target.height)
  }

  private static func check(
    _ canvas: PictureSize, decoded: PictureSize, built: PictureSize,
    input: WebPBitstreamFeatures, fileBytes: Int, target: PictureSize
  ) throws(PictureError.Reason) {
    try PictureBudget.check(canvas, bytes: 0)
    let pixels = Int(input.width) * Int(input.height)
    var bytes = fileBytes + 4 * decoded.pixels + PlaneBuilder.bytes(built)
    bytes += PictureBudget.resultBytes(target) + 128 * Int(input.width)
    if input.format == 2 {
      // Lossless: all pixels at four bytes are the decoder's own window.
      bytes += 4 * pixels
    } else if input.has_alpha != 0 {
      // The plane of transparency, and the lossless decoder that it is packed with.
      bytes += 5 * pixels
    }
    try PictureBudget.check(canvas, bytes: bytes)
  }

  private static func decode(
    _ data: WebPData, _ config: inout WebPDecoderConfig, to size: PictureSize, isScaled: Bool,
    into pixels: inout [UInt8]
  ) throws(PictureError.Reason) {
    let isTransparent = config.input.has_alpha != 0
    config.output.colorspace = isTransparent ? MODE_RGBA : MODE_RGB
    config.output.is_external_memory = 1
    config.output.u.RGBA.stride = Int32((isTransparent ? 4 : 3) * size.width)
    config.output.u.RGBA.size = pixels.count
    if isScaled {
      config.options.use_scaling = 1
      config.options.scaled_width = Int32(size.width)
      config.options.scaled_height = Int32(size.height)
    }
    let status = pixels.withUnsafeMutableBufferPointer { buffer in
      config.output.u.RGBA.rgba = buffer.baseAddress
      return WebPDecode(data.bytes, data.size, &config)
    }
    WebPFreeDecBuffer(&config.output)
    guard status == VP8_STATUS_OK else { throw reason(status) }
  }

  private static func reason(_ status: VP8StatusCode) -> PictureError.Reason {
    switch status {
    case VP8_STATUS_OUT_OF_MEMORY: .outOfMemory
    case VP8_STATUS_SUSPENDED, VP8_STATUS_NOT_ENOUGH_DATA: .truncated(.webp)
    default: .damaged(.webp, detail: "its data break the rules")
    }
  }

  /// The chunks of a file.
  private struct Container: ~Copyable {
    let demuxer: OpaquePointer

    init(_ file: UnsafeBufferPointer<UInt8>) throws(PictureError.Reason) {
      var data = WebPData(bytes: file.baseAddress, size: file.count)
      var state = WEBP_DEMUX_PARSING_HEADER
      let version = WEBP_DEMUX_ABI_VERSION
      guard let demuxer = WebPDemuxInternal(&data, 1, &state, version) else {
        throw state == WEBP_DEMUX_PARSE_ERROR
          ? .damaged(.webp, detail: "its chunks break the rules") : .truncated(.webp)
      }
      if state != WEBP_DEMUX_DONE {
        WebPDemuxDelete(demuxer)
        throw .truncated(.webp)
      }
      self.demuxer = demuxer
    }

    deinit { WebPDemuxDelete(demuxer) }

    var canvas: PictureSize {
      PictureSize(
        width: Int(WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_WIDTH)),
        height: Int(WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_HEIGHT)))
    }

    var orientation: Orientation {
      var chunk = WebPChunkIterator()
      guard WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk) != 0 else { return .upright }
      defer { WebPDemuxReleaseChunkIterator(&chunk) }
      guard chunk.chunk.size <= Limits.pictureEXIFBytesMax else { return .upright }
      let block = UnsafeBufferPointer(start: chunk.chunk.bytes, count: chunk.chunk.size)
      return EXIF.orientation(of: Array(block))
    }
  }
}
