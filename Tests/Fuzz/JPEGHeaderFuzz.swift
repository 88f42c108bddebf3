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
  hold((1...4).contains(header.componentCount), "components")
  hold((1...65_535).contains(header.width) && (1...65_535).contains(header.height), "a side")
  hold((1...bytes.count).contains(header.scanStart), "a scan outside the file")
  hold(header.exif.map { $0.upperBound <= header.scanStart } ?? true, "a block outside the file")
  hold((try? JPEGHeader((bytes + [0xff, 0xc0]).span)) == header, "what follows changes the header")
  hold((try? JPEGHeader(bytes.span.extracting(0..<header.scanStart))) == header, "read too far")
  // A picture that keeps the limits is relayed, and one that does not, is not.
  let isFit =
    header.width <= Limits.relayedPictureSideMax && header.height <= Limits.relayedPictureSideMax
    && header.width * header.height <= Limits.relayedPicturePixelsMax && !header.isArithmetic
    && header.componentCount != 2
    && header.mayBeComplete(fileBytes: bytes.count)
  hold(isFit == (relayed != nil), "the limits are not those that were promised")
  let scans = header.scans(of: bytes.span)
  hold(scans.count >= 1 && scans.count <= bytes.count, "more scans than bytes")
  return 0
}
