import CChafa
import ChatEngine
import Glibc

/// Room in a terminal for a picture, and how that terminal draws: kitty's or sixel graphics where
/// it has them, blocks of colour where it does not, braille dots where it has no colours (chafa).
struct TerminalCanvas: Sendable {
  private enum Colours: Sendable {
    case none, sixteen, indexed, direct
  }

  private let columns: Int
  private let rows: Int
  private let cellWidth: Int
  private let cellHeight: Int
  private let pixelMode: ChafaPixelMode
  private let colours: Colours

  /// Room of at most `Limits.canvasColumnsMax` by `canvasRowsMax` in a terminal of this size.
  ///
  /// - Returns: nil where pictures cannot be drawn (`TERM=dumb`, or no room).
  init?(_ size: TerminalSize) {
    columns = min(size.columns, Limits.canvasColumnsMax)
    rows = min(size.rows - 3, Limits.canvasRowsMax)
    guard !TerminalStyle.isDumb, columns >= 4, rows >= 2 else { return nil }
    let hasPixels = size.pixelWidth > 0 && size.pixelHeight > 0
    cellWidth = hasPixels ? max(1, size.pixelWidth / size.columns) : 8
    cellHeight = hasPixels ? max(1, size.pixelHeight / size.rows) : 16
    if getenv("NO_COLOR").map({ $0[0] != 0 }) ?? false {
      (pixelMode, colours) = (CHAFA_PIXEL_MODE_SYMBOLS, .none)
    } else {
      (pixelMode, colours) = Self.detect()
    }
  }

  /// Decodes a JPEG and draws it.
  ///
  /// - Returns: what to write to the terminal, whole lines; nil when the picture cannot be read.
  func draw(_ jpeg: [UInt8]) -> [UInt8]? {
    let box = PictureSize(width: columns * cellWidth, height: rows * cellHeight)
    guard let pixels = try? PictureDecoder.decodeForDisplay(jpeg, name: "picture", fitting: box)
    else { return nil }
    var (width, height) = (Int32(columns), Int32(rows))
    chafa_calc_canvas_geometry(
      Int32(pixels.size.width), Int32(pixels.size.height), &width, &height,
      Float(cellWidth) / Float(cellHeight), 0, 0)
    let config = chafa_canvas_config_new()
    defer { chafa_canvas_config_unref(config) }
    let symbols = chafa_symbol_map_new()
    defer { chafa_symbol_map_unref(symbols) }
    let tags =
      colours == .none
      ? CHAFA_SYMBOL_TAG_BRAILLE.rawValue | CHAFA_SYMBOL_TAG_SPACE.rawValue
      : CHAFA_SYMBOL_TAG_BLOCK.rawValue
        | CHAFA_SYMBOL_TAG_SPACE.rawValue
    chafa_symbol_map_add_by_tags(symbols, ChafaSymbolTags(rawValue: tags))
    chafa_canvas_config_set_symbol_map(config, symbols)
    chafa_canvas_config_set_geometry(config, max(1, width), max(1, height))
    chafa_canvas_config_set_cell_geometry(config, Int32(cellWidth), Int32(cellHeight))
    chafa_canvas_config_set_pixel_mode(config, pixelMode)
    chafa_canvas_config_set_canvas_mode(config, canvasMode)
    // Two colours show light and shade only as a pattern.
    if colours == .none {
      chafa_canvas_config_set_dither_mode(config, CHAFA_DITHER_MODE_DIFFUSION)
    }
    return Self.print(pixels, config)
  }

  private var canvasMode: ChafaCanvasMode {
    switch colours {
    case .none: CHAFA_CANVAS_MODE_FGBG
    case .sixteen: CHAFA_CANVAS_MODE_INDEXED_16
    case .indexed: CHAFA_CANVAS_MODE_INDEXED_240
    case .direct: CHAFA_CANVAS_MODE_TRUECOLOR
    }
  }

  private static func print(_ pixels: PicturePixels, _ config: OpaquePointer?) -> [UInt8]? {
    let canvas = chafa_canvas_new(config)
    defer { chafa_canvas_unref(canvas) }
    chafa_canvas_draw_all_pixels(
      canvas, CHAFA_PIXEL_RGB8, pixels.rgb, Int32(pixels.size.width),
      Int32(pixels.size.height), Int32(3 * pixels.size.width))
    let info = terminalInfo()
    defer { chafa_term_info_unref(info) }
    guard let text = chafa_canvas_print(canvas, info) else { return nil }
    defer { g_string_free(text, 1) }
    let bytes = UnsafeRawBufferPointer(start: text.pointee.str, count: Int(text.pointee.len))
    return Array(bytes) + [UInt8(ascii: "\n")]
  }

  /// What the environment says of the terminal.
  private static func terminalInfo() -> OpaquePointer? {
    let environment = g_get_environ()
    defer { g_strfreev(environment) }
    return chafa_term_db_detect(chafa_term_db_get_default(), environment)
  }

  private static func detect() -> (ChafaPixelMode, Colours) {
    let info = terminalInfo()
    defer { chafa_term_info_unref(info) }
    func has(_ sequence: ChafaTermSeq) -> Bool { chafa_term_info_have_seq(info, sequence) != 0 }
    if has(CHAFA_TERM_SEQ_BEGIN_KITTY_IMMEDIATE_IMAGE_V1) {
      return (CHAFA_PIXEL_MODE_KITTY, .direct)
    }
    if has(CHAFA_TERM_SEQ_BEGIN_SIXELS) { return (CHAFA_PIXEL_MODE_SIXELS, .direct) }
    if has(CHAFA_TERM_SEQ_SET_COLOR_FGBG_DIRECT) { return (CHAFA_PIXEL_MODE_SYMBOLS, .direct) }
    if has(CHAFA_TERM_SEQ_SET_COLOR_FGBG_256) { return (CHAFA_PIXEL_MODE_SYMBOLS, .indexed) }
    if has(CHAFA_TERM_SEQ_SET_COLOR_FGBG_16) { return (CHAFA_PIXEL_MODE_SYMBOLS, .sixteen) }
    return (CHAFA_PIXEL_MODE_SYMBOLS, .none)
  }
}
