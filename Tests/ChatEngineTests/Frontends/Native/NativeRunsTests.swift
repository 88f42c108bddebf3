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
}
