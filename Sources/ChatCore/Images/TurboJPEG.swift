import CTurboJPEG

/// Reads JPEG data with TurboJPEG. One object decodes one file on one thread.
///
/// `TJFLAG_FASTDCT` is never used: together with scaling it corrupts 4:2:0 planes.
struct JPEGDecompressor: ~Copyable {
  private let handle: tjhandle

  init() throws(PictureError.Reason) {
    guard let handle = tjInitDecompress() else { throw .outOfMemory }
    self.handle = handle
  }

  deinit { tjDestroy(handle) }

  /// What a JPEG says of itself as TurboJPEG understands it.
  struct Kind {
    enum Colours { case yCbCr, grey, rgb, cmyk }
    let size: PictureSize
    let colours: Colours
    /// Nil where the subsampling is none that can be decoded to planes.
    let subsampling: Subsampling?
  }

  /// Luma samples per chroma sample, and TurboJPEG's number for it.
  struct Subsampling {
    let stepX: Int
    let stepY: Int
    let code: Int32
  }

  borrowing func kind(of file: [UInt8]) throws(PictureError.Reason) -> Kind {
    var width: Int32 = 0
    var height: Int32 = 0
    var code: Int32 = -1
    var space: Int32 = -1
    let result = tjDecompressHeader3(
      handle, file, UInt(file.count), &width, &height, &code, &space)
    // An unusual subsampling counts as an error there, but leaves the size behind.
    if result != 0 && (width == 0 || height == 0 || space < 0) { throw failure }
    let colours: Kind.Colours
    switch space {
    case Int32(TJCS_YCbCr.rawValue): colours = .yCbCr
    case Int32(TJCS_GRAY.rawValue): colours = .grey
    case Int32(TJCS_RGB.rawValue): colours = .rgb
    default: colours = .cmyk
    }
    return Kind(
      size: PictureSize(width: Int(width), height: Int(height)), colours: colours,
      subsampling: Self.subsampling(code))
  }

  private static func subsampling(_ code: Int32) -> Subsampling? {
    switch code {
    case Int32(TJSAMP_444.rawValue), Int32(TJSAMP_GRAY.rawValue):
      Subsampling(stepX: 1, stepY: 1, code: code)
    case Int32(TJSAMP_422.rawValue): Subsampling(stepX: 2, stepY: 1, code: code)
    case Int32(TJSAMP_420.rawValue): Subsampling(stepX: 2, stepY: 2, code: code)
    case Int32(TJSAMP_440.rawValue): Subsampling(stepX: 1, stepY: 2, code: code)
    case Int32(TJSAMP_411.rawValue): Subsampling(stepX: 4, stepY: 1, code: code)
    default: nil
    }
  }

  /// One plane for each component of a picture whose scaled size is `size`.
  static func plane(
    _ component: Int, size: PictureSize, subsampling: Subsampling
  ) throws(PictureError.Reason) -> Plane {
    let stepX = component == 0 ? 1 : subsampling.stepX
    let stepY = component == 0 ? 1 : subsampling.stepY
    return try Plane(
      width: (size.width + stepX - 1) / stepX, height: (size.height + stepY - 1) / stepY,
      roomWidth: Int(tjPlaneWidth(Int32(component), Int32(size.width), subsampling.code)),
      roomHeight: Int(tjPlaneHeight(Int32(component), Int32(size.height), subsampling.code)))
  }

  /// Decodes into planes of the file's own subsampling, scaled to `size` by the transform.
  ///
  /// `chroma` is nil for a grey file. `size` must be the file's by eighths, rounded up. A warning
  /// of the library is thrown as an error if `stopsAtWarning`, and overlooked if not.
  borrowing func decode(
    _ file: [UInt8], size: PictureSize, luma: borrowing Plane,
    chroma: borrowing ChromaPlanes?, stopsAtWarning: Bool
  ) throws(PictureError.Reason) {
    var planes: [UnsafeMutablePointer<UInt8>?] = [luma.base]
    var strides = [Int32(luma.stride)]
    switch chroma {
    case .some(let chroma):
      planes += [chroma.cb.base, chroma.cr.base]
      strides += [Int32(chroma.cb.stride), Int32(chroma.cr.stride)]
    case .none:
      planes += [nil, nil]
      strides += [0, 0]
    }
    let result = tjDecompressToYUVPlanes(
      handle, file, UInt(file.count), &planes, Int32(size.width), &strides,
      Int32(size.height), Self.flags(stopsAtWarning))
    try judge(result, stopsAtWarning)
  }

  enum Packed { case rgb, cmyk }

