// Pictures: makes any picture small enough to travel, and reads one that has arrived.
//
// Owns: the formats that are read (`PictureFormat`), decoding at a useful scale (`JPEGSource`,
//   `PNGSource`, `WebPSource`, `GIFSource`, `HEIFSource`), resizing (`PlaneResizer`), turning
//   (`Orientation`) and encoding (`JPEGCompressor`). Each C library has one file.
// In: the bytes of a file that nobody vouches for, and a `PictureRequest`.
// Out: a `FittedPicture`, or a `PictureError` that is one clear line.
// Always holds: the result is a baseline 4:2:0 JPEG without metadata, upright, no larger than asked
//   for and no larger than its source. Nothing is decoded before the header's sizes were checked
//   against `Limits`. Everything here is a function of bytes to bytes: no state outlives a call,
//   and any thread may call.

import ChatEngine

/// What a picture is to be made into.
public struct PictureRequest: Equatable, Sendable {
  /// The box, in pixels, that the picture is fitted into as a person sees it.
  public var box: PictureSize
  /// The JPEG quality to begin with, 1 to 100.
  public var quality: Int
  /// The largest result, in bytes.
  public var bytesMax: Int

  public init(
    box: PictureSize = PictureSize(
      width: Limits.pictureWidthDefault, height: Limits.pictureHeightDefault),
    quality: Int = Limits.pictureQualityDefault, bytesMax: Int = Limits.classicPictureBytesMax
  ) {
    self.box = box
    self.quality = quality
    self.bytesMax = bytesMax
  }
}

/// A picture ready to travel, and what was done to it.
public struct FittedPicture: Equatable, Sendable {
  public let jpeg: [UInt8]
  /// The source as a person sees it, after orientation.
  public let sourceSize: PictureSize
  public let sourceBytes: Int
  public let size: PictureSize
  public let quality: Int
  /// Whether the quality is lower than asked for, so that the result is small enough.
  public let isQualityLowered: Bool
  /// Whether the picture is smaller than the box asks for, so that the result is small enough.
  public let isMadeSmaller: Bool

  package init(
    jpeg: [UInt8], sourceSize: PictureSize, sourceBytes: Int, size: PictureSize, quality: Int,
    isQualityLowered: Bool, isMadeSmaller: Bool
  ) {
    self.jpeg = jpeg
    self.sourceSize = sourceSize
    self.sourceBytes = sourceBytes
    self.size = size
    self.quality = quality
    self.isQualityLowered = isQualityLowered
    self.isMadeSmaller = isMadeSmaller
  }

  /// One line for a person: `photo.jpg 4032×3024 5.1 MB → 640×480 38 kB`, and what was given up.
  public func summary(name: String) -> String {
    var line = PictureText.harmless(name)
    line += " \(PictureText.size(sourceSize)) \(PictureText.bytes(sourceBytes))"
    line += " → \(PictureText.size(size)) \(PictureText.bytes(jpeg.count))"
    if isQualityLowered { line += ", quality lowered to \(quality)" }
    if isMadeSmaller { line += ", made smaller to fit" }
    return line
  }
}

/// Makes pictures fit.
public enum PictureFitter {
  /// Decodes `file`, fits it into the request's box and encodes it as JPEG.
  ///
  /// A result of more than `bytesMax` bytes is tried again at lower qualities, then at smaller
  /// sizes, each time from what was decoded. `name` is only used in the error's description. A
  /// request for no pixels or a quality outside 1 to 100 is a bug of the caller.
  public static func fit(
    _ file: [UInt8], name: String, request: PictureRequest = PictureRequest()
  ) throws(PictureError) -> FittedPicture {
    precondition(request.box.width >= 1 && request.box.height >= 1)
    precondition((1...100).contains(request.quality))
    do throws(PictureError.Reason) {
      let picture = try decode(file, box: request.box)
      return try encode(picture, fileBytes: file.count, request: request)
    } catch {
      throw PictureError(name: name, reason: error)
    }
  }

  private static func decode(
    _ file: [UInt8], box: PictureSize
  ) throws(PictureError.Reason) -> DecodedPicture {
    if file.isEmpty { throw .empty }
    if file.count > Limits.pictureFileBytesMax {
      throw .tooLarge(bytes: file.count, limit: Limits.pictureFileBytesMax)
    }
    guard let format = PictureFormat(of: file) else { throw .notAPicture }
    if format == .jpeg { return try JPEGSource.decode(file, box: box) }
    var picture: DecodedPicture?
    try file.withUnsafeBufferPointer { bytes throws(PictureError.Reason) in
      switch format {
      case .png: picture = try PNGSource.decode(bytes, box: box)
      case .webp: picture = try WebPSource.decode(bytes, box: box)
      case .gif: picture = try GIFSource.decode(bytes, box: box)
      case .heic, .jpeg: picture = try HEIFSource.decode(bytes, box: box)
      }
    }
    guard let decoded = picture.take() else { throw .notAPicture }
    return decoded
  }

  private static func encode(
    _ picture: borrowing DecodedPicture, fileBytes: Int, request: PictureRequest
  ) throws(PictureError.Reason) -> FittedPicture {
    let compressor = try JPEGCompressor()
    let sizeAsked = picture.seenSize.fitted(into: request.box)
    var size = sizeAsked
    var quality = request.quality
    var resized = try picture.resized(to: size)
    var jpeg = try compressor.encode(resized, quality: quality)
    var percent = 100.0
    while jpeg.count > request.bytesMax {
      if quality > Limits.pictureQualityMin {
        quality = max(quality - Limits.pictureQualityStep, Limits.pictureQualityMin)
      } else {
        if size.width == 1 && size.height == 1 { throw .cannotFit(bytesMax: request.bytesMax) }
        percent *= Double(Limits.pictureShrinkPercent) / 100
        size = sizeAsked.scaled(percent: percent)
        resized = try picture.resized(to: size)
      }
      jpeg = try compressor.encode(resized, quality: quality)
    }
    return FittedPicture(
      jpeg: jpeg, sourceSize: picture.seenSize, sourceBytes: fileBytes, size: size,
      quality: quality, isQualityLowered: quality < request.quality,
      isMadeSmaller: size != sizeAsked)
  }
}
