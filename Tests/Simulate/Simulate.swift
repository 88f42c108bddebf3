import Glibc
import Simulator

/// Plays seeds and says what does not hold: `simulate [--seeds N] [--first SEED] [--seed SEED]
/// [--wire]`. One seed is played with its story. Ends with 1 where something does not hold.
func simulate() {
  var (first, count) = (UInt64(1), UInt64(200))
  var detail = Report.Detail.nothing
  var arguments = CommandLine.arguments.dropFirst()
  while let argument = arguments.popFirst() {
    switch (argument, arguments.first.flatMap { UInt64($0) }) {
    case ("--seeds", let number?): count = number
    case ("--first", let number?): first = number
    case ("--seed", let number?):
      (first, count) = (number, 1)
      if detail == .nothing { detail = .story }
    case ("--wire", _):
      detail = .wire
      continue
    default:
      let usage = "usage: simulate [--seeds N] [--first SEED] [--seed SEED] [--wire]\n"
      _ = write(2, usage, usage.utf8.count)
      exit(2)
    }
    arguments.removeFirst()
  }
  exit(play(first, count, detail) ? 0 : 1)
}

/// For the last words of a program that traps.
nonisolated(unsafe) private var seedPlayed: UInt64 = 0

private func play(_ first: UInt64, _ count: UInt64, _ detail: Report.Detail) -> Bool {
  signal(SIGILL) { _ in nameSeed() }
  signal(SIGTRAP) { _ in nameSeed() }
  var (failed, hash) = (0, UInt64(0))
  var (datagrams, heard, virtual) = (0, 0, 0.0)
  let began = clock()
  for seed in first..<first + count {
    seedPlayed = seed
    let report = Report.play(seed: seed, detail) { print($0) }
    hash = (hash ^ report.hash) &* 0x100_0000_01b3
    datagrams += report.datagrams
    heard += report.heard
    virtual += report.virtualSeconds
    if report.violations.isEmpty { continue }
    failed += 1
    print("seed \(seed):")
    for violation in report.violations { print("  \(violation)") }
  }
  let seconds = Double(clock() - began) / Double(CLOCKS_PER_SEC)
  print(
    "\(count) seeds, \(failed) failed; \(datagrams) datagrams, \(heard) things heard, "
      + "\(Int(virtual)) virtual seconds in \(rounded(seconds)) s of CPU, "
      + "\(rounded(Double(count) / seconds)) seeds a second; hash \(String(hash, radix: 16))")
  return failed == 0
}

private func rounded(_ number: Double) -> Double { (number * 10).rounded() / 10 }

/// Says which seed trapped; only calls that a signal's handler may make.
private func nameSeed() {
  var digits: [32 of UInt8] = .init(repeating: UInt8(ascii: " "))
  var (rest, place) = (seedPlayed, 30)
  digits[31] = UInt8(ascii: "\n")
  repeat {
    digits[place] = UInt8(ascii: "0") + UInt8(rest % 10)
    rest /= 10
    place -= 1
  } while rest > 0
  _ = write(2, "trapped in seed ", 16)
  _ = withUnsafeBytes(of: &digits) { write(2, $0.baseAddress!, 32) }
  _exit(1)
}
