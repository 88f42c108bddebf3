import ChatEngine

/// The gate between a header and the decoder: no memory is taken for a picture before it passes.
enum PictureBudget {
  /// Throws unless a picture of `size` may be decoded with `bytes` of memory, file included.
  ///
  /// `bytes` is worked out only for a size that has passed, so that no product can overflow.
  static func check(
    _ size: PictureSize, bytes: @autoclosure () -> Int
  ) throws(PictureError.Reason) {
    if size.pixels > Limits.picturePixelsMax {
      throw .tooManyPixels(size, limit: Limits.picturePixelsMax)
    }
    let bytes = bytes()
    if bytes > Limits.pictureMemoryBytesMax {
      throw .tooMuchMemory(size, bytes: bytes, limit: Limits.pictureMemoryBytesMax)
    }
  }

  /// What a 4:2:0 picture of this size takes.
  static func planarBytes(_ size: PictureSize) -> Int {
    let width = (size.width + 1) / 2
    let height = (size.height + 1) / 2
    return Plane.bytes(width: size.width, height: size.height)
      + 2 * Plane.bytes(width: width, height: height)
  }

  /// What resizing to `size`, turning the result and encoding it take together at most.
  static func resultBytes(_ size: PictureSize) -> Int { 3 * planarBytes(size) }
}
