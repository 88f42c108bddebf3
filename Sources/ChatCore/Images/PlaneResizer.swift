import CZimg
import Glibc

/// Resizes one 8-bit plane with Lanczos (three lobes): the only user of zimg.
///
/// zimg computes with 16 bits between the two directions and rounds once at the end.
enum PlaneResizer {
  /// `extent` of `plane`, resampled to `size`. What lies outside the plane is mirrored in.
  static func resize(
    _ plane: borrowing Plane, extent: Extent, to size: PictureSize
  ) throws(PictureError.Reason) -> Plane {
    if isIdentity(plane, extent, size) { return try plane.copy() }
    let lanczos =
      suits(samples: plane.width, extent: extent.width, target: size.width)
      && suits(samples: plane.height, extent: extent.height, target: size.height)
    if !lanczos { return try AreaAverage.resize(plane, extent: extent, to: size) }
    let result = try Plane(width: size.width, height: size.height)
    try run(plane, extent: extent, into: result)
    return result
  }

  private static let lobes = 3.0
  private static let version =
    UInt32(ZIMG_API_VERSION_MAJOR) << 8 | UInt32(ZIMG_API_VERSION_MINOR)

  private static func isIdentity(
    _ plane: borrowing Plane, _ extent: Extent, _ size: PictureSize
  ) -> Bool {
    extent.left == 0 && extent.top == 0 && plane.width == size.width && plane.height == size.height
      && extent.width == Double(size.width) && extent.height == Double(size.height)
  }

  /// zimg refuses a filter that is wider than the plane, as it would be for a few samples.
  private static func suits(samples: Int, extent: Double, target: Int) -> Bool {
    if samples == target && extent == Double(samples) { return true }
    let support = lobes * max(1, extent / Double(target))
    return Int(support.rounded(.up)) * 2 + 2 <= samples
  }

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

  private static func run(
    _ plane: borrowing Plane, extent: Extent, into result: borrowing Plane
  ) throws(PictureError.Reason) {
    var source = format(width: plane.width, height: plane.height)
    source.active_region.left = extent.left
    source.active_region.top = extent.top
    source.active_region.width = extent.width
    source.active_region.height = extent.height
    var target = format(width: result.width, height: result.height)
    var parameters = zimg_graph_builder_params()
    zimg_graph_builder_params_default(&parameters, version)
    parameters.resample_filter = ZIMG_RESIZE_LANCZOS
    parameters.filter_param_a = lobes
    // The graph can only fail to be built for want of memory: `suits` has asked the rest.
    guard let graph = zimg_filter_graph_build(&source, &target, &parameters) else {
      zimg_clear_last_error()
      throw .outOfMemory
    }
    defer { zimg_filter_graph_free(graph) }
    var bytes = 0
    guard zimg_filter_graph_get_tmp_size(graph, &bytes) == ZIMG_ERROR_SUCCESS,
      let scratch = aligned_alloc(64, (bytes + 63) & ~63)
    else { throw .outOfMemory }
    defer { free(scratch) }

    var input = chatd_zimg_source(plane.base, plane.stride)
    var output = chatd_zimg_target(result.base, result.stride)
    let code = zimg_filter_graph_process(graph, &input, &output, scratch, nil, nil, nil, nil)
    guard code == ZIMG_ERROR_SUCCESS else { throw .outOfMemory }
  }
}
