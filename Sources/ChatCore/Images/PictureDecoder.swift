import ChatEngine

/// A picture as a terminal renderer takes it.
public struct PicturePixels: Equatable, Sendable {
  public let size: PictureSize
  /// Packed R, G, B, one byte each, row by row from the top without gaps: 3 × width × height bytes.
  public let rgb: [UInt8]
}

/// Reads pictures that have arrived.
public enum PictureDecoder {
  /// Decodes a JPEG, upright, fitted into `box` and never enlarged.
  ///
  /// The file is as little trusted as one to be sent: the same checks come before any decoding.
  /// Throws a `PictureError` that calls the picture `name`.
  public static func decodeForDisplay(
    _ jpeg: [UInt8], name: String, fitting box: PictureSize
  ) throws(PictureError) -> PicturePixels {
    precondition(box.width >= 1 && box.height >= 1)
    do throws(PictureError.Reason) {
      if jpeg.isEmpty { throw .empty }
      guard PictureFormat(of: jpeg) == .jpeg else { throw .notAPicture }
      let picture = try JPEGSource.decode(jpeg, box: box)
      let size = picture.seenSize.fitted(into: box)
      let resized = try picture.resized(to: size)
      let decompressor = try JPEGDecompressor()
      return PicturePixels(size: size, rgb: try decompressor.pixels(of: resized))
    } catch {
      throw PictureError(name: name, reason: error)
    }
  }
}
