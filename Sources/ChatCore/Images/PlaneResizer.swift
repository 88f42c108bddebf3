import CZimg
import Glibc

/// Resizes 8-bit planes of one shape with a sharp bicubic filter: the only user of zimg.
///
/// zimg computes with 16 bits between the two directions and rounds once at the end. Working out
/// the filter costs more than applying it to a small plane, so both chroma planes of a picture go
/// through one resizer.
struct PlaneResizer: ~Copyable {
  private let width: Int
  private let height: Int
  private let extent: Extent
  private let size: PictureSize
  /// Absent where nothing changes, and where planes are too small for the filter.
  private let filter: BicubicFilter?

  /// A resizer of planes of `width` × `height` samples: `extent` of them becomes `size`.
  init(
    width: Int, height: Int, extent: Extent, to size: PictureSize
  ) throws(PictureError.Reason) {
    let isFiltered =
      Self.suits(samples: width, extent: extent.width, target: size.width)
      && Self.suits(samples: height, extent: extent.height, target: size.height)
    let isNeeded = !Self.isIdentity(width, height, extent, size)
    let filter =
      isFiltered && isNeeded
      ? try BicubicFilter(width: width, height: height, extent: extent, to: size) : nil
    self.width = width
    self.height = height
    self.extent = extent
    self.size = size
    self.filter = filter
  }

  /// The resized plane. What the extent has outside the plane is mirrored in.
  borrowing func resize(_ plane: borrowing Plane) throws(PictureError.Reason) -> Plane {
    precondition(plane.width == width && plane.height == height)
    if Self.isIdentity(width, height, extent, size) { return try plane.copy() }
    switch filter {
    case .some(let filter):
      let result = try Plane(width: size.width, height: size.height)
      try filter.apply(to: plane, into: result)
      return result
    case .none: return try AreaAverage.resize(plane, extent: extent, to: size)
    }
  }

  private static func isIdentity(
    _ width: Int, _ height: Int, _ extent: Extent, _ size: PictureSize
  ) -> Bool {
    extent.left == 0 && extent.top == 0 && width == size.width && height == size.height
      && extent.width == Double(width) && extent.height == Double(height)
  }

  /// zimg refuses a filter that is wider than the plane, as it would be for a few samples.
  private static func suits(samples: Int, extent: Double, target: Int) -> Bool {
    if samples == target && extent == Double(samples) { return true }
    let support = BicubicFilter.reach * max(1, extent / Double(target))
    return Int(support.rounded(.up)) * 2 + 2 <= samples
  }
}

/// zimg's filter graph with the scratch memory it asks for.
struct BicubicFilter: ~Copyable {
  /// How far the filter reaches to each side, in samples of the smaller of the two planes.
  static let reach = 2.0
  /// Sharper than Keys' cubic, to make up for what the decoder's scaling and the encoder blur.
  private static let sharpness = 0.85
  /// Keys' own, for planes that are hardly made smaller: there a sharper one rings.
  private static let sharpnessOfKeys = 0.5

  private let graph: OpaquePointer
  private let scratch: UnsafeMutableRawPointer

  init(
    width: Int, height: Int, extent: Extent, to size: PictureSize
  ) throws(PictureError.Reason) {
    var source = Self.format(width: width, height: height)
    source.active_region.left = extent.left
    source.active_region.top = extent.top
    source.active_region.width = extent.width
    source.active_region.height = extent.height
    var target = Self.format(width: size.width, height: size.height)
    var parameters = zimg_graph_builder_params()
    zimg_graph_builder_params_default(&parameters, Self.version)
    parameters.resample_filter = ZIMG_RESIZE_BICUBIC
    parameters.filter_param_a = 0
    let shrinks = extent.width > 1.1 * Double(size.width)
    parameters.filter_param_b = shrinks ? Self.sharpness : Self.sharpnessOfKeys
    // A graph fails to be built only for want of memory: `suits` has asked the rest.
    guard let graph = zimg_filter_graph_build(&source, &target, &parameters) else {
      zimg_clear_last_error()
      throw .outOfMemory
    }
    var bytes = 0
    guard zimg_filter_graph_get_tmp_size(graph, &bytes) == ZIMG_ERROR_SUCCESS,
      let scratch = aligned_alloc(64, (bytes + 64) & ~63)
    else {
      zimg_filter_graph_free(graph)
      throw .outOfMemory
    }
    self.graph = graph
    self.scratch = scratch
  }

  deinit {
    zimg_filter_graph_free(graph)
    free(scratch)
  }

  borrowing func apply(
    to plane: borrowing Plane, into result: borrowing Plane
  ) throws(PictureError.Reason) {
    var input = chatd_zimg_source(plane.base, plane.stride)
    var output = chatd_zimg_target(result.base, result.stride)
    let code = zimg_filter_graph_process(graph, &input, &output, scratch, nil, nil, nil, nil)
    if code != ZIMG_ERROR_SUCCESS { throw .outOfMemory }
  }

  private static let version =
    UInt32(ZIMG_API_VERSION_MAJOR) << 8 | UInt32(ZIMG_API_VERSION_MINOR)

  private static func format(width: Int, height: Int) -> zimg_image_format {
    var format = zimg_image_format()
    zimg_image_format_default(&format, version)
    format.width = UInt32(width)
    format.height = UInt32(height)
    format.pixel_type = ZIMG_PIXEL_BYTE
    format.pixel_range = ZIMG_RANGE_FULL
    format.color_family = ZIMG_COLOR_GREY
    return format
  }
}
