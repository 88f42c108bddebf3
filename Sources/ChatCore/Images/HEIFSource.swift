import CHEIF
import ChatEngine
import Glibc

/// Decodes HEIC files: the only user of libheif.
///
/// The library is loaded when the first HEIC arrives and not before. It brings a family of codecs
/// along whose loading costs more than all else that a start of the program does.
enum HEIFSource {
  static func decode(
    _ file: UnsafeBufferPointer<UInt8>, box: PictureSize
  ) throws(PictureError.Reason) -> DecodedPicture {
    let library = try HEIFLibrary()
    guard let context = library.contextAlloc() else { throw .outOfMemory }
    defer { library.contextFree(context) }
    try check(library.contextRead(context, file.baseAddress, file.count, nil))
    var found: OpaquePointer?
    try check(library.contextPrimary(context, &found))
    guard let handle = found else { throw .damaged(.heic, detail: "it has no picture") }
    defer { library.handleRelease(handle) }

    // The library turns the picture itself: these are its sides as a person sees them.
    let size = PictureSize(
      width: Int(library.handleWidth(handle)), height: Int(library.handleHeight(handle)))
    guard size.width > 0, size.height > 0 else { throw .damaged(.heic, detail: "it has no size") }
    let isTransparent = library.handleHasAlpha(handle) != 0
    if !isTransparent && library.handleBits(handle) == 8 {
      try PictureBudget.check(
        size,
        bytes: file.count + planarBytesPerPixel * size.pixels
          + PictureBudget.resultBytes(size.fitted(into: box)))
      if let picture = try decodePlanes(handle, library, size: size) { return picture }
    }
    try PictureBudget.check(
      size,
      bytes: file.count + packedBytesPerPixel * size.pixels + PlaneBuilder.bytes(size)
        + PictureBudget.resultBytes(size.fitted(into: box)))
    return try decodePacked(handle, library, size: size, isTransparent: isTransparent)
  }

  /// What the library takes for a pixel while it decodes 4:2:0: planes as coded, the same in the
  /// codec, the same once more where they are turned; and our copy of them.
  private static let planarBytesPerPixel = 6
  /// The same where planes may have two bytes a sample and no subsampling, with packed pixels.
  private static let packedBytesPerPixel = 9

  /// What cameras write, full-range 4:2:0 by BT.601, is what JPEG has too: no colour is touched.
  /// Nil if the picture is of another kind.
  private static func decodePlanes(
    _ handle: OpaquePointer, _ library: HEIFLibrary, size: PictureSize
  ) throws(PictureError.Reason) -> DecodedPicture? {
    var decoded: OpaquePointer?
    try check(library.decode(handle, &decoded, heif_colorspace_YCbCr, heif_chroma_420, nil))
    guard let image = decoded else { throw .outOfMemory }
    defer { library.imageRelease(image) }
    if !isLikeJPEG(image, library) { return nil }
    let chromaSize = PictureSize(width: (size.width + 1) / 2, height: (size.height + 1) / 2)
    let luma = try copy(heif_channel_Y, of: image, library, size: size)
    let chroma = ChromaPlanes(
      cb: try copy(heif_channel_Cb, of: image, library, size: chromaSize),
      cr: try copy(heif_channel_Cr, of: image, library, size: chromaSize))
    return DecodedPicture(
      sourceSize: size, orientation: .upright, luma: luma, chroma: chroma, scaleX: 1, scaleY: 1,
      chromaStepX: 2, chromaStepY: 2)
  }

  /// A picture that says nothing of its colours is full-range BT.601, as the library takes it.
  private static func isLikeJPEG(_ image: OpaquePointer, _ library: HEIFLibrary) -> Bool {
    var found: UnsafeMutablePointer<heif_color_profile_nclx>?
    guard library.imageProfile(image, &found).code == heif_error_Ok, let found else { return true }
    defer { library.profileFree(found) }
    let matrix = found.pointee.matrix_coefficients
    return found.pointee.full_range_flag != 0
      && (matrix == heif_matrix_coefficients_ITU_R_BT_601_6
        || matrix == heif_matrix_coefficients_ITU_R_BT_470_6_System_B_G)
  }

  private static func copy(
    _ channel: heif_channel, of image: OpaquePointer, _ library: HEIFLibrary, size: PictureSize
  ) throws(PictureError.Reason) -> Plane {
    let from = try samples(channel, of: image, library, size: size, bytesPerPixel: 1)
    let plane = try Plane(width: size.width, height: size.height)
    for row in 0..<size.height {
      memcpy(plane.base + row * plane.stride, from.base + row * from.stride, size.width)
    }
    return plane
  }

