/// Every bound in the program: bytes, counts and times, with the unit in the name.
///
/// Nothing that comes from outside can grow beyond one of these. `Docs/Limits.md` lists them for
/// people who run a server; a tidy test holds the two together.
public enum Limits {
  // MARK: Datagrams

  /// The largest payload of a UDP datagram over IPv4: 65,535 − 20 (IP) − 8 (UDP). RFC 768.
  public static let datagramBytesMax = 65_507

  // MARK: Pictures

  /// Pictures are fitted into this box unless `--max-size` says otherwise.
  public static let pictureWidthDefault = 640
  public static let pictureHeightDefault = 480
  /// The JPEG quality that a picture is encoded at first.
  public static let pictureQualityDefault = 50
  /// The largest JPEG that travels in one classic datagram: 50 bytes are kept for the prefix.
  public static let classicPictureBytesMax = 65_457
  /// The largest picture file that is read at all.
  public static let pictureFileBytesMax = 64 << 20
  /// What decoding one picture may take, file included. A picture that would need more is refused
  /// from its header, before anything is decoded.
  public static let pictureMemoryBytesMax = 160 << 20
  /// The largest picture that is decoded: more takes seconds, and no camera makes more.
  public static let picturePixelsMax = 400_000_000
  /// The most scans of a progressive JPEG: programs write about ten, and each costs a whole pass.
  public static let pictureScansMax = 100
  /// The largest EXIF block that is searched for the orientation: what a JPEG segment can hold.
  public static let pictureEXIFBytesMax = 65_535
  /// The largest chunk of a PNG besides its pixels, as stored and as inflated.
  public static let picturePNGChunkBytesMax = 8 << 20
  /// While a picture is too large to travel its quality is lowered by this much, down to the least.
  public static let pictureQualityStep = 10
  public static let pictureQualityMin = 20
  /// After that its sides are made smaller by this step, again and again.
  public static let pictureShrinkPercent = 85
}
