/// A picture as it came out of its file: planes as stored, perhaps already scaled down in decoding.
///
/// Positions are kept as real numbers of source pixels: a decoder that halves an odd width rounds
/// it up, and a scaler that took the rounded width for the true one would shift the whole picture.
struct DecodedPicture: ~Copyable {
  /// As stored, before orientation, in pixels of the file.
  let sourceSize: PictureSize
  let orientation: Orientation
  let luma: Plane
  /// Absent in a grey picture.
  let chroma: ChromaPlanes?
  /// Luma samples per pixel of the file, across and down; 1 where decoding did not scale.
  let scaleX: Double
  let scaleY: Double
  /// Luma samples per chroma sample, across and down.
  let chromaStepX: Int
  let chromaStepY: Int

  /// The size as a person sees it.
  var seenSize: PictureSize { orientation.applied(to: sourceSize) }

  /// The picture at `size` (as seen), upright, in 4:2:0.
  func resized(to size: PictureSize) throws(PictureError.Reason) -> YCbCrPicture {
    let stored = orientation.applied(to: size)
    let whole = Extent(
      left: 0, top: 0, width: Double(sourceSize.width), height: Double(sourceSize.height))
    let resizer = try PlaneResizer(
      width: luma.width, height: luma.height, extent: whole.scaled(x: scaleX, y: scaleY),
      to: stored)
    let y = try orientation.applied(to: try resizer.resize(luma))
    y.repeatEdges()

    let chromaStored = PictureSize(
      width: (stored.width + 1) / 2, height: (stored.height + 1) / 2)
    switch chroma {
    case .some(let chroma):
      let extent = chromaExtent(stored: stored, chromaStored: chromaStored)
      let resizer = try PlaneResizer(
        width: chroma.cb.width, height: chroma.cb.height, extent: extent, to: chromaStored)
      let cb = try orientation.applied(to: try resizer.resize(chroma.cb))
      let cr = try orientation.applied(to: try resizer.resize(chroma.cr))
      return YCbCrPicture(size: size, y: y, cb: cb, cr: cr)
    case .none:
      let seen = orientation.applied(to: chromaStored)
      let cb = try Plane(width: seen.width, height: seen.height)
      let cr = try Plane(width: seen.width, height: seen.height)
      cb.fill(128)
      cr.fill(128)
      return YCbCrPicture(size: size, y: y, cb: cb, cr: cr)
    }
  }

  /// What the chroma planes of the result cover, in samples of this picture's chroma planes.
  ///
  /// With an odd side the last chroma sample reaches half beyond the picture, on the side that is
  /// seen last: that is the stored picture's first side where it comes out mirrored.
  private func chromaExtent(stored: PictureSize, chromaStored: PictureSize) -> Extent {
    let width = Double(2 * chromaStored.width * sourceSize.width) / Double(stored.width)
    let height = Double(2 * chromaStored.height * sourceSize.height) / Double(stored.height)
    let left = orientation.mirrorsStoredColumns ? Double(sourceSize.width) - width : 0
    let top = orientation.mirrorsStoredRows ? Double(sourceSize.height) - height : 0
    return Extent(left: left, top: top, width: width, height: height)
      .scaled(x: scaleX / Double(chromaStepX), y: scaleY / Double(chromaStepY))
  }
}

/// A part of a plane, in samples, at positions that need not be whole and may reach outside.
struct Extent {
  var left: Double
  var top: Double
  var width: Double
  var height: Double

  func scaled(x: Double, y: Double) -> Extent {
    Extent(left: left * x, top: top * y, width: width * x, height: height * y)
  }
}
