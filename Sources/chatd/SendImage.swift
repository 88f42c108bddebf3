import ChatCore

/// `chatd send-image`.
func runSendImage(_ words: [String]) throws(Failure) {
  var options = SendImageOptions()
  var path: String?
  let change: ((inout ClientOptions) -> Void) -> Void = { $0(&options.client) }
  let parser = OptionParser(
    usage: "send-image [OPTION…] --path FILE",
    summary: "Makes a picture small enough for everyone, also for old clients, and shows it: "
      + "\(Limits.classicPictureBytesMax) bytes at most.",
    examples: [
      ("chatd send-image --path photo.jpg", "a photograph"),
      ("scrot - | chatd send-image --path -", "what a program draws"),
    ],
    options: [
      Option("path", value: "FILE", "JPEG, PNG, WebP, GIF or HEIC; - is standard input") {
        path = $0
      }
    ] + clientFlags(change) + [
      roomFlag("where to show it (the lobby)") { options.room = $0 },
      timeoutFlag(
        "how long to wait for the server, and then for\n"
          + "any progress (5); what gets on may take longer",
        change),
      Option("quality", value: "N", "the JPEG quality, 1 to 100 (50)") { text throws(Failure) in
        options.quality = try OptionValue.integer(text, 1...100, for: "--quality")
      },
      Option("max-size", value: "WxH", "fit into this many pixels (640x480)") {
        text throws(Failure) in
        options.box = try OptionValue.size(text, for: "--max-size")
      },
    ],
    operandsMax: 1)
  guard let operands = try parser.parse(words) else { return }
  if let path, let other = operands.first {
    throw Failure(.usage, "--path \(path) and \(other): one picture at a time")
  }
  guard let path = path ?? operands.first, !path.isEmpty else {
    throw Failure(.usage, "--path is missing: which picture? see chatd send-image --help")
  }
  options.path = path
  try sendImage(options)
}
