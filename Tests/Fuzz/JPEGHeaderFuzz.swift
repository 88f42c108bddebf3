/// Any bytes are read without a trap, and what may be relayed keeps the limits.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJPEGHeader(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let header = try? JPEGHeader(bytes.span)
  let relayed = try? JPEGHeader.relayable(bytes.span)
  if let relayed {
    hold(relayed == header, "two readings of the same bytes")
    hold((1...Limits.relayedPictureSideMax).contains(relayed.width), "too wide")
    hold((1...Limits.relayedPictureSideMax).contains(relayed.height), "too high")
    hold(relayed.width * relayed.height <= Limits.relayedPicturePixelsMax, "too many pixels")
  }
  guard let header else { return 0 }
  hold([1, 3, 4].contains(header.components), "components")
  hold((0...65_535).contains(header.width) && (0...65_535).contains(header.height), "a side")
  hold((try? JPEGHeader((bytes + [0xff, 0xc0]).span)) == header, "what follows changes the header")
  // A picture that is not too large is relayed, and one that is, is not.
  let isFit =
    header.width > 0 && header.height > 0 && header.width <= Limits.relayedPictureSideMax
    && header.height <= Limits.relayedPictureSideMax
    && header.width * header.height <= Limits.relayedPicturePixelsMax
  hold(isFit == (relayed != nil), "the limits are not those that were promised")
  return 0
}
