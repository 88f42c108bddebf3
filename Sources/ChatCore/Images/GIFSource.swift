import CGIF
import Glibc

/// Decodes the first frame of GIF files, line by line: the only user of giflib.
///
/// The picture is the file's screen; what the frame does not cover, or leaves transparent, is
/// white.
enum GIFSource {
  static func decode(
    _ file: UnsafeBufferPointer<UInt8>, box: PictureSize
  ) throws(PictureError.Reason) -> DecodedPicture {
    let reader = try Reader(file)
    return try reader.decode(fileBytes: file.count, box: box)
  }

  /// What the library reads from, through `refill`.
  private struct Input {
    let bytes: UnsafeBufferPointer<UInt8>
    var at = 0
    var isExhausted = false
  }

  private static func refill(
    _ gif: UnsafeMutablePointer<GifFileType>?, _ to: UnsafeMutablePointer<UInt8>?, _ count: Int32
  ) -> Int32 {
    guard let to, let input = gif?.pointee.UserData?.assumingMemoryBound(to: Input.self),
      let base = input.pointee.bytes.baseAddress
    else { return 0 }
    let left = input.pointee.bytes.count - input.pointee.at
    if Int(count) > left { input.pointee.isExhausted = true }
    let given = min(Int(count), left)
    memcpy(to, base + input.pointee.at, given)
    input.pointee.at += given
    return Int32(given)
  }

  private struct Reader: ~Copyable {
    private let gif: UnsafeMutablePointer<GifFileType>
    private let input: UnsafeMutablePointer<Input>

    init(_ file: UnsafeBufferPointer<UInt8>) throws(PictureError.Reason) {
      let input = UnsafeMutablePointer<Input>.allocate(capacity: 1)
      input.initialize(to: Input(bytes: file))
      var code: Int32 = 0
      guard let gif = DGifOpen(input, { GIFSource.refill($0, $1, $2) }, &code) else {
        let isExhausted = input.pointee.isExhausted
        input.deallocate()
        throw isExhausted ? .truncated(.gif) : GIFSource.reason(code)
      }
      self.gif = gif
      self.input = input
    }

    deinit {
      var code: Int32 = 0
      _ = DGifCloseFile(gif, &code)
      input.deallocate()
    }

    func decode(fileBytes: Int, box: PictureSize) throws(PictureError.Reason) -> DecodedPicture {
      let transparent = try findFrame()
      let image = gif.pointee.Image
      let frame = PictureSize(width: Int(image.Width), height: Int(image.Height))
      var screen = PictureSize(width: Int(gif.pointee.SWidth), height: Int(gif.pointee.SHeight))
      // Some programs write no screen at all and mean the frame.
      if screen.width == 0 || screen.height == 0 { screen = frame }
      if frame.width == 0 || frame.height == 0 {
        throw .damaged(.gif, detail: "its frame is empty")
      }
      try PictureBudget.check(frame, bytes: 0)
      try PictureBudget.check(
        screen,
        bytes: fileBytes + PlaneBuilder.bytes(screen)
          + (image.Interlace ? frame.pixels : frame.width)
          + PictureBudget.resultBytes(screen.fitted(into: box)))
      let palette = try palette(transparent: transparent)

      var builder = try PlaneBuilder(size: screen)
      let lines = image.Interlace ? try interlacedLines(frame) : []
      var line = [UInt8](repeating: 0, count: frame.width)
      let left = Int(image.Left)
      let top = Int(image.Top)
      let visible = max(0, min(frame.width, screen.width - left))
      for row in 0..<screen.height {
        let frameRow = row - top
        guard (0..<frame.height).contains(frameRow) else {
          try builder.append { _ in }
          continue
        }
        if image.Interlace {
          let start = frameRow * frame.width
          line = Array(lines[start..<start + frame.width])
        } else {
          try read(into: &line)
        }
        try builder.append { rgb in
          for column in 0..<visible {
            let from = 3 * Int(line[column])
            let to = 3 * (left + column)
            for channel in 0..<3 { rgb[to + channel] = palette[from + channel] }
          }
        }
      }
      return builder.finish(sourceSize: screen, orientation: .upright)
    }

    /// Goes to the first frame and returns the number of its transparent colour, if it has one.
    private func findFrame() throws(PictureError.Reason) -> Int? {
      var transparent: Int?
      while true {
        var record = UNDEFINED_RECORD_TYPE
        try check(DGifGetRecordType(gif, &record))
        switch record {
        case IMAGE_DESC_RECORD_TYPE:
          try check(DGifGetImageDesc(gif))
          return transparent
        case EXTENSION_RECORD_TYPE:
          var code: Int32 = 0
          var data: UnsafeMutablePointer<UInt8>?
          try check(DGifGetExtension(gif, &code, &data))
          if code == GRAPHICS_EXT_FUNC_CODE, let data {
            var control = GraphicsControlBlock()
            let isRead = DGifExtensionToGCB(Int(data[0]), data + 1, &control) == GIF_OK
            let index = Int(control.TransparentColor)
            transparent = isRead && index >= 0 ? index : nil
          }
          while data != nil { try check(DGifGetExtensionNext(gif, &data)) }
        default: throw .damaged(.gif, detail: "it has no frame")
        }
      }
    }

    /// 256 colours, three bytes each; what the file does not define is black.
    private func palette(transparent: Int?) throws(PictureError.Reason) -> [UInt8] {
      guard let map = gif.pointee.Image.ColorMap ?? gif.pointee.SColorMap,
        let colours = map.pointee.Colors
      else { throw .damaged(.gif, detail: "it has no colours") }
      var palette = [UInt8](repeating: 0, count: 3 * 256)
      for index in 0..<min(256, Int(map.pointee.ColorCount)) {
        palette[3 * index] = colours[index].Red
        palette[3 * index + 1] = colours[index].Green
        palette[3 * index + 2] = colours[index].Blue
      }
      if let transparent, transparent < 256 {
        for channel in 0..<3 { palette[3 * transparent + channel] = 255 }
      }
      return palette
    }

    /// All lines of an interlaced frame, in order from the top: they come in four passes.
    private func interlacedLines(_ frame: PictureSize) throws(PictureError.Reason) -> [UInt8] {
      var lines = [UInt8](repeating: 0, count: frame.pixels)
      var line = [UInt8](repeating: 0, count: frame.width)
      for (first, step) in [(0, 8), (4, 8), (2, 4), (1, 2)] {
        for row in stride(from: first, to: frame.height, by: step) {
          try read(into: &line)
          let start = row * frame.width
          lines.replaceSubrange(start..<start + frame.width, with: line)
        }
      }
      return lines
    }

    private func read(into line: inout [UInt8]) throws(PictureError.Reason) {
      try check(DGifGetLine(gif, &line, Int32(line.count)))
    }

    private func check(_ result: Int32) throws(PictureError.Reason) {
      if result == GIF_OK { return }
      if input.pointee.isExhausted { throw .truncated(.gif) }
      throw GIFSource.reason(gif.pointee.Error)
    }
  }

  private static func reason(_ code: Int32) -> PictureError.Reason {
    switch code {
    case D_GIF_ERR_EOF_TOO_SOON: return .truncated(.gif)
    case D_GIF_ERR_NOT_ENOUGH_MEM: return .outOfMemory
    default:
      let text = GifErrorString(code).map { String(cString: $0) }
      return .damaged(.gif, detail: text ?? "its data break the rules")
    }
  }
}