  /// Decodes into packed pixels, 3 or 4 bytes each, rows `stride` bytes apart.
  borrowing func decode(
    _ file: [UInt8], size: PictureSize, as packed: Packed,
    into pixels: UnsafeMutablePointer<UInt8>, stride: Int, stopsAtWarning: Bool
  ) throws(PictureError.Reason) {
    let format = packed == .rgb ? TJPF_RGB : TJPF_CMYK
    let result = tjDecompress2(
      handle, file, UInt(file.count), pixels, Int32(size.width), Int32(stride),
      Int32(size.height), Int32(format.rawValue), Self.flags(stopsAtWarning))
    try judge(result, stopsAtWarning)
  }

  /// Turns 4:2:0 planes into packed RGB, 3 bytes a pixel without gaps.
  borrowing func pixels(of picture: borrowing YCbCrPicture) throws(PictureError.Reason) -> [UInt8] {
    var planes: [UnsafePointer<UInt8>?] = [
      UnsafePointer(picture.y.base), UnsafePointer(picture.cb.base), UnsafePointer(picture.cr.base),
    ]
    let strides = [picture.y.stride, picture.cb.stride, picture.cr.stride].map { Int32($0) }
    let size = picture.size
    var pixels = [UInt8](repeating: 0, count: 3 * size.pixels)
    let result = tjDecodeYUVPlanes(
      handle, &planes, strides, Int32(TJSAMP_420.rawValue), &pixels, Int32(size.width),
      Int32(3 * size.width), Int32(size.height), Int32(TJPF_RGB.rawValue), 0)
    if result != 0 { throw failure }
    return pixels
  }

  private static func flags(_ stopsAtWarning: Bool) -> Int32 {
    TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS | (stopsAtWarning ? TJFLAG_STOPONWARNING : 0)
  }

  private borrowing func judge(
    _ result: Int32, _ stopsAtWarning: Bool
  ) throws(PictureError.Reason) {
    if result == 0 { return }
    if tjGetErrorCode(handle) != Int32(TJERR_WARNING.rawValue) { throw failure }
    if stopsAtWarning { throw warning }
  }

  private var message: String { String(cString: tjGetErrorStr2(handle)) }

  /// The library's own words, for people.
  private var failure: PictureError.Reason { .damaged(.jpeg, detail: message) }

  private var warning: PictureError.Reason {
    let message = message
    if message.contains("Premature end of JPEG") { return .truncated(.jpeg) }
    return .damaged(.jpeg, detail: message)
  }
}

/// Writes JPEG data and turns packed pixels into planes. One object, one thread.
struct JPEGCompressor: ~Copyable {
  private let handle: tjhandle

  init() throws(PictureError.Reason) {
    guard let handle = tjInitCompress() else { throw .outOfMemory }
    self.handle = handle
  }

  deinit { tjDestroy(handle) }

  /// A baseline 4:2:0 JPEG of the picture, with no metadata but the JFIF header.
  borrowing func encode(
    _ picture: borrowing YCbCrPicture, quality: Int
  ) throws(PictureError.Reason) -> [UInt8] {
    var planes: [UnsafePointer<UInt8>?] = [
      UnsafePointer(picture.y.base), UnsafePointer(picture.cb.base), UnsafePointer(picture.cr.base),
    ]
    let strides = [picture.y.stride, picture.cb.stride, picture.cr.stride].map { Int32($0) }
    var output: UnsafeMutablePointer<UInt8>?
    var bytes: UInt = 0
    let result = tjCompressFromYUVPlanes(
      handle, &planes, Int32(picture.size.width), strides, Int32(picture.size.height),
      Int32(TJSAMP_420.rawValue), &output, &bytes, Int32(quality), TJFLAG_ACCURATEDCT)
    defer { tjFree(output) }
    guard result == 0, let output else { throw .outOfMemory }
    return Array(UnsafeBufferPointer(start: output, count: Int(bytes)))
  }

  /// Turns `rows` rows of packed RGB without gaps into 4:2:0 samples at the given places.
  ///
  /// `rows` must be even, or the picture's last.
  borrowing func convert(
    rgb: UnsafePointer<UInt8>, width: Int, rows: Int, y: UnsafeMutablePointer<UInt8>,
    cb: UnsafeMutablePointer<UInt8>, cr: UnsafeMutablePointer<UInt8>, strideY: Int,
    strideChroma: Int
  ) throws(PictureError.Reason) {
    var planes: [UnsafeMutablePointer<UInt8>?] = [y, cb, cr]
    var strides = [Int32(strideY), Int32(strideChroma), Int32(strideChroma)]
    let result = tjEncodeYUVPlanes(
      handle, rgb, Int32(width), Int32(3 * width), Int32(rows), Int32(TJPF_RGB.rawValue), &planes,
      &strides, Int32(TJSAMP_420.rawValue), 0)
    if result != 0 { throw .outOfMemory }
  }
}