  private static func decodePacked(
    _ handle: OpaquePointer, _ library: HEIFLibrary, size: PictureSize, isTransparent: Bool
  ) throws(PictureError.Reason) -> DecodedPicture {
    var decoded: OpaquePointer?
    let chroma = isTransparent ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB
    try check(library.decode(handle, &decoded, heif_colorspace_RGB, chroma, nil))
    guard let image = decoded else { throw .outOfMemory }
    defer { library.imageRelease(image) }
    let pixels = try samples(
      heif_channel_interleaved, of: image, library, size: size,
      bytesPerPixel: isTransparent ? 4 : 3)
    var builder = try PlaneBuilder(size: size)
    for row in 0..<size.height {
      try builder.append(
        pixels: pixels.base + row * pixels.stride, width: size.width, isTransparent: isTransparent)
    }
    return builder.finish(sourceSize: size, orientation: .upright)
  }

  /// Where a channel's samples are, once it is certain that they are as many as they should be.
  private static func samples(
    _ channel: heif_channel, of image: OpaquePointer, _ library: HEIFLibrary, size: PictureSize,
    bytesPerPixel: Int
  ) throws(PictureError.Reason) -> (base: UnsafePointer<UInt8>, stride: Int) {
    var stride: Int32 = 0
    guard let base = library.imagePlane(image, channel, &stride),
      Int(library.imageWidth(image, channel)) == size.width,
      Int(library.imageHeight(image, channel)) == size.height,
      Int(stride) >= bytesPerPixel * size.width
    else { throw .damaged(.heic, detail: "its size is not what it states") }
    return (base, Int(stride))
  }

  private static func check(_ error: heif_error) throws(PictureError.Reason) {
    if error.code == heif_error_Ok { return }
    if error.code == heif_error_Memory_allocation_error { throw .outOfMemory }
    if error.subcode == heif_suberror_End_of_data { throw .truncated(.heic) }
    let message = error.message.map { String(cString: $0) } ?? "its data break the rules"
    if error.code == heif_error_Unsupported_feature || error.code == heif_error_Unsupported_filetype
    {
      throw .unsupported(.heic, detail: message)
    }
    throw .damaged(.heic, detail: message)
  }
}

/// libheif's functions, found when they are needed. The types come from its header.
private struct HEIFLibrary {
  typealias Object = OpaquePointer
  let contextAlloc: @convention(c) () -> Object?
  let contextFree: @convention(c) (Object) -> Void
  let contextRead: @convention(c) (Object, UnsafeRawPointer?, Int, UnsafeRawPointer?) -> heif_error
  let contextPrimary: @convention(c) (Object, UnsafeMutablePointer<Object?>) -> heif_error
  let handleRelease: @convention(c) (Object) -> Void
  let handleWidth: @convention(c) (Object) -> Int32
  let handleHeight: @convention(c) (Object) -> Int32
  let handleHasAlpha: @convention(c) (Object) -> Int32
  let handleBits: @convention(c) (Object) -> Int32
  let decode:
    @convention(c) (
      Object, UnsafeMutablePointer<Object?>, heif_colorspace, heif_chroma, UnsafeRawPointer?
    ) -> heif_error
  let imageRelease: @convention(c) (Object) -> Void
  let imageProfile:
    @convention(c) (
      Object, UnsafeMutablePointer<UnsafeMutablePointer<heif_color_profile_nclx>?>
    ) -> heif_error
  let profileFree: @convention(c) (UnsafeMutablePointer<heif_color_profile_nclx>) -> Void
  let imageWidth: @convention(c) (Object, heif_channel) -> Int32
  let imageHeight: @convention(c) (Object, heif_channel) -> Int32
  let imagePlane:
    @convention(c) (Object, heif_channel, UnsafeMutablePointer<Int32>) -> UnsafePointer<UInt8>?

  /// Loads the library, or finds it loaded; it is never unloaded. Throws `.heifMissing`.
  init() throws(PictureError.Reason) {
    guard let library = dlopen("libheif.so.1", RTLD_NOW | RTLD_LOCAL) else { throw .heifMissing }
    func find<Function>(_ name: String) throws(PictureError.Reason) -> Function {
      guard let symbol = dlsym(library, name) else { throw .heifMissing }
      return unsafeBitCast(symbol, to: Function.self)
    }
    contextAlloc = try find("heif_context_alloc")
    contextFree = try find("heif_context_free")
    contextRead = try find("heif_context_read_from_memory_without_copy")
    contextPrimary = try find("heif_context_get_primary_image_handle")
    handleRelease = try find("heif_image_handle_release")
    handleWidth = try find("heif_image_handle_get_width")
    handleHeight = try find("heif_image_handle_get_height")
    handleHasAlpha = try find("heif_image_handle_has_alpha_channel")
    handleBits = try find("heif_image_handle_get_luma_bits_per_pixel")
    decode = try find("heif_decode_image")
    imageRelease = try find("heif_image_release")
    imageProfile = try find("heif_image_get_nclx_color_profile")
    profileFree = try find("heif_nclx_color_profile_free")
    imageWidth = try find("heif_image_get_width")
    imageHeight = try find("heif_image_get_height")
    imagePlane = try find("heif_image_get_plane_readonly")
  }
}
