import Testing

@testable import ChatEngine

@Suite("NativeRuns")
struct NativeRunsTests {
  private static let client = PublicKey([UInt8](repeating: 1, count: 32))!

  private static func key(_ number: Int) -> ClientProgram {
    ClientProgram(client: client, run: UInt64(number))
  }

  @Test("The oldest runs are forgotten first, and none whose client is here")
  func forgetsOldest() {
    var runs = NativeRuns()
    #expect(runs.isEmpty && !runs.knows(Self.key(0)))
    for number in 0...Limits.runsMax {
      runs[Self.key(number)].said.accepted = UInt64(number)
      if number == 1 { runs[Self.key(1)].slot = 5 }
    }
    #expect(!runs.knows(Self.key(0)) && !runs.knows(Self.key(2)))
    #expect(runs[Self.key(1)].slot == 5 && runs[Self.key(1)].said.accepted == 1)
    #expect(runs.knows(Self.key(Limits.runsMax)))
    #expect(runs.knows(Self.key(Limits.runsMax / 2)), "not so many need be forgotten")
  }

  @Test("Those that are here are kept, however many there are")
  func keepsThoseHere() {
    var runs = NativeRuns()
    let count = Limits.runsMax + 100
    for number in 0..<count { runs[Self.key(number)].slot = 1 }
    #expect((0..<count).allSatisfy { runs.knows(Self.key($0)) })
  }

  @Test("What was refused is known, and nothing behind it is taken for accepted")
  func remembersRefusals() {
    var numbers = NativeRun.Numbers()
    numbers.settled = 9
    #expect(numbers.taken == 9)
    for number in [UInt64(4), 5, 8] { numbers.refuse(number) }
    #expect(numbers.taken == 3)
    #expect((1...9).filter { numbers.isRefused($0) } == [4, 5, 8])
    numbers.take(4)
    #expect(numbers.taken == 4 && numbers.accepted == 4)
    for number in stride(from: UInt64(10), to: 400, by: 2) { numbers.refuse(number) }
    #expect(!numbers.isRefused(5) && numbers.isRefused(398), "the first are forgotten")
    numbers.refuse(.max)
    #expect(!numbers.isRefused(.max))
  }
}
