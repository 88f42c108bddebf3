import ChatEngine
import Foundation
import Testing

@testable import ChatCore

/// Runs `store-bench --endless`, and kills it at any moment.
@Suite("A writer that is killed")
struct HistoryKillTests {
  /// Lets it run for so long after its first commit.
  ///
  /// - Returns: the last number that it said was on the disk; nil where it said none.
  private func run(_ folder: StateFolder, milliseconds: UInt64) throws -> UInt64? {
    // The tool lies beside the tests' own bundle.
    let tools = Bundle.module.bundleURL.deletingLastPathComponent()
    let process = Process()
    let output = Pipe()
    process.executableURL = tools.appendingPathComponent("store-bench")
    process.arguments = ["--endless", folder.path]
    process.standardOutput = output
    try process.run()
    let first = output.fileHandleForReading.availableData
    usleep(UInt32(milliseconds * 1_000))
    kill(process.processIdentifier, SIGKILL)
    let text = String(
      decoding: first + output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    // Behind the last line break there may be a part of a number.
    return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().last
      .flatMap { UInt64($0) }
  }

  @Test("Whatever it said was on the disk is there, once, in every life")
  func keeps() throws {
    let state = try TemporaryState()
    var random = SplitMix64(seed: 20)
    var last: UInt64 = 0
    for round in 1...20 {
      let said = try #require(try run(state.folder, milliseconds: random.next() % 80))
      #expect(said > last, "round \(round)")
      let database = try state.open()
      #expect(database.salvage == nil)
      let rooms = try database.load().rooms
      #expect(rooms.count == 2 && rooms[0].next == rooms[1].next)
      last = rooms[0].next - 1
      #expect(last >= said, "round \(round)")
      #expect(try state.count("messages") == 2 * Int(last))
    }
    #expect(try state.messages().map(\.number) == Array(1...last))
    #expect(try state.messages(.room("other")).map(\.number) == Array(1...last))
    #expect(try state.open().integrity() == nil)
  }
}
