import CEXIF
import ChatEngine

/// Reads the one thing of a picture's EXIF block that is wanted: its orientation.
enum EXIF {
  /// The orientation that a block states, upright if it states none or cannot be read.
  ///
  /// `block` is a TIFF structure, with or without `Exif\0\0` before it.
  static func orientation(of block: [UInt8]) -> Orientation {
    if block.count > Limits.pictureEXIFBytesMax { return .upright }
    let prefix = Array("Exif\0\0".utf8)
    let whole = block.starts(with: prefix) ? block : prefix + block
    guard let data = exif_data_new_from_data(whole, UInt32(whole.count)) else { return .upright }
    defer { exif_data_unref(data) }
    // The first of the directories describes the picture itself, the second its thumbnail.
    guard let content = data.pointee.ifd.0,
      let entry = exif_content_get_entry(content, EXIF_TAG_ORIENTATION),
      entry.pointee.format == EXIF_FORMAT_SHORT, entry.pointee.components >= 1,
      entry.pointee.size >= 2, let value = entry.pointee.data
    else { return .upright }
    return Orientation(exif: Int(exif_get_short(value, exif_data_get_byte_order(data))))
  }
}
