import ChatEngine

/// The values that options take, read from text; each refusal names the flag.
public enum OptionValue {
  public static func integer(
    _ text: String, _ range: ClosedRange<Int>, for flag: String
  ) throws(Failure) -> Int {
    guard let value = Int(text), range.contains(value) else {
      throw Failure(
        .usage,
        "\(flag) \(ShownText.string(text)): a number from \(range.lowerBound) to "
          + "\(range.upperBound) is needed")
    }
    return value
  }

  /// Seconds, as a number that may have a fraction, or with one of `s`, `m`, `h`, `d` behind it.
  public static func seconds(
    _ text: String, max: Int, for flag: String
  ) throws(Failure) -> Double {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    let unit = text.last.flatMap { units[$0] }
    let number = unit == nil ? text[...] : text.dropLast()
    let isPlain = !number.isEmpty && number.allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard isPlain, let value = Double(number), value > 0, value * (unit ?? 1) <= Double(max) else {
      throw Failure(
        .usage,
        "\(flag) \(ShownText.string(text)): a time such as 30, 1.5, 10m or 2h is needed, "
          + "at most \(max) seconds")
    }
    return value * (unit ?? 1)
  }

  /// Bytes, as a whole number that may have `K`, `M`, `G` or `T` behind it (of 1,024).
  public static func bytes(_ text: String, min: Int, for flag: String) throws(Failure) -> Int {
    let shifts: [Character: Int] = ["K": 10, "M": 20, "G": 30, "T": 40]
    let shift = text.last.flatMap { shifts[Character($0.uppercased())] }
    let number = shift == nil ? text[...] : text.dropLast()
    let isPlain = !number.isEmpty && number.allSatisfy { $0.isASCII && $0.isNumber }
    let (value, overflow) = (Int(number) ?? .max).multipliedReportingOverflow(by: 1 << (shift ?? 0))
    guard isPlain, !overflow, value >= min, value < .max else {
      throw Failure(
        .usage,
        "\(flag) \(ShownText.string(text)): a size such as 500M or 2G is needed, at least "
          + "\(min) bytes")
    }
    return value
  }

  /// One of an enumeration's raw values.
  public static func choice<Choice: RawRepresentable & CaseIterable>(
    _ text: String, _: Choice.Type, for flag: String
  ) throws(Failure) -> Choice where Choice.RawValue == String {
    guard let choice = Choice(rawValue: text) else {
      let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw Failure(.usage, "\(flag) \(ShownText.string(text)): one of \(all) is needed")
    }
    return choice
  }

  /// A room, in any case and with `#` before it or without.
  public static func room(_ text: String, for flag: String) throws(Failure) -> RoomName {
    do throws(RoomName.Fault) {
      return try RoomName(typed: text)
    } catch {
      throw Failure(.usage, "\(flag) \(ShownText.string(text)): \(error.text)")
    }
  }

  /// `640x480`.
  public static func size(_ text: String, for flag: String) throws(Failure) -> PictureSize {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false)
    let sides = 1...Limits.relayedPictureSideMax
    guard parts.count == 2, let width = Int(parts[0]), let height = Int(parts[1]),
      sides.contains(width), sides.contains(height)
    else {
      throw Failure(
        .usage,
        "\(flag) \(ShownText.string(text)): WIDTHxHEIGHT is needed, each from 1 to "
          + "\(sides.upperBound), such as 640x480")
    }
    return PictureSize(width: width, height: height)
  }

  /// `loss=5%,delay=50ms`.
  public static func impairment(_ text: String, for flag: String) throws(Failure) -> Impairment {
    do throws(Impairment.Fault) {
      return try Impairment(text)
    } catch {
      throw Failure(.usage, "\(flag) \(ShownText.string(error.text))")
    }
  }

  public static func server(_ text: String, for flag: String) throws(Failure) -> ServerAddress {
    guard let address = ServerAddress(text) else {
      throw Failure(
        .usage, "\(flag) \(ShownText.string(text)): HOST, HOST:PORT or [IPV6]:PORT is needed")
    }
    return address
  }
}
