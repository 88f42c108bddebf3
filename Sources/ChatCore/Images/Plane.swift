import Glibc

/// One 8-bit plane of a picture, in memory of its own.
///
/// Rows begin at multiples of 64 bytes, as the scaler's vector code wants. There is room for one
/// more column and one more row than the plane has, because TurboJPEG's 4:2:0 wants even sides.
struct Plane: ~Copyable {
  let width: Int
  let height: Int
  let stride: Int
  let base: UnsafeMutablePointer<UInt8>

  /// A plane of unset samples.
  ///
  /// `roomWidth` and `roomHeight` say how much a decoder will write, where that is more than the
  /// samples that count.
  init(
    width: Int, height: Int, roomWidth: Int = 0, roomHeight: Int = 0
  ) throws(PictureError.Reason) {
    self.width = width
    self.height = height
    stride = Self.stride(width: max(width, roomWidth))
    let bytes = stride * max(height + 1, roomHeight)
    guard let memory = aligned_alloc(64, bytes) else { throw .outOfMemory }
    base = memory.bindMemory(to: UInt8.self, capacity: bytes)
  }

  deinit { free(base) }

  static func stride(width: Int) -> Int { (width + 1 + 63) & ~63 }

  /// What a plane of this size takes in memory.
  static func bytes(width: Int, height: Int) -> Int { stride(width: width) * (height + 1) }

  func fill(_ value: UInt8) { memset(base, Int32(value), stride * (height + 1)) }

  func copy() throws(PictureError.Reason) -> Plane {
    let result = try Plane(width: width, height: height)
    for row in 0..<height { memcpy(result.base + row * result.stride, base + row * stride, width) }
    return result
  }

  /// Repeats the last column and the last row once.
  func repeatEdges() {
    for row in 0..<height { base[row * stride + width] = base[row * stride + width - 1] }
    memcpy(base + height * stride, base + (height - 1) * stride, width + 1)
  }
}

/// A picture as the encoder takes it: full-range YCbCr, 4:2:0, upright, edges repeated.
struct YCbCrPicture: ~Copyable {
  let size: PictureSize
  let y: Plane
  let cb: Plane
  let cr: Plane
}

struct ChromaPlanes: ~Copyable {
  let cb: Plane
  let cr: Plane
}
