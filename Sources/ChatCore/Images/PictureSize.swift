/// Width and height of a picture in pixels, both at least 1 for a picture that exists.
public struct PictureSize: Equatable, Sendable {
  public var width: Int
  public var height: Int

  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  var pixels: Int { width * height }

  var transposed: PictureSize { PictureSize(width: height, height: width) }

  /// The largest size of the same shape inside `box`, and never larger than this one.
  ///
  /// The side that the box does not decide rarely comes out whole. Of the two whole numbers next to
  /// it, the one is taken that keeps the shape better, which is also what Pillow's `thumbnail`
  /// does: a comparison of the two then compares pictures of one size.
  func fitted(into box: PictureSize) -> PictureSize {
    if width <= box.width && height <= box.height { return self }
    if width * box.height >= height * box.width {
      let fitting = Self.side(of: height, along: width, becoming: box.width)
      return PictureSize(width: box.width, height: min(fitting, box.height))
    }
    let fitting = Self.side(of: width, along: height, becoming: box.height)
    return PictureSize(width: min(fitting, box.width), height: box.height)
  }

  /// This size by `percent`, rounded, never below one pixel.
  func scaled(percent: Double) -> PictureSize {
    PictureSize(
      width: max(1, Int((Double(width) * percent / 100).rounded())),
      height: max(1, Int((Double(height) * percent / 100).rounded())))
  }

  /// What `short` becomes when `long` becomes `target`: the neighbour n of short × target / long
  /// whose target / n is nearest to long / short.
  private static func side(of short: Int, along long: Int, becoming target: Int) -> Int {
    let low = short * target / long
    if low == 0 { return 1 }
    if low * long == short * target { return low }
    let high = low + 1
    // |long / short − target / n|, times the common short × low × high, which keeps it exact.
    let missLow = (target * short - long * low) * high
    let missHigh = (long * high - target * short) * low
    return missLow <= missHigh ? low : high
  }
}
