import CHEIF
import ChatEngine
import Glibc

/// Decodes HEIC files: the only user of libheif.
///
/// The library is loaded when the first HEIC arrives and not before. It brings a family of codecs
/// along whose loading costs more than all else that a start of the program does.
enum HEIFSource {
  static func decode(
    _ file: UnsafeBufferPointer<UInt8>
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
    let bytes = file.count + bytesPerPixel * size.pixels + PlaneBuilder.bytes(size)
    try PictureBudget.check(size, bytes: bytes)

    var decoded: OpaquePointer?
    let chroma = isTransparent ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB
    try check(library.decode(handle, &decoded, heif_colorspace_RGB, chroma, nil))
    guard let image = decoded else { throw .outOfMemory }
    defer { library.imageRelease(image) }
    return try gather(image, library, size: size, isTransparent: isTransparent)
  }

  /// What the library takes for a pixel while it decodes: planes as coded, perhaps at two bytes a
  /// sample, the same once more where they are turned, and the packed pixels.
  private static let bytesPerPixel = 9

  private static func gather(
    _ image: OpaquePointer, _ library: HEIFLibrary, size: PictureSize, isTransparent: Bool
  ) throws(PictureError.Reason) -> DecodedPicture {
    var stride: Int32 = 0
    guard let pixels = library.imagePlane(image, heif_channel_interleaved, &stride),
      Int(library.imageWidth(image, heif_channel_interleaved)) == size.width,
      Int(library.imageHeight(image, heif_channel_interleaved)) == size.height,
      Int(stride) >= (isTransparent ? 4 : 3) * size.width
    else { throw .damaged(.heic, detail: "its size is not what it states") }
    var builder = try PlaneBuilder(size: size)
    for row in 0..<size.height {
      try builder.append(
        pixels: pixels + row * Int(stride), width: size.width, isTransparent: isTransparent)
    }
    return builder.finish(sourceSize: size, orientation: .upright)
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
  let decode:
    @convention(c) (
      Object, UnsafeMutablePointer<Object?>, heif_colorspace, heif_chroma, UnsafeRawPointer?
    ) -> heif_error
  let imageRelease: @convention(c) (Object) -> Void
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
    decode = try find("heif_decode_image")
    imageRelease = try find("heif_image_release")
    imageWidth = try find("heif_image_get_width")
    imageHeight = try find("heif_image_get_height")
    imagePlane = try find("heif_image_get_plane_readonly")
  }
}
