/// How a stored picture is turned and mirrored to be seen, as EXIF counts it: 1 to 8.
///
/// In terms of the picture that is seen: first rows and columns change places where `transposes`,
/// then the result is mirrored left to right, then top to bottom.
struct Orientation: Equatable {
  let transposes: Bool
  let mirrorsColumns: Bool
  let mirrorsRows: Bool

  static let upright = Orientation(exif: 1)

  /// Anything but 2 to 8 is upright: a wrong tag must not spoil a picture.
  init(exif value: Int) {
    transposes = (5...8).contains(value)
    mirrorsColumns = [2, 3, 6, 7].contains(value)
    mirrorsRows = [3, 4, 7, 8].contains(value)
  }

  /// A size as stored ↔ the size as seen; the change is its own inverse.
  func applied(to size: PictureSize) -> PictureSize { transposes ? size.transposed : size }

  /// Whether the stored picture's columns come out in reverse, before or after a transposition.
  var mirrorsStoredColumns: Bool { transposes ? mirrorsRows : mirrorsColumns }
  var mirrorsStoredRows: Bool { transposes ? mirrorsColumns : mirrorsRows }

  /// `plane` turned as it is to be seen.
  func applied(to plane: consuming Plane) throws(PictureError.Reason) -> Plane {
    if self == .upright { return plane }
    let source = plane
    let width = transposes ? source.height : source.width
    let height = transposes ? source.width : source.height
    let result = try Plane(width: width, height: height)
    let columnStep = transposes ? source.stride : 1
    let rowStep = transposes ? 1 : source.stride
    for row in 0..<height {
      let seenRow = mirrorsRows ? height - 1 - row : row
      var from = UnsafePointer(source.base) + seenRow * rowStep
      var step = columnStep
      if mirrorsColumns {
        from += (width - 1) * columnStep
        step = -columnStep
      }
      let to = result.base + row * result.stride
      for column in 0..<width { to[column] = from[column * step] }
    }
    return result
  }
}
