import ChatCore
import Glibc

/// Fits one picture again and again and says what it cost: see `compare.py` beside this file.
enum PictureBench {
  static let usage = """
    picture-bench [--runs N] [--output FILE] [--max-size WxH] [--bytes-max N] PICTURE
      Fits PICTURE N times (1) and prints one line of JSON: CPU seconds of each run, the peak
      resident memory of the process, and what became of the picture. Exit 1 if it is refused.
    """

  static func main() {
    var arguments = CommandLine.arguments.dropFirst()
    var runs = 1
    var output: String?
    var request = PictureRequest()
    var path: String?
    while let argument = arguments.popFirst() {
      switch argument {
      case "--runs": runs = arguments.popFirst().flatMap { Int($0) } ?? 0
      case "--output": output = arguments.popFirst()
      case "--bytes-max": request.bytesMax = arguments.popFirst().flatMap { Int($0) } ?? 0
      case "--max-size":
        let sides = (arguments.popFirst() ?? "").split(separator: "x").compactMap { Int($0) }
        if sides.count == 2 { request.box = PictureSize(width: sides[0], height: sides[1]) }
      default: path = argument
      }
    }
    guard let path, runs >= 1 else {
      print(usage)
      exit(2)
    }
    exit(run(path: path, runs: runs, request: request, output: output))
  }

  private static func run(
    path: String, runs: Int, request: PictureRequest, output: String?
  ) -> Int32 {
    do throws(PictureError) {
      let file = try PictureFile.read(path: path)
      var seconds: [Double] = []
      var fitted: FittedPicture?
      for _ in 0..<runs {
        let before = processSeconds()
        fitted = try PictureFitter.fit(file.bytes, name: file.name, request: request)
        seconds.append(processSeconds() - before)
      }
      guard let fitted else { return 1 }
      if let output, !write(fitted.jpeg, to: output) { return 1 }
      report(["\"summary\": \"\(fitted.summary(name: "picture"))\"", "\"seconds\": \(seconds)"])
      return 0
    } catch {
      // The name in the message is the only part that may hold what JSON wants escaped.
      let text = error.description.flatMap { "\"\\".contains($0) ? "\\\($0)" : "\($0)" }
      report(["\"error\": \"\(String(text))\""])
      return 1
    }
  }

  private static func report(_ fields: [String]) {
    let all = fields + ["\"peak_kilobytes\": \(peakKilobytes())"]
    print("{" + all.joined(separator: ", ") + "}")
  }

  private static func processSeconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }

  /// The most memory this program had resident. `getrusage` would count the parent's as well: what
  /// a process had before it started another program stays in its figures.
  private static func peakKilobytes() -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      let words = String(decoding: text, as: UTF8.self).split { " \t\n".contains($0) }
      if words.first == "VmHWM:", words.count > 1 { return Int(words[1]) ?? 0 }
    }
    return 0
  }

  private static func write(_ bytes: [UInt8], to path: String) -> Bool {
    guard let file = fopen(path, "w") else { return false }
    let written = fwrite(bytes, 1, bytes.count, file)
    return fclose(file) == 0 && written == bytes.count
  }
}
