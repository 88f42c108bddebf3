/// Faults that somebody puts into a network on purpose, to watch what the protocol does about them.
///
/// `loss=5%,delay=50ms,jitter=10ms,reorder=1%,dup=1%,rate=1mbit,seed=7`: each part may be left out,
/// and they may stand in any order.
public struct Impairment: Equatable, Sendable {
  /// Shares of the datagrams: those that are lost, that come twice, that others overtake.
  public var lossPerMillion = 0
  public var duplicatesPerMillion = 0
  public var reorderedPerMillion = 0
  /// How long a datagram is on its way, and by how much at most that is less or more.
  public var delayMicroseconds = 0
  public var jitterMicroseconds = 0
  /// 0 is no limit.
  public var bitsPerSecond = 0
  /// The same seed and the same traffic meet the same faults; nil leaves the seed to others.
  public var seed: UInt64?

  /// Why a text is no impairment, in words that name the part.
  public struct Fault: Error, Equatable, Sendable {
    public var text: String
  }

  public init() {}

  /// Reads the parts, separated by commas.
  public init(_ text: String) throws(Fault) {
    var seen: Set<String> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let words = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(words[0])
      guard Self.names.contains(name) else {
        throw Fault(text: "\"\(part)\": each part is one of \(Self.names.joined(separator: ", "))")
      }
      guard seen.insert(name).inserted else { throw Fault(text: "\(name) stands there twice") }
      guard words.count == 2, take(name, words[1]) else {
        throw Fault(text: "\"\(part)\": \(Self.needed(name))")
      }
    }
  }

  private static let names = ["loss", "delay", "jitter", "reorder", "dup", "rate", "seed"]

  private static func needed(_ name: String) -> String {
    switch name {
    case "loss", "reorder", "dup": "a share from 0% to 100% is needed, such as \(name)=5%"
    case "delay", "jitter":
      "a time up to \(Limits.impairedSecondsMax) s is needed, such as \(name)=50ms or \(name)=1s"
    case "rate": "a rate from 1kbit to 100gbit is needed, such as rate=1mbit"
    default: "a whole number is needed, such as seed=7"
    }
  }

  private mutating func take(_ name: String, _ value: Substring) -> Bool {
    let secondsMax = Limits.impairedSecondsMax * 1_000_000
    switch name {
    case "loss": return Self.read(value, Self.shares, 0...1_000_000, into: &lossPerMillion)
    case "reorder":
      return Self.read(value, Self.shares, 0...1_000_000, into: &reorderedPerMillion)
    case "dup": return Self.read(value, Self.shares, 0...1_000_000, into: &duplicatesPerMillion)
    case "delay": return Self.read(value, Self.times, 0...secondsMax, into: &delayMicroseconds)
    case "jitter": return Self.read(value, Self.times, 0...secondsMax, into: &jitterMicroseconds)
    case "rate":
      return Self.read(value, Self.rates, 1_000...100_000_000_000, into: &bitsPerSecond)
    default:
      seed = UInt64(value)
      return seed != nil
    }
  }

  /// What a unit is worth; a unit that ends with another stands before it.
  private typealias Units = [(unit: String, worth: Double)]

  private static let shares: Units = [("%", 10_000)]
  private static let times: Units = [("ms", 1_000), ("s", 1_000_000)]
  private static let rates: Units = [("kbit", 1e3), ("mbit", 1e6), ("gbit", 1e9)]

  private static func read(
    _ text: Substring, _ units: Units, _ range: ClosedRange<Int>, into target: inout Int
  ) -> Bool {
    guard let (unit, worth) = units.first(where: { text.hasSuffix($0.unit) }) else { return false }
    let number = text.dropLast(unit.count)
    let isPlain = number.allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") }
    guard isPlain, number.first?.isNumber == true, let value = Double(number),
      let whole = Int(exactly: (value * worth).rounded()), range.contains(whole)
    else { return false }
    target = whole
    return true
  }
}

extension Impairment: CustomStringConvertible {
  /// As it is written.
  public var description: String {
    var parts: [String] = []
    func add(_ name: String, _ value: Int, _ units: Units) {
      guard value > 0 else { return }
      let (unit, worth) = units.last { Double(value) >= $0.worth } ?? units[0]
      let number = Double(value) / worth
      let text = number == number.rounded() ? "\(Int(number))" : "\(number)"
      parts.append("\(name)=\(text)\(unit)")
    }
    add("loss", lossPerMillion, Self.shares)
    add("delay", delayMicroseconds, Self.times)
    add("jitter", jitterMicroseconds, Self.times)
    add("reorder", reorderedPerMillion, Self.shares)
    add("dup", duplicatesPerMillion, Self.shares)
    add("rate", bitsPerSecond, Self.rates)
    if let seed { parts.append("seed=\(seed)") }
    return parts.joined(separator: ",")
  }
}
